import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { benchmark as challenge } from '../../../benchmarks/compute/challenge/challenge.ts';
import { startEngine } from '../../../benchmarks/compute/engine/client.ts';
import { benchmark as gemm } from '../../../benchmarks/compute/gemm/gemm.ts';
import type { GemmRaw } from '../../../benchmarks/compute/gemm/samples.ts';
import { runBenchmark } from './context.ts';
import { hasGcc } from './gcc.ts';

const before = { ...process.env };
let folder = '';
/** The lie begins when this file is there. */
let signal = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-lying-'));
  signal = join(folder, 'now');
});
afterAll(() => {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  Object.assign(process.env, before);
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  rmSync(signal, { force: true });
});

/** A library that lies so, after so many right products of the phase that it begins in. */
function lieSo(lie: string, honest: number, sleepUs: number): void {
  process.env.STANDIN_LIE = lie;
  process.env.STANDIN_LIES_WITH = signal;
  process.env.STANDIN_HONEST = String(honest);
  process.env.STANDIN_SLEEP_US = String(sleepUs);
}

const settings = {
  ...gemm.descriptor.profiles.quick,
  sizes: [64],
  deviceSizes: [64],
  trialS: 0.05,
  warmUpS: 0.05,
  deviceWarmUpS: 0.02,
  seconds: 0.5,
  windowS: 0.1,
  threads: 1,
};

/** Lies from the phase on that is named; what was verified. */
async function lied(backend: string, precision: string, phase: string, more: Record<string, unknown> = {}) {
  const own = { ...settings, ...more, backends: [backend], precisions: [precision] };
  const { examination, raw } = await runBenchmark(gemm, own, undefined, (name) => {
    if (name === `${phase}_${precision}`) writeFileSync(signal, '');
  });
  const rates = examination.metrics.filter(({ metric }) => metric === 'compute.gemm.rate');
  return { rates, verified: rates.filter(({ verified }) => verified), examination, raw: raw as GemmRaw };
}

/** Lies that return at once, and slowly enough to look plausible: a product of this size takes about as long. */
const LIES = [
  ['stops', 0],
  ['stops', 300],
  ['thirds', 300],
  ['poisoned', 300],
] as const;

/** `opening`: products that the backend makes before a trial begins, those of the gate among them. */
function describeLies(
  backend: string,
  precision: string,
  opening: number,
  more: () => Record<string, unknown> = () => ({}),
) {
  it('is measured and verified while it is honest', async () => {
    lieSo('stops', 0, 0);
    const { rates, verified } = await lied(backend, precision, 'never', more());
    expect(rates).toHaveLength(1);
    expect(verified).toEqual(rates);
  }, 180_000);

  it.each(LIES)(
    'has no verified rate when it %s in the measured time, after %i microseconds of sleep',
    async (lie, sleepUs) => {
      lieSo(lie, 3, sleepUs);
      const { verified, examination } = await lied(backend, precision, 'measure', more());
      expect(verified).toEqual([]);
      expect(examination.findings.map(({ code, weight }) => `${code} ${weight}`)).toContain('incorrect_result holds');
    },
    180_000,
  );

  it('is not taken when it lies while it is tried, whatever rate it seems to have', async () => {
    lieSo('stops', opening, 0);
    const { rates, raw } = await lied(backend, precision, 'correctness_gate', more());
    expect(rates).toEqual([]);
    const [trial] = raw.precisions[0]!.trials;
    expect(trial?.failed).toMatch(/\d+ of \d+ products wrong/);
  }, 180_000);
}

