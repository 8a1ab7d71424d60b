import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { benchmark as gemm } from '../../../benchmarks/compute/gemm/gemm.ts';
import { runBenchmark } from './context.ts';

const hasGcc = (() => {
  try {
    execFileSync('gcc', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

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
      process.env.STANDIN_LOG = log;
    });
    beforeEach(() => {
      writeFileSync(log, '');
      delete process.env.STANDIN_FAULT;
    });
    afterAll(() => {
      for (const name of ['ASSAY_CUDA_DRIVER', 'ASSAY_CUBLASLT', 'STANDIN_LOG', 'STANDIN_FAULT']) {
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
      precisions: ['FP64', 'FP32', 'TF32', 'FP16', 'BF16', 'FP8_E4M3', 'INT8'],
    };
    const calls = () => readFileSync(log, 'utf8').trim().split('\n');

    it('gives every precision, each verified in its own class, on the device by its name', async () => {
      const { examination, software } = await runBenchmark(gemm, settings);
      const rates = examination.metrics.filter((one) => one.metric === 'compute.gemm.rate');
      expect(rates.map((one) => [one.labels.precision, one.labels.device, one.verified])).toEqual(
        ['FP64', 'FP32', 'TF32', 'FP16', 'BF16', 'FP8', 'INT8'].map((precision) => [precision, 'cuda:0', true]),
      );
      expect(examination.findings.filter((one) => one.weight === 'holds')).toEqual([]);
      expect(software).toContain('CUDA driver 13.0');
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
  },
);
