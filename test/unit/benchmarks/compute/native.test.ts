import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RowProducts } from '../../../../benchmarks/benchmark.ts';
import { loadOpenBlas, openBlasProducts } from '../../../../benchmarks/compute/backends/openblas.ts';
import { plainRecompute, recompute, recomputeIn } from '../../../../benchmarks/compute/challenge/audit.ts';
import { nativeSpace, WrongProducts } from '../../../../benchmarks/compute/challenge/native-space.ts';
import { largestStateBits, type Parameters, weightBits } from '../../../../benchmarks/compute/challenge/parameters.ts';
import { PRECISIONS, type Precision } from '../../../../benchmarks/compute/precision.ts';
import { proofFinder } from '../../../../reports/verify/proofs.ts';
import { beaconsFrom } from './challenge-fixture.ts';

const installed = (() => {
  try {
    loadOpenBlas();
    return true;
  } catch {
    return false;
  }
})();

/** Products as a library makes them, by loops that sum from the end: exact sums don't show the order. */
const backwards: RowProducts = (sums, rows, matrix, count, n, length) => {
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let k = length - 1; k >= 0; k--) {
        sum += rows[i * length + k]! * matrix[j * length + k]!;
        if (sums instanceof Float32Array) sum = Math.fround(sum);
      }
      sums[i * n + j] = sum;
    }
  }
};

const parametersOf = (precision: Precision, n: number, m: number, layers: number, matrices = 2): Parameters => ({
  n,
  m,
  layers,
  matrices,
  weightBits: weightBits(precision),
  stateBits: Math.max(2, largestStateBits(precision, n)),
});

/** All rows of all rounds of a small challenge. */
function challengeOf(parameters: Parameters, rounds: number, seed: number) {
  const draw = beaconsFrom(seed);
  const audits = Array.from({ length: rounds * parameters.m }, (_, i) => ({
    round: Math.floor(i / parameters.m),
    row: i % parameters.m,
  }));
  return [parameters, draw(), Array.from({ length: rounds }, draw), audits] as const;
}

const shapes = fc.record({
  precision: fc.constantFrom(...PRECISIONS),
  n: fc.integer({ min: 1, max: 20 }).map((x) => 16 * x),
  m: fc.integer({ min: 1, max: 6 }),
  layers: fc.integer({ min: 1, max: 5 }),
  rounds: fc.integer({ min: 1, max: 3 }),
  matrices: fc.integer({ min: 1, max: 4 }),
  seed: fc.nat(),
});

