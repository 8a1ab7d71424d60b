import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { inexactSum } from '../../../benchmarks/compute/backends/byte-products.ts';
import { ONEDNN_FORM } from '../../../benchmarks/compute/backends/candidates.ts';
import { loadOneDnn, type OneDnn } from '../../../benchmarks/compute/backends/onednn-library.ts';
import { benchmark as challenge } from '../../../benchmarks/compute/challenge/challenge.ts';
import { largestStateBits, weightBits } from '../../../benchmarks/compute/challenge/parameters.ts';
import type { ChallengeRaw } from '../../../benchmarks/compute/challenge/samples.ts';
import { type Engine, startEngine } from '../../../benchmarks/compute/engine/client.ts';
import { benchmark as gemm } from '../../../benchmarks/compute/gemm/gemm.ts';
import type { GemmRaw } from '../../../benchmarks/compute/gemm/samples.ts';
import { arithmeticLack, cpuFlags } from '../../../benchmarks/compute/host.ts';
import { runBenchmark } from './context.ts';
import { hasGcc } from './gcc.ts';

const installed = (() => {
  try {
    loadOneDnn();
    return true;
  } catch {
    return false;
  }
})();
const hasBf16 = arithmeticLack('BF16', cpuFlags()) === undefined;

const before = process.env.ASSAY_ONEDNN;
let engines: Engine[] = [];
afterEach(async () => {
  await Promise.all(engines.map((engine) => engine.stop()));
  engines = [];
  if (before === undefined) delete process.env.ASSAY_ONEDNN;
  else process.env.ASSAY_ONEDNN = before;
});

function engineOf(form: string, environment: Record<string, string> = {}): Engine {
  const engine = startEngine(
    { backend: 'onednn', environment: { [ONEDNN_FORM]: form, ...environment } },
    new AbortController().signal,
  );
  engines.push(engine);
  return engine;
}

/** A small product of each kind, by the library and by loops: how many elements differ. */
function wrongElements(library: OneDnn, m: number, n: number, k: number): Record<string, number> {
  const shape = { m, n, k };
  const a = Int8Array.from({ length: m * k }, (_, i) => ((i * 113 + 5) % 256) - 128);
  const b = Int8Array.from({ length: k * n }, (_, i) => ((i * 71 + 9) % 256) - 128);
  const right = Array.from({ length: m * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let p = 0; p < k; p++) sum += a[i * k + p]! * b[p * n + j]!;
    return sum;
  });
  const count = (c: ArrayLike<number>, want: number[]) => want.filter((x, i) => x !== c[i]).length;
  const c = new Int32Array(m * n);
  library.gemm(shape, a, b, c);
  const wrong: Record<string, number> = { gemm: count(c, right) };
  const made = library.matmul(shape, a, b, c.fill(0));
  made.multiply();
  made.close();
  wrong.matmul = count(c, right);
  if (!hasBf16) return wrong;
  // Integers of eight bits in the upper half of a float: exact in BF16.
  const bits = (bytes: Int8Array) =>
    new Uint16Array(new Uint32Array(Float32Array.from(bytes).buffer).map((x) => x >>> 16));
  const sums = new Float32Array(m * n);
  const halves = library.matmul(shape, bits(a), bits(b), sums);
  halves.multiply();
  halves.close();
  wrong.bf16 = count(sums, right);
  return wrong;
}

const quick = {
  ...gemm.descriptor.profiles.quick,
  backends: ['onednn'],
  sizes: [192],
  trialS: 0.05,
  warmUpS: 0.05,
  seconds: 0.4,
  windowS: 0.1,
  threads: 1,
};
const chained = {
  ...challenge.descriptor.profiles.quick,
  backends: ['onednn'],
  size: 128,
  rows: 32,
  roundS: 0.05,
  seconds: 0.3,
  threads: 1,
  audits: 16,
};

