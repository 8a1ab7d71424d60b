import { describe, expect, it } from 'vitest';
import { freivalds } from '../../../../benchmarks/compute/gemm/freivalds.ts';
import { type Elements, randomElements } from '../../../../benchmarks/compute/operands.ts';
import { keyOf } from '../../../../benchmarks/compute/philox.ts';
import { type Precision, RESIDUAL_BOUND, residualClass } from '../../../../benchmarks/compute/precision.ts';

const n = 96;
const shape = { m: n, n, k: n };
const seed = keyOf('feedfacecafebeef');

function operands(precision: Precision) {
  const key = keyOf('0123456789abcdef');
  return {
    a: randomElements(precision, key, 1, 0, 0, n * n),
    b: randomElements(precision, key, 1, 1, 0, n * n),
  };
}

/** Product with each operand and each sum rounded as said. */
function multiply(a: Elements, b: Elements, out: Elements, entry = (x: number) => x, sum = (x: number) => x): Elements {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let s = 0;
      for (let p = 0; p < n; p++) s = sum(s + entry(a[i * n + p]!) * entry(b[p * n + j]!));
      out[i * n + j] = s;
    }
  }
  return out;
}

function truncate(bits: number): (value: number) => number {
  const float = new Float32Array(1);
  const word = new Int32Array(float.buffer);
  return (value) => {
    float[0] = value;
    word[0] = word[0]! & (-1 << (24 - bits));
    return float[0]!;
  };
}

describe('Freivalds’ check', () => {
  it('finds an honest product in the class of its precision', () => {
    const single = operands('FP32');
    const c = multiply(single.a, single.b, new Float32Array(n * n), undefined, Math.fround);
    const seen = freivalds(single.a, single.b, c, shape, false, seed, 4);
    expect(residualClass(seen.rms)).toBe('FP32');
    expect(seen.worst).toBeLessThan(10 * RESIDUAL_BOUND.FP32);
    const double = operands('FP64');
    const d = multiply(double.a, double.b, new Float64Array(n * n));
    expect(residualClass(freivalds(double.a, double.b, d, shape, false, seed, 4).rms)).toBe('FP64');
  });

  it('names the precision that really ran when a lower one is passed off as FP32', () => {
    const { a, b } = operands('FP32');
    const classes = [11, 8, 4].map((bits) => {
      const c = multiply(a, b, new Float32Array(n * n), truncate(bits), Math.fround);
      const { rms } = freivalds(a, b, c, shape, false, seed, 4);
      expect(rms).toBeGreaterThan(50 * RESIDUAL_BOUND.FP32);
      return residualClass(rms);
    });
    expect(classes).toEqual(['TF32 or FP16', 'BF16', 'FP8']);
  });

  it('finds FP32 passed off as FP64', () => {
    const { a, b } = operands('FP64');
    const c = multiply(a, b, new Float64Array(n * n), Math.fround);
    expect(freivalds(a, b, c, shape, false, seed, 4).rms).toBeGreaterThan(1000 * RESIDUAL_BOUND.FP64);
  });

  it('is exact for integers: zero when right, not zero after one flipped bit', () => {
    const { a, b } = operands('INT8');
    const c = multiply(a, b, new Int32Array(n * n)) as Int32Array;
    expect(freivalds(a, b, c, shape, true, seed, 4)).toEqual({ rms: 0, worst: 0 });
    for (const at of [0, 17, n * n - 1]) {
      for (const bit of [1, 256, 1 << 30]) {
        c[at] = c[at]! ^ bit;
        expect(freivalds(a, b, c, shape, true, seed, 1).worst).toBeGreaterThan(0);
        c[at] = c[at]! ^ bit;
      }
    }
  });

  it('sees a single wrong element of a float product in its row', () => {
    const { a, b } = operands('FP32');
    const c = multiply(a, b, new Float32Array(n * n), undefined, Math.fround);
    c[5 * n + 3] = c[5 * n + 3]! + 0.01;
    expect(freivalds(a, b, c, shape, false, seed, 4).worst).toBeGreaterThan(10 * RESIDUAL_BOUND.FP32);
  });

  it('never gives a small residual for NaN, for nothing or for a product of zeros', () => {
    const { a, b } = operands('FP32');
    const fits = (c: Elements, left: Elements = a) => {
      const { rms, worst } = freivalds(left, b, c, shape, false, seed, 4);
      return rms <= RESIDUAL_BOUND.BF16 && worst <= 10 * RESIDUAL_BOUND.BF16;
    };
    const c = multiply(a, b, new Float32Array(n * n));
    expect(fits(c)).toBe(true);
    expect(fits(new Float32Array(n * n))).toBe(false);
    expect(fits(new Float32Array(n * n).fill(Number.NaN))).toBe(false);
    c[40] = Number.NaN;
    expect(fits(c)).toBe(false);
    c[40] = Number.POSITIVE_INFINITY;
    expect(fits(c)).toBe(false);
    expect(fits(new Float32Array(n * n), new Float32Array(n * n))).toBe(false);
  });

  it('takes no shape that does not fit and no round count of zero', () => {
    const { a, b } = operands('FP32');
    expect(() => freivalds(a, b, new Float32Array(4), shape, false, seed, 4)).toThrow('differ');
    expect(() => freivalds(a, b, new Float32Array(n * n), shape, false, seed, 0)).toThrow('at least one');
  });
});
