import { HIGHEST_LEVEL, lowerLevel } from '../../model/controller.ts';
import type { Requirement, Target } from '../../model/guide.ts';
import { EVIDENCE_LEVELS, type EvidenceLevel, type Outcome } from '../../model/outcome.ts';
import type { Reason, RequirementResult } from '../../model/report.ts';
import { absences, shownThroughout } from './absence.ts';
import type { Case } from './case.ts';
import { type Decision, decide } from './decide.ts';
import { explanations } from './explanation.ts';
import { countedNothing, type Folded, fold, foldApart } from './fold.ts';
import { asUntried, choicesUntried, tooLittleTried, withoutLimit } from './reach.ts';
import { collect, FLEET, maybe, type Reading, type Readings } from './readings.ts';

/** The best outcome first: what a requirement with several choices is judged by. */
const RANK: readonly Outcome[] = ['pass', 'indeterminate', 'fail', 'error', 'manual', 'not_tested', 'not_applicable'];

/** The judged requirement, and the signed payloads it rests on. */
export interface JudgedRequirement {
  readonly result: RequirementResult;
  readonly evidence: readonly string[];
}

/** Judges one requirement: validity first, then the limit, then whether the evidence is enough. */
export function judgeRequirement(target: Target, requirement: Requirement, run: Case): JudgedRequirement {
  const found = collect(requirement, run);
  const evidence = [...new Set(found.readings.map((r) => r.sha256))].sort();
  if (requirement.choose === undefined) {
    return { result: judgeReadings(target, requirement, run, found, found.readings), evidence };
  }
  return { result: judgeChoice(target, requirement, run, found), evidence };
}

function judgeChoice(target: Target, requirement: Requirement, run: Case, found: Readings): RequirementResult {
  const label = requirement.choose!;
  const choices = [...new Set(found.readings.map((r) => r.metric.labels[label] ?? ''))].filter((c) => c !== '').sort();
  const claimed = run.claims?.targets[target.id]?.choice;
  const at = (choice: string): Readings => ({
    ...found,
    unread: found.unread.filter(({ labels }) => maybe(labels, { [label]: choice })),
    excluded: found.excluded.filter(({ labels }) => labels[label] === choice),
    // Where the best choice counts, one that could not be measured might have been better.
    hampered: found.hampered.filter(
      ({ labels }) =>
        maybe(labels, { [label]: choice }) || (claimed === undefined && !choices.includes(labels?.[label] ?? '')),
    ),
  });
  const judged = choices.map((choice) => ({
    choice,
    result: judgeReadings(
      target,
      requirement,
      run,
      at(choice),
      found.readings.filter((r) => r.metric.labels[label] === choice),
    ),
  }));
  judged.sort((a, b) => better(a.result, b.result) || (a.choice < b.choice ? -1 : 1));
  const chosen = claimed === undefined ? judged[0] : judged.find((j) => j.choice === claimed);
  if (!chosen) {
    const untried = claimed === undefined ? undefined : choicesUntried(requirement, run, claimed);
    if (untried) return empty(requirement, { outcome: 'not_tested', reasons: [untried] });
    return judgeReadings(target, requirement, run, claimed === undefined ? found : at(claimed), []);
  }
  return {
    // A claimed choice was tried itself; without a claim the best of all is judged, also of those that were not tried.
    ...(claimed === undefined ? asUntried(chosen.result, choicesUntried(requirement, run, undefined)) : chosen.result),
    choice: { label, value: chosen.choice, by: claimed === undefined ? 'best' : 'claim' },
    alternatives: judged
      .filter((j) => j !== chosen && j.result.estimate)
      .map((j) => ({ value: j.choice, estimate: j.result.estimate!, verified: j.result.outcome !== 'error' })),
  };
}

/** Orders by outcome, then by how much of the limit is reached for sure. */
function better(a: RequirementResult, b: RequirementResult): number {
  const rank = RANK.indexOf(a.outcome) - RANK.indexOf(b.outcome);
  if (rank !== 0) return rank;
  const sure = (r: RequirementResult): number =>
    r.estimate ? r.estimate.value - r.estimate.U : Number.NEGATIVE_INFINITY;
  const difference = a.comparison === '>=' ? sure(b) - sure(a) : sure(a) - sure(b);
  return Number.isNaN(difference) ? 0 : difference;
}