describe.skipIf(!installed)('oneDNN itself (skipped where libdnnl is not installed)', () => {
  it('multiplies exactly in the ways that it has, in odd sizes', () => {
    const library = loadOneDnn();
    library.setThreads(2);
    for (const [m, n, k] of [
      [1, 1, 1],
      [3, 5, 7],
      [33, 129, 65],
      [127, 1, 97],
      [64, 64, 64],
    ] as const) {
      for (const wrong of Object.values(wrongElements(library, m, n, k))) expect(wrong).toBe(0);
    }
  });

  it('says of its one call whether it is exact at the ends of the range, and it is where there are dot products of bytes', () => {
    const library = loadOneDnn();
    library.setThreads(1);
    const found = inexactSum((shape, a, b, c) => library.gemm(shape, a, b, c));
    const dots = ['avx512_vnni', 'avx_vnni', 'amx_int8'].some((flag) => cpuFlags().has(flag));
    if (dots) expect(found).toBeUndefined();
    else expect(found ?? 'a sum of').toContain('a sum of');
  });

  it('is not asked for what does not fit: arrays of other sizes, no size at all', () => {
    const library = loadOneDnn();
    const [a, b, c] = [new Int8Array(12), new Int8Array(20), new Int32Array(15)];
    expect(() => library.gemm({ m: 3, n: 5, k: 4 }, a, b, c)).not.toThrow();
    expect(() => library.gemm({ m: 3, n: 5, k: 5 }, a, b, c)).toThrow(/arrays of 12, 20 and 15 elements are no 3 × 5/);
    expect(() => library.gemm({ m: 4, n: 5, k: 4 }, a, b, c)).toThrow('are no');
    expect(() => library.matmul({ m: 3, n: 6, k: 4 }, a, b, c)).toThrow('are no');
    expect(() => library.matmul({ m: 0, n: 5, k: 4 }, new Int8Array(0), b, new Int32Array(0))).toThrow('are no');
  });

  it('takes as many threads as it is given and all that the processor has, whatever the environment says', async () => {
    const free = await engineOf('gemm').ask('probe', { threads: 2 });
    const capped = {
      DNNL_MAX_CPU_ISA: 'SSE41',
      ONEDNN_MAX_CPU_ISA: 'SSE41',
      OMP_NUM_THREADS: '1',
      OMP_DYNAMIC: 'true',
    };
    expect(await engineOf('gemm', capped).ask('probe', { threads: 2 })).toEqual(free);
    const limited = engineOf('gemm', { OMP_THREAD_LIMIT: '1' }).ask('probe', { threads: 2 });
    await expect(limited).rejects.toThrow('oneDNN takes 1 threads where it was given 2');
  }, 60_000);

  it.each(['gemm', 'matmul'])(
    'answers chains by %s as the plain loops do, in whatever precision it offers',
    async (form) => {
      const engine = engineOf(form);
      const [device] = (await engine.ask('probe', { threads: 2 })).devices;
      for (const { precision } of device!.offers) {
        for (const [n, m] of [
          [64, 5],
          [272, 24],
        ] as const) {
          const stateBits = largestStateBits(precision, n);
          const parameters = { n, m, layers: 6, matrices: 3, weightBits: weightBits(precision), stateBits };
          const [nonce, seed] = ['ab'.repeat(32), `${form === 'gemm' ? 'cd' : 'ef'}`.repeat(32)];
          const test = await engine.ask('chainTest', { device: 'cpu', precision, parameters, nonce, seed });
          expect(test).toEqual({ rows: m, wrong: 0 });
        }
      }
      expect(device!.offers.length + Object.keys(device!.lacks).length).toBe(9);
    },
    60_000,
  );

  it('is measured and verified in INT8, and in BF16 where the processor has it, by the way that is fastest', async () => {
    const { examination, raw, software } = await runBenchmark(gemm, { ...quick, precisions: ['INT8', 'BF16', 'FP32'] });
    const rates = examination.metrics.filter((one) => one.metric === 'compute.gemm.rate');
    const wanted = hasBf16 ? ['INT8', 'BF16'] : ['INT8'];
    expect(rates.map((one) => [one.labels.precision, one.verified])).toEqual(wanted.map((name) => [name, true]));
    const { precisions, engines: tried } = raw as GemmRaw;
    expect(tried.map(({ name }) => name)).toEqual(['onednn/gemm', 'onednn/matmul']);
    for (const { results } of precisions) {
      for (const { backend, emulated } of results) {
        expect(backend).toMatch(/^onednn\/(gemm|matmul)$/);
        expect(emulated).toBeUndefined();
      }
    }
    expect(software.some((one) => /^oneDNN \d+\.\d+\.\d+ \(/.test(one))).toBe(true);
  }, 60_000);

  it('is challenged in what it offers and proven at E2', async () => {
    const wanted = hasBf16 ? ['INT8', 'BF16'] : ['INT8'];
    const { examination } = await runBenchmark(challenge, { ...chained, precisions: wanted });
    const rates = examination.metrics.filter((one) => one.metric === 'compute.challenge.rate');
    expect(rates.map((one) => [one.labels.precision, one.verified, one.level])).toEqual(
      wanted.map((precision) => [precision, true, 'E2']),
    );
  }, 60_000);
});

describe.skipIf(!hasGcc)('oneDNN, on a stand-in of plain loops (skipped where gcc is not installed)', () => {
  let folder = '';
  const standin = (name: string) => join(folder, `libdnnl-${name}.so`);

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'assay-standin-'));
    const source = join(import.meta.dirname, 'dnnl-standin.c');
    for (const [name, flags] of [
      ['2', ['-DMAJOR=2']],
      ['3', ['-DMAJOR=3']],
      ['sequential', ['-DMAJOR=3', '-DNO_OPENMP']],
    ] as const) {
      execFileSync('gcc', ['-O2', '-shared', '-fPIC', ...flags, source, '-o', standin(name)]);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(['2', '3'])('is called as version %s wants it, and given back all that it handed out', (major) => {
    process.env.ASSAY_ONEDNN = standin(major);
    const library = loadOneDnn();
    expect([library.version, library.isa]).toEqual([`${major}.1.4`, 'avx512_core_bf16']);
    library.setThreads(5);
    for (const wrong of Object.values(wrongElements(library, 5, 9, 13))) expect(wrong).toBe(0);
    expect(inexactSum((shape, a, b, c) => library.gemm(shape, a, b, c))).toBeUndefined();
    const live = koffi.load(standin(major)).func('int standin_live()') as () => number;
    expect(live()).toBe(0);
    const held = library.matmul({ m: 2, n: 2, k: 2 }, new Int8Array(4), new Int8Array(4), new Int32Array(4));
    expect(live()).toBeGreaterThan(0);
    held.close();
    held.close();
    expect(live()).toBe(0);
  });

  it.each([
    ['2', 'gemm'],
    ['2', 'matmul'],
    ['3', 'gemm'],
    ['3', 'matmul'],
  ])(
    'of version %s answers chains by %s as the plain loops do',
    async (major, form) => {
      const engine = engineOf(form, { ASSAY_ONEDNN: standin(major) });
      const [device] = (await engine.ask('probe', { threads: 3 })).devices;
      expect(device!.offers.map(({ precision }) => precision)).toContain('INT8');
      const parameters = { n: 32, m: 4, layers: 4, matrices: 2, weightBits: 8, stateBits: 8 };
      const [nonce, seed] = ['ab'.repeat(32), 'cd'.repeat(32)];
      expect(await engine.ask('chainTest', { device: 'cpu', precision: 'INT8', parameters, nonce, seed })).toEqual({
        rows: 4,
        wrong: 0,
      });
    },
    60_000,
  );

  it.each([
    [
      'saturates',
      /INT8: onednn\/gemm on cpu: oneDNN's sums are not exact with avx512_core_bf16 \(-?\d+ for -?\d+, a sum of/,
    ],
    ['nothing', /INT8: onednn\/gemm on cpu: oneDNN's sums are not exact with avx512_core_bf16 \(-2147483648 for/],
    [
      'fails',
      /no backend works here: onednn \(gemm\): dnnl_gemm_s8s8s32 gave 5; onednn \(matmul\): .* gave 3 \(unimplemented\)/,
    ],
    ['threads', /no backend works here: onednn \(gemm\): oneDNN takes 1 threads where it was given 2/],
  ])(
    'that does wrong (%s) is measured in nothing, and the reason is said',
    async (fault, why) => {
      process.env.ASSAY_ONEDNN = standin('3');
      process.env.STANDIN_FAULT = fault;
      try {
        const said = await runBenchmark(gemm, { ...quick, threads: 2, precisions: ['INT8'] }).then(
          ({ examination }) => {
            expect(examination.metrics).toEqual([]);
            return examination.findings.map(({ detail }) => detail).join('\n');
          },
          (error: Error) => error.message,
        );
        expect(said).toMatch(why);
        const answered = await runBenchmark(challenge, { ...chained, threads: 2, precisions: ['INT8'] }).then(
          ({ raw }) => (raw as ChallengeRaw).unsupported[0]!.detail,
          (error: Error) => error.message,
        );
        expect(answered).toMatch(/not exact|no backend works here/);
      } finally {
        delete process.env.STANDIN_FAULT;
      }
    },
    60_000,
  );

  it('that was not built for OpenMP is refused: nothing would bound its threads', async () => {
    const engine = engineOf('gemm', { ASSAY_ONEDNN: standin('sequential') });
    await expect(engine.ask('probe', { threads: 1 })).rejects.toThrow('was not built for OpenMP');
  }, 30_000);
});
