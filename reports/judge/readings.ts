import type { Requirement } from '../../model/guide.ts';
import type { Finding, Metric } from '../../model/measurement.ts';
import { LIBRARY_REASONS, type ReasonCode } from '../../model/reason.ts';
import type { Reason } from '../../model/report.ts';
import type { Case, JudgedAttempt } from './case.ts';

/** A metric of one attempt that bears on a requirement, with whatever keeps it from counting. */
export interface Reading {
  readonly metric: Metric;
  readonly node: string;
  readonly assignment: string;
  readonly attempt: number;
  readonly sha256: string;
  /** Empty: the reading is valid and may carry a pass. */
  readonly held: readonly Reason[];
}

/** What the run has to say about one requirement, before any limit is looked at. */
export interface Readings {
  readonly readings: readonly Reading[];
  /** Nodes that were expected to yield the metric. */
  readonly expectedNodes: readonly string[];
  /** Why an expected attempt gave nothing, or gave less than was issued. */
  readonly gaps: readonly Reason[];
  /** By expected assignment: its node, and the attempts of it that completed. Each must show what the others show. */
  readonly completed: ReadonlyMap<string, { readonly node: string; readonly attempts: readonly number[] }>;
  /** Least number of completed attempts over the expected assignments. */
  readonly repeats: number;
  /** Assignments that were measured less often than the plan says. */
  readonly unfinished: readonly Reason[];
  /** What completed attempts found that gave nothing for the requirement: why there is no number. */
  readonly silent: readonly Reason[];
  /**
   * Findings that hold something of the metric back which their attempt, with readings of other things, does not show.
   */
  readonly unread: readonly { readonly reason: Reason; readonly labels: NonNullable<Finding['labels']> }[];
  /** What attempts say of libraries that they had to do without: it may explain a low value, and holds nothing. */
  readonly hampered: readonly Finding[];
  /** Metrics that are no part of what is judged, by their labels, and why. */
  readonly excluded: readonly { readonly reason: Reason; readonly labels: Metric['labels'] }[];
  /** At least one attempt was sent out. */
  readonly issued: boolean;
  /** An attempt ended in a way that is a defect, not an absence. */
  readonly broken: boolean;
}

const STATE_REASON: Record<Exclude<JudgedAttempt['state'], 'completed'>, ReasonCode> = {
  failed: 'crashed',
  timed_out: 'timed_out',
  cancelled: 'cancelled',
  unsupported: 'unsupported',
};

/** Stands for all nodes together, where something is counted over the fleet. */
export const FLEET = '*';

/** What was counted over the fleet bears on a requirement without any assignment. */
function counted(requirement: Requirement, run: Case): Readings {
  // None of something that was looked for is a count like any other, not work that was not done.
  const held = (metric: Metric): Reason[] => holds(metric, requirement, []).filter((r) => r.code !== 'zero_work');
  const readings = run.counted
    .filter(({ metric }) => metric.metric === requirement.metric && matches(metric.labels, requirement.where))
    .map(({ metric, sha256 }) => ({
      metric,
      node: FLEET,
      assignment: FLEET,
      attempt: 1,
      sha256,
      held: held(metric),
    }));
  return {
    readings,
    expectedNodes: [FLEET],
    completed: new Map(),
    gaps: [],
    repeats: readings.length > 0 ? 1 : 0,
    unfinished: [],
    silent: [],
    unread: [],
    hampered: [],
    excluded: [],
    issued: true,
    broken: false,
  };
}

/** Collects every reading of the requirement's metric over all attempts of the run, and every gap. */
export function collect(requirement: Requirement, run: Case): Readings {
  const { metric, where, fold, comparison, unit } = requirement;
  const { collected } = indexOf(run);
  const key = JSON.stringify([metric, where, fold === 'distinct', comparison, unit]);
  const known = collected.get(key);
  if (known) return known;
  const found = collectAnew(requirement, run);
  collected.set(key, found);
  return found;
}