function judgeReadings(
  target: Target,
  requirement: Requirement,
  run: Case,
  found: Readings,
  readings: readonly Reading[],
): RequirementResult {
  const counts = requirement.fold === 'distinct';
  const valid = counts ? rightThroughout(shownThroughout(requirement, found, readings)) : readings.filter(isValid);
  const absent = absences(requirement, found, readings);
  const unshown = [...absent, ...found.silent, ...found.unread.map(({ reason }) => reason)];
  const heldReasons = distinctReasons(readings.flatMap((r) => r.held));
  // Wrong results say nothing of what the platform can do; other held readings are shown, and keep a fail from being
  // clear.
  const right = readings.filter((r) => r.held.every((h) => h.code !== 'incorrect_result'));
  const finite = right.filter((r) => Number.isFinite(r.metric.estimate.value) && Number.isFinite(r.metric.estimate.U));
  const usable = finite.filter((r) => requirement.fold === 'distinct' || r.metric.estimate.unit === requirement.unit);
  const folded = fold(requirement, valid);
  const shown = folded ?? (requirement.fold === 'distinct' ? zero(requirement, found) : fold(requirement, usable));
  if (!shown) return empty(requirement, nothing(requirement, found, heldReasons, readings.length > 0));
  if (![shown, ...shown.nodes].every(({ estimate: { value, U } }) => Number.isFinite(value) && Number.isFinite(U))) {
    const detail = `${requirement.metric} is no finite number over all nodes`;
    return empty(requirement, { outcome: 'error', reasons: [{ code: 'implausible', detail }] });
  }

  const decision = decide(shown.estimate, requirement, target.rule);
  let reasons: Reason[] = decision.reason ? [{ code: decision.reason, detail: '' }] : [];
  let outcome: Outcome = decision.outcome;
  const dropped = valid.length < readings.filter(isValid).length;
  if (outcome === 'fail' && (((folded || counts) && heldReasons.length > 0) || dropped)) {
    // What was held back or not shown every time might have reached the limit: then it is not a clear fail. A count of
    // nothing is what is left where all was held back; what did no work is none of it, held back or not.
    const all = fold(requirement, counts ? usable.filter(didWork) : usable);
    if (all && decide(all.estimate, requirement, target.rule).outcome !== 'fail') outcome = 'indeterminate';
  }
  if (outcome === 'fail' && folded) {
    // Equal identities may be clones of one image: a fail that rests on counting them once is for a person to look at.
    const apart = foldApart(requirement, valid);
    if (apart && decide(apart.estimate, requirement, target.rule).outcome !== 'fail') {
      outcome = 'indeterminate';
      reasons.push({ code: 'duplicate_device', detail: 'volumes of equal identity count once' });
    }
  }
  const lacking = insufficient(target, run, found, valid, shown);
  if (outcome === 'fail' && lacking.some(({ code }) => code === 'too_short' || code === 'too_few_samples')) {
    // Too little was measured for chance to be ruled out by the size of the sample: then only what U rules out is
    // clear.
    const clear = decide(shown.estimate, requirement, 'guarded');
    if (clear.outcome !== 'fail') {
      outcome = 'indeterminate';
      reasons = [{ code: 'within_uncertainty', detail: '' }];
    }
  }
  if (outcome === 'fail') {
    const why = tooLittleTried(target, requirement, run, folded ? valid : usable, shown.counted);
    if (why) {
      outcome = 'indeterminate';
      reasons = [why, ...withoutLimit(reasons)];
    }
  }
  const doubts = [
    ...lacking,
    ...unwitnessed(target, run, decision, shown),
    ...(!folded || !counts ? heldReasons : []),
    // What is not counted takes nothing from those that are, unless there must not be more of them.
    ...(!counts || requirement.comparison === '<=' ? unshown : []),
    ...blocking(requirement, run),
    ...found.gaps.filter((g) => UNTRUSTED.includes(g.code)),
  ];
  if (outcome === 'pass' && doubts.length > 0) outcome = 'indeterminate';
  const { first, after } = explanations(requirement, target.rule, shown, outcome === 'fail' ? found.hampered : []);
  const aside = outcome === 'pass' ? [] : found.excluded.map(({ reason }) => reason);
  const shownHeld = counts && outcome !== 'pass' ? [...heldReasons, ...unshown] : [];
  return {
    ...head(requirement),
    estimate: shown.estimate,
    uncertainty: shown.uncertainty,
    nodes: shown.nodes.filter((n) => n.node !== FLEET),
    counted: shown.counted,
    ...ratioOf(requirement, shown.estimate.value),
    durationS: shown.durationS,
    samples: shown.samples,
    level: shown.level,
    outcome,
    // A pass after a crash or a time-out stays one, and says so.
    reasons: distinctReasons([...first, ...reasons, ...after, ...doubts, ...shownHeld, ...found.gaps, ...aside]),
  };
}

/** Gaps that no other attempt makes good: what is missing or was rejected may be just what spoke against a pass. */
const UNTRUSTED: readonly Reason['code'][] = ['evidence_missing', 'evidence_mismatch'];

const isValid = (reading: Reading): boolean => reading.held.length === 0;
const didWork = (reading: Reading): boolean => reading.held.every(({ code }) => code !== 'zero_work');

/** Valid readings of what was never wrong: a result that is right in one repeat and wrong in another is no result. */
function rightThroughout(readings: readonly Reading[]): Reading[] {
  const subject = ({ node, metric }: Reading) => JSON.stringify([node, Object.entries(metric.labels).sort()]);
  const unsteady = new Set<string>();
  for (const [key, own] of Map.groupBy(readings, subject)) {
    const attempts = Map.groupBy(own, (r) => r.sha256);
    const wrong = (all: readonly Reading[]) => all.every((r) => r.held.some((h) => h.code === 'incorrect_result'));
    if ([...attempts.values()].some(wrong)) unsteady.add(key);
  }
  return readings.filter((r) => isValid(r) && !unsteady.has(subject(r)));
}

