import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Unsupported } from '../../../benchmarks/benchmark.ts';
import { loadOpenBlas } from '../../../benchmarks/compute/backends/openblas.ts';
import { benchmark as challenge } from '../../../benchmarks/compute/challenge/challenge.ts';
import { startEngine } from '../../../benchmarks/compute/engine/client.ts';
import { benchmark as gemm } from '../../../benchmarks/compute/gemm/gemm.ts';
import { benchmark as bandwidth } from '../../../benchmarks/memory/bandwidth/bandwidth.ts';
import type { Examination } from '../../../model/measurement.ts';
import { runBenchmark } from './context.ts';

const small = { trialS: 0.05, warmUpS: 0.1, seconds: 0.6, windowS: 0.1, sizes: [256], threads: 1 };
const held = (seen: Examination) => seen.findings.filter((one) => one.weight === 'holds');

const hasOpenBlas = (() => {
  try {
    loadOpenBlas();
    return true;
  } catch {
    return false;
  }
})();

const torchPython = ['python3', '/usr/bin/python3'].find((python) => {
  try {
    execFileSync(python, ['-c', 'import torch'], { stdio: 'ignore', timeout: 60_000 });
    return true;
  } catch {
    return false;
  }
});

/** Processes that are children of this one and run an engine. */
function engines(): number {
  const list = execFileSync('ps', ['-eo', 'ppid,args'], { encoding: 'utf8' });
  return list.split('\n').filter((line) => line.trim().startsWith(`${process.pid} `) && line.includes('engine.ts'))
    .length;
}

/** Milliseconds that this machine takes just now to start a process that does nothing, and to end it. */
async function processMs(): Promise<number> {
  const from = performance.now();
  const child = spawn(process.execPath, ['-e', 'console.log(); setInterval(() => {}, 1000)'], { stdio: 'pipe' });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  return performance.now() - from;
}

/** Waits until the run has its engine, at most twenty seconds; gives how many there are then. */
async function oneEngine(): Promise<number> {
  for (let tries = 0; tries < 200 && engines() !== 1; tries++) await sleep(100);
  return engines();
}

/** Longest that a cancelled run of a minute may go on: a second, and more where processes take their time here. */
const promptMs = async () => Math.min(20_000, 1_000 + 10 * (await processMs()));

describe('matrix products through ONNX Runtime', () => {
  it('are measured and verified in FP64, FP32 and INT8, and FP16 is marked as emulated', async () => {
    const settings = {
      ...gemm.descriptor.profiles.quick,
      ...small,
      backends: ['onnxruntime'],
      precisions: ['FP64', 'FP32', 'INT8', 'FP16', 'TF32'],
    };
    const { examination, software } = await runBenchmark(gemm, settings);
    const rates = examination.metrics.filter((one) => one.metric === 'compute.gemm.rate');
    const verified = rates.filter((one) => one.verified).map((one) => one.labels.precision);
    expect(verified).toEqual(process.arch === 'arm64' ? ['FP64', 'FP32', 'INT8', 'FP16'] : ['FP64', 'FP32', 'INT8']);
    expect(rates.every((one) => one.estimate.value > 1e8 && one.level === 'E1')).toBe(true);
    expect(held(examination).every((one) => one.code === 'emulated')).toBe(true);
    const lacking = examination.findings.find((one) => one.code === 'unsupported');
    expect(lacking?.detail).toBe('TF32: onnxruntime on cpu: ONNX Runtime has no such product on the CPU');
    expect(software.some((one) => one.startsWith('onnxruntime-node '))).toBe(true);
    expect(engines()).toBe(0);
  }, 60_000);

  it('stop at once and leave no process when they are cancelled', async () => {
    const abort = new AbortController();
    const settings = { ...gemm.descriptor.profiles.quick, ...small, seconds: 60, backends: ['onnxruntime'] };
    const run = runBenchmark(gemm, { ...settings, sizes: [1024], precisions: ['FP64'] }, abort.signal);
    const failed = expect(run).rejects.toThrow();
    expect(await oneEngine()).toBe(1);
    // Not at its beginning, but while it works.
    await sleep(1500);
    expect(engines()).toBe(1);
    const prompt = await promptMs();
    const at = performance.now();
    abort.abort();
    await failed;
    expect(performance.now() - at).toBeLessThan(prompt);
    expect(engines()).toBe(0);
  }, 60_000);
});

describe('an engine', () => {
  it('that cannot run says how it ended, and the benchmark says unsupported', async () => {
    const engine = startEngine({ backend: 'nothing', environment: {} }, new AbortController().signal);
    await expect(engine.ask('probe', { threads: 1 })).rejects.toThrow(/ended with status 1.*no backend "nothing"/s);
    await engine.stop();
    const settings = { ...gemm.descriptor.profiles.quick, ...small, backends: ['torch'], pythons: ['no-such-python'] };
    await expect(runBenchmark(gemm, settings)).rejects.toThrow(Unsupported);
  }, 30_000);

  it('that is killed in the middle of its work fails the question, not the process that asked', async () => {
    const abort = new AbortController();
    const engine = startEngine({ backend: 'onnxruntime', environment: {} }, abort.signal);
    await engine.ask('probe', { threads: 1 });
    const seed = 'ab'.repeat(32);
    await engine.ask('open', { device: 'cpu', precision: 'FP32', size: 256, seed, stream: 1 });
    const run = engine.ask('run', { seconds: 30, windowS: 0.1, turn: 0 });
    const failed = expect(run).rejects.toThrow('was ended by SIGKILL');
    abort.abort();
    await failed;
  }, 30_000);
});

