import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyInclusion } from '../../../../evidence/merkle.ts';
import { buildReport } from '../../../../reports/build/report.ts';
import { openBundle } from '../../../../reports/verify/disk.ts';
import { proveInclusion } from '../../../../reports/verify/inclusion.ts';
import type { Bundle } from '../../../../reports/verify/layout.ts';
import { type Replay, replay } from '../../../../reports/verify/replay.ts';
import { makeSyntheticRun } from '../../../bench/report/synthetic.ts';
import { FACTS } from '../../../tamper/forger.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-replay-'));
let bundle: Bundle;
let run: Replay;
beforeAll(async () => {
  const made = await makeSyntheticRun(join(folder, 'run'), { accelerators: 1, windows: 4, precisions: ['FP32'] });
  made.directory.writeFile('keys/controller.pem', made.signer.publicKeyPem);
  made.directory.close();
  bundle = openBundle(made.directory.path);
  const replayed = replay(bundle);
  if (!replayed.ok) throw new Error(JSON.stringify(replayed.defects));
  run = replayed.replay;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a replayed run', () => {
  it('has every attempt with its end: accepted, rejected or lost', () => {
    expect(run.admitted.map((a) => a.measurement.state).sort()).toEqual([
      'completed',
      'completed',
      'completed',
      'completed',
      'completed',
      'completed',
      'failed',
    ]);
    expect([run.rejected.length, run.lost.length, run.open]).toEqual([1, 1, []]);
    expect(run.issued).toMatchObject({
      'compute.gemm.1': 1,
      'compute.gemm.2': 2,
      'compute.gemm.3': 2,
      'compute.gemm.4': 1,
    });
  });

  it('gives the same report with measurements that the controller has admitted before', () => {
    const known = new Map(run.admitted.map((admitted) => [admitted.sha256, admitted]));
    const again = replay(bundle, known);
    expect(again.ok && buildReport(again.replay, FACTS)).toEqual(buildReport(run, FACTS));
    expect(again.ok && again.replay.admitted.every((a) => known.get(a.sha256) === a)).toBe(true);
  });

  it('examines again what is said to be known and is of another attempt', () => {
    const [first, second] = run.admitted;
    const swapped = new Map([[first!.sha256, second!]]);
    const again = replay(bundle, swapped);
    expect(again.ok && again.replay.admitted[0]!.measurement.node).toBe(first!.measurement.node);
  });
});

describe('proof of inclusion', () => {
  it('is there for every measurement, inventory, rejected result, input and the plan, and for nothing else', () => {
    const wanted = [...run.admitted.map((a) => a.sha256), ...run.rejected.map((r) => r.sha256), run.guideSha256];
    for (const sha256 of wanted) {
      const proof = proveInclusion(bundle, sha256)!;
      expect(proof).toMatchObject({ size: run.tree.size, root: run.tree.root() });
      expect(verifyInclusion(proof.leafHash, proof.index, proof.size, proof.path, proof.root)).toBe(true);
      expect(run.indexOf.get(sha256) ?? proof.index).toBe(proof.index);
    }
    expect(proveInclusion(bundle, '0'.repeat(64))).toBeUndefined();
  });
});