function zero(requirement: Requirement, found: Readings): Folded | undefined {
  return found.repeats > 0 ? countedNothing(requirement) : undefined;
}

/** Every way in which the evidence is too little for a pass. */
function insufficient(target: Target, run: Case, found: Readings, valid: readonly Reading[], shown: Folded): Reason[] {
  const { minDurationS, minSamples, minNodeShare = 1, minRepeats = 1 } = target.sufficiency;
  const level = demandedLevel(target, run);
  const doubts: Reason[] = [];
  if (minDurationS !== undefined && !(shown.durationS >= minDurationS)) {
    doubts.push({ code: 'too_short', detail: `${round(shown.durationS)} s of ${minDurationS} s` });
  }
  if (minSamples !== undefined && !(shown.samples >= minSamples)) {
    doubts.push({ code: 'too_few_samples', detail: `${shown.samples} of ${minSamples}` });
  }
  if (found.repeats < minRepeats) {
    doubts.push({ code: 'too_few_samples', detail: `${found.repeats} of ${minRepeats} completed repeats` });
  }
  doubts.push(...found.unfinished);
  const nodes = new Set(valid.map((r) => r.node)).size;
  if (nodes === 0 || nodes < minNodeShare * found.expectedNodes.length) {
    doubts.push({
      code: 'too_few_nodes',
      detail: `${nodes} of ${found.expectedNodes.length} nodes have a valid measurement`,
    });
  }
  if (EVIDENCE_LEVELS.indexOf(shown.level) < EVIDENCE_LEVELS.indexOf(level)) {
    doubts.push({ code: 'level_too_low', detail: `${shown.level}, the target asks for ${level}` });
  }
  if (run.plan.synthetic) doubts.push({ code: 'stale', detail: 'the evidence is synthetic' });
  return doubts;
}

/**
 * What the target asks for, as far as a run of this kind can give it: whoever tests itself is asked for no more than
 * E1.
 */
function demandedLevel(target: Target, run: Case): EvidenceLevel {
  return lowerLevel(target.sufficiency.level, HIGHEST_LEVEL[run.plan.controller.relation]);
}

/** A value that meets its limit and lacks nothing but a witness is one to repeat, and no defect of the platform. */
function unwitnessed(target: Target, run: Case, decision: Decision, shown: Folded): Reason[] {
  if (decision.outcome !== 'pass' || demandedLevel(target, run) !== 'E3' || shown.level === 'E3') return [];
  return [{ code: 'witness_needed', detail: '' }];
}

/** Findings over the fleet that block a sum or a count, whatever the metric. */
function blocking(requirement: Requirement, run: Case): Reason[] {
  return run.findings
    .filter((f) => f.weight === 'holds' && (f.metric === undefined || f.metric === requirement.metric))
    .map((f) => ({ code: f.code, detail: f.detail }));
}

function nothing(
  requirement: Requirement,
  found: Readings,
  held: readonly Reason[],
  hadReadings: boolean,
): { outcome: Outcome; reasons: Reason[] } {
  if (hadReadings) return { outcome: 'error', reasons: distinctReasons([...held, ...found.gaps]) };
  const reasons = distinctReasons([...found.silent, ...found.excluded.map(({ reason }) => reason), ...found.gaps]);
  if (found.broken) return { outcome: 'error', reasons };
  if (found.repeats > 0) {
    const missing: Reason = { code: 'evidence_missing', detail: `no ${requirement.metric} in completed attempts` };
    const explained = found.silent.length + found.excluded.length > 0;
    return { outcome: 'error', reasons: explained ? reasons : [missing, ...reasons] };
  }
  if (reasons.length === 0) reasons.push({ code: 'not_measured', detail: requirement.metric });
  return { outcome: 'not_tested', reasons };
}

function head(
  requirement: Requirement,
): Pick<RequirementResult, 'metric' | 'comparison' | 'limit' | 'unit' | 'alternatives'> {
  const { metric, comparison, limit, unit } = requirement;
  return { metric, comparison, limit, unit, alternatives: [] };
}

/** A requirement without any value. */
export function empty(requirement: Requirement, end: { outcome: Outcome; reasons: Reason[] }): RequirementResult {
  return {
    ...head(requirement),
    uncertainty: [],
    nodes: [],
    counted: [],
    durationS: 0,
    samples: 0,
    level: 'E0',
    ...end,
  };
}

/** 1 is just enough. Absent where a division says nothing (limit or value 0). */
export function ratioOf(requirement: Requirement, value: number): { ratio?: number } {
  const ratio = requirement.comparison === '>=' ? value / requirement.limit : requirement.limit / value;
  return Number.isFinite(ratio) ? { ratio } : {};
}

/** The same reasons, each once, in first order. */
export function distinctReasons(reasons: readonly Reason[]): Reason[] {
  const seen = new Map<string, Reason>();
  for (const reason of reasons) {
    const key = `${reason.code}\n${reason.detail}`;
    if (!seen.has(key)) seen.set(key, reason);
  }
  return [...seen.values()];
}

const round = (value: number): string => String(Math.round(value * 100) / 100);