describe.skipIf(!hasGcc)('a library that stops working (skipped where gcc is not installed)', () => {
  const build = (source: string, name: string, ...flags: string[]): string => {
    const library = join(folder, name);
    const from = join(import.meta.dirname, source);
    execFileSync('gcc', ['-O2', '-shared', '-fPIC', ...flags, from, '-o', library, '-lm']);
    return library;
  };

  describe('in place of oneDNN', () => {
    beforeAll(() => {
      process.env.ASSAY_ONEDNN = build('dnnl-standin.c', 'libdnnl.so', '-DMAJOR=3');
    });
    describe('for INT8', () => describeLies('onednn', 'INT8', 2));

    it('answers no challenge either', async () => {
      lieSo('stops', 3, 100);
      const own = { ...challenge.descriptor.profiles.quick, backends: ['onednn'], precisions: ['INT8'], threads: 1 };
      const small = { ...own, size: 64, rows: 32, roundS: 0.05, seconds: 0.5, audits: 16 };
      const { examination } = await runBenchmark(challenge, small, undefined, (name) => {
        if (name === 'measure_INT8') writeFileSync(signal, '');
      });
      expect(examination.metrics.filter(({ verified }) => verified)).toEqual([]);
    }, 180_000);
  });

  describe('in place of OpenBLAS', () => {
    beforeAll(() => {
      const place = join(folder, 'blas');
      mkdirSync(place);
      build('blas-standin.c', join('blas', 'libopenblas.so.0'));
      process.env.LD_LIBRARY_PATH = [place, before.LD_LIBRARY_PATH].filter(Boolean).join(':');
    });
    afterAll(() => {
      if (before.LD_LIBRARY_PATH === undefined) delete process.env.LD_LIBRARY_PATH;
      else process.env.LD_LIBRARY_PATH = before.LD_LIBRARY_PATH;
    });
    describe('for FP32', () => describeLies('openblas', 'FP32', 2));
  });

  describe('in place of cuBLASLt', () => {
    beforeAll(() => {
      const library = build('cuda-standin.c', 'libcuda.so');
      for (const name of ['ASSAY_CUDA_DRIVER', 'ASSAY_CUBLASLT', 'ASSAY_NVRTC']) process.env[name] = library;
    });
    describe('for BF16', () => describeLies('cublaslt', 'BF16', 10));

    it.each(['copy', 'triad'] as const)(
      'shows when it no longer moves memory (%s)',
      async (operation) => movesMemory('cublaslt', 'cuda:0', operation),
      180_000,
    );
  });
});

/**
 * Memory that is moved shows no wrong element; that which is moved no more shows some, whatever the whole looks like.
 */
async function movesMemory(backend: string, device: string, operation: 'copy' | 'triad', environment = {}) {
  const order = { arrayBytes: 1 << 16, seed: 'ab'.repeat(32), warmUpS: 0, seconds: 0.1, windowS: 0.01 };
  for (const [lie, honest] of [
    ['stops', 1_000_000_000],
    ['stops', 5],
    ['thirds', 5],
  ] as const) {
    lieSo(lie, honest, 100);
    writeFileSync(signal, '');
    const engine = startEngine({ backend, environment }, new AbortController().signal);
    await engine.ask('probe', { threads: 1 });
    const { wrong } = await engine.ask('stream', { device, order: { ...order, operation } });
    await engine.stop();
    if (honest > 5) expect(wrong).toBe(0);
    else expect(wrong).toBeGreaterThan(0);
  }
}

const torchPython = ['/usr/bin/python3', 'python3'].find((python) => {
  try {
    execFileSync(python, ['-c', 'import torch'], { stdio: 'ignore', timeout: 180_000 });
    return true;
  } catch {
    return false;
  }
});

describe.skipIf(!torchPython || !existsSync('/bin/sh'))(
  'a PyTorch that stops working (skipped where PyTorch is not installed)',
  () => {
    let python = '';
    beforeAll(() => {
      const place = join(folder, 'torch');
      mkdirSync(place);
      copyFileSync(join(import.meta.dirname, 'lying_torch.py'), join(place, 'torch.py'));
      python = join(folder, 'python');
      writeFileSync(python, `#!/bin/sh\nPYTHONPATH='${place}' exec ${torchPython} "$@"\n`);
      chmodSync(python, 0o755);
    });
    describe('for FP64', () => describeLies('torch', 'FP64', 2, () => ({ pythons: [python] })));

    it('shows when it no longer moves memory (triad)', async () => {
      await movesMemory('torch', 'cpu', 'triad', { ASSAY_TORCH_PYTHON: python });
    }, 180_000);
  },
);
