import { spawn } from 'node:child_process';
import { once } from 'node:events';
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

describe('a run that breaks', () => {
  it('leaves nothing behind that its program would wait for, whoever was at work', async () => {
    const began = performance.now();
    const program = spawn(process.execPath, [join(import.meta.dirname, 'breaking.ts')], { timeout: 40_000 });
    const said: string[] = [];
    for (const stream of [program.stdout, program.stderr]) stream.on('data', (chunk) => said.push(String(chunk)));
    const [code] = await once(program, 'close');
    expect([code, said.join('')]).toEqual([0, 'EBADF\n']);
    // An attempt may take minutes, and nodes wait for each other for two.
    expect(performance.now() - began).toBeLessThan(20_000);
  }, 50_000);
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

  it('ends its own part and not that of others, with a result that no record can hold', async () => {
    stage = await openStage([NODE, 'node-b'], (plan) => {
      const first = { ...plan.assignments.find((a) => a.node === NODE)!, benchmark: 'no.such' };
      return {
        ...plan,
        assignments: [first, { ...first, node: 'node-b', id: `${first.id}.2`, benchmark: 'no.other' }],
      };
    });
    const agent = await joinStage(stage);
    const honest = await joinStage(stage, {
      node: 'node-b',
      credential: await stage.authority.issue('node-b', 'agent'),
    });
    const { assignment, attempt } = await agent.order();
    const honestOrder = await honest.order();
    // In JSON, a control character is six times as long.
    const envelope = { payloadType: '\u0001'.repeat(25_000_000), payload: Buffer.alloc(0), signatures: [] };
    await agent.link.send({ result: { assignment, attempt, envelope } });
    expect((await agent.next('resultReceipt')).problem).toMatch(/cannot be recorded/);
    const failure = { code: 'unsupported', phase: 'measure', detail: 'as scripted' } as const;
    await honest.answer(honestOrder, { state: 'unsupported', failure });
    await stage.done;
    expect(stage.events.flatMap((e) => (e.type === 'node_lost' ? [e.node] : []))).toEqual([NODE]);
    expect((await stage.report()).findings.map((f) => f.code)).toContain('node_lost');
  }, 30_000);

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
