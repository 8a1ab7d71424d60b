import { allocate } from '../linear-memory.ts';
import { fillMatrix, fillState, schedule, sketchRow, sketchVector } from './chain.ts';
import { instantiateKernels } from './kernels.ts';
import { foldShift, type Parameters } from './parameters.ts';

/** A chain that is ready to run rounds. */
export interface Chain {
  /** One round from its seed: sketches of all rows (32-bit, little-endian) and the time that the products alone took. */
  round(seed: string): Promise<{ sketch: Uint8Array; productNs: number }>;
  close(): void | Promise<void>;
}

/** How entries lie in the memory of the processor. `offset` is added to bytes where the product wants them unsigned. */
export type HostForm = 'float32' | 'float64' | 'uint8';

export type Matrix = Float32Array | Float64Array | Int8Array;

export interface HostProduct<M> {
  /** Takes one matrix over, in the form of the state (bytes signed), and gives it as the product wants it. */
  prepare(entries: Matrix): M | Promise<M>;
  /** sums = state · matrixᵗ, from and to the arrays given when the chain was opened. */
  multiply(matrix: M): void | Promise<void>;
  close?(): void | Promise<void>;
}

/** The arrays that a product reads and writes: state and sums of `rows` rows of n, row by row. */
export interface HostArrays {
  readonly rows: number;
  readonly state: Float32Array | Float64Array | Uint8Array;
  readonly sums: Float32Array | Float64Array | Int32Array;
}

/** Zero point of unsigned bytes. */
const ZERO = 128;

/**
 * A chain whose state lies in the memory of this process: products by the given backend, f by vector loops in between.
 * Rows are independent, so they go through all layers in blocks of at most `blockRows`: a block stays in the cache from
 * one layer to the next. State and sums are written once before any timing.
 */
export async function openHostChain<M>(
  parameters: Parameters,
  nonce: string,
  form: HostForm,
  blockRows: number,
  connect: (arrays: HostArrays) => HostProduct<M> | Promise<HostProduct<M>>,
): Promise<Chain> {
  const { n, m, matrices, stateBits } = parameters;
  let rows = Math.min(m, blockRows);
  while (m % rows !== 0) rows--;
  const count = n * rows;
  if (n % 16 !== 0) throw new Error(`rows of ${n} entries are no multiple of 16`);
  const stateSize = form === 'uint8' ? 1 : form === 'float32' ? 4 : 8;
  const sumsSize = form === 'float64' ? 8 : 4;
  const sumsAt = Math.ceil((count * stateSize) / 65536) * 65536;
  const memory = allocate(sumsAt + count * sumsSize);
  const kernels = instantiateKernels(memory);
  const { buffer } = memory;
  const arrays: HostArrays =
    form === 'uint8'
      ? { rows, state: new Uint8Array(buffer, 0, count), sums: new Int32Array(buffer, sumsAt, count) }
      : form === 'float32'
        ? { rows, state: new Float32Array(buffer, 0, count), sums: new Float32Array(buffer, sumsAt, count) }
        : { rows, state: new Float64Array(buffer, 0, count), sums: new Float64Array(buffer, sumsAt, count) };
  const { state, sums } = arrays;
  state.fill(1);
  sums.fill(form === 'uint8' ? 1 : Number.NaN);

  const product = await connect(arrays);
  const held: M[] = [];
  for (let s = 0; s < matrices; s++) {
    const entries =
      form === 'uint8' ? new Int8Array(n * n) : form === 'float32' ? new Float32Array(n * n) : new Float64Array(n * n);
    fillMatrix(entries, parameters, nonce, s);
    held.push(await product.prepare(entries));
  }

  const offset = form === 'uint8' ? ZERO : 0;
  const shift = foldShift(parameters);
  const kept = 2 ** stateBits;
  const half = kept / 2;
  const fold = () => {
    if (form === 'float64') kernels.foldF64(0, sumsAt, count, 2 ** -shift, kept, half);
    else if (form === 'float32') kernels.foldF32(0, sumsAt, count, shift, kept - 1, half);
    else kernels.foldI32(0, sumsAt, count, shift, kept - 1, half - ZERO);
  };
  return {
    async round(seed) {
      let productNs = 0n;
      const layers = schedule(parameters, seed);
      const vector = sketchVector(parameters, seed);
      const sketch = new Uint8Array(4 * m);
      const view = new DataView(sketch.buffer);
      for (let from = 0; from < m; from += rows) {
        fillState(state, parameters, seed, from, offset);
        for (const s of layers) {
          const start = process.hrtime.bigint();
          await product.multiply(held[s]!);
          productNs += process.hrtime.bigint() - start;
          fold();
        }
        for (let row = 0; row < rows; row++) {
          view.setUint32(4 * (from + row), sketchRow(state, row * n, vector, offset), true);
        }
      }
      return { sketch, productNs: Number(productNs) };
    },
    async close() {
      await product.close?.();
    },
  };
}
