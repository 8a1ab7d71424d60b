import { exact } from '../../model/estimate.ts';
import type { Target, Waiver } from '../../model/guide.ts';
import { EVIDENCE_LEVELS, type EvidenceLevel, OUTCOMES, type Outcome, type Overall } from '../../model/outcome.ts';
import type { Reason, Report, RequirementResult, Verdict } from '../../model/report.ts';
import type { Case } from './case.ts';
import { decide } from './decide.ts';
import { distinctReasons, empty, judgeRequirement, ratioOf } from './requirement.ts';

export interface Judgement {
  readonly verdicts: Verdict[];
  readonly overall: Report['overall'];
}

/**
 * Judges a run by its guide: a verdict for every target, in the guide's order, and the whole.
 * Pure: the same case gives the same judgement at the controller, on the page and at the verifier.
 * Nothing that is missing, broken, unverified or too little ever becomes a pass.
 */
export function judge(run: Case): Judgement {
  const verdicts = run.guide.targets.map((target) => judgeTarget(target, run));
  return { verdicts, overall: judgeWhole(run, verdicts) };
}

function judgeTarget(target: Target, run: Case): Verdict {
  const judged = target.kind === 'registered' ? judgeRegister(target, run) : judgeMeasured(target, run);
  const outcome = worst(judged.results.map((r) => r.outcome));
  const claimed = run.claims?.targets[target.id];
  const reasons: Reason[] = judged.results
    .filter((r) => r.outcome === outcome || outcome === 'pass')
    .flatMap((r) => r.reasons);
  const headline = judged.results[0]!;
  if (claimed && headline.estimate && falls(headline, claimed)) {
    reasons.push({ code: 'below_claim', detail: `${claimed.value} ${claimed.unit} claimed` });
  }
  const waiver = outcome === 'fail' ? waiverFor(target, run) : undefined;
  return {
    target: target.id,
    clause: target.clause,
    title: target.title,
    requirement: target.requirement,
    ...(target.reading ? { reading: target.reading } : {}),
    kind: target.kind,
    mandatory: target.mandatory,
    rule: target.rule,
    ...(claimed ? { claimed } : {}),
    outcome,
    reasons: distinctReasons(reasons),
    requirements: judged.results,
    level: lowest(judged.results.filter((r) => r.estimate).map((r) => r.level)),
    ...(waiver ? { waiver } : {}),
    evidence: judged.evidence,
  };
}

function judgeMeasured(target: Target, run: Case): { results: RequirementResult[]; evidence: string[] } {
  const judged = target.requirements.map((requirement) => judgeRequirement(target, requirement, run));
  const planned = run.plan.unmeasured.filter((u) => u.target === target.id);
  const results = judged.map(({ result }) => {
    if (result.outcome !== 'not_tested' || planned.length === 0) return result;
    const reasons = planned.map((u) => ({ code: u.reason, detail: u.detail }) as Reason);
    return { ...result, reasons };
  });
  return { results, evidence: [...new Set(judged.flatMap((j) => j.evidence))].sort() };
}

/** A register is a declaration: its count is exact, its level E0. */
function judgeRegister(
  target: Extract<Target, { kind: 'registered' }>,
  run: Case,
): { results: RequirementResult[]; evidence: string[] } {
  const requirement = target.requirements[0]!;
  const register = run.registers?.registers.find((r) => r.name === target.register);
  const count = register ? run.registers?.counts[target.count] : undefined;
  if (!register || count === undefined) {
    const code = register ? 'register_invalid' : 'register_missing';
    const detail = register ? `${target.register}.csv gives no ${target.count}` : `${target.register}.csv`;
    return { results: [empty(requirement, { outcome: 'not_tested', reasons: [{ code, detail }] })], evidence: [] };
  }
  const decision = decide({ value: count, U: 0 }, requirement, target.rule);
  const reasons: Reason[] = decision.reason ? [{ code: decision.reason, detail: '' }] : [];
  if (register.problems.length > 0) {
    const listed = register.problems.map(({ code, detail }) => (code === 'more' ? Number(detail) : 1));
    const total = listed.reduce((sum, one) => sum + one, 0);
    reasons.push({ code: 'register_invalid', detail: `${total} in ${register.name}.csv` });
  }
  const outcome = decision.outcome === 'pass' && run.plan.synthetic ? 'indeterminate' : decision.outcome;
  const result: RequirementResult = {
    ...empty(requirement, { outcome, reasons }),
    ...(Number.isFinite(count) ? { estimate: exact(count, requirement.unit), ...ratioOf(requirement, count) } : {}),
  };
  return { results: [result], evidence: [register.sha256] };
}

/** A target passes only if each of its requirements does; else the gravest outcome stands for it. */
const GRAVITY: readonly Outcome[] = [
  'fail',
  'error',
  'indeterminate',
  'not_tested',
  'manual',
  'not_applicable',
  'pass',
];

function worst(outcomes: readonly Outcome[]): Outcome {
  return GRAVITY.find((o) => outcomes.includes(o)) ?? 'not_tested';
}

function lowest(levels: readonly EvidenceLevel[]): EvidenceLevel {
  return EVIDENCE_LEVELS.find((l) => levels.includes(l)) ?? 'E0';
}

function falls(result: RequirementResult, claim: { value: number; unit: string; choice?: string }): boolean {
  if (!result.estimate || claim.unit !== result.unit) return false;
  const { value, U } = result.estimate;
  return result.comparison === '>=' ? value + U < claim.value : value - U > claim.value;
}

function waiverFor(target: Target, run: Case): Waiver | undefined {
  if (!run.guide.allowsWaivers) return undefined;
  const at = Date.parse(run.judgedAt);
  return run.waivers.find(
    (w) => w.target === target.id && Date.parse(w.approvedAt) <= at && at < Date.parse(w.expiresAt),
  );
}

function judgeWhole(run: Case, verdicts: readonly Verdict[]): Report['overall'] {
  const mandatory = verdicts.filter((v) => v.mandatory);
  const counts: Record<string, number> = {};
  for (const outcome of OUTCOMES) counts[outcome] = mandatory.filter((v) => v.outcome === outcome).length;
  const waived = mandatory.filter((v) => v.outcome === 'fail' && v.waiver).length;
  return { outcome: whole(run, mandatory, waived), mandatory: mandatory.length, counts, waived };
}

function whole(run: Case, mandatory: readonly Verdict[], waived: number): Overall {
  if (mandatory.length === 0) return 'cannot_tell';
  const failed = mandatory.filter((v) => v.outcome === 'fail').length;
  const passed = mandatory.filter((v) => v.outcome === 'pass').length;
  if (failed > waived) return 'not_passed';
  if (passed === mandatory.length) return 'passed';
  if (run.guide.allowsWaivers && passed + waived === mandatory.length) return 'passed_with_deviations';
  return 'cannot_tell';
}