describe('a challenge recomputed with a native library', () => {
  it('gives what plain loops and vectors give, for any shape and precision', () => {
    fc.assert(
      fc.property(shapes, ({ precision, n, m, layers, rounds, matrices, seed }) => {
        const challenge = challengeOf(parametersOf(precision, n, m, layers, matrices), rounds, seed);
        const plain = plainRecompute(...challenge);
        expect(recompute(...challenge)).toEqual(plain);
        expect(recompute(...challenge, backwards)).toEqual(plain);
        const space = nativeSpace(challenge[0], rounds * m, backwards)!;
        expect(recomputeIn(space, ...challenge)).toEqual(plain);
      }),
      { numRuns: 25 },
    );
  });

  it.skipIf(!installed)('agrees with OpenBLAS (skipped where libopenblas is not installed)', () => {
    const products = openBlasProducts(1, new Set())!;
    fc.assert(
      fc.property(shapes, ({ precision, n, m, layers, rounds, matrices, seed }) => {
        const challenge = challengeOf(parametersOf(precision, n, m, layers, matrices), rounds, seed);
        const space = nativeSpace(challenge[0], rounds * m, products)!;
        expect(recomputeIn(space, ...challenge)).toEqual(plainRecompute(...challenge));
        expect(recompute(...challenge, products)).toEqual(plainRecompute(...challenge));
      }),
      { numRuns: 25 },
    );
  });

  it.skipIf(!installed)('agrees where rows are cut into pieces (skipped where libopenblas is not installed)', () => {
    // 1,024 products of 8-bit integers are exact in single precision, 1,296 are not.
    const challenge = challengeOf(parametersOf('INT8', 1296, 2, 2, 1), 1, 7);
    const space = nativeSpace(challenge[0], 2, openBlasProducts(1, new Set())!)!;
    expect(recomputeIn(space, ...challenge)).toEqual(plainRecompute(...challenge));
  });

  it('multiplies in single precision only what stays exact in it', () => {
    const asked: [string, number][] = [];
    const products: RowProducts = (sums, rows, matrix, count, n, length) => {
      asked.push([sums.constructor.name, length]);
      backwards(sums, rows, matrix, count, n, length);
    };
    const used = (precision: Precision, n: number) => {
      asked.length = 0;
      const parameters = parametersOf(precision, n, 1, 1, 1);
      const space = nativeSpace(parameters, 1, products)!;
      space.multiply(0, 1);
      for (const [kind, length] of asked) {
        const most = length * 2 ** (parameters.weightBits - 1) * 2 ** (parameters.stateBits - 1);
        expect(most).toBeLessThanOrEqual(kind === 'Float32Array' ? 2 ** 24 : 2 ** 53);
      }
      return asked.map(([kind, length]) => `${kind} ${length}`);
    };
    expect(used('FP64', 512)).toEqual(['Float64Array 512']);
    expect(used('FP32', 512)).toEqual(['Float32Array 512']);
    expect(used('INT8', 512)).toEqual(['Float32Array 512']);
    expect(used('INT8', 2048)).toEqual(['Float32Array 1024', 'Float32Array 1024']);
    expect(used('INT8', 1040)).toEqual(['Float32Array 1024', 'Float32Array 16']);
  });

  it('falls back to its own arithmetic when the library is wrong, in any element of any kind', () => {
    const challenge = challengeOf(parametersOf('FP32', 64, 4, 3), 2, 11);
    const plain = plainRecompute(...challenge);
    const faults: ((sums: Float32Array | Float64Array, count: number, n: number) => void)[] = [
      (sums, count, n) => void sums.fill(0, 0, count * n),
      (sums, count, n) => void sums.fill(Number.NaN, count * n - 1, count * n),
      (sums, count, n) => void sums.set(sums.slice(0, count * n).map((x) => x + 1)),
    ];
    for (const fault of faults) {
      const wrong: RowProducts = (sums, rows, matrix, count, n, length) => {
        backwards(sums, rows, matrix, count, n, length);
        fault(sums, count, n);
      };
      expect(recompute(...challenge, wrong)).toEqual(plain);
      const space = nativeSpace(challenge[0], 4, wrong)!;
      for (let s = 0; s < 2; s++) space.fill(s, challenge[1]);
      space.load(0, new Int32Array(64).fill(1));
      expect(() => space.multiply(0, 1)).toThrow(WrongProducts);
    }
  });

  it('never takes more memory than a space may', () => {
    // 4 matrices of 16,384 · 16,384 doubles: 8 GiB.
    expect(nativeSpace(parametersOf('FP64', 16384, 1, 1, 4), 1, backwards)).toBeUndefined();
  });

  it('passes other errors on', () => {
    const challenge = challengeOf(parametersOf('FP32', 64, 1, 1), 1, 3);
    const broken: RowProducts = () => {
      throw new Error('broken');
    };
    expect(() => recompute(...challenge, broken)).toThrow('broken');
  });
});

describe('proofs with a native library', () => {
  it('are those without one, which get it to examine with', () => {
    const proof = proofFinder(backwards)('compute.challenge', '1.0.0')!;
    expect(proof.id).toBe('compute.challenge');
    expect(proofFinder(backwards)('compute.challenge', '0.0.0')).toBeUndefined();
    expect(proofFinder(undefined)('compute.challenge', '1.0.0')).toBeDefined();
  });
});