function collectAnew(requirement: Requirement, run: Case): Readings {
  if (run.counted.some(({ metric }) => metric.metric === requirement.metric)) return counted(requirement, run);
  const expected = run.plan.assignments.filter((a) => a.metrics.includes(requirement.metric));
  const readings: Reading[] = [];
  const gaps: Reason[] = [];
  const unfinished: Reason[] = [];
  const silent: Reason[] = [];
  const unread: Readings['unread'][number][] = [];
  const hampered: Finding[] = [];
  const excluded: Readings['excluded'][number][] = [];
  const completedOf = new Map<string, { node: string; attempts: number[] }>();
  let repeats = expected.length === 0 ? 0 : Number.POSITIVE_INFINITY;
  let issuedAny = false;
  let broken = false;
  const { attemptsOf, unansweredOf } = indexOf(run);
  for (const assignment of expected) {
    const attempts = (attemptsOf.get(assignment.id) ?? []).filter((a) => a.node === assignment.node);
    const issued = run.issued[assignment.id] ?? 0;
    if (issued > 0) issuedAny = true;
    else gaps.push({ code: 'not_measured', detail: `${assignment.id} was never started` });
    const unanswered = unansweredOf.get(assignment.id) ?? [];
    for (const { code, detail } of unanswered) gaps.push({ code, detail: `${assignment.id}: ${detail}` });
    if (unanswered.length > 0) broken = true;
    const distinct = new Set(attempts.map((a) => a.attempt)).size;
    if (distinct + unanswered.length < issued || attempts.length + unanswered.length > issued) {
      gaps.push({
        code: 'evidence_missing',
        detail: `${assignment.id}: ${issued} attempts were issued, evidence of ${attempts.length} is here`,
      });
      broken = true;
    }
    const completed: number[] = [];
    completedOf.set(assignment.id, { node: assignment.node, attempts: completed });
    for (const attempt of attempts) {
      if (attempt.state !== 'completed') {
        const code = attempt.failure?.code ?? STATE_REASON[attempt.state];
        const where = attempt.failure ? ` in ${attempt.failure.phase}: ${attempt.failure.detail}` : '';
        gaps.push({ code, detail: `${assignment.id} attempt ${attempt.attempt}${where}` });
        if (attempt.state === 'failed' || attempt.state === 'timed_out') broken = true;
        continue;
      }
      completed.push(attempt.attempt);
      hampered.push(...hamperingFindings(attempt, requirement));
      const aside = excludedFrom(attempt, requirement);
      excluded.push(...aside);
      const own = readingsOf(attempt, requirement);
      for (const reading of own) readings.push(reading);
      if (own.length === 0) silent.push(...foundInstead(attempt, requirement), ...aside.map(({ reason }) => reason));
      else unread.push(...heldUnread(attempt, requirement, own));
    }
    repeats = Math.min(repeats, completed.length);
    if (completed.length > 0 && completed.length < assignment.repeats) {
      const detail = `${assignment.id}: ${completed.length} of ${assignment.repeats} planned repeats completed`;
      unfinished.push({ code: 'too_few_samples', detail });
    }
  }
  return {
    readings,
    expectedNodes: [...new Set(expected.map((a) => a.node))].sort(),
    completed: completedOf,
    gaps,
    repeats: Number.isFinite(repeats) ? repeats : 0,
    unfinished,
    silent,
    unread,
    hampered,
    excluded,
    issued: issuedAny,
    broken,
  };
}

/** An attempt with its metrics by their names, and what it found that keeps some of them from counting. */
interface Sorted extends JudgedAttempt {
  readonly metrics: ReadonlyMap<string, readonly Metric[]>;
  readonly holding: readonly Finding[];
  readonly excluding: readonly Finding[];
}

interface Index {
  readonly attemptsOf: ReadonlyMap<string, readonly Sorted[]>;
  readonly unansweredOf: ReadonlyMap<string, Case['unanswered']>;
  /** What was found for requirements that ask for the same. */
  readonly collected: Map<string, Readings>;
}

/** A fleet has thousands of assignments, and every requirement asks for the attempts of each: they are sorted once. */
const indexes = new WeakMap<Case, Index>();

function indexOf(run: Case): Index {
  const known = indexes.get(run);
  if (known) return known;
  const index: Index = {
    attemptsOf: Map.groupBy(run.attempts.map(sorted), (a) => a.assignment),
    unansweredOf: Map.groupBy(run.unanswered, (u) => u.assignment),
    collected: new Map(),
  };
  indexes.set(run, index);
  return index;
}

function sorted(attempt: JudgedAttempt): Sorted {
  const { metrics, findings } = attempt.examination;
  return {
    ...attempt,
    metrics: Map.groupBy(metrics, ({ metric }) => metric),
    holding: findings.filter(({ weight }) => weight === 'holds'),
    excluding: findings.filter(({ weight }) => weight === 'excludes'),
  };
}

function readingsOf(attempt: Sorted, requirement: Requirement): Reading[] {
  const result: Reading[] = [];
  for (const metric of attempt.metrics.get(requirement.metric) ?? []) {
    if (!matches(metric.labels, requirement.where)) continue;
    if (attempt.excluding.some((finding) => concerns(finding, metric))) continue;
    result.push({
      metric,
      node: attempt.node,
      assignment: attempt.assignment,
      attempt: attempt.attempt,
      sha256: attempt.sha256,
      held: holds(metric, requirement, attempt.holding),
    });
  }
  return result;
}

