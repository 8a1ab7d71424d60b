import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainRecompute, recompute } from '../../../../benchmarks/compute/challenge/audit.ts';
import {
  auditPlan,
  fillMatrix,
  fillState,
  fold,
  foldRow,
  schedule,
} from '../../../../benchmarks/compute/challenge/chain.ts';
import { instantiateKernels } from '../../../../benchmarks/compute/challenge/kernels.ts';
import {
  exactBits,
  foldShift,
  largestStateBits,
  type Parameters,
  weightBits,
} from '../../../../benchmarks/compute/challenge/parameters.ts';
import { allocate } from '../../../../benchmarks/compute/linear-memory.ts';
import { PRECISIONS } from '../../../../benchmarks/compute/precision.ts';
import { allRows, beaconsFrom, smallParameters } from './challenge-fixture.ts';

describe('the two ways to recompute a row', () => {
  it('agree in every precision, for widest states and many seeds', () => {
    for (const precision of PRECISIONS) {
      for (let seed = 1; seed <= 6; seed++) {
        const draw = beaconsFrom(seed);
        const n = [16, 48, 64, 96, 128, 256][seed % 6]!;
        const parameters = { ...smallParameters(precision, n, 8), stateBits: largestStateBits(precision, n) };
        const [nonce, first] = [draw(), draw()];
        const vector = recompute(parameters, nonce, [first], allRows(parameters));
        expect(vector).toEqual(plainRecompute(parameters, nonce, [first], allRows(parameters)));
        expect(new Set(vector).size).toBe(parameters.m);
      }
    }
  });

  it('fall back to plain loops where rows do not fit the vectors', () => {
    const parameters = { ...smallParameters('INT8', 16, 4), n: 20 };
    const [nonce, seed] = ['ab'.repeat(32), 'cd'.repeat(32)];
    expect(recompute(parameters, nonce, [seed], allRows(parameters))).toEqual(
      plainRecompute(parameters, nonce, [seed], allRows(parameters)),
    );
  });
});

describe('vector loops', () => {
  const memory = allocate(1 << 20);
  const kernels = instantiateKernels(memory);
  const count = 64;
  const at = 1 << 19;

  it('fold floats, doubles and integers as the definition does', () => {
    const parameters = (weight: number, state: number): Parameters => ({
      n: 1024,
      m: 1,
      layers: 1,
      matrices: 1,
      weightBits: weight,
      stateBits: state,
    });
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -(2 ** 24), max: 2 ** 24 }), { minLength: count, maxLength: count }),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 4, max: 13 }),
        (sums, state, weight) => {
          const p = parameters(weight, state);
          const want = sums.map((sum) => fold(sum, p));
          const kept = 2 ** state;
          new Float32Array(memory.buffer, at, count).set(sums);
          kernels.foldF32(0, at, count, foldShift(p), kept - 1, kept / 2);
          expect([...new Float32Array(memory.buffer, 0, count)].map((x) => x + 0)).toEqual(want.map((x) => x + 0));
          new Int32Array(memory.buffer, at, count).set(sums);
          kernels.foldI32(0, at, count, foldShift(p), kept - 1, kept / 2 - 128);
          expect([...new Uint8Array(memory.buffer, 0, count)].map((x) => x - 128)).toEqual(want);
          const wide = sums.map((sum) => sum * 2 ** 28 + 1);
          new Float64Array(memory.buffer, at, count).set(wide);
          kernels.foldF64(0, at, count, 2 ** -foldShift(p), kept, kept / 2);
          expect([...new Float64Array(memory.buffer, 0, count)]).toEqual(wide.map((sum) => fold(sum, p)));
          const row = new Int32Array(count);
          foldRow(row, Float64Array.from(wide), p);
          expect([...row]).toEqual(wide.map((sum) => fold(sum, p)));
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('the chain', () => {
  it('keeps every sum exact at the widest state, for every precision and length', () => {
    for (const precision of PRECISIONS) {
      for (const n of [64, 1024, 2048, 8192, 16384]) {
        const state = largestStateBits(precision, n);
        if (state === 0) continue;
        expect(n * 2 ** (weightBits(precision) - 1) * 2 ** (state - 1)).toBeLessThanOrEqual(2 ** exactBits(precision));
      }
    }
  });

  it('keeps its state random: no value takes over, and a changed start changes everything', () => {
    for (const precision of ['FP64', 'FP32', 'INT8', 'BF16'] as const) {
      const parameters = { ...smallParameters(precision, 256, 4), layers: 12 };
      const state = new Float64Array(256);
      const matrix = Array.from({ length: 2 }, (_, s) => {
        const entries = new Float64Array(256 * 256);
        fillMatrix(entries, parameters, 'ab'.repeat(32), s);
        return entries;
      });
      const seed = 'cd'.repeat(32);
      fillState(state, parameters, seed);
      let other = state.slice();
      other[7] = other[7]! === 0 ? 1 : 0;
      let row: Float64Array<ArrayBufferLike> = state;
      for (const s of schedule(parameters, seed)) {
        const next = (x: Float64Array) =>
          Float64Array.from(x, (_, j) => {
            let sum = 0;
            for (let i = 0; i < 256; i++) sum += x[i]! * matrix[s]![j * 256 + i]!;
            return fold(sum, parameters);
          });
        row = next(row);
        other = next(other);
      }
      const levels = 2 ** parameters.stateBits;
      const mean = row.reduce((a, b) => a + b, 0) / 256;
      expect(Math.abs(mean + 0.5)).toBeLessThan(levels * 0.12);
      const same = row.filter((value, i) => value === other[i]).length / 256;
      expect(same).toBeLessThan(1 / levels + 0.15);
    }
  });

  it('gives rows and matrices in any cut', () => {
    const parameters = smallParameters('FP64', 64, 8);
    const whole = new Float64Array(64 * 8);
    fillState(whole, parameters, 'ef'.repeat(32));
    const row = new Float64Array(64);
    fillState(row, parameters, 'ef'.repeat(32), 5);
    expect([...row]).toEqual([...whole.subarray(5 * 64, 6 * 64)]);
  });
});

describe('the audit plan', () => {
  it('picks distinct pairs within the rounds, all of them when asked for more', () => {
    const parameters = smallParameters('INT8', 32, 8);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 100 }), fc.nat(), (rounds, count, seed) => {
        const plan = auditPlan(parameters, rounds, count, beaconsFrom(seed)());
        expect(plan).toHaveLength(Math.min(count, rounds * 8));
        expect(new Set(plan.map(({ round, row }) => round * 8 + row)).size).toBe(plan.length);
        expect(plan.every(({ round, row }) => round < rounds && row < 8)).toBe(true);
      }),
    );
  });

  it('depends on the beacon and picks every pair about equally often', () => {
    const parameters = smallParameters('INT8', 32, 8);
    const hits = new Array<number>(32).fill(0);
    for (let seed = 0; seed < 2000; seed++) {
      for (const { round, row } of auditPlan(parameters, 4, 2, beaconsFrom(seed)())) hits[round * 8 + row]!++;
    }
    // 4,000 picks over 32 pairs: 125 each, standard deviation 11.
    expect(Math.min(...hits)).toBeGreaterThan(75);
    expect(Math.max(...hits)).toBeLessThan(175);
  });
});
