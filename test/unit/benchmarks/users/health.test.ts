import { describe, expect, it } from 'vitest';
import { watchHealth } from '../../../../benchmarks/users/health.ts';
import { readHistogram } from '../../../../benchmarks/users/latency.ts';

describe('the health of a generator thread', () => {
  it('counts how late it came to be watched, also where it never got its turn', () => {
    const { loopDelays, cpuShare } = watchHealth(800)();
    expect(readHistogram(loopDelays)!.at(0.99)).toBeCloseTo(0.8, 2);
    expect(Number.isFinite(cpuShare)).toBe(true);
  });

  it('sees that the thread was held up', async () => {
    const end = watchHealth(0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const until = performance.now() + 300;
    while (performance.now() < until);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(readHistogram(end().loopDelays)!.at(1)).toBeGreaterThan(0.25);
  });
});
