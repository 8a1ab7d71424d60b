/**
 * Early stopping as MLPerf LoadGen defines it (mlcommons/inference, loadgen/early_stopping.cc): a run of n queries, t
 * of them over the limit, shows that a share p meets it with 99 % confidence when so few over the limit would be
 * unlikely otherwise: P[Bin(n, 1 − p) ≤ t] < 0.01.
 */
export const CONFIDENCE = 0.99;

/** Least number of queries that shows percentile `p` (0 to 1) with `over` of them over the limit. */
export function leastQueries(p: number, over: number): number {
  let low = over + 1;
  let high = Math.ceil(((over + 10) * 10) / (1 - p));
  while (low < high) {
    const middle = (low + high) >> 1;
    if (atMost(over, middle, 1 - p) < 1 - CONFIDENCE) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Most queries over the limit with which `n` queries still show percentile `p`; −1 if not even none would do. */
export function mostOver(p: number, n: number): number {
  let low = -1;
  let high = Math.ceil(n * (1 - p));
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (atMost(middle, n, 1 - p) < 1 - CONFIDENCE) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * The latency that percentile `p` is shown to stay within, from all latencies of a run: the one with as many above it
 * as early stopping allows. Undefined when there are too few queries to show anything.
 */
export function shownPercentile(latencies: readonly number[], p: number): number | undefined {
  const over = mostOver(p, latencies.length);
  if (over < 0) return undefined;
  const sorted = [...latencies].sort((a, b) => a - b);
  return sorted[sorted.length - 1 - over];
}

/** P[Bin(n, q) ≤ t], summed from the first term on; in logarithms, since (1 − q)^n leaves the range of doubles. */
function atMost(t: number, n: number, q: number): number {
  if (t < 0) return 0;
  let term = n * Math.log1p(-q);
  let sum = Math.exp(term);
  for (let k = 1; k <= Math.min(t, n); k++) {
    term += Math.log(((n - k + 1) / k) * (q / (1 - q)));
    sum += Math.exp(term);
  }
  return Math.min(1, sum);
}
