import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainRecompute, recomputeIn } from '../../../../benchmarks/compute/challenge/audit.ts';
import {
  exactBits,
  largestStateBits,
  type Parameters,
  weightBits,
} from '../../../../benchmarks/compute/challenge/parameters.ts';
import {
  CUT_BITS,
  instantiateProducts,
  ROWS_TOGETHER,
} from '../../../../benchmarks/compute/challenge/product-kernels.ts';
import { MEMORY_LIMIT } from '../../../../benchmarks/compute/challenge/space.ts';
import { vectorSpace } from '../../../../benchmarks/compute/challenge/vector-space.ts';
import { allocate } from '../../../../benchmarks/compute/linear-memory.ts';
import { PRECISIONS } from '../../../../benchmarks/compute/precision.ts';
import { beaconsFrom, smallParameters } from './challenge-fixture.ts';

const memory = allocate(1 << 22);
const kernels = instantiateProducts(memory);
const SUMS = 1 << 18;
const ENTRIES = 1 << 19;
const MATRIX = 1 << 21;

/** A signed number of so many bits: an extreme one often, since there sums are largest. */
const signed = (bits: number) => {
  const [min, max] = [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
  return fc.oneof(fc.constantFrom(min, max), fc.integer({ min, max }));
};
const lowest = (bits: number) => -(2 ** (bits - 1));
const highest = (bits: number) => 2 ** (bits - 1) - 1;

/** Rows and a matrix with entries drawn from short lists: some all extreme, some mixed. */
const operands = (rows: number, rowBits: number, matrixBits: number) =>
  fc
    .record({
      length: fc.integer({ min: 1, max: 40 }).map((x) => 16 * x),
      x: fc.array(signed(rowBits), { minLength: 1, maxLength: 5 }),
      w: fc.array(signed(matrixBits), { minLength: 1, maxLength: 7 }),
    })
    .map(({ length, x, w }) => ({
      length,
      rows: Array.from({ length: rows * length }, (_, i) => x[i % x.length]!),
      matrix: Array.from({ length: 16 * length }, (_, i) => w[i % w.length]!),
    }));

/** The products by the kernel, each beside what a sum over whole numbers without any limit gives. */
function multiplied(kind: 'short' | 'cut', length: number, rows: readonly number[], matrix: readonly number[]) {
  const count = ROWS_TOGETHER[kind];
  new Int16Array(memory.buffer, 0, rows.length).set(rows);
  new Int32Array(memory.buffer, ENTRIES, matrix.length).set(matrix);
  const sumBytes = kind === 'short' ? 4 : 8;
  (kind === 'short' ? kernels.narrow : kernels.cutInTwo)(MATRIX, ENTRIES, matrix.length);
  kernels[kind](SUMS, 0, MATRIX, length, 16, 16 * sumBytes);
  const got = [...new (kind === 'short' ? Int32Array : Float64Array)(memory.buffer, SUMS, count * 16)].map(BigInt);
  const want = Array.from({ length: count * 16 }, (_, at) => {
    const [i, j] = [Math.floor(at / 16), at % 16];
    let sum = 0n;
    for (let k = 0; k < length; k++) sum += BigInt(rows[i * length + k]! * matrix[j * length + k]!);
    return sum;
  });
  return { got, want };
}

describe('products by vectors', () => {
  it('of 16-bit integers are exact wherever the sum has 32 bits', () => {
    fc.assert(
      fc.property(operands(ROWS_TOGETHER.short, 8, 13), ({ length, rows, matrix }) => {
        const { got, want } = multiplied('short', length, rows, matrix);
        expect(got).toEqual(want);
      }),
      { numRuns: 30 },
    );
  });

  it('with a matrix that is cut in two are exact for any entries of its 26 bits and rows of 15', () => {
    fc.assert(
      fc.property(operands(ROWS_TOGETHER.cut, CUT_BITS.rows, CUT_BITS.matrix), ({ length, rows, matrix }) => {
        const { got, want } = multiplied('cut', length, rows, matrix);
        expect(got).toEqual(want);
      }),
      { numRuns: 60 },
    );
  });

  it('are exact where every product is the largest there is, with either sign, and over many chunks', () => {
    const length = 2048;
    // Entries whose low and high parts are the largest: 2^12 + 2^12·2^13 is not one of 26 bits, so each has its own.
    const largest = [lowest(26), highest(26), -4096, 4095, -(2 ** 25) + 4095, 2 ** 25 - 4097];
    for (const x of [lowest(15), highest(15)]) {
      for (const w of largest) {
        const rows = new Array<number>(ROWS_TOGETHER.cut * length).fill(x);
        const { got, want } = multiplied('cut', length, rows, new Array<number>(16 * length).fill(w));
        expect(got).toEqual(want);
      }
    }
  });

  it('would not be exact with rows of 16 bits, which is why none are taken', () => {
    const rows = new Array<number>(ROWS_TOGETHER.cut * 112).fill(lowest(16));
    const { got, want } = multiplied('cut', 112, rows, new Array<number>(16 * 112).fill(-4096));
    expect(got).not.toEqual(want);
    const parameters = { ...smallParameters('FP64', 64), weightBits: 26, stateBits: 16 };
    expect(vectorSpace(parameters, 1)).toBeUndefined();
    expect(vectorSpace({ ...parameters, stateBits: 15 }, 1)).toBeDefined();
    expect(vectorSpace({ ...parameters, stateBits: 15, weightBits: 27 }, 1)).toBeUndefined();
  });

  it('cut every entry in two parts of at most 2^12 that make it up again', () => {
    fc.assert(
      fc.property(fc.array(signed(26), { minLength: 8, maxLength: 8 }), (entries) => {
        new Int32Array(memory.buffer, ENTRIES, 8).set(entries);
        kernels.cutInTwo(MATRIX, ENTRIES, 8);
        const [high, low] = [0, 16].map((at) => [...new Int16Array(memory.buffer, MATRIX + at, 8)]);
        expect(high!.map((h, i) => h * 8192 + low![i]!)).toEqual(entries);
        expect(Math.max(...[...high!, ...low!].map(Math.abs))).toBeLessThanOrEqual(4096);
      }),
    );
  });
});

/** The limit at which a space just fits without any matrix. */
function leastLimit(parameters: Parameters, rows: number): number {
  let [below, enough] = [0, 2 ** 20];
  while (enough - below > 1) {
    const limit = Math.floor((below + enough) / 2);
    if (vectorSpace(parameters, rows, limit)) enough = limit;
    else below = limit;
  }
  return enough;
}

describe('a space of vectors', () => {
  const shapes = fc.record({
    precision: fc.constantFrom(...PRECISIONS),
    n: fc.integer({ min: 1, max: 20 }).map((x) => 16 * x),
    m: fc.integer({ min: 1, max: 6 }),
    layers: fc.integer({ min: 1, max: 5 }),
    matrices: fc.integer({ min: 1, max: 4 }),
    held: fc.integer({ min: 0, max: 4 }),
    seed: fc.nat(),
  });

  it('gives what plain loops give, whether matrices are held or made anew for each product', () => {
    fc.assert(
      fc.property(shapes, ({ precision, n, m, layers, matrices, held, seed }) => {
        const [weight, state] = [weightBits(precision), Math.max(2, largestStateBits(precision, n))];
        const parameters = { n, m, layers, matrices, weightBits: weight, stateBits: state };
        const draw = beaconsFrom(seed);
        const challenge = [
          parameters,
          draw(),
          [draw()],
          Array.from({ length: m }, (_, row) => ({ round: 0, row })),
        ] as const;
        const matrixBytes = (weight <= 16 ? 2 : 4) * n * n;
        const space = vectorSpace(parameters, m, leastLimit(parameters, m) + held * matrixBytes)!;
        expect(recomputeIn(space, ...challenge)).toEqual(plainRecompute(...challenge));
      }),
      { numRuns: 40 },
    );
  });

  it('makes anew what does not fit, in slabs that do not divide the matrix too', () => {
    // 1,040 rows: slabs of 48 and one of 32.
    const parameters = { n: 1040, m: 2, layers: 2, matrices: 1, weightBits: 26, stateBits: 15 };
    const challenge = [parameters, 'ab'.repeat(32), ['cd'.repeat(32)], [{ round: 0, row: 1 }]] as const;
    const limit = 2 ** 20 + 2 ** 18;
    expect(recomputeIn(vectorSpace(parameters, 1, limit)!, ...challenge)).toEqual(plainRecompute(...challenge));
  });

  it('takes the entries of every precision at the lengths of rows that settings allow', () => {
    for (const precision of PRECISIONS) {
      for (const n of [64, 2048, 16384]) {
        const stateBits = largestStateBits(precision, n);
        if (stateBits < 2) continue;
        expect(weightBits(precision)).toBeLessThanOrEqual(CUT_BITS.matrix);
        expect(stateBits).toBeLessThanOrEqual(CUT_BITS.rows);
        if (precision !== 'FP64') expect(exactBits(precision)).toBeLessThanOrEqual(31);
      }
    }
  });

  it('is none where rows do not fit the vectors', () => {
    expect(vectorSpace({ ...smallParameters('INT8'), n: 20 }, 1)).toBeUndefined();
    expect(vectorSpace(smallParameters('INT8'), 1, 0)).toBeUndefined();
    expect(MEMORY_LIMIT).toBeLessThan(2 ** 32);
  });
});
