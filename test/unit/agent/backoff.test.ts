import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryDelayMs } from '../../../agent/backoff.ts';

describe('the delay before dialling again', () => {
  it('doubles with every failure up to half a minute', () => {
    expect([0, 1, 2, 3, 20].map((failures) => retryDelayMs(failures, 1))).toEqual([250, 500, 1000, 2000, 30_000]);
  });

  it('is spread over its upper half and never outside it', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
        const full = retryDelayMs(failures, 1);
        expect(retryDelayMs(failures, random)).toBeGreaterThanOrEqual(full / 2);
        expect(retryDelayMs(failures, random)).toBeLessThanOrEqual(full);
      }),
    );
  });
});
