import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCudaDriver } from '../../benchmarks/compute/backends/cuda-driver.ts';
import { benchmark as challenge } from '../../benchmarks/compute/challenge/challenge.ts';
import { benchmark as gemm } from '../../benchmarks/compute/gemm/gemm.ts';
import { runBenchmark } from '../integration/compute/context.ts';

/** Why there is nothing to test here; undefined where there is a device. */
const absent = (() => {
  try {
    openCudaDriver();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
})();

const python = ['python3', '/usr/bin/python3'].find((one) => {
  try {
    execFileSync(one, ['-c', 'import torch; assert torch.cuda.is_available()'], { stdio: 'ignore', timeout: 120_000 });
    return true;
  } catch {
    return false;
  }
});

/** PyTorch's own matrix product, timed by its own means: what ours is held against. */
const PEER = `
import sys, time, torch
form = getattr(torch, sys.argv[1]); n = int(sys.argv[2])
a, b = ((2 * torch.rand(n, n, device="cuda") - 1).to(form) for _ in range(2))
c = torch.empty(n, n, dtype=form, device="cuda")
end = time.time() + 3
while time.time() < end: torch.mm(a, b, out=c); torch.cuda.synchronize()
start, stop = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
start.record()
for _ in range(50): torch.mm(a, b, out=c)
stop.record(); torch.cuda.synchronize()
print(50 * 2 * n**3 / (start.elapsed_time(stop) / 1e3))
`;

const seconds = Number(process.env.ASSAY_GPU_SECONDS ?? 5);
const results: Record<string, unknown> = { at: new Date().toISOString() };

function record(): void {
  const folder = process.env.ASSAY_GPU_RESULTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `gpu-${new Date().toISOString().slice(0, 10)}.json`), JSON.stringify(results, null, 2));
}

describe.skipIf(absent !== undefined)(`on a CUDA device (skipped where there is none: ${absent ?? 'there is'})`, () => {
  const base = { ...gemm.descriptor.profiles.quick, backends: ['cublaslt', 'torch'], deviceSizes: [8192], seconds };

  it('every precision that it has is measured and verified', async () => {
    const precisions = ['FP64', 'FP32', 'TF32', 'FP16', 'BF16', 'FP8_E4M3', 'INT8'];
    const { examination, raw } = await runBenchmark(gemm, { ...base, precisions });
    results.gemm = { examination, raw };
    record();
    const rates = examination.metrics.filter((one) => one.metric === 'compute.gemm.rate');
    expect(rates.length).toBeGreaterThanOrEqual(5);
    expect(rates.filter((one) => !one.verified)).toEqual([]);
    expect(rates.every((one) => one.labels.device?.startsWith('cuda:'))).toBe(true);
  }, 600_000);

  it.skipIf(!python)(
    'is within 3 % of PyTorch at BF16 and FP16 (skipped where PyTorch is not installed)',
    async () => {
      for (const [precision, form] of [
        ['BF16', 'bfloat16'],
        ['FP16', 'float16'],
      ] as const) {
        const { examination } = await runBenchmark(gemm, { ...base, precisions: [precision] });
        const ours = examination.metrics.find((one) => one.metric === 'compute.gemm.rate')!.estimate.value;
        const peer = Number(execFileSync(python ?? '', ['-c', PEER, form, '8192'], { encoding: 'utf8' }));
        results[`peer_${precision}`] = { ours, peer, ratio: ours / peer };
        record();
        expect(ours / peer).toBeGreaterThan(0.97);
      }
    },
    600_000,
  );

  it.skipIf(!python)(
    'answers challenges at E2 (skipped where PyTorch is not installed)',
    async () => {
      const settings = {
        ...challenge.descriptor.profiles.quick,
        precisions: ['BF16', 'FP16', 'TF32', 'INT8'],
        seconds,
      };
      const { examination, raw } = await runBenchmark(challenge, settings);
      results.challenge = { examination, unsupported: (raw as { unsupported: unknown }).unsupported };
      record();
      const proven = examination.metrics.filter((one) => one.metric === 'compute.challenge.rate' && one.level === 'E2');
      expect(proven.length).toBeGreaterThanOrEqual(1);
      expect(examination.checks.filter((one) => !one.passed)).toEqual([]);
    },
    900_000,
  );
});