/** Metrics of an attempt that a finding keeps out of what is judged. */
function excludedFrom(attempt: Sorted, { metric: id, where }: Requirement): Readings['excluded'] {
  if (attempt.excluding.length === 0) return [];
  return (attempt.metrics.get(id) ?? []).flatMap((metric) => {
    if (!matches(metric.labels, where)) return [];
    const finding = attempt.excluding.find((one) => concerns(one, metric));
    return finding ? [{ reason: { code: finding.code, detail: finding.detail }, labels: metric.labels }] : [];
  });
}

/** Findings of an attempt without a reading that would have kept one from counting. */
function foundInstead({ assignment, attempt, holding }: Sorted, requirement: Requirement): Reason[] {
  const { metric, where } = requirement;
  return holding
    .filter((f) => f.metric === undefined || f.metric === metric)
    .filter((f) => maybe(f.labels, where))
    .map(({ code, detail }) => ({ code, detail: `${assignment} attempt ${attempt}: ${detail}` }));
}

/**
 * Findings of an attempt about the metric that hold back what none of its readings is of. What is no part of what is
 * judged does not matter here, either.
 */
function heldUnread(
  { assignment, attempt, holding, excluding }: Sorted,
  { metric, where }: Requirement,
  own: readonly Reading[],
): Readings['unread'] {
  return holding
    .filter((f) => f.metric === metric && maybe(f.labels, where))
    .filter((f) => !own.some((reading) => matches(reading.metric.labels, f.labels)))
    .filter(({ labels = {} }) => !excluding.some((one) => concerns(one, { metric, labels })))
    .map(({ code, detail, labels = {} }) => ({
      reason: { code, detail: `${assignment} attempt ${attempt}: ${detail}` },
      labels,
    }));
}

/** Findings that name a library without which the metric may be lower than the node's own. */
function hamperingFindings({ examination }: Sorted, { metric, where }: Requirement): Finding[] {
  return examination.findings.filter(
    (f) =>
      (LIBRARY_REASONS as readonly ReasonCode[]).includes(f.code) &&
      (f.metric === undefined || f.metric === metric) &&
      maybe(f.labels, where),
  );
}

/** Whether a finding may be about what has these labels: it need not say all of them. */
export function maybe(labels: Finding['labels'], where: Requirement['where']): boolean {
  return Object.entries(where ?? {}).every(([key, value]) => (labels?.[key] ?? value) === value);
}

/** Every reason that keeps this one metric from counting. */
function holds(metric: Metric, requirement: Requirement, findings: readonly Finding[]): Reason[] {
  const held: Reason[] = [];
  const { value, U, unit } = metric.estimate;
  if (!metric.verified) held.push({ code: 'incorrect_result', detail: `${metric.metric}: outputs were not verified` });
  if (!Number.isFinite(value) || !Number.isFinite(U)) {
    held.push({ code: 'implausible', detail: `${metric.metric} is not a finite number` });
  }
  if (requirement.fold !== 'distinct' && unit !== requirement.unit) {
    held.push({
      code: 'parse_error',
      detail: `${metric.metric} is in ${unit}, the target asks for ${requirement.unit}`,
    });
  }
  if (requirement.comparison === '<=' && value === 0 && unit === 's') {
    held.push({ code: 'implausible', detail: `${metric.metric} is no time at all` });
  }
  if (value < 0) held.push({ code: 'implausible', detail: `${metric.metric} is negative` });
  if (requirement.comparison === '>=' && value === 0) {
    held.push({ code: 'zero_work', detail: `${metric.metric} is zero` });
  }
  if (metric.samples === 0) held.push({ code: 'zero_work', detail: `${metric.metric} rests on no sample` });
  for (const finding of findings) {
    if (!holdsBack(finding, metric)) continue;
    held.push({ code: finding.code, detail: finding.detail });
  }
  return held;
}

/** Whether a finding of an attempt keeps this metric of it from counting, or out of everything. */
export function holdsBack(finding: Finding, metric: Metric): boolean {
  return finding.weight !== 'informs' && concerns(finding, metric);
}

/** Whether a finding speaks of everything that has this metric's id and labels. */
function concerns(finding: Finding, { metric, labels }: Pick<Metric, 'metric' | 'labels'>): boolean {
  return (finding.metric === undefined || finding.metric === metric) && matches(labels, finding.labels);
}

function matches(
  labels: Readonly<Record<string, string>>,
  where: Readonly<Record<string, string>> | undefined,
): boolean {
  // Asked for every value of a fleet: no list of entries is made for it.
  for (const key in where) if (labels[key] !== where[key]) return false;
  return true;
}
