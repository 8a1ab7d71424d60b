import type { Entries } from './chain.ts';
import type { Space } from './space.ts';

/** Products that each of the two makes before one is chosen. */
const TRIALS = 2;

/**
 * Whichever of two spaces multiplies faster on this machine: which that is depends on its vectors, on the library's
 * kernels for it and on how many rows go together. They take turns with the first products, each is timed by its best, and
 * the slower is let go. The sums are exact, so that the choice does not show in them. `now` gives milliseconds.
 */
export function fasterSpace(one: Space, other: Space, now: () => number): Space {
  const rivals = [one, other].map((space) => ({ space, filled: new Set<number>(), rate: 0 }));
  const nonces: string[] = [];
  let chosen: Space | undefined;
  let turn = 0;
  const next = (): Space => chosen ?? rivals[turn % 2]!.space;
  const choose = (space: Space, filled: ReadonlySet<number>): void => {
    for (const [s, nonce] of nonces.entries()) if (!filled.has(s)) space.fill(s, nonce);
    chosen = space;
    rivals.length = 0;
  };
  return {
    rows: Math.min(one.rows, other.rows),
    // Made when they are first needed: the slower one never makes most of its matrices.
    fill(s, nonce) {
      nonces[s] = nonce;
      chosen?.fill(s, nonce);
    },
    load: (i, state) => next().load(i, state),
    multiply(s, count): Entries {
      if (chosen) return chosen.multiply(s, count);
      const rival = rivals[turn % 2]!;
      const { space, filled } = rival;
      if (!filled.has(s)) space.fill(s, nonces[s]!);
      filled.add(s);
      const start = now();
      const sums = space.multiply(s, count);
      rival.rate = Math.max(rival.rate, count / (now() - start));
      if (++turn === 2 * TRIALS) {
        const best = rivals[0]!.rate >= rivals[1]!.rate ? rivals[0]! : rivals[1]!;
        choose(best.space, best.filled);
      }
      return sums;
    },
  };
}
