import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { runAgent } from '../../../agent/agent.ts';
import { canonicalize } from '../../../evidence/canonical.ts';
import type { Plan } from '../../../model/assignment.ts';
import type { LogEntry } from '../../../model/log.ts';
import { openBundle } from '../../../reports/verify/disk.ts';
import { PATHS } from '../../../reports/verify/layout.ts';
import { replay } from '../../../reports/verify/replay.ts';
import { verifyBundle } from '../../../reports/verify/verify.ts';
import { memoryBundle, withFile } from '../../tamper/memory-bundle.ts';
import { inventoryOf, joinStage, NODE, openStage, type Stage } from './scripted.ts';

let stage: Stage | undefined;
const folders: string[] = [];

afterEach(async () => {
  for (const link of stage?.links ?? []) link.close();
  stage?.abort.abort();
  await stage?.done.catch(() => {});
  for (const folder of [...folders.splice(0), stage?.scratch]) {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
  stage = undefined;
});

/** Two assignments of a real benchmark that take a moment. */
const short = (plan: Plan): Plan => {
  const [gemm] = plan.assignments.filter((a) => a.benchmark === 'compute.gemm');
  const settings = {
    ...gemm!.settings,
    backends: ['onnxruntime'],
    pythons: [],
    precisions: ['FP32'],
    sizes: [256],
    trialS: 0.05,
    warmUpS: 0.05,
    seconds: 0.5,
    windowS: 0.1,
  };
  return { ...plan, assignments: ['a', 'b'].map((id) => ({ ...gemm!, id, settings })) };
};

const entriesOf = (directory: string): LogEntry[] =>
  Buffer.from(openBundle(directory).read(PATHS.log)!)
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as LogEntry);

describe('the chain of an agent whose result was rejected', () => {
  it('goes on: what it measures next is accepted, and the bundle verifies', async () => {
    stage = await openStage([NODE], short);
    const { directory } = stage;
    const { readBlob } = directory;
    let lost = 0;
    // What was stored for the first attempt is not there when it is looked at.
    Object.assign(directory, { readBlob: (sha256: string) => (lost++ === 0 ? undefined : readBlob(sha256)) });
    const folder = mkdtempSync(join(tmpdir(), 'assay-chain-'));
    folders.push(folder);
    const said: string[] = [];
    await runAgent({
      controller: stage.address,
      identity: { node: NODE, ...stage.credential, authorityPem: stage.authority.certificatePem },
      directory: folder,
      software: 'test',
      inventory: async () => inventoryOf(NODE),
      platform: async () => undefined,
      signal: stage.abort.signal,
      persistent: false,
      log: (line) => said.push(line),
    });
    await stage.done;
    expect(said.join()).toMatch(/a attempt 1 was not accepted: evidence \S+ \([0-9a-f]{64}\) is missing/);
    const kinds = entriesOf(directory.path).map((e) => e.kind);
    expect(kinds.filter((kind) => kind === 'rejection')).toHaveLength(1);
    // The second pass of the first assignment, and the second assignment.
    expect(kinds.filter((kind) => kind === 'measurement')).toHaveLength(2);
    const report = await stage.report();
    expect(report.attempts.map(({ assignment, attempt, state }) => [assignment, attempt, state])).toEqual([
      ['a', 2, 'completed'],
      ['b', 1, 'completed'],
    ]);
    expect(verifyBundle(openBundle(directory.path)).authentic).toBe(true);
  }, 120_000);

  it('shows rejections that were taken out of the log as if nothing had been asked', async () => {
    stage = await openStage([NODE], short);
    const agent = await joinStage(stage);
    for (const changes of [{ elapsedS: 3600 }, { elapsedS: 3600 }, { challenge: '' }, { challenge: '' }]) {
      await agent.answer(await agent.order(), changes);
      await agent.next('resultReceipt');
    }
    await stage.done;
    const entries = entriesOf(stage.directory.path);
    const kinds = entries.map((e) => e.kind);
    expect(kinds.filter((k) => k === 'rejection' || k === 'measurement')).toEqual([
      'rejection',
      'rejection',
      'measurement',
      'measurement',
    ]);
    const whole = memoryBundle(stage.directory.path);
    expect(replay(whole).ok).toBe(true);
    const left = entries.filter((e) => e.kind !== 'rejection' && !(e.kind === 'issue' && e.assignment === 'a'));
    const without = withFile(whole, PATHS.log, Buffer.from(left.map((e) => `${canonicalize(e)}\n`).join('')));
    expect(JSON.stringify(replay(without))).toContain('sequence is 3, expected 1');
  }, 60_000);
});
