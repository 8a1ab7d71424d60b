import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { difference, leastDistance } from '../../../../benchmarks/inference/difference.ts';

const of = (...values: number[]) => ({ out: Float32Array.from(values) });

describe('the difference of answers', () => {
  it('is the largest one over all outputs, beside the largest right answer', () => {
    expect(difference(of(1, -4, 2), of(1, -8, 2.5))).toEqual({ error: 4, scale: 8, finite: true });
    const two = { a: Float32Array.of(1), b: Float32Array.of(5) };
    expect(difference(two, { a: Float32Array.of(1), b: Float32Array.of(7) })).toMatchObject({ error: 2, scale: 7 });
  });

  it.each<[string, Float32Array, Float32Array]>([
    ['an answer that is not a number', Float32Array.of(1, Number.NaN), Float32Array.of(1, 2)],
    ['an answer without end', Float32Array.of(Number.POSITIVE_INFINITY), Float32Array.of(1)],
    ['a right answer without end', Float32Array.of(1), Float32Array.of(Number.NEGATIVE_INFINITY)],
    ['both without end', Float32Array.of(Number.POSITIVE_INFINITY), Float32Array.of(Number.POSITIVE_INFINITY)],
    ['a right answer that is not a number', Float32Array.of(1), Float32Array.of(Number.NaN)],
    ['fewer answers', Float32Array.of(1), Float32Array.of(1, 2)],
  ])('is not finite with %s, and its numbers are', (_, given, right) => {
    const { error, scale, finite } = difference({ out: given }, { out: right });
    expect(finite).toBe(false);
    expect(Number.isFinite(error) && Number.isFinite(scale)).toBe(true);
  });

  it('is not finite where an output is missing', () => {
    expect(difference({}, of(1)).finite).toBe(false);
  });

  it('is nothing between equal answers, and the same both ways', () => {
    const values = fc.float32Array({ minLength: 1, maxLength: 9, noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(values, (list) => {
        expect(difference({ out: list }, { out: list })).toMatchObject({ error: 0, finite: true });
        const other = { out: list.map((value) => value / 2) };
        expect(difference({ out: list }, other).error).toBe(difference(other, { out: list }).error);
      }),
    );
  });
});

describe('the least distance of neighbours', () => {
  it('is nothing where two of them are equal, where there is one, or where one is not finite', () => {
    expect(leastDistance([of(1, 2), of(3, 4), of(3, 4)])).toBe(0);
    expect(leastDistance([of(1)])).toBe(0);
    expect(leastDistance([of(1), of(Number.NaN)])).toBe(0);
    expect(leastDistance([of(0), of(0)])).toBe(0);
  });

  it('is in shares of the largest answer', () => {
    expect(leastDistance([of(4), of(3), of(1)])).toBe(0.25);
  });
});
