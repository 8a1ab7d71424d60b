import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CudaDriver } from '../../../benchmarks/compute/backends/cuda-driver.ts';
import { loadKernels } from '../../../benchmarks/compute/backends/cuda-kernels.ts';
import { benchmark as challenge } from '../../../benchmarks/compute/challenge/challenge.ts';
import type { ChallengeRaw } from '../../../benchmarks/compute/challenge/samples.ts';
import { startEngine } from '../../../benchmarks/compute/engine/client.ts';
import { benchmark as gemm } from '../../../benchmarks/compute/gemm/gemm.ts';
import type { GemmRaw } from '../../../benchmarks/compute/gemm/samples.ts';
import { runBenchmark } from './context.ts';
import { hasGcc } from './gcc.ts';

describe.skipIf(!hasGcc)(
  'cuBLASLt, on a stand-in that computes on the processor (skipped where gcc is not installed)',
  () => {
    let folder = '';
    let log = '';
    const before = { ...process.env };

    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'assay-standin-'));
      const library = join(folder, 'libstandin.so');
      execFileSync('gcc', [
        '-O2',
        '-shared',
        '-fPIC',
        join(import.meta.dirname, 'cuda-standin.c'),
        '-o',
        library,
        '-lm',
      ]);
      log = join(folder, 'calls.log');
      process.env.ASSAY_CUDA_DRIVER = library;
      process.env.ASSAY_CUBLASLT = library;
      process.env.ASSAY_NVRTC = library;
      process.env.STANDIN_LOG = log;
    });
    beforeEach(() => {
      writeFileSync(log, '');
      delete process.env.STANDIN_FAULT;
    });
    afterAll(() => {
      for (const name of ['ASSAY_CUDA_DRIVER', 'ASSAY_CUBLASLT', 'ASSAY_NVRTC', 'STANDIN_LOG', 'STANDIN_FAULT']) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
      rmSync(folder, { recursive: true });
    });

    const settings = {
      ...gemm.descriptor.profiles.quick,
      backends: ['cublaslt'],
      deviceSizes: [64],
      trialS: 0.02,
      deviceWarmUpS: 0.02,
      seconds: 0.1,
      windowS: 0.02,
      precisions: ['FP64', 'FP32', 'TF32', 'FP16', 'BF16', 'FP8_E4M3', 'FP8_E5M2', 'INT8'],
    };
    const calls = () => readFileSync(log, 'utf8').trim().split('\n');

    it('gives every precision, each verified in its own class, on the device by its name', async () => {
      const { examination, software } = await runBenchmark(gemm, settings);
      const rates = examination.metrics.filter((one) => one.metric === 'compute.gemm.rate');
      expect(rates.map((one) => [one.labels.precision, one.labels.device, one.verified])).toEqual(
        ['FP64', 'FP32', 'TF32', 'FP16', 'BF16', 'FP8', 'FP8', 'INT8'].map((precision) => [precision, 'cuda:0', true]),
      );
      expect(examination.findings.filter((one) => one.weight === 'holds')).toEqual([]);
      expect(software).toContain('CUDA driver 13.0');
    }, 60_000);

    it('says of a precision that it lacks why, and gives nothing for it', async () => {
      const { examination, raw } = await runBenchmark(gemm, { ...settings, precisions: ['FP32', 'INT4'] });
      expect(examination.findings.map(({ code, weight, detail }) => [code, weight, detail])).toContainEqual([
        'unsupported',
        'informs',
        'INT4: cublaslt on cuda:0: cuBLASLt has no such product',
      ]);
      const [, lacking] = (raw as GemmRaw).precisions;
      expect(lacking).toMatchObject({ precision: 'INT4', results: [] });
      process.env.STANDIN_FAULT = 'old';
      const older = await runBenchmark(gemm, { ...settings, precisions: ['FP8_E4M3', 'FP8_E5M2', 'INT8'] });
      const said = (older.raw as GemmRaw).precisions.map(({ unsupported }) => unsupported ?? 'measured');
      expect(said[0]).toBe('cublaslt on cuda:0: the device has compute capability 8, and 8.9 is the first with it');
      expect(said[1]).toBe(said[0]);
      expect(said[2]).toBe('measured');
    }, 60_000);

    it('makes its calls in order, takes the algorithm that works, poisons results, frees all memory', async () => {
      await runBenchmark(gemm, { ...settings, precisions: ['BF16'] });
      const made = calls();
      const first = (start: string) => made.findIndex((line) => line.startsWith(start));
      const order = ['cuInit', 'cuDevicePrimaryCtxRetain', 'cuMemAlloc', 'cublasLtCreate', 'cublasLtMatmul 1001'];
      expect(order.map(first)).toEqual([...order.map(first)].sort((a, b) => a - b));
      expect(first('cublasLtMatmul 1000')).toBe(-1);
      expect(made.filter((line) => line === 'cublasLtMatmul 1002').length).toBeGreaterThan(10);
      expect(made).toContain(`workspace ${64 << 20}`);
      expect(made).toContain('cuMemsetD8 255');
      expect(made.filter((line) => /^cuMem(Alloc|Free)/.test(line)).at(-1)).toBe('cuMemFree 0');
      // Every product is waited for before its time is taken.
      expect(made[made.lastIndexOf('cublasLtMatmul 1002') + 1]).toBe('cuCtxSynchronize 0');
    }, 60_000);

    it.each(['nothing', 'tf32', 'flip'])(
      'never counts a device that does wrong (%s)',
      async (fault) => {
        process.env.STANDIN_FAULT = fault;
        const precisions = ['FP32', ...(fault === 'tf32' ? [] : ['INT8'])];
        const { examination, raw } = await runBenchmark(gemm, { ...settings, precisions });
        expect(examination.metrics.filter((one) => one.verified)).toEqual([]);
        expect(examination.findings.map((one) => one.code)).toContain('zero_work');
        // The gate already says how wrong the small product was.
        expect(JSON.stringify(raw)).toMatch(/of 12544 elements wrong/);
      },
      60_000,
    );

    describe('the chained challenge', () => {
      const small = {
        ...challenge.descriptor.profiles.quick,
        backends: ['cublaslt'],
        deviceSize: 64,
        deviceRows: 32,
        matrices: 2,
        roundS: 0.05,
        seconds: 0.2,
        audits: 8,
      };

      it('is answered on the device in every precision and proven at E2', async () => {
        const precisions = ['FP64', 'FP32', 'TF32', 'FP16', 'BF16', 'FP8_E4M3', 'FP8_E5M2', 'INT8'];
        const { examination, raw } = await runBenchmark(challenge, { ...small, precisions });
        expect((raw as ChallengeRaw).unsupported).toEqual([]);
        const rates = examination.metrics.filter((one) => one.metric === 'compute.challenge.rate');
        expect(rates.map((one) => [one.labels.device, one.verified, one.level])).toEqual(
          precisions.map(() => ['cuda:0', true, 'E2']),
        );
        const made = calls();
        expect(made).toContain('cubin for sm_90 0');
        const round = made.slice(made.lastIndexOf('fill 1'));
        expect(round.filter((line) => /^(fill|fold|sketch|cublasLtMatmul)/.test(line)).slice(0, 3)).toEqual([
          'fill 1',
          'cublasLtMatmul 1002',
          'fold 8',
        ]);
        expect(made.filter((line) => /^cuMem(Alloc|Free)/.test(line)).at(-1)).toBe('cuMemFree 0');
      }, 120_000);

      it.each([
        ['nothing', /no width of state gives exact results/],
        // One element of all would now and then be right by chance, where states have two bits.
        ['flips', /no width of state gives exact results/],
        ['compiler', /does not compile with --gpu-architecture=sm_90 \(6\): error: no such word/],
      ])(
        'is not answered by a device that does wrong (%s)',
        async (wrong, why) => {
          process.env.STANDIN_FAULT = wrong;
          const { examination, raw } = await runBenchmark(challenge, { ...small, precisions: ['FP32'] });
          expect(examination.metrics).toEqual([]);
          expect((raw as ChallengeRaw).unsupported[0]!.detail).toMatch(why);
        },
        60_000,
      );
    });

    it('moves the memory of the device, copy and triad, and sees what was not written', async () => {
      const engine = startEngine({ backend: 'cublaslt', environment: {} }, new AbortController().signal);
      await engine.ask('probe', { threads: 1 });
      const order = { arrayBytes: 1 << 16, seed: 'ab'.repeat(32), warmUpS: 0.01, seconds: 0.05, windowS: 0.01 };
      const device = 'cuda:0';
      for (const operation of ['copy', 'triad'] as const) {
        const run = await engine.ask('stream', { device, order: { ...order, operation } });
        expect(run).toMatchObject({ elements: 1 << 14, wrong: 0 });
        expect(run.windows.length).toBeGreaterThan(0);
        expect(run.windows.every(({ passes, startNs, endNs }) => passes > 0 && endNs > startNs)).toBe(true);
      }
      await engine.stop();
      const broken = startEngine(
        { backend: 'cublaslt', environment: { STANDIN_FAULT: 'nothing' } },
        new AbortController().signal,
      );
      await broken.ask('probe', { threads: 1 });
      const run = await broken.ask('stream', { device, order: { ...order, operation: 'triad' } });
      // All of the last pass, and what was looked at after each window.
      expect(run.wrong).toBeGreaterThan(1 << 14);
      await broken.stop();
      expect(
        calls()
          .filter((line) => /^cuMem(Alloc|Free)/.test(line))
          .at(-1),
      ).toBe('cuMemFree 0');
    }, 60_000);
  },
);

const nvrtc = (() => {
  const load = { load: () => () => {} } as unknown as CudaDriver;
  try {
    loadKernels(load, './kernels.cu', 80);
    return true;
  } catch {
    return false;
  }
})();

it.skipIf(!nvrtc)('the kernels compile for every architecture (skipped where libnvrtc is not installed)', () => {
  for (const capability of [75, 80, 86, 89, 90]) {
    let image = Buffer.alloc(0);
    const driver = {
      load: (cubin: Uint8Array) => {
        image = Buffer.from(cubin);
        return () => {};
      },
    } as unknown as CudaDriver;
    loadKernels(driver, './kernels.cu', capability);
    expect(image.subarray(1, 4).toString()).toBe('ELF');
    for (const name of ['fill', 'fold', 'sketch', 'copy', 'triad', 'compare']) expect(image.includes(name)).toBe(true);
  }
  expect(() => loadKernels({} as CudaDriver, './kernels.cu', 1)).toThrow(
    /does not compile with --gpu-architecture=sm_1/,
  );
});
