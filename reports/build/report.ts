import type { Finding } from '../../model/measurement.ts';
import type { Attempt, Report } from '../../model/report.ts';
import { duplicateFindings } from '../../model/uniqueness.ts';
import type { Case } from '../judge/case.ts';
import { judge } from '../judge/judge.ts';
import type { Admitted } from '../verify/admission.ts';
import type { Replay } from '../verify/replay.ts';
import { computeOf } from './compute.ts';
import { unmeasuredFindings, withFleet } from './fleet.ts';
import { inferenceOf } from './inference.ts';
import { kindsOf } from './kinds.ts';
import { withLevels } from './levels.ts';
import { countParts } from './parts.ts';
import { withPlausibility } from './plausibility.ts';
import { withRecordings } from './recordings.ts';
import { registersOf } from './registers.ts';

/** What a report needs beside the run itself. */
export interface ReportFacts {
  /** Report number, for example `AT-20261121-093000-1f3a`. */
  readonly number: string;
  /** RFC 3339 moment of the judgement. */
  readonly judgedAt: string;
  readonly software: { readonly name: string; readonly version: string };
}

/** Builds the report of a replayed run. Pure: the same run and facts give the same report, byte for byte. */
export function buildReport(run: Replay, facts: ReportFacts): Report {
  const findings = runFindings(run);
  const plausible = withPlausibility(run.admitted, run.inventories);
  const admitted = withLevels(withFleet(plausible, run.inventories));
  const judged: Case = {
    guide: run.guide,
    claims: run.claims,
    plan: run.plan,
    issued: run.issued,
    attempts: admitted.map(({ measurement, examination, sha256 }) => ({
      assignment: measurement.assignment,
      attempt: measurement.attempt,
      node: measurement.node,
      state: measurement.state,
      ...(measurement.failure ? { failure: measurement.failure } : {}),
      examination,
      sha256,
    })),
    unanswered: [
      ...run.lost.map(({ assignment, detail }) => ({ assignment, code: 'node_lost' as const, detail })),
      ...run.rejected.map(({ assignment, detail }) => ({ assignment, code: 'evidence_mismatch' as const, detail })),
    ],
    registers: run.registers,
    counted: countParts({ inventories: run.inventories, admitted: plausible }),
    waivers: run.waivers,
    findings,
    judgedAt: facts.judgedAt,
  };
  const { verdicts, overall } = judge(judged);
  const compute = computeOf(judged, verdicts, kindsOf(run.inventories));
  const inference = inferenceOf(judged);
  const { number: document, issuer } = run.guide.document;
  return {
    schema: 'assay/report/v1',
    number: facts.number,
    run: run.plan.run,
    synthetic: run.plan.synthetic,
    profile: run.plan.profile,
    judgedAt: facts.judgedAt,
    period: { ...run.period },
    software: { ...facts.software },
    platform: {
      ...run.claims?.platform,
      nodes: run.inventories.length,
      accelerators: run.inventories.flatMap((i) => i.accelerators).filter((a) => a.kind === 'package').length,
    },
    guide: {
      id: run.guide.id,
      version: run.guide.version,
      title: run.guide.title,
      document,
      issuer,
      sha256: run.guideSha256,
    },
    overall,
    verdicts,
    attempts: withRecordings(admitted.map(attemptOf)),
    ...(compute && { compute }),
    ...(inference && { inference }),
    ...(run.registers && { registers: registersOf(run.registers) }),
    rejected: [...run.rejected],
    findings,
    inventories: [...run.inventories],
    log: { entries: run.tree.size, root: run.tree.root() },
  };
}

function attemptOf({ measurement: m, examination, sha256 }: Admitted): Attempt {
  return {
    assignment: m.assignment,
    attempt: m.attempt,
    node: m.node,
    benchmark: m.benchmark,
    version: m.version,
    state: m.state,
    ...(m.failure ? { failure: m.failure } : {}),
    startedAt: m.startedAt,
    elapsedS: m.elapsedS,
    settings: m.settings,
    phases: m.phases,
    metrics: examination.metrics,
    checks: examination.checks,
    findings: examination.findings,
    telemetry: m.telemetry,
    sha256,
    ...(m.raw ? { raw: m.raw.sha256 } : {}),
  };
}

/** Conditions that concern the run as a whole. */
function runFindings(run: Replay): Finding[] {
  const findings: Finding[] = [];
  if (run.cancelled) {
    findings.push({ code: 'cancelled', detail: 'the run was cancelled before its end', weight: 'informs' });
  }
  for (const { node, assignment, detail } of run.lost) {
    findings.push({ code: 'node_lost', detail: `${node}: ${assignment}: ${detail}`, weight: 'informs' });
  }
  for (const { code, detail, weight } of duplicateFindings(run.inventories)) findings.push({ code, detail, weight });
  return [...findings, ...unmeasuredFindings(run.admitted, run.inventories)];
}
