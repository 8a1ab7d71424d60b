import { CLOCK_TOLERANCE } from '../../model/clock.ts';
import { type Estimate, exact, sum } from '../../model/estimate.ts';
import type { Requirement } from '../../model/guide.ts';
import { EVIDENCE_LEVELS, type EvidenceLevel } from '../../model/outcome.ts';
import type { RequirementResult } from '../../model/report.ts';
import type { Reading } from './readings.ts';

/** Many readings as one value, with what it rests on. */
export interface Folded {
  readonly estimate: Estimate;
  readonly uncertainty: RequirementResult['uncertainty'];
  readonly nodes: { node: string; estimate: Estimate }[];
  readonly counted: string[];
  readonly durationS: number;
  readonly samples: number;
  readonly level: EvidenceLevel;
}

/** Folds readings by the requirement's statistic. `undefined` when there is none. */
export function fold(requirement: Requirement, readings: readonly Reading[]): Folded | undefined {
  if (readings.length === 0) return undefined;
  if (requirement.fold === 'distinct') return foldDistinct(requirement, readings);
  return foldValues(requirement, readings, (reading) => subjectOf(requirement, reading));
}

/**
 * The same as if nothing were shared between nodes: what a volume that many of them mount would give if counted by
 * each.
 */
export function foldApart(requirement: Requirement, readings: readonly Reading[]): Folded | undefined {
  if (readings.length === 0 || requirement.fold === 'distinct') return undefined;
  return foldValues(requirement, readings, ownSubject);
}

/** What one node measured of one thing, whichever assignment of the plan asked for it: never added to itself. */
export function ownSubject({ node, metric: { labels } }: Reading): string {
  return JSON.stringify([node, labels.device ?? '', labels.volume ?? '']);
}

/** An amount of a volume is the same amount on every node that mounts it; rates of many nodes on one volume add up. */
export function subjectOf(requirement: Requirement, reading: Reading): string {
  const { volume = '' } = reading.metric.labels;
  const amount = volume !== '' && requirement.fold === 'sum' && !requirement.unit.endsWith('/s');
  return amount ? JSON.stringify([volume]) : ownSubject(reading);
}

/** Completed measurements in which nothing at all could be counted: a count of zero, which is a value. */
export function countedNothing(requirement: Requirement): Folded {
  return {
    estimate: exact(0, requirement.unit),
    uncertainty: [],
    nodes: [],
    counted: [],
    durationS: 0,
    samples: 0,
    level: 'E1',
  };
}

function foldDistinct(requirement: Requirement, readings: readonly Reading[]): Folded | undefined {
  const label = requirement.label ?? '';
  const counted = new Set<string>();
  const used: Reading[] = [];
  for (const reading of readings) {
    const value = reading.metric.labels[label];
    if (value === undefined || value === '') continue;
    counted.add(value);
    used.push(reading);
  }
  if (used.length === 0) return undefined;
  return {
    estimate: exact(counted.size, requirement.unit, counted.size),
    uncertainty: [],
    nodes: perNode(used, (own) => exact(new Set(own.map((r) => r.metric.labels[label])).size, requirement.unit)),
    counted: [...counted].sort(),
    ...basis(used),
  };
}

function foldValues(
  requirement: Requirement,
  readings: readonly Reading[],
  subject: (reading: Reading) => string,
): Folded {
  const worst = requirement.comparison === '>=' ? lower : higher;
  // Repeats of one subject: the worst of them is judged, and half their range is part of the repeatability.
  const values: { node: string; estimate: Estimate }[] = [];
  for (const repeats of Map.groupBy(readings, subject).values()) {
    const judged = repeats.map((r) => r.metric.estimate).reduce(worst);
    const spread = (greatest(repeats.map(valueIn)) - least(repeats.map(valueIn))) / 2;
    values.push({ node: repeats[0]!.node, estimate: { ...judged, U: Math.hypot(judged.U, spread) } });
  }
  const nodes = groupBy(values, (v) => v.node).map(([node, own]) => ({
    node,
    estimate: combine(
      requirement,
      own.map((v) => v.estimate),
    ),
  }));
  const folded = combine(
    requirement,
    nodes.map((n) => n.estimate),
  );
  const clock = /(^|\/)s$/.test(requirement.unit) ? Math.abs(folded.value) * CLOCK_TOLERANCE : 0;
  const uncertainty: RequirementResult['uncertainty'] = [{ source: 'repeatability', U: folded.U }];
  // Every planned node is measured and nothing is extrapolated: these two are there, and are nothing.
  uncertainty.push({ source: 'between_nodes', U: 0 }, { source: 'sampling', U: 0 }, { source: 'clock', U: clock });
  return {
    estimate: { ...folded, U: Math.hypot(folded.U, clock) },
    uncertainty,
    nodes,
    counted: [],
    ...basis(readings),
  };
}

function combine(requirement: Requirement, estimates: readonly Estimate[]): Estimate {
  if (estimates.length === 1) return estimates[0]!;
  if (requirement.fold === 'sum') return sum(estimates);
  return estimates.reduce(requirement.fold === 'minimum' ? lower : higher);
}

const lower = (a: Estimate, b: Estimate): Estimate => (b.value < a.value ? b : a);
const higher = (a: Estimate, b: Estimate): Estimate => (b.value > a.value ? b : a);
const valueIn = (reading: Reading): number => reading.metric.estimate.value;
// A node decides how many readings there are: too many for the arguments of one call must not stop the judge.
const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b));
const greatest = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b));

function basis(readings: readonly Reading[]): Pick<Folded, 'durationS' | 'samples' | 'level'> {
  let level: EvidenceLevel = 'E3';
  for (const { metric } of readings) {
    if (EVIDENCE_LEVELS.indexOf(metric.level) < EVIDENCE_LEVELS.indexOf(level)) level = metric.level;
  }
  return {
    durationS: least(readings.map((r) => r.metric.durationS)),
    samples: least(readings.map((r) => r.metric.samples)),
    level,
  };
}

function perNode(readings: readonly Reading[], estimate: (own: Reading[]) => Estimate): Folded['nodes'] {
  return groupBy(readings, (r) => r.node).map(([node, own]) => ({ node, estimate: estimate(own) }));
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const own = groups.get(key(item));
    if (own) own.push(item);
    else groups.set(key(item), [item]);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
}
