import { allocate } from '../linear-memory.ts';
import { type Entries, fillMatrix } from './chain.ts';
import type { Parameters } from './parameters.ts';
import { CUT_BITS, instantiateProducts, ROWS_TOGETHER } from './product-kernels.ts';
import { MEMORY_LIMIT, type Space } from './space.ts';

/** Bytes of a matrix that stay in the cache while all rows go over them. */
const BLOCK_BYTES = 512 * 1024;
/** Most entries that are made at a time. */
const SLAB = 65536;

/**
 * Matrices and rows in 16-bit integers in WebAssembly memory: as they are where every sum has 32 bits, else with the
 * matrices cut in two. As many matrices are held as fit into `limit` bytes; of the others a few rows at a time are made for
 * each product and dropped. Undefined where entries are longer or rows don't fit the vectors, and where the engine has none.
 */
export function vectorSpace(parameters: Parameters, rows: number, limit = MEMORY_LIMIT): Space | undefined {
  const { n, matrices, weightBits, stateBits } = parameters;
  const bits = Math.log2(n) + weightBits - 1 + (stateBits - 1);
  const short = weightBits <= 16 && stateBits <= 16 && bits < 31;
  const inTwo = weightBits <= CUT_BITS.matrix && stateBits <= CUT_BITS.rows && bits < 53;
  if (n % 16 !== 0 || !(short || inTwo)) return undefined;
  const entryBytes = short ? 2 : 4;
  const sumBytes = short ? 4 : 8;
  const together = short ? ROWS_TOGETHER.short : ROWS_TOGETHER.cut;
  const lines = Math.ceil(rows / together) * together;
  // Rows of a matrix that are made, and that are multiplied, at a time: a multiple of 16 that n has.
  const slabRows = Math.min(n, 16 * Math.max(1, Math.floor(SLAB / (16 * n))));
  const sumsAt = 2 * lines * n;
  const slabAt = sumsAt + sumBytes * lines * n;
  const anewAt = slabAt + 4 * slabRows * n;
  const matricesAt = anewAt + entryBytes * slabRows * n;
  const matrixBytes = entryBytes * n * n;
  const held = Math.min(matrices, Math.floor((limit - matricesAt) / matrixBytes));
  if (held < 0) return undefined;
  try {
    const memory = allocate(matricesAt + held * matrixBytes);
    const kernels = instantiateProducts(memory);
    const states = new Int16Array(memory.buffer, 0, lines * n);
    const sums = short
      ? new Int32Array(memory.buffer, sumsAt, lines * n)
      : new Float64Array(memory.buffer, sumsAt, lines * n);
    const slab = new Int32Array(memory.buffer, slabAt, slabRows * n);
    const multiply = short ? kernels.short : kernels.cut;
    const pack = short ? kernels.narrow : kernels.cutInTwo;
    const nonces: string[] = [];
    /** Makes rows `from` … of matrix `s` and gives how many. */
    const make = (target: number, s: number, from: number): number => {
      const count = Math.min(slabRows, n - from);
      fillMatrix(slab.subarray(0, count * n), parameters, nonces[s]!, s, from);
      pack(target, slabAt, count * n);
      return count;
    };
    const take = (matrix: number, from: number, width: number, count: number): void => {
      for (let i = 0; i < count; i += together) {
        multiply(sumsAt + (i * n + from) * sumBytes, 2 * i * n, matrix, n, width, n * sumBytes);
      }
    };
    const block = 16 * Math.max(1, Math.floor(BLOCK_BYTES / (16 * n * entryBytes)));
    return {
      rows,
      fill(s, nonce) {
        nonces[s] = nonce;
        if (s >= held) return;
        const at = matricesAt + s * matrixBytes;
        for (let from = 0; from < n; ) from += make(at + from * n * entryBytes, s, from);
      },
      load: (i, state) => states.set(state, i * n),
      multiply(s, count): Entries {
        if (s >= held) {
          for (let from = 0; from < n; ) {
            const width = make(anewAt, s, from);
            take(anewAt, from, width, count);
            from += width;
          }
          return sums;
        }
        const at = matricesAt + s * matrixBytes;
        for (let from = 0; from < n; from += block) {
          take(at + from * n * entryBytes, from, Math.min(block, n - from), count);
        }
        return sums;
      },
    };
  } catch {
    return undefined;
  }
}
