import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  lotIds,
  lotRecords,
  NEAR_DUPLICATE_EVERY,
  POISON_EVERY,
  POISONS,
  poisonOf,
  recordAnswer,
  writeRecord,
} from '../../../../benchmarks/records/manifest.ts';
import { INPUTS } from '../../../../benchmarks/users/network.ts';

const challenges = fc.string({ maxLength: 8 }).map((text) => createHash('sha256').update(text).digest('hex'));
const CHALLENGE = createHash('sha256').update('records').digest('hex');

describe('the manifest', () => {
  it('deals every record of the corpus exactly once in every round', () => {
    fc.assert(
      fc.property(
        challenges,
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 40 }),
        fc.nat(50),
        (challenge, users, lot, n) => {
          const dealt = Array.from({ length: users }, (_, user) => [
            ...lotRecords({ challenge, users, lot }, user, n),
          ]).flat();
          expect(dealt.sort((a, b) => a - b)).toEqual(Array.from({ length: users * lot }, (_, k) => k));
        },
      ),
    );
  });

  it('deals the lots of two rounds differently', () => {
    const shape = { challenge: CHALLENGE, users: 50, lot: 20 };
    expect([...lotRecords(shape, 3, 0)]).not.toEqual([...lotRecords(shape, 3, 1)]);
  });

  it('gives every record of every lot an id of its own', () => {
    const shape = { challenge: CHALLENGE, users: 20, lot: 50 };
    const ids = new Set<bigint>();
    for (let user = 0; user < 20; user++)
      for (let n = 0; n < 20; n++) for (const id of lotIds(shape, user, n)) ids.add(id);
    expect(ids.size).toBe(20 * 20 * 50);
    expect([...lotIds(shape, 1, 1)]).toEqual([...lotIds(shape, 1, 1)]);
    expect([...lotIds({ ...shape, challenge: 'ab'.repeat(32) }, 1, 1)]).not.toEqual([...lotIds(shape, 1, 1)]);
  });

  it('plants near-duplicates that differ in one element by one, and have other answers', () => {
    for (let k = NEAR_DUPLICATE_EVERY - 1; k < 3_000; k += NEAR_DUPLICATE_EVERY) {
      const pair = new Float32Array(2 * INPUTS);
      writeRecord(CHALLENGE, k - 1, pair, 0);
      writeRecord(CHALLENGE, k, pair, INPUTS);
      const steps = Array.from({ length: INPUTS }, (_, i) => Math.abs(pair[i]! - pair[INPUTS + i]!));
      expect(steps.filter((step) => step !== 0)).toEqual([1]);
      expect(pair.every((value) => value >= -8 && value <= 7)).toBe(true);
      expect([...recordAnswer(CHALLENGE, k)]).not.toEqual([...recordAnswer(CHALLENGE, k - 1)]);
    }
  });

  it('plants one of every kind in the first lots, however few are sent', () => {
    fc.assert(
      fc.property(challenges, fc.integer({ min: 1, max: 2_000 }), (challenge, users) => {
        const rounds = Math.ceil(POISONS.length / users);
        const found = new Set<string>();
        for (let n = 0; n < rounds; n++) {
          for (let user = 0; user < users; user++) found.add(poisonOf({ challenge, users, lot: 1 }, user, n) ?? 'none');
        }
        for (const kind of POISONS) expect(found).toContain(kind);
      }),
    );
  });

  it('plants about one poisoned lot in a hundred, of every kind, for any challenge', () => {
    fc.assert(
      fc.property(challenges, (challenge) => {
        const found = { malformed: 0, oversize: 0, not_finite: 0 };
        for (let user = 0; user < 300; user++) {
          for (let n = 0; n < 100; n++) {
            const poison = poisonOf({ challenge, users: 300, lot: 1 }, user, n);
            if (poison) found[poison]++;
          }
        }
        const expected = 30_000 / POISON_EVERY / POISONS.length;
        for (const kind of POISONS) expect(Math.abs(found[kind] - expected)).toBeLessThan(6 * Math.sqrt(expected));
      }),
      { numRuns: 20 },
    );
  });
});
