import type { RowProducts } from '../../benchmark.ts';
import { allocate } from '../linear-memory.ts';
import {
  type Audit,
  type Entries,
  fillMatrix,
  fillState,
  folding,
  schedule,
  sketchRow,
  sketchVector,
} from './chain.ts';
import { instantiateKernels } from './kernels.ts';
import { nativeSpace, WrongProducts } from './native-space.ts';
import type { Parameters } from './parameters.ts';
import type { Space } from './space.ts';

/**
 * Sketches of the picked rows, recomputed from the seeds alone; `seeds[round]` is the seed of a round. All arithmetic is
 * exact, so that every way to make the products gives the same.
 */
export type Recompute = (
  parameters: Parameters,
  nonce: string,
  seeds: readonly string[],
  audits: readonly Audit[],
  products?: RowProducts,
) => number[];

/** Rows that are multiplied together at most: enough that a matrix is read from memory for many of them at once. */
const MOST_ROWS = 128;
/** Rows whose states are held at a time. */
const GROUP_ROWS = 512;
/** Most bytes of WebAssembly memory that an audit takes; beyond it, plain loops. */
const MEMORY_LIMIT = 3 * 2 ** 30;
/** Bytes of a matrix that stay in the cache while all rows go over them. */
const BLOCK_BYTES = 256 * 1024;

/**
 * Recomputes with the products of a native library where one is given and gives right sums, else with vector
 * instructions where the engine has them, else with plain loops.
 */
export const recompute: Recompute = (parameters, nonce, seeds, audits, products) => {
  const rows = widthFor(audits);
  const native = products && nativeSpace(parameters, rows, products);
  if (native) {
    try {
      return walk(native, parameters, nonce, seeds, audits);
    } catch (error) {
      // A library that is wrong on this processor must accuse nobody.
      if (!(error instanceof WrongProducts)) throw error;
    }
  }
  return walk(vectorSpace(parameters, rows) ?? plainSpace(parameters, rows), parameters, nonce, seeds, audits);
};

/** Recomputes with plain loops in double precision: the reference. */
export const plainRecompute: Recompute = (parameters, nonce, seeds, audits) =>
  walk(plainSpace(parameters, widthFor(audits)), parameters, nonce, seeds, audits);

const widthFor = (audits: readonly Audit[]): number => Math.max(1, Math.min(audits.length, MOST_ROWS));

/**
 * Takes every picked row through its layers. Rows are independent of each other, so that always those go next that
 * wait for the matrix most of them wait for, whatever layer each of them is at.
 */
function walk(
  space: Space,
  parameters: Parameters,
  nonce: string,
  seeds: readonly string[],
  audits: readonly Audit[],
): number[] {
  const { n, layers } = parameters;
  const fold = folding(parameters);
  const seedOf = (round: number): string => {
    const seed = seeds[round];
    if (seed === undefined) throw new Error(`no seed for round ${round}`);
    return seed;
  };
  const schedules = new Map(audits.map(({ round }) => [round, schedule(parameters, seedOf(round))]));
  for (let s = 0; s < parameters.matrices; s++) space.fill(s, nonce);
  const sketches: number[] = [];
  for (let from = 0; from < audits.length; from += GROUP_ROWS) {
    const group = audits.slice(from, from + GROUP_ROWS).map(({ round, row }) => {
      const state = new Int32Array(n);
      fillState(state, parameters, seedOf(round), row);
      return { state, round, order: schedules.get(round)!, layer: 0 };
    });
    const waiting = Array.from({ length: parameters.matrices }, (_, s) => group.filter(({ order }) => order[0] === s));
    for (let left = layers * group.length; left > 0; ) {
      const s = waiting.reduce((most, own, at) => (own.length > waiting[most]!.length ? at : most), 0);
      const batch = waiting[s]!.splice(0, space.rows);
      for (const [i, { state }] of batch.entries()) space.load(i, state);
      const sums = space.multiply(s, batch.length);
      for (const [i, one] of batch.entries()) {
        for (let j = 0, at = i * n; j < n; j++, at++) one.state[j] = fold(sums[at]!);
        one.layer++;
        if (one.layer < layers) waiting[one.order[one.layer]!]!.push(one);
      }
      left -= batch.length;
    }
    for (const { state, round } of group) sketches.push(sketchRow(state, 0, sketchVector(parameters, seedOf(round))));
  }
  return sketches;
}

function plainSpace(parameters: Parameters, rows: number): Space {
  const { n } = parameters;
  const make = (): Entries => (parameters.weightBits <= 16 ? new Int16Array(n * n) : new Float64Array(n * n));
  const matrices = Array.from({ length: parameters.matrices }, make);
  const states = new Float64Array(rows * n);
  const sums = new Float64Array(rows * n);
  return {
    rows,
    fill: (s, nonce) => fillMatrix(matrices[s]!, parameters, nonce, s),
    load: (i, state) => states.set(state, i * n),
    multiply(s, count) {
      const matrix = matrices[s]!;
      for (let i = 0; i < count; i++) {
        const row = states.subarray(i * n, (i + 1) * n);
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let k = 0, at = j * n; k < n; k++, at++) sum += row[k]! * matrix[at]!;
          sums[i * n + j] = sum;
        }
      }
      return sums;
    },
  };
}

/** WebAssembly memory laid out for one audit, or undefined where it is too large or there are no vectors. */
function vectorSpace(parameters: Parameters, rows: number): Space | undefined {
  const { n, matrices, weightBits, stateBits } = parameters;
  if (n % 16 !== 0) return undefined;
  // Sums of 16-bit products are made in 32 bits; anything longer in doubles.
  const small = weightBits <= 16 && stateBits <= 16 && Math.log2(n) + weightBits + stateBits - 2 <= 31;
  const size = small ? 2 : 8;
  const sumsAt = 8 * rows * n;
  const matricesAt = 2 * sumsAt;
  const bytes = matricesAt + matrices * n * n * size;
  if (bytes > MEMORY_LIMIT) return undefined;
  try {
    const memory = allocate(bytes);
    const kernels = instantiateKernels(memory);
    const View = small ? Int16Array : Float64Array;
    const states = new View(memory.buffer, 0, rows * n);
    const sums = new (small ? Int32Array : Float64Array)(memory.buffer, sumsAt, rows * n);
    const matrixAt = (s: number) => matricesAt + s * n * n * size;
    const block = Math.max(1, Math.floor(BLOCK_BYTES / (n * size)));
    return {
      rows,
      fill: (s, nonce) => fillMatrix(new View(memory.buffer, matrixAt(s), n * n), parameters, nonce, s),
      load: (i, state) => states.set(state, i * n),
      multiply(s, count) {
        const dot = small ? kernels.dotI16 : kernels.dotF64;
        for (let j = 0; j < n; j += block) {
          for (let i = 0; i < count; i++) {
            const target = sumsAt + (i * n + j) * sums.BYTES_PER_ELEMENT;
            dot(target, i * n * size, matrixAt(s) + j * n * size, n, Math.min(block, n - j));
          }
        }
        return sums;
      },
    };
  } catch {
    return undefined;
  }
}
