import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutOf, operandsFrom, operandsIn, sumsAt } from '../../../../benchmarks/compute/gemm/operand-cuts.ts';
import {
  type Draw,
  PLACES,
  pairsOf,
  placeStep,
  spotCount,
  spotsOf,
  streamLength,
  stretchLength,
  TURN,
  windowPlace,
} from '../../../../benchmarks/compute/gemm/places.ts';
import { type Elements, randomElements } from '../../../../benchmarks/compute/operands.ts';
import { keyOf } from '../../../../benchmarks/compute/philox.ts';
import { PRECISIONS } from '../../../../benchmarks/compute/precision.ts';

const key = keyOf('ab'.repeat(32));
const draw: Draw = { key, stream: 2, turn: TURN.measured, bothChange: true };

describe('places of operands', () => {
  it('change from product to product and are the same however the products are cut into stretches', () => {
    const pairs = pairsOf(draw, 3, 0, 1000);
    expect(pairs.every(({ a, b }) => a >= 0 && a < PLACES && b >= 0 && b < PLACES)).toBe(true);
    const same = pairs.filter(({ a, b }, i) => i > 0 && a === pairs[i - 1]!.a && b === pairs[i - 1]!.b);
    expect(same.length).toBeLessThan(5);
    expect(new Set(pairs.map(({ a, b }) => `${a} ${b}`)).size).toBeGreaterThan(800);
    for (const from of [0, 1, 7, 500]) expect(pairsOf(draw, 3, from, 9)).toEqual(pairs.slice(from, from + 9));
  });

  it('have one B in each window where a library keeps it in an order of its own', () => {
    const left = { ...draw, bothChange: false };
    const pairs = pairsOf(left, 5, 0, 200);
    expect(new Set(pairs.map(({ b }) => b))).toEqual(new Set([windowPlace(left, 5)]));
    expect(new Set(pairs.map(({ a }) => a)).size).toBeGreaterThan(50);
    expect(new Set(Array.from({ length: 200 }, (_, window) => windowPlace(left, window))).size).toBeGreaterThan(50);
  });

  it('of another challenge, precision, run or window have nothing to do with these', () => {
    const of = (changes: Partial<Draw>, window = 0) => JSON.stringify(pairsOf({ ...draw, ...changes }, window, 0, 20));
    const all = [of({}), of({ key: keyOf('cd'.repeat(32)) }), of({ stream: 3 }), of({ turn: TURN.warmUp }), of({}, 1)];
    expect(new Set(all).size).toBe(all.length);
  });

  it('give matrices that have no element in common with each other, and lie inside the stream', () => {
    const size = 48;
    const step = placeStep('cpu');
    const stream = randomElements('FP32', key, 1, 0, 0, streamLength(size, step));
    const at = (place: number) => stream.subarray(place * step, place * step + size * size);
    expect(at(PLACES - 1)).toHaveLength(size * size);
    const same = at(7).filter((value, i) => value === at(8)[i]);
    expect(same.length).toBeLessThan(3);
    for (const device of ['cpu', 'cuda:0']) expect(placeStep(device) % 64).toBe(0);
  });
});

describe('looks', () => {
  it('come after as many products as is typical, more or less, and nobody can tell how many', () => {
    const lengths = Array.from({ length: 1000 }, (_, i) => stretchLength(draw, 0, i, 8));
    expect([Math.min(...lengths), Math.max(...lengths)]).toEqual([1, 15]);
    const mean = lengths.reduce((sum, x) => sum + x, 0) / lengths.length;
    expect(Math.abs(mean - 8)).toBeLessThan(0.6);
    expect(stretchLength(draw, 0, 0, 1)).toBe(1);
  });

  it('take elements from all over the output, in every precision and size', () => {
    fc.assert(
      fc.property(fc.constantFrom(...PRECISIONS), fc.integer({ min: 1, max: 40 }), fc.nat(1e5), (precision, n, at) => {
        const { rows, columns } = spotsOf(draw, precision, 16 * n, at, at % 50);
        expect(rows.length * columns.length).toBe(spotCount(precision));
        expect([...rows, ...columns].every((x) => Number.isInteger(x) && x >= 0 && x < 16 * n)).toBe(true);
      }),
    );
    const seen = Array.from({ length: 400 }, (_, i) => spotsOf(draw, 'FP32', 64, 0, i));
    expect(new Set(seen.flatMap(({ rows }) => rows)).size).toBe(64);
    expect(new Set(seen.flatMap(({ columns }) => columns)).size).toBe(64);
  });

  it.each(PRECISIONS)('of %s are the same from the seed alone as from the streams in memory', (precision) => {
    const size = 64;
    const step = placeStep('cuda:0');
    const count = streamLength(size, step);
    const [a, b] = [0, 1].map((part) => randomElements(precision, key, 2, part, 0, count)) as [Elements, Elements];
    for (const order of ['rows', 'columns'] as const) {
      for (const [i, pair] of pairsOf(draw, 0, 0, 4).entries()) {
        const cut = cutOf(pair, step, order);
        const spots = spotsOf(draw, precision, size, 0, i);
        const sums = sumsAt(operandsIn(a, b, size, cut), spots);
        expect(sumsAt(operandsFrom(precision, key, 2, size, cut), spots)).toEqual(sums);
        const [row, column] = [spots.rows[1]!, spots.columns[2]!];
        let sum = 0;
        for (let k = 0; k < size; k++) {
          const right = order === 'rows' ? b[cut.b + k * size + column]! : b[cut.b + column * size + k]!;
          sum += a[cut.a + row * size + k]! * right;
        }
        expect(sums[spots.columns.length + 2]).toBe(sum);
      }
    }
  });
});
