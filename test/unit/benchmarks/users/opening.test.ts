import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Surroundings } from '../../../../benchmarks/benchmark.ts';
import { merklePaths, merkleRoot } from '../../../../benchmarks/commitment.ts';
import { answerLeaf, failureLeaf, picks } from '../../../../benchmarks/users/audit.ts';
import { atLeast, auditAnswers } from '../../../../benchmarks/users/opening.ts';

const USERS = 10;
const EACH = 30;
const LEAVES = USERS * EACH;
const OPENED = 64;
const counts = new Array<number>(USERS).fill(EACH);
const sha = (text: string) => createHash('sha256').update(text).digest();
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const challenge = hex(sha('challenge'));

const expected = (user: number, number: number, failed: boolean) =>
  failed ? failureLeaf(user, number) : answerLeaf(user, number, sha(`answer ${user} ${number}`));

/** A tree in which the leaves that `failed` names stand for failures, opened as a beacon picks. */
function treeOf(failed: (index: number) => boolean) {
  const leaves = Array.from({ length: LEAVES }, (_, i) => expected(Math.floor(i / EACH), i % EACH, failed(i)));
  const root = hex(merkleRoot(leaves));
  return (seed: string, asked = OPENED) => {
    const beacon = hex(sha(seed));
    const chosen = picks(beacon, LEAVES, asked);
    const paths = merklePaths(leaves, chosen);
    const opened = chosen.map((index, i) => ({
      leaf: hex(leaves[index]!),
      failed: failed(index),
      path: paths[i]!.map(hex),
    }));
    return { challenge, audit: { root, leaves: LEAVES, beacon, opened } };
  };
}

function audited(
  raw: ReturnType<ReturnType<typeof treeOf>>,
  failures: number,
  turnedAway?: (user: number, number: number) => boolean,
) {
  const surroundings: Surroundings = {
    settings: { audits: Math.max(16, Math.min(raw.audit.opened.length, 4_096)) },
    transcript: undefined,
    evidence: () => undefined,
  };
  return auditAnswers(raw, { counts, expected, failures, ...(turnedAway ? { turnedAway } : {}) }, surroundings);
}

/** A share of the leaves that looks random and is the same each time. */
const some = (share: number, salt: string) => {
  const set = new Set<number>();
  for (let i = 0; set.size < Math.round(share * LEAVES); i++) set.add(sha(`${salt} ${i}`).readUInt32LE(0) % LEAVES);
  return set;
};

describe('opening the answers', () => {
  it('finds all in order where nothing failed and nothing is said to have', () => {
    expect(audited(treeOf(() => false)('a'), 0)).toMatchObject({ right: true, unbound: undefined });
  });

  it('refuses a single failure where none is owned to', () => {
    const tree = treeOf((index) => index % 2 === 1);
    const one = treeOf((index) => index === picks(hex(sha('a')), LEAVES, OPENED)[0]);
    expect(audited(one('a'), 0).right).toBe(false);
    expect(audited(tree('a'), 0).right).toBe(false);
  });

  it.each([0.01, 0.05, 0.2, 0.5])(
    'lets an honest agent pass that owns to a share of %d, whatever is drawn',
    (share) => {
      const failed = some(share, 'honest');
      const tree = treeOf((index) => failed.has(index));
      for (let seed = 0; seed < 250; seed++) expect(audited(tree(`beacon ${seed}`), failed.size).right).toBe(true);
    },
  );

  it.each([
    ['all marked as failed, none owned to', 1, 0, 1],
    ['all marked as failed, half owned to', 1, 0.5, 1],
    ['half marked as failed, none owned to', 0.5, 0, 1],
    ['half marked as failed, a hundredth owned to', 0.5, 0.01, 1],
    ['a tenth marked as failed, none owned to', 0.1, 0, 0.99],
    // P[Bin(64, 0.2) ≥ 8] is 0.958: eight are what one in a million shows at a hundredth.
    ['a fifth marked as failed, a hundredth owned to', 0.2, 0.01, 0.9],
  ])('refuses answers that were never worked out: %s', (_what, marked, owned, share) => {
    const failed = some(marked, 'forged');
    const tree = treeOf((index) => failed.has(index));
    let caught = 0;
    for (let seed = 0; seed < 100; seed++) {
      const result = audited(tree(`beacon ${seed}`), Math.round(owned * LEAVES));
      if (!result.right) caught++;
    }
    expect(caught).toBeGreaterThanOrEqual(share * 100);
  });

  it('refuses more than half of failures, though they are owned to', () => {
    const failed = some(0.51, 'many');
    const result = audited(treeOf((index) => failed.has(index))('a'), failed.size);
    expect(result).toMatchObject({ right: false, detail: expect.stringContaining('shows too little') });
  });

  it('wants the very number of failures where every answer is opened', () => {
    const failed = some(0.05, 'whole');
    const whole = treeOf((index) => failed.has(index))('a', LEAVES);
    expect(audited(whole, failed.size).right).toBe(true);
    expect(audited(whole, failed.size - 1).right).toBe(false);
    expect(audited(whole, failed.size + 1).right).toBe(false);
  });

  it('takes no answer that must be turned away for a failure', () => {
    const refused = (user: number, number: number) => (user + number) % 10 === 0;
    const tree = treeOf((index) => refused(Math.floor(index / EACH), index % EACH));
    expect(audited(tree('a'), 0, refused).right).toBe(true);
    expect(audited(tree('a'), 0).right).toBe(false);
  });
});

describe('the tail of a binomial', () => {
  it('is what the definition gives', () => {
    // 1 − 0.9^10, 10 · 0.1^9 · 0.9 + 0.1^10, and the table of LoadGen: 459 queries show 99 %.
    expect(atLeast(1, 10, 0.1)).toBeCloseTo(1 - 0.9 ** 10, 12);
    expect(atLeast(9, 10, 0.1)).toBeCloseTo(9.1e-9, 15);
    expect(1 - atLeast(1, 459, 0.01)).toBeLessThan(0.01);
    expect(1 - atLeast(1, 458, 0.01)).toBeGreaterThan(0.01);
  });

  it('falls with what is asked, rises with the share, and is a probability', () => {
    const count = fc.integer({ min: 0, max: 4_096 });
    fc.assert(
      fc.property(count, fc.integer({ min: 1, max: 4_096 }), fc.double({ min: 0, max: 1, noNaN: true }), (k, n, p) => {
        const value = atLeast(k, n, p);
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
        expect(atLeast(k + 1, n, p)).toBeLessThanOrEqual(value + 1e-9);
        expect(atLeast(k, n, Math.min(1, p + 0.01))).toBeGreaterThanOrEqual(value - 1e-9);
      }),
    );
  });
});
