import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { createBackend } from '../../../../benchmarks/compute/backends/backends.ts';
import { type ByteProduct, inexactSum } from '../../../../benchmarks/compute/backends/byte-products.ts';
import { candidates, ONEDNN_FORM } from '../../../../benchmarks/compute/backends/candidates.ts';
import { onednn } from '../../../../benchmarks/compute/backends/onednn.ts';
import type { OneDnn } from '../../../../benchmarks/compute/backends/onednn-library.ts';
import type { ProductShape } from '../../../../benchmarks/compute/backends/onednn-matmul.ts';
import { loadSharedLibrary } from '../../../../benchmarks/compute/backends/shared-library.ts';
import { plainRecompute } from '../../../../benchmarks/compute/challenge/audit.ts';
import { fold } from '../../../../benchmarks/compute/challenge/chain.ts';
import { instantiateKernels } from '../../../../benchmarks/compute/challenge/kernels.ts';
import {
  foldShift,
  largestStateBits,
  type Parameters,
  weightBits,
} from '../../../../benchmarks/compute/challenge/parameters.ts';
import { placeStep, streamLength } from '../../../../benchmarks/compute/gemm/places.ts';
import { arithmeticLack } from '../../../../benchmarks/compute/host.ts';
import { allocate } from '../../../../benchmarks/compute/linear-memory.ts';
import { type Elements, randomElements } from '../../../../benchmarks/compute/operands.ts';
import { keyOf } from '../../../../benchmarks/compute/philox.ts';
import { unpackFloats } from '../../../../benchmarks/compute/storage.ts';
import { allRows, beaconsFrom } from './challenge-fixture.ts';

/** How a library adds up the products of one element. */
type Sum = (terms: readonly (readonly [number, number])[]) => number;

const exact: Sum = (terms) => terms.reduce((sum, [x, y]) => sum + x * y, 0);
/** As pmaddubsw does on unsigned bytes, with the offset taken off again: pairs of products saturate at 16 bits. */
const saturating: Sum = (terms) => {
  let sum = 0;
  for (let i = 0; i < terms.length; i += 2) {
    const pair = terms.slice(i, i + 2);
    const both = pair.reduce((part, [x, y]) => part + (x + 128) * y, 0);
    sum += Math.max(-32768, Math.min(32767, both)) - pair.reduce((part, [, y]) => part + 128 * y, 0);
  }
  return sum;
};
/** Exact in integers, then through single precision. */
const rounding: Sum = (terms) => Math.fround(exact(terms));

function multiply(sum: Sum, { m, n, k }: ProductShape, a: ArrayLike<number>, b: ArrayLike<number>) {
  const c = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      const terms = Array.from({ length: k }, (_, p) => [a[i * k + p]!, b[p * n + j]!] as const);
      c[i * n + j] = sum(terms);
    }
  }
  return c;
}

/** A library that multiplies by loops; counts the products that are prepared and not closed. */
function library(sum: Sum = exact) {
  const log = { threads: 0, open: 0, shapes: [] as ProductShape[] };
  const real = (array: ArrayLike<number>) => (array instanceof Uint16Array ? unpackFloats(array, 'BF16') : array);
  const own: OneDnn = {
    version: '9.9.9',
    isa: 'loops',
    setThreads: (count) => {
      log.threads = count;
    },
    gemm: (shape, a, b, c) => {
      log.shapes.push(shape);
      c.set(multiply(sum, shape, a, b));
    },
    matmul: (
      shape: ProductShape,
      a: Int8Array | Uint16Array,
      b: Int8Array | Uint16Array,
      c: Int32Array | Float32Array,
    ) => {
      log.open++;
      let prepared = real(b.slice());
      const at = (from: typeof a) => () => c.set(multiply(sum, shape, real(from), prepared));
      return {
        multiply: at(a),
        at,
        pack: (from) => {
          prepared = real(from.slice());
        },
        close: () => {
          log.open--;
        },
      };
    },
  };
  return { own, log };
}

const able = new Set(['avx512_bf16']);
const backend = (form: string, sum: Sum = exact, flags: ReadonlySet<string> = able) => {
  process.env[ONEDNN_FORM] = form;
  const { own, log } = library(sum);
  return {
    made: onednn(
      () => own,
      () => flags,
    ),
    log,
  };
};

afterEach(() => {
  delete process.env[ONEDNN_FORM];
});

