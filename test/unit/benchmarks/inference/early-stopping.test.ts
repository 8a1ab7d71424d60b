import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leastQueries, mostOver, shownPercentile } from '../../../../benchmarks/inference/early-stopping.ts';

describe('early stopping', () => {
  it.each([
    [0, [44, 90, 152, 459, 4_603]],
    [1, [64, 130, 219, 662, 6_636]],
    [10, [197, 398, 667, 2_010, 20_140]],
  ])('asks for as many queries as the published table with %i over the limit', (over, least) => {
    expect([0.9, 0.95, 0.97, 0.99, 0.999].map((p) => leastQueries(p, over))).toEqual(least);
  });

  it('allows as many over the limit as the queries need, and not one more', () => {
    fc.assert(
      fc.property(fc.constantFrom(0.5, 0.9, 0.99), fc.integer({ min: 1, max: 4_000 }), (p, n) => {
        const over = mostOver(p, n);
        if (over >= 0) expect(leastQueries(p, over)).toBeLessThanOrEqual(n);
        expect(leastQueries(p, over + 1)).toBeGreaterThan(n);
      }),
      { numRuns: 60 },
    );
  });

  it('shows a latency that at most as many exceed as are allowed, and none for too few queries', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 1_000 }), { maxLength: 900 }),
        fc.constantFrom(0.9, 0.99),
        (latencies, p) => {
          const shown = shownPercentile(latencies, p);
          if (latencies.length < leastQueries(p, 0)) {
            expect(shown).toBeUndefined();
            return;
          }
          const above = latencies.filter((latency) => latency > shown!).length;
          expect(above).toBeLessThanOrEqual(mostOver(p, latencies.length));
          // Never better than the plain percentile of the same run.
          const sorted = [...latencies].sort((a, b) => a - b);
          expect(shown!).toBeGreaterThanOrEqual(sorted[Math.ceil(p * sorted.length) - 1]!);
        },
      ),
      { numRuns: 60 },
    );
  });
});
