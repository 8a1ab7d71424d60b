import type { RowProducts } from '../../benchmark.ts';
import { type Entries, fillMatrix } from './chain.ts';
import type { Parameters } from './parameters.ts';
import { MEMORY_LIMIT, type Space } from './space.ts';

/** A native library gave a product that plain loops don't give. */
export class WrongProducts extends Error {
  constructor() {
    super('the native library gives wrong products');
    this.name = 'WrongProducts';
  }
}

/** Whole numbers up to here are exact in single precision, as powers of two. */
const SINGLE_BITS = 24;
/** Shorter pieces of a row than this would cost more in adding them up than single precision saves. */
const LEAST_PIECE = 256;
/** Rows of a matrix that are made at a time where it lies in pieces. */
const SLAB_ROWS = 64;
/** Elements of every product that are compared with plain loops. */
const SPOTS = 4;

/**
 * Matrices in doubles, or in single precision where every sum of a piece of a row stays exact in it: n·2^(weight − 1)·
 * 2^(state − 1) at most 2^24; longer rows are cut into pieces whose sums are added in doubles. Some elements of every
 * product are held against plain loops, and `multiply` throws WrongProducts where they differ. Undefined where all this
 * takes more memory than a space may or than there is.
 */
export function nativeSpace(parameters: Parameters, rows: number, products: RowProducts): Space | undefined {
  const { n, weightBits, stateBits } = parameters;
  const exact = 2 ** (SINGLE_BITS - (weightBits - 1) - (stateBits - 1));
  return exact >= Math.min(n, LEAST_PIECE)
    ? spaceOf(Float32Array, Math.min(n, exact), parameters, rows, products)
    : spaceOf(Float64Array, n, parameters, rows, products);
}

type Real = Float32Array | Float64Array;

function spaceOf<A extends Real>(
  Reals: { new (length: number): A; readonly BYTES_PER_ELEMENT: number },
  length: number,
  parameters: Parameters,
  rows: number,
  products: RowProducts<A>,
): Space | undefined {
  const { n } = parameters;
  const pieces: { from: number; length: number }[] = [];
  for (let from = 0; from < n; from += length) pieces.push({ from, length: Math.min(length, n - from) });
  const entries = parameters.matrices * n * n + 2 * rows * n;
  if (entries * Reals.BYTES_PER_ELEMENT + 8 * rows * n > MEMORY_LIMIT) return undefined;
  let held: { matrices: A[]; states: A; sums: A; total: Entries };
  try {
    const sums = new Reals(rows * n);
    held = {
      matrices: Array.from({ length: parameters.matrices }, () => new Reals(n * n)),
      states: new Reals(rows * n),
      sums,
      total: pieces.length > 1 ? new Float64Array(rows * n) : sums,
    };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  const { matrices, states, sums, total } = held;
  let turn = 0;

  /** A row's pieces lie apart: piece after piece, each with all rows. */
  const sumOf = (matrix: A, i: number, j: number): number => {
    let sum = 0;
    for (const piece of pieces) {
      const x = rows * piece.from + i * piece.length;
      const w = n * piece.from + j * piece.length;
      for (let k = 0; k < piece.length; k++) sum += states[x + k]! * matrix[w + k]!;
    }
    return sum;
  };
  return {
    rows,
    fill(s, nonce) {
      const matrix = matrices[s]!;
      if (pieces.length === 1) return fillMatrix(matrix, parameters, nonce, s);
      for (let from = 0; from < n; from += SLAB_ROWS) {
        const count = Math.min(SLAB_ROWS, n - from);
        const slab = new Int32Array(count * n);
        fillMatrix(slab, parameters, nonce, s, from);
        for (const piece of pieces) {
          for (let j = 0; j < count; j++) {
            const part = slab.subarray(j * n + piece.from, j * n + piece.from + piece.length);
            matrix.set(part, n * piece.from + (from + j) * piece.length);
          }
        }
      }
    },
    load(i, state) {
      for (const piece of pieces) {
        const part = state.subarray(piece.from, piece.from + piece.length);
        states.set(part, rows * piece.from + i * piece.length);
      }
    },
    multiply(s, count) {
      const matrix = matrices[s]!;
      for (const [at, piece] of pieces.entries()) {
        const left = states.subarray(rows * piece.from, rows * piece.from + count * piece.length) as A;
        const right = matrix.subarray(n * piece.from, n * (piece.from + piece.length)) as A;
        products(sums, left, right, count, n, piece.length);
        if (sums === total) break;
        if (at === 0) total.set(sums);
        else for (let i = 0; i < count * n; i++) total[i]! += sums[i]!;
      }
      turn++;
      for (let spot = 0; spot < SPOTS; spot++) {
        // The last element of all, where kernels treat what is left over, and others in turn.
        const i = spot === 0 ? count - 1 : (turn * spot) % count;
        const j = spot === 0 ? n - 1 : (turn * 613 * spot) % n;
        if (total[i * n + j] !== sumOf(matrix, i, j)) throw new WrongProducts();
      }
      return total;
    },
  };
}
