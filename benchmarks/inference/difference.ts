import type { Answers } from './session.ts';

/** How far answers lie from the right ones: largest difference, largest right answer, and whether all was finite. */
export interface Difference {
  readonly error: number;
  readonly scale: number;
  readonly finite: boolean;
}

/**
 * Difference over all outputs that the right answers have. An output that is missing or has another size counts as not
 * finite, and so does a right answer that is not finite: nothing can be compared with it. Error and scale are finite.
 */
export function difference(answers: Answers, right: Answers): Difference {
  let error = 0;
  let scale = 0;
  let finite = true;
  for (const [name, expected] of Object.entries(right)) {
    const given = answers[name];
    if (given?.length !== expected.length) return { error: 0, scale: 0, finite: false };
    for (let i = 0; i < expected.length; i++) {
      const off = Math.abs(given[i]! - expected[i]!);
      const size = Math.abs(expected[i]!);
      // Also where one of them is not a number.
      if (!(off < Number.POSITIVE_INFINITY && size < Number.POSITIVE_INFINITY)) {
        finite = false;
        continue;
      }
      if (off > error) error = off;
      if (size > scale) scale = size;
    }
  }
  return { error, scale, finite };
}

/** Smallest of the differences between the answers to neighbouring samples, over the largest answer; 0 for one sample. */
export function leastDistance(all: readonly Answers[]): number {
  let least = Number.MAX_VALUE;
  for (let i = 1; i < all.length; i++) {
    const { error, scale, finite } = difference(all[i]!, all[i - 1]!);
    least = Math.min(least, finite && scale > 0 ? error / scale : 0);
  }
  return all.length < 2 ? 0 : least;
}
