import { exact } from '../../model/estimate.ts';
import type { Target, Waiver } from '../../model/guide.ts';
import { EVIDENCE_LEVELS, type EvidenceLevel, OUTCOMES, type Outcome, type Overall } from '../../model/outcome.ts';
import type { Reason, Report, RequirementResult, Verdict } from '../../model/report.ts';
import type { Case } from './case.ts';
import { decide } from './decide.ts';
import { distinctReasons, empty, type JudgedRequirement, judgeRequirement, ratioOf } from './requirement.ts';

export interface Judgement {
  readonly verdicts: Verdict[];
  readonly overall: Report['overall'];
}

/**
 * Judges a run by its guide: a verdict for every target, in the guide's order, and the whole. A plan that is about some
 * targets gives verdicts of these alone, and a whole that says so.
 * Pure: the same case gives the same judgement at the controller, on the page and at the verifier.
 * Nothing that is missing, broken, unverified or too little ever becomes a pass.
 */
export function judge(run: Case): Judgement {
  const { targets } = run.plan;
  const asked = run.guide.targets.filter(({ id }) => targets === undefined || targets.includes(id));
  const whole = withShown(run);
  const verdicts = asked.map((target) => judgeTarget(target, run, whole));
  return { verdicts, overall: judgeWhole(run, verdicts) };
}

/**
 * The run with what was received and not accepted, as if it had been; undefined where none of it shows anything. What
 * it shows can turn an outcome into a fail and into nothing else: a fail cannot be talked away by refusing what shows
 * it.
 */
function withShown(run: Case): Case | undefined {
  const shown = run.unanswered.flatMap((one) => one.shown ?? []);
  if (shown.length === 0) return undefined;
  return { ...run, attempts: [...run.attempts, ...shown], unanswered: run.unanswered.filter((one) => !one.shown) };
}

function judgeTarget(target: Target, run: Case, whole: Case | undefined): Verdict {
  const judged = target.kind === 'registered' ? judgeRegister(target, run) : judgeMeasured(target, run, whole);
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
    relation: run.plan.controller.relation,
    ...(waiver ? { waiver } : {}),
    evidence: judged.evidence,
  };
}

function judgeMeasured(
  target: Target,
  run: Case,
  whole: Case | undefined,
): { results: RequirementResult[]; evidence: string[] } {
  const judged = target.requirements.map((requirement): JudgedRequirement => {
    const accepted = judgeRequirement(target, requirement, run);
    if (!whole || accepted.result.outcome === 'fail') return accepted;
    const shown = judgeRequirement(target, requirement, whole);
    if (shown.result.outcome !== 'fail') return accepted;
    const reasons = distinctReasons([...shown.result.reasons, ...accepted.result.reasons]);
    return { result: { ...shown.result, reasons }, evidence: shown.evidence };
  });
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
  const { targets: asked } = run.plan;
  const mandatory = asked ? verdicts : verdicts.filter((v) => v.mandatory);
  const counts: Record<string, number> = {};
  for (const outcome of OUTCOMES) counts[outcome] = mandatory.filter((v) => v.outcome === outcome).length;
  const passes = { E0: 0, E1: 0, E2: 0, E3: 0 };
  for (const { outcome, level } of mandatory) if (outcome === 'pass') passes[level]++;
  const waived = mandatory.filter((v) => v.outcome === 'fail' && v.waiver).length;
  // A target that the guide does not have cannot have been met.
  const unknown = asked !== undefined && asked.length > verdicts.length;
  const all = whole(run, mandatory, waived);
  const judged = unknown && all !== 'not_passed' ? 'cannot_tell' : all;
  const outcome: Pick<Report['overall'], 'outcome' | 'judged'> = run.guideKnown
    ? { outcome: judged }
    : { outcome: 'cannot_tell', judged };
  const partial = asked ? { partial: { asked: [...asked], of: run.guide.targets.length } } : {};
  return { ...outcome, mandatory: mandatory.length, counts, passes, waived, ...partial };
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
