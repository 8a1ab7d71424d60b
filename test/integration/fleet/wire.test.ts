import { rmSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { CONTROLLER_NAME, createAuthority } from '../../../controller/certificates.ts';
import { sha256Hex } from '../../../evidence/digest.ts';
import { generateKeyPair } from '../../../evidence/keys.ts';
import type { Measurement } from '../../../model/measurement.ts';
import { openBundle } from '../../../reports/verify/disk.ts';
import { verifyBundle } from '../../../reports/verify/verify.ts';
import { finishHonestly, joinStage, NODE, openStage, type ScriptedAgent, type Stage } from './scripted.ts';

let stage: Stage | undefined;

afterEach(async () => {
  for (const link of stage?.links ?? []) link.close();
  stage?.abort.abort();
  await stage?.done.catch(() => {});
  if (stage) rmSync(stage.scratch, { recursive: true, force: true });
  stage = undefined;
});

const opened = async (): Promise<{ stage: Stage; agent: ScriptedAgent }> => {
  stage = await openStage();
  return { stage, agent: await joinStage(stage) };
};

describe('joining', () => {
  it('takes an agent with a certificate of the authority and greets it with the revision', async () => {
    const { agent } = await opened();
    expect(agent.link.revision).toBe(1);
    expect((await agent.next('inventoryReceipt')).accepted).toBe(true);
  });

  it('does not let in an agent whose certificate is of another authority', async () => {
    stage = await openStage();
    const other = await createAuthority(new Date(), 1);
    const credential = await other.issue(NODE, 'agent');
    await expect(joinStage(stage, { credential })).rejects.toThrow(/UNAVAILABLE|closed|reset|certificate/i);
  });

  it('an agent does not talk to a controller of another authority', async () => {
    stage = await openStage();
    const other = await createAuthority(new Date(), 1);
    await expect(joinStage(stage, { authorityPem: other.certificatePem })).rejects.toThrow(/certificate|UNAVAILABLE/i);
  });

  it("does not take a controller's certificate for an agent's", async () => {
    stage = await openStage();
    const credential = await stage.authority.issue(CONTROLLER_NAME, 'controller');
    await expect(joinStage(stage, { credential })).rejects.toThrow();
  });

  it('refuses an agent that calls itself by another name than its certificate', async () => {
    stage = await openStage();
    const credential = await stage.authority.issue('node-b', 'agent');
    await expect(joinStage(stage, { credential, node: NODE })).rejects.toThrow(/wrong_name/);
  });

  it('refuses a node that is not part of the run', async () => {
    stage = await openStage();
    const credential = await stage.authority.issue('node-z', 'agent');
    const agent = await joinStage(stage, { credential, node: 'node-z' });
    expect((await agent.next('refusal')).code).toBe('not_welcome');
  });

  it('refuses a second machine that comes with the name of the first', async () => {
    const { stage } = await opened();
    const twin = await joinStage(stage, { credential: await stage.authority.issue(NODE, 'agent') });
    expect((await twin.next('refusal')).detail).toContain('another key');
  });
});

describe('a result', () => {
  it('is accepted when everything about it fits, and the bundle verifies', async () => {
    const { stage, agent } = await opened();
    const order = await agent.order();
    await agent.answer(order);
    expect((await agent.next('resultReceipt')).accepted).toBe(true);
    const second = await agent.order();
    expect(second.attempt).toBe(2);
    const first = stage.directory.entries;
    expect(first).toBeGreaterThan(3);
    await agent.answer(second, { sequence: 2, previous: 'f'.repeat(64) });
    expect((await agent.next('resultReceipt')).accepted).toBeFalsy();
    await stage.done;
    const report = await stage.report();
    expect(report.verdicts.find((v) => v.target === 'compute.precisions')?.outcome).toBe('error');
    expect(report.rejected.map((r) => r.detail).join()).toContain('previous');
    expect(verifyBundle(openBundle(stage.directory.path)).authentic).toBe(true);
  });

  const sample = { name: 'samples.json', mediaType: 'application/json', sha256: sha256Hex('{}'), bytes: 2 };
  const metric = {
    metric: 'compute.gemm.rate',
    labels: { precision: 'FP16', device: 'cpu' },
    estimate: { value: 1e18, unit: 'op/s', U: 0, k: 2, n: 100, method: 'batch_means' as const },
    durationS: 600,
    samples: 100,
    verified: true,
    level: 'E2' as const,
  };
  const forged: Measurement['examination'] = { metrics: [metric], checks: [], findings: [] };
  const complete = { state: 'completed' as const, examination: forged };

  it.each<[string, Partial<Measurement>, RegExp]>([
    ['of another run', { run: 'at-other' }, /run is at-other/],
    ['of another node', { node: 'node-b' }, /node is node-b/],
    ['of another benchmark version', { version: '0.0.1' }, /version is/],
    ['with other settings', { settings: { easy: true } }, /settings/],
    ['out of sequence', { sequence: 7 }, /sequence is 7/],
    ['with a made-up challenge', { challenge: 'a'.repeat(64) }, /challenge is/],
    [
      'that ended before it started',
      { startedAt: '2026-01-02T00:00:00.000Z', endedAt: '2026-01-01T00:00:00.000Z' },
      /ended before/,
    ],
    ['that took longer than the controller saw', { elapsedS: 3600 }, /controller's clock/],
    ['that failed, with metrics all the same', { examination: forged }, /reports metrics/],
  ])('%s is rejected and kept', async (_, changes, problem) => {
    const { stage, agent } = await opened();
    await agent.answer(await agent.order(), changes);
    const receipt = await agent.next('resultReceipt');
    expect(receipt.accepted).toBeFalsy();
    expect(receipt.problem).toMatch(problem);
    await finishHonestly(agent);
    await stage.done;
    expect((await stage.report()).rejected).toHaveLength(1);
  });

  it.each<[string, (agent: ScriptedAgent) => Promise<void>, RegExp]>([
    [
      'completed without samples',
      async (agent) => agent.answer(await agent.order(), complete),
      /with a failure|without samples/,
    ],
    [
      'whose samples never came',
      async (agent) => {
        const { failure: _, ...rest } = complete as typeof complete & { failure?: unknown };
        await agent.answer(await agent.order(), { ...rest, failure: undefined as never, raw: sample });
      },
      /missing|measurement/,
    ],
    [
      'signed by another key',
      async (agent) => agent.answer(await agent.order(), {}, { privateKeyPem: generateKeyPair().privatePem }),
      /no signature by a known key/,
    ],
    [
      'signed for another order',
      async (agent) => {
        const order = await agent.order();
        await agent.answer(order, {}, { order: { ...order, settings: { easy: true } } });
      },
      /signed subject/,
    ],
  ])('%s is rejected', async (_, act, problem) => {
    const { stage, agent } = await opened();
    await act(agent);
    const receipt = await agent.next('resultReceipt');
    expect(receipt.accepted).toBeFalsy();
    expect(receipt.problem).toMatch(problem);
    await finishHonestly(agent);
    await stage.done;
    const report = await stage.report();
    expect(report.verdicts.every((v) => v.outcome !== 'pass')).toBe(true);
  });

  it('whose samples do not give its numbers is rejected', async () => {
    const { stage, agent } = await opened();
    const order = await agent.order();
    await agent.link.send({ blob: { sha256: sample.sha256, total: '2', offset: '0', data: Buffer.from('{}') } });
    expect((await agent.next('blobReceipt')).stored).toBe(true);
    const { failure: _, ...changes } = { failure: 0, ...complete, raw: sample };
    await agent.answer(order, JSON.parse(JSON.stringify({ ...changes, failure: undefined })) as Partial<Measurement>);
    expect((await agent.next('resultReceipt')).accepted).toBeFalsy();
    await finishHonestly(agent);
    await stage.done;
    expect((await stage.report()).overall.counts.pass).toBe(0);
  });

  it('for an attempt that is not under way is refused', async () => {
    const { agent } = await opened();
    const order = await agent.order();
    await agent.answer({ ...order, attempt: 9 });
    expect((await agent.next('resultReceipt')).problem).toContain('not under way');
    await finishHonestlyFrom(agent, order);
  });
});

async function finishHonestlyFrom(
  agent: ScriptedAgent,
  order: Awaited<ReturnType<ScriptedAgent['order']>>,
): Promise<void> {
  await agent.answer(order);
  await agent.next('resultReceipt');
}

describe('commits', () => {
  it('get fresh beacons, and the same commit gets the same one again', async () => {
    const { agent } = await opened();
    const order = await agent.order();
    const first = await agent.commit(order, 0, 'open', Buffer.from('a'));
    const second = await agent.commit(order, 1, 'digest', Buffer.from('b'));
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(second).not.toBe(first);
    expect(await agent.commit(order, 0, 'open', Buffer.from('a'))).toBe(first);
  });

  it.each<[string, number, Buffer]>([
    ['changed afterwards', 0, Buffer.from('other')],
    ['out of order', 5, Buffer.from('x')],
    ['too large', 1, Buffer.alloc(65_537)],
  ])('%s lose the node', async (_, index, payload) => {
    const { stage, agent } = await opened();
    const order = await agent.order();
    await agent.commit(order, 0, 'open', Buffer.from('a'));
    await agent.link.send({ commit: { assignment: order.assignment, attempt: 1, index, label: 'open', payload } });
    await stage.done;
    const report = await stage.report();
    expect(report.findings.map((f) => f.code)).toContain('node_lost');
    expect(report.verdicts.find((v) => v.target === 'compute.precisions')?.outcome).toBe('error');
  });
});

describe('a cut network', () => {
  it('an agent that comes back gets its order again and may still answer', async () => {
    const { stage, agent } = await opened();
    const order = await agent.order();
    const beacon = await agent.commit(order, 0, 'open', Buffer.from('a'));
    agent.link.close();
    const again = await joinStage(stage);
    const repeated = await again.order();
    expect(repeated).toEqual(order);
    expect(await again.commit(repeated, 0, 'open', Buffer.from('a'))).toBe(beacon);
    await again.answer(repeated);
    expect((await again.next('resultReceipt')).accepted).toBe(true);
  });

  it('a cancelled run ends even if the agent never answers', async () => {
    const { stage, agent } = await opened();
    await agent.order();
    agent.link.close();
    await agent.ended;
    stage.abort.abort();
    await stage.done;
    const report = await stage.report();
    expect(report.overall.outcome).toBe('cannot_tell');
    expect(report.findings.map((f) => f.code)).toEqual(expect.arrayContaining(['cancelled', 'node_lost']));
  }, 60_000);
});