describe('sums of signed bytes', () => {
  const by =
    (sum: Sum): ByteProduct =>
    (shape, a, b, c) =>
      c.set(multiply(sum, shape, a, b));

  it('pass where they are exact, and are refused where pairs saturate, where single precision rounds, where nothing is written', () => {
    expect(inexactSum(by(exact))).toBeUndefined();
    expect(inexactSum(by(saturating))).toMatch(/^-?\d+ for -?\d+, a sum of 131 products$/);
    expect(inexactSum(by(rounding))).toMatch(/, a sum of 4099 products$/);
    expect(inexactSum(() => {})).toMatch(/^-2147483648 for /);
  });

  it('are tried on operands at both ends of their range, odd in every size', () => {
    const ends = new Set<string>();
    inexactSum((shape, a, b, c) => {
      for (const size of [shape.m, shape.n, shape.k]) expect(size % 2).toBe(1);
      c.set(
        multiply(
          (terms) => {
            for (const [x, y] of terms.slice(0, 4)) ends.add(`${x} ${y}`);
            return exact(terms);
          },
          shape,
          a,
          b,
        ),
      );
    });
    for (const pair of ['127 127', '127 -128', '-128 127', '-128 -128']) expect(ends).toContain(pair);
  });
});

describe('the oneDNN backend', () => {
  it('offers INT8 by the one call, INT8 and BF16 by the primitive, on the threads that it is given', async () => {
    const gemm = backend('gemm');
    expect(await gemm.made.probe(3)).toMatchObject({
      software: [{ name: 'oneDNN', version: '9.9.9 (loops)' }],
      variant: 'gemm',
      devices: [{ id: 'cpu', offers: [{ precision: 'INT8' }] }],
    });
    expect(gemm.log.threads).toBe(3);
    const { devices } = await backend('matmul').made.probe(1);
    expect(devices[0]).toMatchObject({ offers: [{ precision: 'INT8' }, { precision: 'BF16' }] });
    expect(devices[0]!.lacks.FP64).toBe("oneDNN's matmul multiplies no such type");
  });

  it('does not offer INT8 where its sums are inexact, and says why', async () => {
    for (const form of ['gemm', 'matmul']) {
      for (const sum of [saturating, rounding]) {
        const { made, log } = backend(form, sum);
        const [device] = (await made.probe(1)).devices;
        expect(device!.offers.map(({ precision }) => precision)).not.toContain('INT8');
        expect(device!.lacks.INT8).toMatch(/^oneDNN's sums are not exact with loops \(-?\d+ for -?\d+, a sum of/);
        expect(log.open).toBe(0);
      }
    }
  });

  it('does not offer BF16 on a processor without it, not even as emulated', async () => {
    const [device] = (await backend('matmul', exact, new Set(['avx2'])).made.probe(1)).devices;
    expect(device!.offers).toEqual([{ precision: 'INT8' }]);
    expect(device!.lacks.BF16).toBe('this processor has no BF16 arithmetic (avx512_bf16, amx_bf16, bf16)');
    expect(arithmeticLack('BF16', new Set(['bf16']))).toBeUndefined();
    expect(arithmeticLack('FP32', new Set())).toBeUndefined();
  });

  it.each([
    ['gemm', 'INT8'],
    ['matmul', 'INT8'],
    ['matmul', 'BF16'],
  ] as const)('multiplies by %s in %s, any size, into what was written before', async (form, precision) => {
    const { made, log } = backend(form);
    await made.probe(1);
    for (const size of [1, 7, 33]) {
      const key = keyOf('ab'.repeat(32));
      const step = placeStep('cpu');
      const [a, b] = [0, 1].map((part) => randomElements(precision, key, 1, part, 0, streamLength(size, step))) as [
        Elements,
        Elements,
      ];
      const gemm = await made.open('cpu', precision, size, step, a, b);
      const before = [...(await gemm.output())];
      expect(before.every((x) => x === -2147483648 || Number.isNaN(x))).toBe(true);
      for (const pair of [
        { a: 0, b: 0 },
        { a: 63, b: 1 },
        { a: 5, b: 63 },
      ]) {
        await gemm.takeRight?.(pair.b);
        const row = size >> 1;
        const seen = await gemm.multiply([{ a: 1, b: pair.b }, pair], [row]);
        const cut = (stream: Elements, place: number) => stream.subarray(place * step, place * step + size * size);
        const right = multiply(exact, { m: size, n: size, k: size }, cut(a, pair.a), cut(b, pair.b));
        const want = [...(precision === 'BF16' ? Float32Array.from(right) : right)];
        expect([...(await gemm.output())]).toEqual(want);
        expect([...seen]).toEqual(want.slice(row * size, (row + 1) * size));
      }
      await gemm.poison();
      expect([...(await gemm.output())]).toEqual(before);
      expect(gemm.takeRight === undefined).toBe(form === 'gemm');
      await gemm.close();
    }
    expect(log.open).toBe(0);
  });

  it.each([
    ['gemm', 'INT8', 64],
    ['matmul', 'INT8', 48],
    ['matmul', 'BF16', 64],
  ] as const)(
    'answers the chain by %s in %s as the plain loops do, at the widest state',
    async (form, precision, n) => {
      const { made, log } = backend(form);
      await made.probe(1);
      const parameters: Parameters = {
        n,
        m: 6,
        layers: 5,
        matrices: 3,
        weightBits: weightBits(precision),
        stateBits: largestStateBits(precision, n),
      };
      const draw = beaconsFrom(5);
      const nonce = draw();
      const chain = await made.openChain('cpu', precision, parameters, nonce);
      for (const seed of [draw(), draw()]) {
        const { sketch, productNs } = await chain.round(seed);
        const right = plainRecompute(parameters, nonce, [seed], allRows(parameters));
        expect([...new Uint32Array(sketch.buffer)]).toEqual(right);
        expect(productNs).toBeGreaterThan(0);
      }
      expect(log.open).toBe(form === 'matmul' ? 3 : 0);
      await chain.close();
      expect(log.open).toBe(0);
    },
  );

  it('answers a chain wrongly where its sums are inexact, so that a self-test sees it', async () => {
    const { made } = backend('gemm', saturating);
    await made.probe(1);
    const parameters: Parameters = { n: 64, m: 4, layers: 2, matrices: 1, weightBits: 8, stateBits: 8 };
    const [nonce, seed] = ['ab'.repeat(32), 'cd'.repeat(32)];
    const { sketch } = await (await made.openChain('cpu', 'INT8', parameters, nonce)).round(seed);
    const right = plainRecompute(parameters, nonce, [seed], allRows(parameters));
    expect([...new Uint32Array(sketch.buffer)]).not.toEqual(right);
  });

  it('refuses what it has not: another precision, another way, work before it was tried', async () => {
    const { made } = backend('gemm');
    const bytes = new Int8Array(16);
    await expect(made.open('cpu', 'INT8', 4, 64, bytes, bytes)).rejects.toThrow('oneDNN was not probed');
    await made.probe(1);
    await expect(made.open('cpu', 'BF16', 4, 64, bytes, bytes)).rejects.toThrow("oneDNN's gemm has no BF16 product");
    await expect(made.openChain('cpu', 'FP64', {} as Parameters, '')).rejects.toThrow("oneDNN's gemm has no FP64");
    const { made: other } = backend('matmul');
    await other.probe(1);
    const doubles = new Float64Array(16);
    await expect(other.open('cpu', 'INT8', 4, 64, doubles, doubles)).rejects.toThrow(
      'oneDNN multiplies bytes and BF16',
    );
    process.env[ONEDNN_FORM] = 'constructor';
    expect(() => createBackend('onednn')).toThrow('oneDNN has no way "constructor"');
  });

  it('is tried in both ways', () => {
    const both = candidates(['onednn', 'onnxruntime'], new Set(), []);
    expect(both.map(({ backend: name, environment }) => [name, environment[ONEDNN_FORM]])).toEqual([
      ['onednn', 'gemm'],
      ['onednn', 'matmul'],
      ['onnxruntime', undefined],
    ]);
  });
});

it('a library that is nowhere is said to be missing: where it was looked for, and what to do', () => {
  expect(() => loadSharedLibrary('thing', ['libassay-nothing.so.1'], ['/opt/nothing/'], '; install it')).toThrow(
    /^no thing found \(looked for libassay-nothing\.so\.1 by the loader and in .*\/usr\/lib\/.*, \/opt\/nothing\/\); install it$/,
  );
});

it('vector loops fold sums to signed bytes and to the bits of BF16 as the definition does', () => {
  const memory = allocate(1 << 17);
  const kernels = instantiateKernels(memory);
  const [count, at] = [48, 1 << 16];
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -(2 ** 24), max: 2 ** 24 }), { minLength: count, maxLength: count }),
      fc.integer({ min: 1, max: 8 }),
      (sums, stateBits) => {
        const parameters: Parameters = { n: 1024, m: 1, layers: 1, matrices: 1, weightBits: 8, stateBits };
        const right = sums.map((sum) => fold(sum, parameters));
        const [shift, kept] = [foldShift(parameters), 2 ** stateBits];
        new Int32Array(memory.buffer, at, count).set(sums);
        kernels.foldI32Signed(0, at, count, shift, kept - 1, kept / 2);
        expect([...new Int8Array(memory.buffer, 0, count)]).toEqual(right);
        new Float32Array(memory.buffer, at, count).set(sums);
        kernels.foldBF16(0, at, count, shift, kept - 1, kept / 2);
        expect([...unpackFloats(new Uint16Array(memory.buffer, 0, count), 'BF16')]).toEqual(right);
      },
    ),
    { numRuns: 100 },
  );
});
