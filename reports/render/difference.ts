import type { Outcome } from '../../model/outcome.ts';
import type { Report, RequirementResult, Verdict } from '../../model/report.ts';
import type { Text } from '../../model/text.ts';
import { compareNodes, type NodeDifference } from './node-difference.ts';
import { type Direction, requirementChange, type ValueChange } from './value-change.ts';

/**
 * How a target changed, the most important first: what a reader sees first, and what one line of several stands for.
 */
export const CHANGES = ['worse', 'lost', 'other', 'better', 'gained', 'unclear', 'same'] as const;
export type Change = (typeof CHANGES)[number];

export interface TargetChange {
  readonly target: string;
  readonly title: Text;
  readonly before: Outcome | undefined;
  readonly after: Outcome | undefined;
  readonly change: Change;
  readonly values: readonly ValueChange[];
}

/** What keeps two reports from being compared whole. The first four keep anybody from saying "not worse". */
export const CAVEATS = [
  'other_guide',
  'no_common_node',
  'one_is_synthetic',
  'nothing_compared',
  'other_profile',
  'partial',
] as const;
export type Caveat = (typeof CAVEATS)[number];

/** Whether the platform is still what it was. */
export type ComparisonResult = 'not_worse' | 'worse' | 'cannot_tell';

/** What changed between two acceptances. */
export interface Difference extends NodeDifference {
  /** The most important first. */
  readonly targets: readonly TargetChange[];
  readonly counts: Readonly<Record<Change, number>>;
  /** Targets that only one of the two runs was asked for. */
  readonly unasked: readonly string[];
  readonly nodesGone: number;
  /** The whole had passed and has not passed now, whatever its targets say: a waiver may have ended. */
  readonly passLost: boolean;
  readonly caveats: readonly Caveat[];
  readonly result: ComparisonResult;
}

/**
 * Compares two reports target by target and node by node. A value counts as changed only when the difference is larger
 * than the two expanded uncertainties together (root of the sum of squares); counts of things change by any amount.
 * A value that is not there any more is lost, which is as bad as worse; an outcome that became worse is worse, also
 * where its values did not change.
 */
export function compareReports(before: Report, after: Report): Difference {
  const sameGuide = before.guide.sha256 === after.guide.sha256;
  const sameEffort = before.profile === after.profile;
  const old = new Map(before.verdicts.map((verdict) => [verdict.target, verdict]));
  const now = new Map(after.verdicts.map((verdict) => [verdict.target, verdict]));
  const ids = [...now.keys(), ...[...old.keys()].filter((id) => !now.has(id))];
  const unasked = ids.filter((id) => notAsked(before, id) || notAsked(after, id));
  const compared = ids.filter((id) => !unasked.includes(id));
  const targets = compared
    .map((id) => targetChange(old.get(id), now.get(id), { sameGuide, sameEffort }))
    .sort((a, b) => CHANGES.indexOf(a.change) - CHANGES.indexOf(b.change));
  const counts = Object.fromEntries(
    CHANGES.map((change) => [change, targets.filter((target) => target.change === change).length]),
  ) as Record<Change, number>;
  const nodes = compareNodes(before, after, new Set(compared));
  const caveats = caveatsOf(before, after, targets, nodes);
  const nodesGone = nodes.nodesInBoth > 0 ? nodes.nodes.filter(({ presence }) => presence === 'removed').length : 0;
  const passLost = unasked.length === 0 && sameGuide && hasLostPass(before, after, sameEffort);
  const worse = counts.worse + counts.lost + nodesGone > 0 || passLost;
  const unsure = counts.other > 0 || caveats.some((caveat) => UNSURE.includes(caveat));
  const result = worse ? 'worse' : unsure ? 'cannot_tell' : 'not_worse';
  return { targets, counts, unasked, nodesGone, passLost, caveats, result, ...nodes };
}

const UNSURE: readonly Caveat[] = ['other_guide', 'no_common_node', 'one_is_synthetic', 'nothing_compared'];

const notAsked = ({ overall: { partial } }: Report, id: string): boolean => partial?.asked.includes(id) === false;

function caveatsOf(
  before: Report,
  after: Report,
  targets: readonly TargetChange[],
  { nodesInBoth, nodesCompared }: NodeDifference,
): Caveat[] {
  const both = (one: TargetChange): boolean => one.values.some((value) => value.before && value.after);
  const is: Record<Caveat, boolean> = {
    other_guide: before.guide.sha256 !== after.guide.sha256,
    no_common_node: nodesCompared > 0 && nodesInBoth === 0,
    one_is_synthetic: before.synthetic !== after.synthetic,
    nothing_compared: !targets.some(both),
    other_profile: before.profile !== after.profile,
    partial: before.overall.partial !== undefined || after.overall.partial !== undefined,
  };
  return CAVEATS.filter((caveat) => is[caveat]);
}

function hasLostPass(before: Report, after: Report, sameEffort: boolean): boolean {
  const passed = ({ overall: { outcome } }: Report): boolean =>
    outcome === 'passed' || outcome === 'passed_with_deviations';
  if (!passed(before)) return false;
  return after.overall.outcome === 'not_passed' || (sameEffort && !passed(after));
}

interface Circumstances {
  readonly sameGuide: boolean;
  /** Both runs measured by the same profile. */
  readonly sameEffort: boolean;
}

function targetChange(a: Verdict | undefined, b: Verdict | undefined, given: Circumstances): TargetChange {
  const values = pairs(a?.requirements ?? [], b?.requirements ?? []).map(([x, y]) => requirementChange(x, y));
  const directions = [outcomeChange(a?.outcome, b?.outcome, given), ...values.map((value) => value.direction)];
  return {
    target: (b ?? a)!.target,
    title: (b ?? a)!.title,
    before: a?.outcome,
    after: b?.outcome,
    change: CHANGES.find((change) => directions.includes(change)) ?? 'same',
    values,
  };
}

/**
 * The way an outcome went. A shorter or longer profile makes a pass of what was open, or the other way round, on the
 * same platform: between profiles only a fail that came or went, or broken evidence, says something.
 */
function outcomeChange(before: Outcome | undefined, after: Outcome | undefined, given: Circumstances): Direction {
  if (before === undefined || after === undefined) {
    // A target that one of the guides does not have says nothing; one that a report of the same guide lacks is gone.
    if (!given.sameGuide) return 'other';
    return before === undefined ? 'gained' : 'lost';
  }
  if (before === after) return 'same';
  if (after === 'fail' || after === 'error') return 'worse';
  if (!given.sameEffort) return before === 'fail' && after === 'pass' ? 'better' : 'unclear';
  if (before === 'pass') return 'worse';
  return after === 'pass' ? 'better' : 'unclear';
}

/** Requirements of one target in both reports, matched by metric and sense. */
function pairs(
  before: readonly RequirementResult[],
  after: readonly RequirementResult[],
): [RequirementResult | undefined, RequirementResult | undefined][] {
  const key = (result: RequirementResult): string => `${result.metric} ${result.comparison}`;
  const old = new Map(before.map((result) => [key(result), result]));
  const matched = after.map((result): [RequirementResult | undefined, RequirementResult | undefined] => [
    old.get(key(result)),
    result,
  ]);
  const known = new Set(after.map(key));
  for (const result of before) if (!known.has(key(result))) matched.push([result, undefined]);
  return matched;
}
