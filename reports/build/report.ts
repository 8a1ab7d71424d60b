import { untriedOf } from '../../benchmarks/reach.ts';
import type { Inventory } from '../../model/inventory.ts';
import type { Finding } from '../../model/measurement.ts';
import type { Attempt, Report } from '../../model/report.ts';
import { duplicateFindings } from '../../model/uniqueness.ts';
import { isBuiltin } from '../guides/builtin.ts';
import type { Case } from '../judge/case.ts';
import { judge } from '../judge/judge.ts';
import type { Admitted } from '../verify/admission.ts';
import { runClockFindings } from '../verify/clock.ts';
import type { Rejected } from '../verify/rejection.ts';
import type { Replay } from '../verify/replay.ts';
import { computeOf } from './compute.ts';
import { confirmedAccelerators } from './confirmed.ts';
import { environmentOf } from './environment.ts';
import { unmeasuredFindings, withFleet } from './fleet.ts';
import { withoutHosts } from './hosts.ts';
import { inferenceOf } from './inference.ts';
import { kindsOf } from './kinds.ts';
import { withLevels } from './levels.ts';
import { librariesOf } from './libraries.ts';
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
  const { controller } = run.plan;
  const together = withFleet(withoutHosts(plausible, run.inventories), run.inventories, run.plan);
  const admitted = withLevels(together, controller.relation);
  const guideKnown = isBuiltin(run.guideSha256);
  const listed = new Map(run.inventories.map(({ node, accelerators: own }) => [node, own.length]));
  const accelerators = (node: string): number => listed.get(node) ?? 0;
  const judged: Case = {
    guide: run.guide,
    guideKnown,
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
      untried: untriedOf(measurement.benchmark, measurement.settings, examination, accelerators(measurement.node)),
      sha256,
    })),
    unanswered: [
      ...run.lost.map(({ assignment, detail }) => ({ assignment, code: 'node_lost' as const, detail })),
      ...run.rejected.map((one) => unaccepted(one, run.inventories)),
    ],
    registers: run.registers,
    counted: countParts({ inventories: run.inventories, admitted: plausible }),
    waivers: run.waivers,
    findings,
    judgedAt: facts.judgedAt,
  };
  const { verdicts, overall } = judge(judged);
  const compute = computeOf(judged, verdicts, kindsOf(run.inventories));
  const libraries = librariesOf(
    judged.attempts.map(({ node, examination }) => ({ node, findings: examination.findings })),
    compute,
  );
  const inference = inferenceOf(judged);
  const environment = environmentOf(run.admitted);
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
    controller: { ...controller, keyId: run.controllerKeyId },
    platform: {
      ...run.claims?.platform,
      nodes: run.inventories.length,
      accelerators: run.inventories.flatMap((i) => i.accelerators).filter((a) => a.kind === 'package').length,
      confirmedAccelerators: confirmedAccelerators(admitted, run.inventories),
    },
    guide: {
      id: run.guide.id,
      version: run.guide.version,
      title: run.guide.title,
      document,
      issuer,
      sha256: run.guideSha256,
      known: guideKnown,
    },
    overall,
    verdicts,
    attempts: withRecordings(admitted.map(attemptOf)),
    ...(environment && { environment }),
    ...(compute && { compute }),
    ...(libraries.length > 0 && { libraries }),
    ...(inference && { inference }),
    ...(run.registers && { registers: registersOf(run.registers) }),
    rejected: run.rejected.map(({ node, assignment, code, missing, detail, sha256 }) => {
      return { node, assignment, code, ...(missing?.length ? { missing: [...missing] } : {}), detail, sha256 };
    }),
    findings,
    inventories: [...run.inventories],
    log: { entries: run.tree.size, root: run.tree.root() },
  };
}

/**
 * A rejected result as the judge sees it. Nobody stands behind its numbers but the node that signed them: level E0.
 * What would not have counted against the platform had it been accepted does not count against it now.
 */
function unaccepted(
  { assignment, attempt, code, detail, shown }: Rejected,
  inventories: readonly Inventory[],
): Case['unanswered'][number] {
  const why = code === 'evidence_missing' ? code : 'evidence_mismatch';
  if (!shown) return { assignment, code: why, detail };
  const { measurement, sha256 } = shown;
  const { benchmark, node, settings, state } = measurement;
  const [{ examination }] = withoutHosts([shown], inventories) as [typeof shown];
  const metrics = examination.metrics.map((metric) => ({ ...metric, level: 'E0' as const }));
  const accelerators = inventories.find((one) => one.node === node)?.accelerators.length ?? 0;
  const untried = untriedOf(benchmark, settings, examination, accelerators);
  const judged = { assignment, attempt, node, state, examination: { ...examination, metrics }, untried, sha256 };
  return { assignment, code: why, detail, shown: judged };
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
  findings.push(...runClockFindings(run.clock));
  for (const { code, detail, weight } of duplicateFindings(run.inventories)) findings.push({ code, detail, weight });
  return [...findings, ...unmeasuredFindings(run.admitted, run.inventories)];
}
