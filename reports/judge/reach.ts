import type { Requirement, Target } from '../../model/guide.ts';
import type { Reason, RequirementResult } from '../../model/report.ts';
import type { AmountUntried, Untried, ValuesUntried } from '../../model/untried.ts';
import type { Case, JudgedAttempt } from './case.ts';
import { subjectOf } from './fold.ts';
import type { Reading } from './readings.ts';

/**
 * Why a value that does not meet its limit says nothing: by its settings no attempt could have met it, and nothing that
 * was found rules out that the platform does. Undefined for a value that was really missed. `readings` are those that
 * the value was folded from, `counted` what was counted for `distinct`.
 */
export function tooLittleTried(
  target: Target,
  requirement: Requirement,
  run: Case,
  readings: readonly Reading[],
  counted: readonly string[],
): Reason | undefined {
  const attempts = attemptsOf(requirement, run);
  if (attempts.some(({ untried }) => untried.some(({ kind }) => kind === 'end'))) {
    return reason(`${requirement.metric}: the settings ended the attempt before what was under way could end`);
  }
  if (requirement.comparison !== '>=') return undefined;
  if (requirement.fold === 'distinct') return valuesUntried(requirement, attempts, counted);
  return amountUntried(target, requirement, attempts, readings);
}

/**
 * The same for a requirement that is judged at one value of a label: values that no attempt was asked for might have
 * met the limit. `claimed` is the value that the operator wants to be judged at.
 */
export function choicesUntried(requirement: Requirement, run: Case, claimed: string | undefined): Reason | undefined {
  const byNode = new Map<string, number>();
  const names = new Set<string>();
  for (const { node, untried } of attemptsOf(requirement, run)) {
    for (const one of untried) {
      if (one.kind !== 'values' || one.label !== requirement.choose) continue;
      if (claimed !== undefined && !one.values?.includes(claimed)) continue;
      for (const name of one.values ?? []) names.add(name);
      byNode.set(node, Math.max(byNode.get(node) ?? 0, one.upTo ?? Number.POSITIVE_INFINITY));
    }
  }
  if (byNode.size === 0) return undefined;
  const most = total([...byNode.values()]);
  if (requirement.comparison === '>=' && most < requirement.limit) return undefined;
  return reason(`${requirement.choose} ${claimed ?? [...names].join(', ')}: not asked for by the settings`);
}

/** A result that fails only since some choices were never tried says nothing. */
export function asUntried(result: RequirementResult, why: Reason | undefined): RequirementResult {
  if (result.outcome !== 'fail' || !why) return result;
  return { ...result, outcome: 'indeterminate', reasons: [why, ...withoutLimit(result.reasons)] };
}

/** Reasons without the verdict of a limit that was not really missed. */
export const withoutLimit = (reasons: readonly Reason[]): Reason[] =>
  reasons.filter(({ code }) => code !== 'below_limit' && code !== 'above_limit');

interface Attempt {
  readonly node: string;
  readonly sha256: string;
  readonly untried: readonly Untried[];
}

/** Completed attempts with what they left untried of the requirement's metric. */
function attemptsOf({ metric, where }: Requirement, run: Case): Attempt[] {
  return run.attempts.flatMap(({ state, node, sha256, untried = [] }: JudgedAttempt) => {
    const own = untried.filter((one) => one.metric === metric && agrees(one.labels, where));
    return state === 'completed' && own.length > 0 ? [{ node, sha256, untried: own }] : [];
  });
}

function valuesUntried(
  { metric, label, limit }: Requirement,
  attempts: readonly Attempt[],
  counted: readonly string[],
): Reason | undefined {
  const untried = attempts.flatMap((attempt) =>
    attempt.untried.filter((one): one is ValuesUntried => one.kind === 'values' && one.label === label),
  );
  if (untried.length === 0) return undefined;
  if (untried.some(({ values }) => values === undefined)) {
    return reason(`${metric}: the settings name no ${label}, so that others may be there that nobody looked for`);
  }
  const more = new Set(untried.flatMap(({ values = [] }) => values).filter((value) => !counted.includes(value)));
  if (counted.length + more.size < limit) return undefined;
  return reason(`${metric}: ${counted.length} found, ${more.size} not tried: ${[...more].slice(0, 10).join(', ')}`);
}

function amountUntried(
  target: Target,
  requirement: Requirement,
  attempts: readonly Attempt[],
  readings: readonly Reading[],
): Reason | undefined {
  const byAttempt = new Map(attempts.map(({ sha256, untried }) => [sha256, untried]));
  const bounds = new Map(readings.map((reading) => [reading, boundOf(reading, byAttempt.get(reading.sha256) ?? [])]));
  if ([...bounds.values()].every((bound) => bound === undefined)) return undefined;
  const { limit, metric, unit } = requirement;
  const best = (of: (reading: Reading, bound: AmountUntried | undefined) => number): number =>
    foldNumbers(requirement, readings, (reading) => of(reading, bounds.get(reading)));
  const surely = ({ metric: { estimate } }: Reading): number =>
    estimate.value + (target.rule === 'guarded' ? estimate.U : 0);
  const upTo = (bound: AmountUntried): number => bound.upTo ?? Number.POSITIVE_INFINITY;
  const tried = best((_, bound) => bound?.above ?? Number.POSITIVE_INFINITY);
  // One that gave all it was asked for might have given more; one that gave less has shown what it has.
  const might = best((reading, bound) =>
    bound && surely(reading) >= bound.above ? Math.max(surely(reading), upTo(bound)) : surely(reading),
  );
  const there = best((reading, bound) => (bound ? Math.max(surely(reading), upTo(bound)) : surely(reading)));
  if (might < limit && (tried >= limit || there < limit)) return undefined;
  return reason(`${metric}: at most ${tried} ${unit} by the settings, ${limit} ${unit} required`);
}

/** What bounds a reading: of several statements about it the one that says least was tried. */
function boundOf({ metric }: Reading, untried: readonly Untried[]): AmountUntried | undefined {
  return untried
    .filter((one): one is AmountUntried => one.kind === 'amount' && agrees(one.labels, metric.labels))
    .reduce<AmountUntried | undefined>((least, one) => (least && least.above <= one.above ? least : one), undefined);
}

/** Numbers of readings folded as their estimates are: the worst of the repeats of each thing, then over all things. */
function foldNumbers(requirement: Requirement, readings: readonly Reading[], of: (reading: Reading) => number): number {
  const things = [...Map.groupBy(readings, (reading) => subjectOf(requirement, reading)).values()];
  const values = things.map((repeats) => repeats.map(of).reduce(least));
  if (requirement.fold === 'sum') return total(values);
  return values.reduce(requirement.fold === 'minimum' ? least : most, values[0] ?? 0);
}

const least = (a: number, b: number): number => (b < a ? b : a);
const most = (a: number, b: number): number => (b > a ? b : a);
const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/** Whether labels say nothing against others: those that only one side has do not matter. */
const agrees = (
  one: Readonly<Record<string, string>> | undefined,
  other: Readonly<Record<string, string>> | undefined,
): boolean => Object.entries(one ?? {}).every(([name, value]) => (other?.[name] ?? value) === value);

const reason = (detail: string): Reason => ({ code: 'too_little_tried', detail });
