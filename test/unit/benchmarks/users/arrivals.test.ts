import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Draw } from '../../../../benchmarks/inference/models/draw.ts';
import { arrivalTimes } from '../../../../benchmarks/users/arrivals.ts';

describe('arrivals', () => {
  it.each([
    ['constant', 0],
    ['poisson', 1],
    ['gamma', 2],
  ] as const)('%s come at the rate that was asked, their intervals spread as they should be', (kind, spread) => {
    const draw = new Draw(createHash('sha256').update(kind).digest('hex'));
    const due = arrivalTimes(kind, 1_000, 60, () => draw.unit());
    const gaps = Array.from(due, (at, i) => at - (i === 0 ? 0 : due[i - 1]!));
    const mean = gaps.reduce((a, b) => a + b, 0) / gaps.length;
    const deviation = Math.sqrt(gaps.reduce((a, b) => a + (b - mean) ** 2, 0) / gaps.length);
    expect(Math.abs(mean - 1)).toBeLessThan(0.04);
    expect(Math.abs(deviation / mean - spread)).toBeLessThan(0.1);
    expect(gaps.every((gap) => gap >= 0)).toBe(true);
    expect(due.at(-1)!).toBeLessThan(60_000);
  });
});
