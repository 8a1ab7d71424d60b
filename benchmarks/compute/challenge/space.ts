import type { Entries } from './chain.ts';

/** Most bytes of matrices, rows and sums that one space takes. */
export const MEMORY_LIMIT = 3 * 2 ** 30;

/** Where matrices, rows and their products lie, and how they are multiplied. */
export interface Space {
  /** Most rows that are multiplied at once. */
  readonly rows: number;
  /** Makes matrix `s`. */
  fill(s: number, nonce: string): void;
  /** Puts a state into row `i`. */
  load(i: number, state: Entries): void;
  /** The first `count` rows times matrix `s` transposed, row by row in what it gives; the next call overwrites that. */
  multiply(s: number, count: number): Entries;
}
