import { allocateShared } from '../linear-memory.ts';
import { packFloats, unpackFloats } from '../storage.ts';
import { fillMatrix, fillState, schedule, sketchRow, sketchVector } from './chain.ts';
import { type HostForm, ZERO } from './fold-part.ts';
import { startFolding } from './folding.ts';
import { foldShift, type Parameters } from './parameters.ts';

/** A chain that is ready to run rounds. */
export interface Chain {
  /** One round from its seed: sketches of all rows (32-bit, little-endian) and the time that the products alone took. */
  round(seed: string): Promise<{ sketch: Uint8Array; productNs: number }>;
  close(): void | Promise<void>;
}

export type Matrix = Float32Array | Float64Array | Int8Array;

export interface HostProduct<M> {
  /** Takes one matrix over, in the form of the state (bytes signed, BF16 as floats), and gives it as the product wants it. */
  prepare(entries: Matrix): M | Promise<M>;
  /** sums = state · matrixᵗ, from and to the arrays given when the chain was opened. */
  multiply(matrix: M): void | Promise<void>;
  close?(): void | Promise<void>;
}

/** The arrays that a product reads and writes: state and sums of `rows` rows of n, row by row. */
export interface HostArrays {
  readonly rows: number;
  readonly state: Float32Array | Float64Array | Uint16Array | Int8Array | Uint8Array;
  readonly sums: Float32Array | Float64Array | Int32Array;
}

/** Arrays of the state, of the sums and of a matrix as it is made, for each form. */
const LAYOUTS = {
  float64: { State: Float64Array, Sums: Float64Array, Entries: Float64Array },
  float32: { State: Float32Array, Sums: Float32Array, Entries: Float32Array },
  bfloat16: { State: Uint16Array, Sums: Float32Array, Entries: Float32Array },
  int8: { State: Int8Array, Sums: Int32Array, Entries: Int8Array },
  uint8: { State: Uint8Array, Sums: Int32Array, Entries: Int8Array },
} as const satisfies Record<HostForm, object>;

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
  threads: number,
  connect: (arrays: HostArrays) => HostProduct<M> | Promise<HostProduct<M>>,
): Promise<Chain> {
  const { n, m, matrices, stateBits } = parameters;
  let rows = Math.min(m, blockRows);
  while (m % rows !== 0) rows--;
  const count = n * rows;
  if (n % 16 !== 0) throw new Error(`rows of ${n} entries are no multiple of 16`);
  const { State, Sums, Entries } = LAYOUTS[form];
  const [stateBytes, sumBytes] = [State.BYTES_PER_ELEMENT, Sums.BYTES_PER_ELEMENT];
  const sumsAt = Math.ceil((count * stateBytes) / 65536) * 65536;
  const controlAt = sumsAt + count * sumBytes;
  const memory = allocateShared(controlAt + 8);
  // Typed arrays are the same over memory that is shared; their constructors' types tell the two apart.
  const buffer = memory.buffer as ArrayBufferLike as ArrayBuffer;
  const state = new State(buffer, 0, count);
  const sums = new Sums(buffer, sumsAt, count);
  state.fill(1);
  sums.fill(sums instanceof Int32Array ? 1 : Number.NaN);

  const product = await connect({ rows, state, sums });
  const held: M[] = [];
  for (let s = 0; s < matrices; s++) {
    const entries = new Entries(n * n);
    fillMatrix(entries, parameters, nonce, s);
    held.push(await product.prepare(entries));
  }

  const offset = form === 'uint8' ? ZERO : 0;
  const shift = foldShift(parameters);
  const plan = { form, stateBytes, sumBytes, sumsAt, count, shift, stateBits, controlAt };
  const folding = await startFolding(memory, plan, threads);
  // BF16 is made as floats first.
  const entries = state instanceof Uint16Array ? new Float32Array(count) : state;
  return {
    async round(seed) {
      let productNs = 0n;
      const layers = schedule(parameters, seed);
      const vector = sketchVector(parameters, seed);
      const sketch = new Uint8Array(4 * m);
      const view = new DataView(sketch.buffer);
      for (let from = 0; from < m; from += rows) {
        fillState(entries, parameters, seed, from, offset);
        if (state instanceof Uint16Array) state.set(packFloats(entries as Float32Array, 'BF16'));
        for (const s of layers) {
          const start = process.hrtime.bigint();
          await product.multiply(held[s]!);
          productNs += process.hrtime.bigint() - start;
          folding.fold();
        }
        const last = state instanceof Uint16Array ? unpackFloats(state, 'BF16') : state;
        for (let row = 0; row < rows; row++) {
          view.setUint32(4 * (from + row), sketchRow(last, row * n, vector, offset), true);
        }
      }
      return { sketch, productNs: Number(productNs) };
    },
    async close() {
      await folding.close();
      await product.close?.();
    },
  };
}
