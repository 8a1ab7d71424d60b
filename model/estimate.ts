import { type Static, Type } from 'typebox';

/** How a number came about; printed beside it. */
export const ESTIMATE_METHODS = [
  'batch_means',
  'median_of_windows',
  'minimum',
  'maximum',
  'percentile',
  'count',
  'exact',
  'sum',
] as const;

/**
 * A number with its doubt: `value` in `unit`, expanded uncertainty `U` (same unit), coverage factor `k`,
 * `n` samples behind it and the method that gave it. Counts of things have `U` 0.
 */
export const Estimate = Type.Object(
  {
    value: Type.Number(),
    unit: Type.String(),
    U: Type.Number({ minimum: 0 }),
    k: Type.Number({ exclusiveMinimum: 0 }),
    n: Type.Integer({ minimum: 0 }),
    method: Type.Enum(ESTIMATE_METHODS),
  },
  { additionalProperties: false },
);
export type Estimate = Static<typeof Estimate>;

/** A thing that was counted or is known exactly: no uncertainty. */
export function exact(value: number, unit: string, n = 1, method: Estimate['method'] = 'count'): Estimate {
  return { value, unit, U: 0, k: 2, n, method };
}

/** Sum of independent estimates of one unit: values add, variances add. Throws on mixed units (a bug in the caller). */
export function sum(parts: readonly Estimate[]): Estimate {
  const first = parts[0];
  if (!first) throw new Error('sum of no estimates');
  let value = 0;
  let variance = 0;
  let n = 0;
  for (const part of parts) {
    if (part.unit !== first.unit) throw new Error(`sum of ${first.unit} and ${part.unit}`);
    value += part.value;
    variance += (part.U / part.k) ** 2;
    n += part.n;
  }
  return { value, unit: first.unit, U: 2 * Math.sqrt(variance), k: 2, n, method: 'sum' };
}

/** Median of values; the mean of the middle two for an even count. NaN for none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * Percentile by nearest rank (ISO/IEC 80000 has no rule; LoadGen and HDR histograms use this one):
 * the smallest value with at least `p` (0 to 1) of the samples at or below it. NaN for none.
 */
export function percentile(values: readonly number[], p: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)]!;
}

/** Two-sided 95.45 % Student factors for 1 to 30 degrees of freedom (JCGM 100:2008 table G.2); 2 beyond 100. */
const T_95_45 = [
  13.97, 4.53, 3.31, 2.87, 2.65, 2.52, 2.43, 2.37, 2.32, 2.28, 2.25, 2.23, 2.21, 2.2, 2.18, 2.17, 2.16, 2.15, 2.14,
  2.13, 2.12, 2.12, 2.11, 2.11, 2.11, 2.1, 2.1, 2.09, 2.09, 2.09,
];

/** Coverage factor for about 95.45 % at the given degrees of freedom. */
export function coverage(degrees: number): number {
  if (degrees < 1) return Number.POSITIVE_INFINITY;
  const small = T_95_45[degrees - 1];
  if (small !== undefined) return small;
  return degrees <= 100 ? 2.05 : 2;
}

/**
 * Estimate of a steady quantity from its windows in time order.
 *
 * Value: median of all windows. Uncertainty: batch means. The windows are put into at most 20 batches of equal,
 * consecutive share; the spread of the batch means (they hardly correlate where windows do) divided by the root of
 * their number is the standard uncertainty of the location, widened by Student's factor for so few batches and given
 * as expanded at k = 2. One window alone says nothing about spread: its uncertainty is its whole value.
 */
export function fromWindows(windows: readonly number[], unit: string): Estimate {
  const n = windows.length;
  const value = median(windows);
  if (n < 2) return { value, unit, U: Math.abs(value), k: 2, n, method: 'batch_means' };
  const batches = Math.min(20, n);
  const means: number[] = [];
  for (let b = 0; b < batches; b++) {
    const from = Math.floor((b * n) / batches);
    const to = Math.floor(((b + 1) * n) / batches);
    let total = 0;
    for (let i = from; i < to; i++) total += windows[i]!;
    means.push(total / (to - from));
  }
  const mean = means.reduce((a, b) => a + b, 0) / batches;
  const variance = means.reduce((a, b) => a + (b - mean) ** 2, 0) / (batches - 1);
  return { value, unit, U: coverage(batches - 1) * Math.sqrt(variance / batches), k: 2, n, method: 'batch_means' };
}
