import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { picks } from '../../../../benchmarks/users/audit.ts';

const beacon = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'));

describe('the picks of an audit', () => {
  it('lie within the leaves, are as many as asked, and follow from the beacon', () => {
    fc.assert(
      fc.property(
        beacon,
        fc.integer({ min: 0, max: 5_000_000 }),
        fc.integer({ min: 1, max: 200 }),
        (seed, size, count) => {
          const chosen = picks(seed, size, count);
          expect(chosen.length).toBe(Math.min(size, count));
          expect(chosen.every((index) => Number.isInteger(index) && index >= 0 && index < size)).toBe(true);
          expect(picks(seed, size, count)).toEqual(chosen);
        },
      ),
    );
  });

  it('spread over all leaves', () => {
    const hits = new Array(10).fill(0);
    for (let b = 0; b < 40; b++) {
      for (const index of picks(createHash('sha256').update(String(b)).digest('hex'), 1_000, 100))
        hits[Math.floor(index / 100)]++;
    }
    for (const count of hits) expect(count).toBeGreaterThan(300);
  });
});
