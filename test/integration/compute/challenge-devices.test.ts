import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { benchmark as challenge } from '../../../benchmarks/compute/challenge/challenge.ts';
import { roundOperations } from '../../../benchmarks/compute/challenge/parameters.ts';
import type { ChallengeRaw } from '../../../benchmarks/compute/challenge/samples.ts';
import { runBenchmark } from './context.ts';

const torchPython = ['python3', '/usr/bin/python3'].find((python) => {
  try {
    execFileSync(python, ['-c', 'import torch'], { stdio: 'ignore', timeout: 60_000 });
    return true;
  } catch {
    return false;
  }
});

/** An interpreter that shows the processor as two devices, the second of which takes long to get ready. */
const TWO_DEVICES = `#!/usr/bin/env ${torchPython}
import sys
path = next(a for a in sys.argv[1:] if a.endswith(".py"))
source = open(path).read()
for was, becomes in (
    (
        '"devices": [describe(device) for device in devices]',
        '"devices": [{**describe("cpu"), "id": "cuda:%d" % i} for i in range(2)]',
    ),
    (
        'self.p, self.device = ask["parameters"], ask["device"]',
        'self.p, self.device = ask["parameters"], "cpu"; __import__("time").sleep(1.5 * (ask["device"] == "cuda:1"))',
    ),
):
    assert was in source, was
    source = source.replace(was, becomes)
sys.argv = [path]
exec(compile(source, path, "exec"), {"__name__": "__main__", "__file__": path})
`;

describe.skipIf(!torchPython)('two devices of one node (skipped where PyTorch is not installed)', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'assay-devices-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('answer in one window, whichever of them is ready first, and are proven together', async () => {
    const python = join(folder, 'python-two');
    writeFileSync(python, TWO_DEVICES);
    chmodSync(python, 0o755);
    const settings = {
      ...challenge.descriptor.profiles.quick,
      deviceSize: 256,
      deviceRows: 64,
      roundS: 0.05,
      seconds: 2,
      threads: 1,
      backends: ['torch'],
      pythons: [python],
      precisions: ['FP32'],
    };
    const { examination, raw, transcript } = await runBenchmark(challenge, settings);
    expect(examination.findings.filter(({ weight }) => weight === 'holds')).toEqual([]);
    const rates = examination.metrics.filter(({ metric }) => metric === 'compute.challenge.rate');
    expect(rates.map(({ labels, level }) => [labels.device, level])).toEqual([
      ['cuda:0', 'E2'],
      ['cuda:1', 'E2'],
    ]);
    const [first, second] = rates;
    expect(first?.durationS).toBe(second?.durationS);
    // Ready together: no seed was out before the matrices of both were made.
    const at = (label: string) => transcript.exchanges.findIndex((exchange) => exchange.label.endsWith(label));
    expect(at('cuda:0 ready')).toBeGreaterThan(at('cuda:1 open'));
    expect(Math.abs(at('cuda:0 ready') - at('cuda:1 ready'))).toBe(1);
    // What both did, by all rounds that there were, is the most that their sum can say.
    const done = (raw as ChallengeRaw).results.reduce(
      (sum, result) => sum + result.rounds.length * roundOperations(result.parameters),
      0,
    );
    const sum = rates.reduce((all, { estimate }) => all + estimate.value, 0);
    expect(sum).toBeLessThanOrEqual(done / first!.durationS);
    expect(sum).toBeGreaterThan(0.5 * (done / first!.durationS));
  }, 120_000);
});
