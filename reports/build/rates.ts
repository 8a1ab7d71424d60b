import type { Estimate } from '../../model/estimate.ts';
import type { Case } from '../judge/case.ts';
import { collect, type Reading } from '../judge/readings.ts';
import type { Kinds } from './kinds.ts';

/** One device at one precision, with all that is known of it. */
export interface Device {
  /** Node and label: the same device at another precision has the same. */
  readonly key: string;
  readonly node: string;
  readonly label: string;
  readonly chip: string;
  readonly backend: string;
  readonly rate?: Estimate;
  readonly challenged?: Estimate;
  readonly peak?: { readonly opsPerSecond: number; readonly firm: boolean; readonly basis: string };
  /** Operations a joule of plain products, and of the challenge. */
  readonly efficiency?: number;
  readonly challengeEfficiency?: number;
  readonly counts: boolean;
}

/** Node and device of a reading; the length keeps `a` with `bc` apart from `ab` with `c`. A fleet asks for it often. */
export const keyOf = ({ node, metric }: Reading): string => `${node.length} ${node}${metric.labels.device ?? ''}`;

/** Every reading of a metric that is higher where it is better, with what holds it back. */
export function readingsOf(metric: string, unit: string, run: Case): readonly Reading[] {
  return collect({ metric, fold: 'sum', comparison: '>=', limit: 0, unit }, run).readings;
}

/** What was read and is a number; nothing else can be added or drawn. */
export function byPrecision(readings: readonly Reading[]): Map<string, Reading[]> {
  const finite = readings.filter(({ metric: { estimate } }) => Number.isFinite(estimate.value + estimate.U));
  return Map.groupBy(finite, ({ metric }) => metric.labels.precision ?? '');
}

/** Readings that count, or where there are none, those that are not wrong. */
export function counting(readings: readonly Reading[]): { used: readonly Reading[]; counts: boolean } {
  const valid = readings.filter((reading) => reading.held.length === 0);
  if (valid.length > 0) return { used: valid, counts: true };
  return { used: readings.filter(({ held }) => held.every((h) => h.code !== 'incorrect_result')), counts: false };
}

/** The lowest of the repeats of each device, among those that count if any does. */
export function lowest(readings: readonly Reading[]): Map<string, Estimate> {
  const found = new Map<string, Estimate>();
  for (const reading of counting(readings).used) {
    const known = found.get(keyOf(reading));
    const { estimate } = reading.metric;
    if (!known || estimate.value < known.value) found.set(keyOf(reading), estimate);
  }
  return found;
}

/** All devices of which there is a rate at this precision, device-timed or challenged. */
export function devicesOf(
  precision: string,
  measured: ReadonlyMap<string, readonly Reading[]>,
  challenged: ReadonlyMap<string, readonly Reading[]>,
  efficiency: Readonly<Record<'plain' | 'challenge', ReadonlyMap<string, readonly Reading[]>>>,
  kinds: Kinds,
): Device[] {
  const plain = measured.get(precision) ?? [];
  const proven = challenged.get(precision) ?? [];
  const provenBy = lowest(proven);
  const efficientBy = lowest(efficiency.plain.get(precision) ?? []);
  const challengedBy = lowest(efficiency.challenge.get(precision) ?? []);
  return [...Map.groupBy([...plain, ...proven], keyOf)].map(([key, own]) => {
    const first = own[0]!;
    const label = first.metric.labels.device ?? '';
    const rates = own.filter(({ metric }) => metric.metric === 'compute.gemm.rate');
    const { used, counts } = counting(rates);
    const rate = lowest(rates).get(key);
    const [answer, plainly, chained] = [provenBy.get(key), efficientBy.get(key), challengedBy.get(key)];
    const top = kinds.peak(first.node, label, precision);
    return {
      key,
      node: first.node,
      label,
      chip: kinds.chip(first.node, label),
      backend: (used[0] ?? first).metric.labels.backend ?? '',
      ...(rate && { rate }),
      ...(answer && { challenged: answer }),
      ...(top && { peak: top }),
      ...(plainly && plainly.value > 0 && { efficiency: plainly.value }),
      ...(chained && chained.value > 0 && { challengeEfficiency: chained.value }),
      counts: counts && rates.length > 0,
    };
  });
}
