import type { Examination, Metric } from '../model/measurement.ts';
import type { Untried } from '../model/untried.ts';
import { knownChips } from './compute/chips.ts';

type Settings = Readonly<Record<string, unknown>>;
type Reach = (settings: Settings, examination: Examination, accelerators: number) => Untried[];

/**
 * What an attempt of a benchmark could not have shown by its settings, from the signed settings, from what its samples
 * gave, and from how many accelerators the node's inventory lists. Empty for a benchmark whose settings bound nothing
 * that a target asks for. Knows no target and no limit. Pure.
 */
export function untriedOf(
  benchmark: string,
  settings: Settings,
  examination: Examination,
  accelerators: number,
): Untried[] {
  const reach = Object.hasOwn(REACHES, benchmark) ? REACHES[benchmark]! : undefined;
  return reach?.(settings, examination, accelerators) ?? [];
}

/** Seconds of a fill or a reading in which threads start and files are synced: they weigh on a short one only. */
const BEGIN_AND_END_S = 0.5;

/**
 * Proven bytes are a lower bound by their nature: data that are right prove what was written, and never that there is
 * no more. How much there can be at most the file system itself says.
 */
const storage: Reach = (_, { metrics }) => {
  const untried: Untried[] = [];
  for (const { metric, labels, estimate, durationS } of metrics) {
    if (metric === 'storage.capacity.proven') {
      const attested = metrics.find((m) => m.metric === 'storage.capacity.attested' && sameLabels(m, labels));
      const upTo = attested ? { upTo: attested.estimate.value } : {};
      untried.push({ kind: 'amount', metric, labels, above: estimate.value, ...upTo });
    }
    if (metric === 'storage.speed.write' || metric === 'storage.speed.read') {
      const steadyS = durationS - BEGIN_AND_END_S;
      const upTo = steadyS > 0 ? { upTo: (estimate.value * durationS) / steadyS } : {};
      untried.push({ kind: 'amount', metric, labels, above: estimate.value, ...upTo });
    }
  }
  return untried;
};

const users: Reach = (settings, { metrics }) => {
  const asked = numberIn(settings, 'users');
  const untried: Untried[] = ['users.inflight.min', 'users.identities'].map((metric) => ({
    kind: 'amount',
    metric,
    above: asked,
  }));
  const p99 = metrics.find(({ metric }) => metric === 'users.latency.p99')?.estimate.value;
  // A hold that is shorter than one task ends before every user can have had an answer.
  if (p99 !== undefined && numberIn(settings, 'holdS') < p99) untried.push({ kind: 'end', metric: 'users.identities' });
  if (cutsOff(settings)) untried.push({ kind: 'end', metric: 'users.error.share' });
  for (const jain of metrics.filter(({ metric }) => metric === 'users.fairness.jain')) {
    untried.push({
      kind: 'amount',
      metric: jain.metric,
      labels: jain.labels,
      above: jain.estimate.value,
      upTo: fairest(jain),
    });
  }
  return untried;
};

/**
 * The index that the users' long-run shares may have. With m tasks a user, a service that treats all alike still gives
 * numbers of tasks with a variance of about m (Poisson), so that few tasks make any service look unfair.
 */
function fairest({ estimate: { value, n }, samples }: Metric): number {
  const mean = samples / n;
  if (!(mean > 0 && value > 0)) return 1;
  const variance = mean ** 2 * (1 / value - 1);
  return mean ** 2 / (mean ** 2 + Math.max(0, variance - mean));
}

const records: Reach = (settings) => {
  const above = numberIn(settings, 'users') * numberIn(settings, 'lot');
  const untried: Untried[] = ['records.simultaneous.peak', 'records.answered'].map((metric) => ({
    kind: 'amount',
    metric,
    above,
  }));
  if (cutsOff(settings)) untried.push({ kind: 'end', metric: 'records.lost' });
  return untried;
};

/** Whether work that had not reached its own time-out was given up at the end of the run. */
const cutsOff = (settings: Settings): boolean => numberIn(settings, 'graceS') < numberIn(settings, 'timeoutS');

/**
 * Frameworks lie where their owner put them: without interpreters, only those of the path and the system were tried.
 */
const frameworks: Reach = (settings, { findings }) => {
  const common = { kind: 'values', metric: 'frameworks.adapted.level', label: 'engine' } as const;
  const named = Array.isArray(settings.interpreters) && settings.interpreters.length > 0;
  const some = Array.isArray(settings.frameworks) && settings.frameworks.length > 0;
  if (!named || some) return [common];
  const stopped = findings.filter(({ code }) => code === 'timed_out').map(({ detail }) => detail);
  return stopped.length > 0 ? [{ ...common, values: stopped }] : [];
};

/** Labels of all precisions that a platform may have. */
const PRECISION_LABELS = ['FP64', 'FP32', 'TF32', 'FP16', 'BF16', 'FP8', 'INT8', 'INT4'] as const;

const compute =
  (metric: string): Reach =>
  (settings, { metrics }, accelerators) => {
    const precisions = Array.isArray(settings.precisions) ? settings.precisions.map(String) : [];
    const asked = new Set(precisions.map((name) => (name.startsWith('FP8') ? 'FP8' : name)));
    const values = PRECISION_LABELS.filter((label) => !asked.has(label));
    if (values.length === 0) return [];
    const rates = metrics.filter((m) => m.metric === metric && m.verified);
    // An accelerator may have units for one precision alone; processors do all precisions in the same ones.
    const known = rates.length > 0 && accelerators === 0 && rates.every(({ labels }) => labels.device === 'cpu');
    return [{ kind: 'values', metric, label: 'precision', values, ...(known ? { upTo: mostOf(rates, values) } : {}) }];
  };

/** A library that works reaches at least this part of a processor's peak in the precision that was measured. */
const LEAST_EFFICIENCY = 0.1;

/**
 * The most that a measured processor can do in other precisions, by the widest ratio that any chip of the table has.
 */
function mostOf(rates: readonly Metric[], others: readonly string[]): number {
  const bounds = rates.map(
    ({ labels, estimate }) => (estimate.value * widestRatio(labels.precision ?? '', others)) / LEAST_EFFICIENCY,
  );
  return bounds.reduce((least, bound) => (bound < least ? bound : least));
}

/** The widest ratio between the peak in one of some precisions and the peak in one. Infinite where no chip has both. */
function widestRatio(one: string, others: readonly string[]): number {
  let widest = 0;
  for (const { peaks } of knownChips()) {
    const base = peaks[one]?.value;
    if (base === undefined) continue;
    for (const other of others) widest = Math.max(widest, (peaks[other]?.value ?? 0) / base);
  }
  return widest > 0 ? widest : Number.POSITIVE_INFINITY;
}

const REACHES: Readonly<Record<string, Reach>> = {
  'storage.volume': storage,
  'users.concurrent': users,
  'records.simultaneous': records,
  'frameworks.train': frameworks,
  'compute.gemm': compute('compute.gemm.rate'),
  'compute.challenge': compute('compute.challenge.rate'),
};

const numberIn = (settings: Settings, name: string): number => Number(settings[name]);

const sameLabels = (metric: Metric, labels: Metric['labels']): boolean =>
  Object.entries(labels).every(([name, value]) => metric.labels[name] === value);
