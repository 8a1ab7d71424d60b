import { allocate } from '../linear-memory.ts';
import { type Audit, type Entries, fillMatrix, fillState, fold, schedule, sketchRow, sketchVector } from './chain.ts';
import { instantiateKernels } from './kernels.ts';
import type { Parameters } from './parameters.ts';

/** Sketches of the picked rows, recomputed from the seeds alone; `seeds[round]` is the seed of a round. */
export type Recompute = (
  parameters: Parameters,
  nonce: string,
  seeds: readonly string[],
  audits: readonly Audit[],
) => number[];

/** Most bytes of WebAssembly memory that an audit takes; beyond it, plain loops. */
const MEMORY_LIMIT = 3 * 2 ** 30;

/** Recomputes with vector instructions where the engine has them, else with plain loops: the results are the same. */
export const recompute: Recompute = (parameters, nonce, seeds, audits) => {
  const vector = vectorSpace(parameters);
  return vector
    ? recomputeWith(vector, parameters, nonce, seeds, audits)
    : plainRecompute(parameters, nonce, seeds, audits);
};

/** Recomputes with plain loops in double precision, in which every sum is exact: the reference. */
export const plainRecompute: Recompute = (parameters, nonce, seeds, audits) => {
  const { n } = parameters;
  const make = (): Entries => (parameters.weightBits <= 16 ? new Int16Array(n * n) : new Float64Array(n * n));
  const sums = new Float64Array(n);
  return recomputeWith(
    {
      matrices: Array.from({ length: parameters.matrices }, make),
      row: new Float64Array(n),
      sums,
      multiply(matrix, row) {
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let i = 0, at = j * n; i < n; i++, at++) sum += row[i]! * matrix[at]!;
          sums[j] = sum;
        }
      },
    },
    parameters,
    nonce,
    seeds,
    audits,
  );
};

/** Where matrices, a row and its products lie, and how a row is multiplied. */
interface Space {
  readonly matrices: readonly Entries[];
  readonly row: Entries;
  readonly sums: Entries;
  multiply(matrix: Entries, row: Entries): void;
}

function recomputeWith(
  space: Space,
  parameters: Parameters,
  nonce: string,
  seeds: readonly string[],
  audits: readonly Audit[],
): number[] {
  const { n } = parameters;
  const { row, sums } = space;
  for (const [s, matrix] of space.matrices.entries()) fillMatrix(matrix, parameters, nonce, s);
  return audits.map(({ round, row: index }) => {
    const seed = seeds[round];
    if (seed === undefined) throw new Error(`no seed for round ${round}`);
    fillState(row, parameters, seed, index);
    for (const s of schedule(parameters, seed)) {
      space.multiply(space.matrices[s]!, row);
      for (let j = 0; j < n; j++) row[j] = fold(sums[j]!, parameters);
    }
    return sketchRow(row, 0, sketchVector(parameters, seed));
  });
}

/** WebAssembly memory laid out for one audit, or undefined where it is too large or there are no vectors. */
function vectorSpace({ n, matrices, weightBits, stateBits }: Parameters): Space | undefined {
  if (n % 16 !== 0) return undefined;
  // Sums of 16-bit products are made in 32 bits; anything longer in doubles.
  const small = weightBits <= 16 && stateBits <= 16 && Math.log2(n) + weightBits + stateBits - 2 <= 31;
  const size = small ? 2 : 8;
  const sumsAt = 8 * n;
  const matricesAt = 16 * n;
  const bytes = matricesAt + matrices * n * n * size;
  if (bytes > MEMORY_LIMIT) return undefined;
  try {
    const memory = allocate(bytes);
    const kernels = instantiateKernels(memory);
    const View = small ? Int16Array : Float64Array;
    return {
      matrices: Array.from(
        { length: matrices },
        (_, s) => new View(memory.buffer, matricesAt + s * n * n * size, n * n),
      ),
      row: new View(memory.buffer, 0, n),
      sums: new (small ? Int32Array : Float64Array)(memory.buffer, sumsAt, n),
      multiply(matrix) {
        if (small) kernels.dotI16(sumsAt, 0, matrix.byteOffset, n, n);
        else kernels.dotF64(sumsAt, 0, matrix.byteOffset, n, n);
      },
    };
  } catch {
    return undefined;
  }
}
