import type { Elements } from '../operands.ts';
import { fillWords, type Key } from '../philox.ts';

/** Sizes of a product: A is m × k, B is k × n, C is m × n, all row by row. */
export interface Shape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** What the check saw, relative to the size of the right answer; 0 and 0 mean exactly right. NaN stays NaN. */
export interface Residual {
  /** Root mean square over all rows. */
  readonly rms: number;
  /** The worst row. */
  readonly worst: number;
}

/**
 * Freivalds' check of C = A·B: compares C·r with A·(B·r) for `rounds` random vectors r, at the cost of three
 * matrix-vector products each (R. Freivalds, "Probabilistic machines can use less running time", 1977).
 *
 * For integers of up to 8 bits r is drawn from 1 to 2^15 (less for huge shapes) so that all sums stay below 2^53: exact,
 * and a wrong row passes one vector with at most 2^-15. For floats r has magnitudes from one half to one: an error anywhere shows in its row.
 * r must come from a seed that was unknown when C was fixed.
 */
export function freivalds(
  a: Elements,
  b: Elements,
  c: Elements,
  shape: Shape,
  integer: boolean,
  key: Key,
  rounds: number,
): Residual {
  const { m, n, k } = shape;
  if (a.length !== m * k || b.length !== k * n || c.length !== m * n) throw new Error('matrices and shape differ');
  if (!(rounds >= 1)) throw new Error('at least one random vector is needed');
  let worst = 0;
  let squares = 0;
  for (let round = 0; round < rounds; round++) {
    const r = randomVector(n, integer ? integerBits(shape) : undefined, key, round);
    const want = times(a, times(b, r, k, n), m, k);
    const have = times(c, r, m, n);
    let norm = 0;
    for (let i = 0; i < m; i++) norm += want[i]! * want[i]!;
    const scale = Math.sqrt(norm / m);
    let sum = 0;
    for (let i = 0; i < m; i++) {
      const difference = Math.abs(have[i]! - want[i]!);
      // Math.max keeps NaN, and so does the sum: a NaN anywhere is never a small residual.
      worst = Math.max(worst, difference / scale);
      sum += difference * difference;
    }
    squares += sum / norm;
  }
  return { rms: Math.sqrt(squares / rounds), worst };
}

/** Bits of r that keep every sum of k·n products of two 8-bit integers and r below 2^53. */
function integerBits({ n, k }: Shape): number {
  const bits = Math.min(15, 53 - 14 - Math.ceil(Math.log2(n * k)));
  if (bits < 4) throw new Error(`shape ${n} × ${k} is too large for an exact check`);
  return bits;
}

function randomVector(length: number, bits: number | undefined, key: Key, round: number): Float64Array {
  const words = new Uint32Array(length);
  fillWords(words, key, 0x46726569, round, 0);
  const vector = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    const word = words[i]!;
    vector[i] = bits !== undefined ? (word >>> (32 - bits)) + 1 : (word & 1 ? 1 : -1) * (0.5 + (word >>> 8) / 33554432);
  }
  return vector;
}

function times(matrix: Elements, vector: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    const from = i * columns;
    let s0 = 0;
    let s1 = 0;
    let j = 0;
    for (; j + 1 < columns; j += 2) {
      s0 += matrix[from + j]! * vector[j]!;
      s1 += matrix[from + j + 1]! * vector[j + 1]!;
    }
    if (j < columns) s0 += matrix[from + j]! * vector[j]!;
    out[i] = s0 + s1;
  }
  return out;
}
