import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { takeInventory } from '../../agent/inventory/inventory.ts';
import { realMachine, recordingMachine, replayMachine } from '../../agent/inventory/machine.ts';
import { maskRecording } from '../../agent/inventory/mask.ts';
import { benchmark as challenge } from '../../benchmarks/compute/challenge/challenge.ts';
import type { ChallengeRaw } from '../../benchmarks/compute/challenge/samples.ts';
import { ceiling, findChip } from '../../benchmarks/compute/chips.ts';
import { benchmark as gemm } from '../../benchmarks/compute/gemm/gemm.ts';
import type { GemmRaw } from '../../benchmarks/compute/gemm/samples.ts';
import { PRECISIONS, type Precision, precisionLabel } from '../../benchmarks/compute/precision.ts';
import { benchmark as inference } from '../../benchmarks/inference/benchmark.ts';
import { benchmark as bandwidth } from '../../benchmarks/memory/bandwidth/bandwidth.ts';
import type { Examination, Metric } from '../../model/measurement.ts';
import { runBenchmark } from '../integration/compute/context.ts';
import { lookForGpu } from './present.ts';

const { absent, devices, driver, python } = lookForGpu();
const seconds = Number(process.env.ASSAY_GPU_SECONDS ?? 5);
const size = Number(process.env.ASSAY_GPU_SIZE ?? 8192);
const folder = process.env.ASSAY_GPU_RESULTS ?? join(import.meta.dirname, 'results');
const date = new Date().toISOString().slice(0, 10);

/** Everything that was seen, written after every part: a crash in one must not lose the others. */
const results: Record<string, unknown> = { at: new Date().toISOString(), driver, devices, seconds, size };

function save(part: string, value: unknown): void {
  results[part] = value;
  keep(`gpu-${date}.json`, results);
}

function keep(name: string, value: unknown): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, name),
    `${JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? String(one) : one), 2)}\n`,
  );
}

const held = (seen: Examination) => seen.findings.filter(({ weight }) => weight === 'holds');
const of = (seen: Examination, metric: string): Metric[] => seen.metrics.filter((one) => one.metric === metric);
const short = ({ labels, estimate, verified, level }: Metric) => ({ ...labels, ...estimate, verified, level });

/** What a device of this compute capability has in hardware and cuBLASLt multiplies. */
function expected(capability: number): Precision[] {
  const since: Partial<Record<Precision, number>> = { FP64: 60, FP32: 50, FP16: 70, INT8: 75, TF32: 80, BF16: 80 };
  return PRECISIONS.filter(
    (one) => (since[one] ?? (one.startsWith('FP8') ? 89 : Number.POSITIVE_INFINITY)) <= capability,
  );
}

const NO_COMPILER = 'libnvrtc is not installed';
const lacksCompiler = ({ detail }: { detail: string }): boolean => detail.includes('libnvrtc');

/** Whether the driver's own tool reads the power of every device. */
function drawsKnownPower(): boolean {
  const query = ['--query-gpu=power.draw', '--format=csv,noheader,nounits'];
  const lines = execFileSync('nvidia-smi', query, { encoding: 'utf8', timeout: 30_000 }).trim().split('\n');
  return lines.every((line) => Number.isFinite(Number.parseFloat(line)));
}

/** Smaller than the profile's where a smaller size is asked for. */
const challengeSize = size < 8192 ? { deviceSize: size, deviceRows: size } : {};

const settings = {
  ...gemm.descriptor.profiles.quick,
  precisions: [...PRECISIONS],
  deviceSizes: [size],
  seconds,
};

