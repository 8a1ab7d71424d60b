import type { RowProducts } from '../../benchmark.ts';
import {
  type Audit,
  type Entries,
  fillMatrix,
  fillState,
  foldRow,
  schedule,
  sketchRow,
  sketchVector,
} from './chain.ts';
import { fasterSpace } from './faster-space.ts';
import { nativeSpace, WrongProducts } from './native-space.ts';
import type { Parameters } from './parameters.ts';
import type { Space } from './space.ts';
import { vectorSpace } from './vector-space.ts';

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

/**
 * Recomputes with vector instructions or, where one is given, gives right sums and turns out faster, with the products of
 * a native library; with plain loops where the engine has no vectors or rows don't fit them.
 */
export const recompute: Recompute = (parameters, nonce, seeds, audits, products) => {
  const rows = widthFor(audits);
  const own = () => vectorSpace(parameters, rows) ?? plainSpace(parameters, rows);
  const native = products && nativeSpace(parameters, rows, products);
  if (native) {
    try {
      const space = withRival(native, own);
      return recomputeIn(space, parameters, nonce, seeds, audits);
    } catch (error) {
      // A library that is wrong on this processor must accuse nobody.
      if (!(error instanceof WrongProducts)) throw error;
    }
  }
  return recomputeIn(own(), parameters, nonce, seeds, audits);
};

/** The native space, and the own one to choose from where there is memory for both. */
function withRival(native: Space, own: () => Space): Space {
  try {
    return fasterSpace(native, own(), () => performance.now());
  } catch (error) {
    if (error instanceof RangeError) return native;
    throw error;
  }
}

/** Recomputes with plain loops in double precision: the reference. */
export const plainRecompute: Recompute = (parameters, nonce, seeds, audits) =>
  recomputeIn(plainSpace(parameters, widthFor(audits)), parameters, nonce, seeds, audits);

const widthFor = (audits: readonly Audit[]): number => Math.max(1, Math.min(audits.length, MOST_ROWS));

/**
 * Takes every picked row through its layers with the products of one space. Rows are independent of each other, so that
 * always those go next that wait for the matrix most of them wait for, whatever layer each of them is at; rows that are
 * behind count far more, so that none is left to go alone at the end.
 */
export function recomputeIn(
  space: Space,
  parameters: Parameters,
  nonce: string,
  seeds: readonly string[],
  audits: readonly Audit[],
): number[] {
  const { n, layers } = parameters;
  const row = new Float64Array(n);
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
      const weights = waiting.map((own) => own.reduce((sum, { layer }) => sum + (layers - layer) ** 4, 0));
      const s = weights.indexOf(Math.max(...weights));
      const batch = waiting[s]!.splice(0, space.rows);
      for (const [i, { state }] of batch.entries()) space.load(i, state);
      const sums = space.multiply(s, batch.length);
      for (const [i, one] of batch.entries()) {
        // Copied first, so that f sees one kind of array whatever the space: engines compile that to far better code.
        row.set(sums.subarray(i * n, (i + 1) * n));
        foldRow(one.state, row, parameters);
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
