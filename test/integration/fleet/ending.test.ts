import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { runAgent } from '../../../agent/agent.ts';
import { sha256Hex } from '../../../evidence/digest.ts';
import type { Plan } from '../../../model/assignment.ts';
import { finishHonestly, inventoryOf, joinStage, NODE, openStage, type Stage } from './scripted.ts';

let stage: Stage | undefined;
const folders: string[] = [];

afterEach(async () => {
  for (const link of stage?.links ?? []) link.close();
  stage?.abort.abort();
  await stage?.done.catch(() => {});
  if (stage) rmSync(stage.scratch, { recursive: true, force: true });
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  stage = undefined;
});

const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'assay-agent-'));
  folders.push(made);
  return made;
};

/** A real agent for the stage, as a process of its own would run it. */
async function realAgent(stage: Stage, directory: string, node = NODE, persistent = false): Promise<void> {
  const credential = node === NODE ? stage.credential : await stage.authority.issue(node, 'agent');
  await runAgent({
    controller: stage.address,
    identity: { node, ...credential, authorityPem: stage.authority.certificatePem },
    directory,
    software: 'test',
    inventory: async () => inventoryOf(node),
    platform: async () => undefined,
    signal: stage.abort.signal,
    persistent,
    log: () => {},
  });
}

/** A plan of a benchmark that no agent has: an attempt that ends at once. */
const unknownBenchmark = (plan: Plan): Plan => ({
  ...plan,
  assignments: plan.assignments.map((a) => ({ ...a, benchmark: 'no.such' })),
});

describe('agents that ended', () => {
  it('are not waited for: their attempt is lost within seconds, with what they said last', async () => {
    stage = await openStage();
    const agent = await joinStage(stage);
    await agent.order();
    agent.link.close();
    await agent.ended;
    const began = performance.now();
    stage.gone.abort('no_space: there is not enough disk space');
    await stage.done;
    expect(performance.now() - began).toBeLessThan(10_000);
    const report = await stage.report();
    expect(report.findings.map((f) => f.detail).join()).toContain('the agent ended: no_space');
  });

  it('before they joined fail the run within seconds', async () => {
    stage = await openStage();
    const began = performance.now();
    stage.gone.abort();
    await expect(stage.done).rejects.toMatchObject({ code: 'connection_failed' });
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});

describe('an agent', () => {
  it('that cannot keep what it measured ends and says so, and does not leave the controller waiting', async () => {
    stage = await openStage([NODE], unknownBenchmark);
    const directory = folder();
    const running = realAgent(stage, directory);
    running.catch(() => {});
    for (; !stage.events.some((e) => e.type === 'node_joined'); ) await pause(5);
    rmSync(join(directory, 'outbox', 'parcels'), { recursive: true });
    await expect(running).rejects.toMatchObject({ code: 'internal', message: expect.stringMatching(/cannot be kept/) });
  });

  it('that is not part of a run ends, and does not dial for ever', async () => {
    stage = await openStage();
    await expect(realAgent(stage, folder(), 'node-z')).rejects.toMatchObject({
      code: 'connection_refused_by_peer',
      message: expect.stringMatching(/not_welcome/),
    });
  });

  it('that is meant to stay dials less and less often where nobody wants it', async () => {
    stage = await openStage();
    const agent = await joinStage(stage);
    let dials = 0;
    const credential = await stage.authority.issue('node-z', 'agent');
    const running = runAgent({
      controller: stage.address,
      identity: { node: 'node-z', ...credential, authorityPem: stage.authority.certificatePem },
      directory: folder(),
      software: 'test',
      inventory: async () => inventoryOf('node-z'),
      platform: async () => undefined,
      signal: stage.abort.signal,
      persistent: true,
      log: (line) => {
        if (line.includes('not_welcome')) dials++;
      },
    });
    await pause(6000);
    await finishHonestly(agent).catch(() => {});
    stage.abort.abort();
    await running;
    // Without a pause that grows it would be some thirty.
    expect(dials).toBeGreaterThan(1);
    expect(dials).toBeLessThan(8);
  }, 40_000);
});

describe('an agent that breaks the rules', () => {
  it('cannot fill the disk of the controller between attempts', async () => {
    stage = await openStage([NODE, 'node-b']);
    const agent = await joinStage(stage);
    await agent.next('inventoryReceipt');
    const data = Buffer.from('unasked');
    const sha256 = sha256Hex(data);
    await agent.link.send({ blob: { sha256, total: String(data.length), offset: '0', data } });
    expect(await agent.next('blobReceipt')).toMatchObject({ sha256, problem: 'no attempt is under way' });
    expect(stage.directory.readBlob(sha256)).toBeUndefined();
  });

  it('is not listened to any longer', async () => {
    stage = await openStage();
    const agent = await joinStage(stage);
    const order = await agent.order();
    await agent.commit(order, 0, 'open', Buffer.from('a'));
    const { assignment } = order;
    await agent.link.send({ commit: { assignment, attempt: 1, index: 7, label: 'x', payload: Buffer.alloc(1) } });
    await agent.ended;
    await stage.done;
    expect((await stage.report()).findings.map((f) => f.code)).toContain('node_lost');
  });
});