describe('the chained challenge', () => {
  const settings = {
    ...challenge.descriptor.profiles.quick,
    size: 256,
    rows: 64,
    roundS: 0.05,
    seconds: 0.5,
    threads: 1,
    audits: 16,
  };

  it('is answered by ONNX Runtime in FP64, FP32 and INT8 and proven at E2', async () => {
    const only = { ...settings, backends: ['onnxruntime'], precisions: ['FP64', 'FP32', 'INT8'] };
    const { examination, transcript } = await runBenchmark(challenge, only);
    expect(held(examination)).toEqual([]);
    const rates = examination.metrics.filter((one) => one.metric === 'compute.challenge.rate');
    expect(rates.map((one) => [one.labels.precision, one.verified, one.level])).toEqual([
      ['FP64', true, 'E2'],
      ['FP32', true, 'E2'],
      ['INT8', true, 'E2'],
    ]);
    expect(transcript.exchanges.length).toBeGreaterThan(3 * 3);
    expect(engines()).toBe(0);
  }, 60_000);

  it.skipIf(!hasOpenBlas)(
    'is answered by OpenBLAS (skipped where libopenblas is not installed)',
    async () => {
      const only = { ...settings, backends: ['openblas'], precisions: ['FP64', 'FP32'] };
      const { examination } = await runBenchmark(challenge, only);
      expect(held(examination)).toEqual([]);
      expect(examination.metrics.filter((one) => one.level === 'E2')).toHaveLength(2);
    },
    60_000,
  );

  it.skipIf(!torchPython)(
    'is answered by PyTorch with the same random numbers (skipped where PyTorch is not installed)',
    async () => {
      const only = { ...settings, backends: ['torch'], pythons: [torchPython ?? ''], precisions: ['FP64', 'FP32'] };
      const { examination } = await runBenchmark(challenge, only);
      expect(held(examination)).toEqual([]);
      expect(examination.metrics.filter((one) => one.level === 'E2')).toHaveLength(2);
    },
    120_000,
  );
});

describe.skipIf(!torchPython)('matrix products through PyTorch (skipped where PyTorch is not installed)', () => {
  it('are verified in FP64 and FP32 and, native or marked, in BF16', async () => {
    const settings = {
      ...gemm.descriptor.profiles.quick,
      ...small,
      backends: ['torch'],
      pythons: [torchPython ?? ''],
      precisions: ['FP64', 'FP32', 'BF16'],
    };
    const { examination, software } = await runBenchmark(gemm, settings);
    const rates = examination.metrics.filter((one) => one.metric === 'compute.gemm.rate');
    expect(rates.map((one) => one.labels.precision)).toEqual(['FP64', 'FP32', 'BF16']);
    expect(held(examination).every((one) => one.code === 'emulated')).toBe(true);
    expect(examination.checks.every((one) => one.passed)).toBe(true);
    expect(software.some((one) => one.startsWith('torch '))).toBe(true);
  }, 120_000);
});

describe('memory bandwidth', () => {
  it.skipIf(!torchPython)(
    'of a device is measured by PyTorch (skipped where PyTorch is not installed)',
    async () => {
      const environment = { ASSAY_TORCH_PYTHON: torchPython ?? '' };
      const engine = startEngine({ backend: 'torch', environment }, new AbortController().signal);
      await engine.ask('probe', { threads: 1 });
      for (const operation of ['copy', 'triad'] as const) {
        const order = {
          operation,
          arrayBytes: 1 << 22,
          seed: 'ab'.repeat(32),
          warmUpS: 0.05,
          seconds: 0.3,
          windowS: 0.05,
        };
        const run = await engine.ask('stream', { device: 'cpu', order });
        expect(run).toMatchObject({ elements: 1 << 20, wrong: 0 });
        expect(run.windows.length).toBeGreaterThan(2);
        expect(run.windows.every((one) => one.passes > 0 && one.endNs > one.startNs)).toBe(true);
      }
      await engine.stop();
    },
    60_000,
  );

  it('is measured by two threads, with arrays that hold what was written, and can be cancelled', async () => {
    const base = bandwidth.descriptor.profiles.quick;
    const settings = { ...base, arrayBytes: 32 << 20, seconds: 0.5, warmUpS: 0.1, windowS: 0.05, threads: 2 };
    const { examination } = await runBenchmark(bandwidth, settings);
    expect(examination.metrics.map((one) => [one.labels.operation, one.verified])).toContainEqual(['triad', true]);
    expect(examination.metrics.every((one) => one.estimate.value > 1e8)).toBe(true);
    expect(examination.checks.every((one) => one.passed)).toBe(true);
    const abort = new AbortController();
    const failed = expect(runBenchmark(bandwidth, { ...settings, seconds: 60 }, abort.signal)).rejects.toThrow();
    await sleep(1000);
    const prompt = await promptMs();
    const at = performance.now();
    abort.abort();
    await failed;
    expect(performance.now() - at).toBeLessThan(prompt);
  }, 60_000);
});
