import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyInclusion } from '../../../../evidence/merkle.ts';
import { buildReport } from '../../../../reports/build/report.ts';
import { openBundle } from '../../../../reports/verify/disk.ts';
import { proveInclusion } from '../../../../reports/verify/inclusion.ts';
import type { Bundle } from '../../../../reports/verify/layout.ts';
import { type Known, type Replay, replay } from '../../../../reports/verify/replay.ts';
import { knownOf } from '../../../bench/report/reopen.ts';
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

  it('gives the same report, log and proofs with measurements that the controller has admitted before', () => {
    const known = knownOf(bundle);
    const again = replay(bundle, known);
    if (!again.ok) throw new Error(JSON.stringify(again.defects));
    expect(buildReport(again.replay, FACTS)).toEqual(buildReport(run, FACTS));
    expect(again.replay.indexOf).toEqual(run.indexOf);
    expect(new Set(again.replay.admitted)).toEqual(new Set([...known.values()].map(({ admitted }) => admitted)));
    expect(again.replay.admitted.length).toBe(run.admitted.length);
  });

  it('takes no measurement for another one that is said to be known', () => {
    const [[first, one], [second, other]] = [...knownOf(bundle)] as [[string, Known], [string, Known]];
    expect(replay(bundle, new Map([[first, other]])).ok).toBe(false);
    expect(replay(bundle, new Map([[second, one]])).ok).toBe(false);
    const later = { ...one.admitted, measurement: { ...one.admitted.measurement, sequence: 2 } };
    expect(replay(bundle, new Map([[first, { ...one, admitted: later }]])).ok).toBe(false);
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
