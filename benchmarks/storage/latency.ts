import { type Estimate, percentile } from '../../model/estimate.ts';

/**
 * A percentile with its doubt from the order statistics: the true one lies between the samples of ranks
 * n·p ± 2·√(n·p·(1−p)) with about 95 % (binomial, distribution-free). `U` is the wider of the two sides.
 */
export function percentileEstimate(values: readonly number[], p: number, unit: string): Estimate {
  const n = values.length;
  const value = percentile(values, p);
  const reach = n > 0 ? (2 * Math.sqrt(n * p * (1 - p))) / n : 0;
  const low = percentile(values, Math.max(0, p - reach));
  const high = percentile(values, Math.min(1, p + reach));
  return { value, unit, U: n > 0 ? Math.max(value - low, high - value) : 0, k: 2, n, method: 'percentile' };
}
