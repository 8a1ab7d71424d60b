import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockWidth, randomColumns, randomElements } from '../../../../benchmarks/compute/operands.ts';
import { keyOf } from '../../../../benchmarks/compute/philox.ts';
import { FORMS, PRECISIONS, precisionLabel } from '../../../../benchmarks/compute/precision.ts';
import { offsetBytes, packFloats, transposed, unpackFloats } from '../../../../benchmarks/compute/storage.ts';

const key = keyOf('00112233445566778899aabbccddeeff');

describe('random operands', () => {
  it.each(PRECISIONS)('of %s fill its range, use every bit of it, and are nowhere constant', (precision) => {
    const values = [...randomElements(precision, key, 1, 0, 0, 20_000)];
    const form = FORMS[precision];
    const limit = form.kind === 'integer' ? 2 ** (form.bits - 1) : 1;
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-limit);
    expect(Math.max(...values)).toBeLessThanOrEqual(limit);
    expect(Math.min(...values)).toBeLessThan(-0.85 * limit);
    expect(Math.max(...values)).toBeGreaterThan(0.85 * limit);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.05 * limit + 0.5 * (form.kind === 'integer' ? 1 : 0));
    if (form.kind === 'integer') {
      expect(values.every(Number.isInteger)).toBe(true);
      expect(new Set(values).size).toBe(2 ** form.bits);
    } else {
      // Exact in the form, and the last bit of the significand is in use.
      const units = values
        .filter((v) => v !== 0)
        .map((v) => Math.abs(v) / 2 ** (Math.floor(Math.log2(Math.abs(v))) - form.fraction));
      expect(units.every(Number.isInteger)).toBe(true);
      expect(units.filter((unit) => unit % 2 === 1).length).toBeGreaterThan(values.length / 5);
    }
  });

  it('are the same however the matrix is cut', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...PRECISIONS),
        fc.nat(300),
        fc.integer({ min: 1, max: 300 }),
        (precision, start, count) => {
          const whole = randomElements(precision, key, 2, 1, 0, 600);
          const part = randomElements(precision, key, 2, 1, start, count);
          expect([...part]).toEqual([...whole.subarray(start, start + count)]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('of some columns are those of the whole matrix', () => {
    for (const precision of PRECISIONS) {
      for (const size of [16, 48, 64]) {
        const width = blockWidth(precision);
        const whole = randomElements(precision, key, 3, 1, 0, size * size);
        for (const block of [0, 1, size / width - 1]) {
          if (block >= size / width) continue;
          const columns = randomColumns(precision, key, 3, 1, size, block);
          const want = Array.from({ length: size }, (_, row) => [
            ...whole.slice(row * size + block * width, row * size + (block + 1) * width),
          ]);
          expect([...columns]).toEqual(want.flat());
        }
      }
    }
    expect(() => randomColumns('FP32', key, 3, 1, 40, 0)).toThrow(/whole blocks/);
  });

  it('of E5M2 become the nearest values of E4M3 where those are subnormal', () => {
    const value = (byte: number) => {
      const [exponent, fraction] = [(byte >> 3) & 15, byte & 7];
      const size = exponent === 0 ? fraction * 2 ** -9 : (8 + fraction) * 2 ** (exponent - 10);
      return byte & 0x80 ? -size : size;
    };
    const elements = randomElements('FP8_E5M2', key, 1, 1, 0, 40_000) as Float32Array;
    const packed = packFloats(elements, 'FP8_E4M3');
    let small = 0;
    for (const [i, x] of elements.entries()) {
      if (Math.abs(x) >= 2 ** -6) expect(value(packed[i]!)).toBe(x);
      else {
        small++;
        expect(Math.abs(value(packed[i]!) - x)).toBeLessThanOrEqual(2 ** -10);
      }
    }
    expect(small).toBeGreaterThan(300);
    // Half a step below the smallest normal value is rounded up to it.
    expect(value(packFloats(Float32Array.of(2 ** -6 - 2 ** -10), 'FP8_E4M3')[0]!)).toBe(2 ** -6);
  });

  it('of A and B, and of two streams, differ', () => {
    const first = (stream: number, part: number) => randomElements('FP32', key, stream, part, 0, 8).join();
    expect(new Set([first(1, 0), first(1, 1), first(2, 0), first(2, 1)]).size).toBe(4);
  });
});

describe('floats in 16 bits', () => {
  it.each(['FP16', 'BF16'] as const)('%s come back as they went', (precision) => {
    const values = randomElements(precision, key, 1, 0, 0, 5000) as Float32Array;
    expect([...unpackFloats(packFloats(values, precision) as Uint16Array, precision)]).toEqual([...values]);
  });

  it('FP16 has subnormals, infinities and NaN', () => {
    const read = unpackFloats(Uint16Array.of(0x0001, 0x8001, 0x03ff, 0x7c00, 0xfc00, 0x7e00, 0x3c00, 0xc000), 'FP16');
    expect([...read]).toEqual([2 ** -24, -(2 ** -24), 1023 * 2 ** -24, Infinity, -Infinity, Number.NaN, 1, -2]);
  });

  it('FP8 has the bytes of the OCP forms, and FP32 has none', () => {
    expect([...packFloats(Float32Array.of(1, -0.5, 0.875, 0), 'FP8_E4M3')]).toEqual([0x38, 0xb0, 0x36, 0]);
    expect([...packFloats(Float32Array.of(1, -0.5, 0.875), 'FP8_E5M2')]).toEqual([0x3c, 0xb8, 0x3b]);
    expect(() => packFloats(new Float32Array(1), 'FP32')).toThrow('not packed');
  });

  it('signed bytes get 128 for zero', () => {
    expect([...offsetBytes(Int8Array.of(-128, 0, 127))]).toEqual([0, 128, 255]);
  });
});

it('a transposed matrix has rows and columns exchanged, at sizes that are no multiple of a block', () => {
  const n = 67;
  const matrix = Int32Array.from({ length: n * n }, (_, i) => i);
  const turned = transposed(matrix, n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) expect(turned[j * n + i]).toBe(i * n + j);
});

it('both forms of FP8 count as one precision', () => {
  expect(new Set(PRECISIONS.map(precisionLabel)).size).toBe(8);
});