describe.skipIf(absent !== undefined)(absent ? `on a GPU (skipped: ${absent})` : 'on a GPU', () => {
  it('the inventory lists every device that the driver has, by its UUID, and its recording says the same', async () => {
    const recorder = recordingMachine(realMachine());
    const inventory = await takeInventory('gpu', recorder);
    keep(`machine-${date}.json`, maskRecording(recorder.recording(), inventory, randomBytes(32)));
    const found = inventory.accelerators.filter(({ vendor }) => vendor.value === 'NVIDIA');
    save('inventory', {
      accelerators: found.map(({ chip, memoryBytes }) => ({ chip, memoryBytes })),
      findings: inventory.findings,
    });
    const uuids = found.map(({ uuid }) => uuid?.value);
    for (const { uuid } of devices) expect(uuids).toContain(uuid);
    expect(inventory.findings.map(({ code }) => code)).not.toContain('not_on_bus');
    const again = await takeInventory('gpu', replayMachine(recorder.recording()));
    expect(again.accelerators).toEqual(inventory.accelerators);
  });

  for (const backend of ['cublaslt', 'torch'] as const) {
    it.skipIf(backend === 'torch' && !python)(
      `every precision is measured and verified by ${backend}, or its absence has a reason (skipped where PyTorch is not installed)`,
      async () => {
        const own = { ...settings, backends: [backend], pythons: python ? [python] : [] };
        const { examination, raw, software } = await runBenchmark(gemm, own);
        const rates = of(examination, 'compute.gemm.rate').filter(({ labels }) => labels.device?.startsWith('cuda:'));
        save(`gemm_${backend}`, {
          software,
          rates: rates.map(short),
          efficiency: of(examination, 'compute.gemm.efficiency').map(short),
          residual: of(examination, 'compute.gemm.residual').map(short),
          findings: examination.findings,
          share: rates.map(({ labels, estimate }) => {
            const name = devices[Number(labels.device?.split(':')[1])]?.name;
            const chip = findChip('NVIDIA', name);
            const peak = chip && ceiling(chip, labels.precision ?? '');
            return { ...labels, share: peak && estimate.value / peak.opsPerSecond };
          }),
        });
        expect(rates.filter(({ verified }) => !verified)).toEqual([]);
        const has = new Set(rates.map(({ labels }) => labels.precision));
        if (backend === 'cublaslt') {
          for (const precision of expected(devices[0]!.capability)) expect(has).toContain(precisionLabel(precision));
        }
        for (const { precision, results: own, unsupported } of (raw as GemmRaw).precisions) {
          if (own.length === 0) expect(unsupported, precision).toMatch(new RegExp(`${backend} on cuda:0: \\S`));
        }
      },
    );
  }

  it.skipIf(!python)(
    'reaches 97 % of PyTorch’s own product in every precision that both have (skipped where PyTorch is not installed)',
    async () => {
      const compared: Record<string, { ours: number; peer: number; ratio: number }> = {};
      for (const precision of ['BF16', 'FP16', 'TF32', 'FP32', 'FP64', 'INT8', 'FP8_E4M3'] as const) {
        const script = join(import.meta.dirname, 'peer.py');
        let peer: number;
        try {
          peer = Number(execFileSync(python ?? '', [script, precision, String(size), '3'], { encoding: 'utf8' }));
        } catch {
          continue;
        }
        const own = { ...settings, precisions: [precision], backends: ['cublaslt', 'torch'], pythons: [python ?? ''] };
        const { examination } = await runBenchmark(gemm, own);
        const ours = of(examination, 'compute.gemm.rate').find(({ labels }) => labels.device === 'cuda:0');
        if (!ours) continue;
        compared[precision] = { ours: ours.estimate.value, peer, ratio: ours.estimate.value / peer };
        save('comparison', compared);
      }
      expect(Object.keys(compared)).toEqual(expect.arrayContaining(['FP16', 'FP32', 'FP64']));
      for (const [precision, { ratio }] of Object.entries(compared)) expect(ratio, precision).toBeGreaterThan(0.97);
    },
  );

  for (const backend of ['cublaslt', 'torch'] as const) {
    it.skipIf(backend === 'torch' && !python)(
      `chained challenges are answered by ${backend} and proven at E2 (skipped where PyTorch is not installed)`,
      async (context) => {
        const precisions = expected(devices[0]!.capability);
        const pythons = python ? [python] : [];
        const base = { ...challenge.descriptor.profiles.quick, ...challengeSize, seconds };
        const { examination, raw } = await runBenchmark(challenge, {
          ...base,
          precisions,
          backends: [backend],
          pythons,
        });
        const rates = of(examination, 'compute.challenge.rate');
        const { unsupported } = raw as ChallengeRaw;
        save(`challenge_${backend}`, {
          rates: rates.map(short),
          overhead: of(examination, 'compute.challenge.overhead').map(short),
          efficiency: of(examination, 'compute.challenge.efficiency').map(short),
          unsupported,
          findings: examination.findings,
        });
        if (rates.length === 0 && backend === 'cublaslt' && unsupported.every(lacksCompiler)) context.skip(NO_COMPILER);
        const proven = rates.filter(({ level, verified }) => level === 'E2' && verified);
        expect(new Set(proven.map(({ labels }) => labels.device))).toEqual(
          new Set(devices.map(({ index }) => `cuda:${index}`)),
        );
        expect(proven.length).toBeGreaterThanOrEqual(3);
        for (const { labels, estimate } of of(examination, 'compute.challenge.efficiency')) {
          const { precision, device } = labels;
          const rate = rates.find((one) => one.labels.precision === precision && one.labels.device === device)!;
          expect(rate.estimate.value / estimate.value).toBeGreaterThan(30);
          expect(rate.estimate.value / estimate.value).toBeLessThan(1500);
        }
        expect(examination.checks.filter(({ passed }) => !passed)).toEqual([]);
      },
    );
  }

  it('memory bandwidth is measured on every device, copy and triad, and lies near what is published', async (context) => {
    const own = { ...bandwidth.descriptor.profiles.quick, pythons: python ? [python] : [], deviceSeconds: seconds };
    const { examination } = await runBenchmark(bandwidth, own);
    const rates = of(examination, 'memory.bandwidth.rate').filter(({ labels }) => labels.device?.startsWith('cuda:'));
    save('bandwidth', { rates: of(examination, 'memory.bandwidth.rate').map(short), findings: examination.findings });
    const reasons = examination.findings.filter(({ code }) => code === 'unsupported');
    // What is there and gives nothing has failed; only what is not there may be left out.
    if (rates.length === 0 && !python && reasons.length > 0 && reasons.every(lacksCompiler)) context.skip(NO_COMPILER);
    expect(rates).not.toEqual([]);
    expect(rates.map(({ labels }) => labels.operation).sort()).toEqual(devices.flatMap(() => ['copy', 'triad']).sort());
    expect(held(examination)).toEqual([]);
    const published = findChip('NVIDIA', devices[0]!.name)?.bandwidthBytesPerSecond?.value;
    for (const { estimate, verified } of rates) {
      expect(verified).toBe(true);
      if (published) expect(estimate.value / published).toBeGreaterThan(0.7);
      if (published) expect(estimate.value / published).toBeLessThan(1.05);
    }
  });

  it('operations a joule come from the device’s own meter and mean a power that it can draw', async (context) => {
    const own = { ...settings, precisions: ['FP16'], backends: ['cublaslt'], seconds: Math.max(seconds, 2) };
    const { examination } = await runBenchmark(gemm, own);
    const efficiency = of(examination, 'compute.gemm.efficiency');
    save('efficiency', { efficiency: efficiency.map(short), findings: examination.findings });
    if (efficiency.length === 0 && !drawsKnownPower()) context.skip('the driver reads no power of this device');
    expect(efficiency.length).toBe(devices.length);
    for (const one of efficiency) {
      const rate = of(examination, 'compute.gemm.rate').find(({ labels }) => labels.device === one.labels.device)!;
      const watts = rate.estimate.value / one.estimate.value;
      expect(one.labels.meter).toBe('nvml');
      expect(watts).toBeGreaterThan(30);
      expect(watts).toBeLessThan(1500);
    }
  });

  it('ResNet-50 and a decoder step run on the CUDA provider with right answers', async (context) => {
    const own = {
      ...inference.descriptor.profiles.quick,
      models: ['resnet50', 'decoder-step'],
      scenarios: ['SingleStream', 'Offline'],
      provider: 'cuda',
      batch: 32,
    };
    const { examination, raw } = await runBenchmark(inference, own);
    const { models } = raw as { models: { model: string; unsupported: string | null }[] };
    save('inference', {
      metrics: examination.metrics.map(short),
      findings: examination.findings,
      models: models.map(({ model, unsupported }) => ({ model, unsupported })),
    });
    const missing = models.filter(({ unsupported }) => unsupported !== null);
    const absent = missing.every(({ unsupported }) => /onnxruntime_providers_(shared|cuda)/.test(unsupported ?? ''));
    if (missing.length === models.length && absent) context.skip('the CUDA provider is not installed');
    expect(missing).toEqual([]);
    expect(held(examination)).toEqual([]);
    expect(of(examination, 'inference.offline.rate').map(({ labels, verified }) => [labels.model, verified])).toEqual([
      ['resnet50', true],
      ['decoder-step', true],
    ]);
  });
});
