import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Plan } from '../../../model/assignment.ts';
import { joinStage, NODE, openStage, type ScriptedAgent, type Stage } from './scripted.ts';

const OTHER = 'node-b';

/** One assignment for each of two nodes. */
const one = (plan: Plan): Plan => {
  const first = plan.assignments.find((a) => a.node === NODE)!;
  return { ...plan, assignments: [first, { ...first, node: OTHER, id: `${first.benchmark}.2` }] };
};

let stage: Stage;
let a: ScriptedAgent;
let b: ScriptedAgent;

beforeEach(async () => {
  stage = await openStage([NODE, OTHER], one);
  a = await joinStage(stage);
  b = await joinStage(stage, { node: OTHER, credential: await stage.authority.issue(OTHER, 'agent') });
});

afterEach(async () => {
  for (const link of stage.links) link.close();
  stage.abort.abort();
  await stage.done.catch(() => {});
  rmSync(stage.scratch, { recursive: true, force: true });
});

const together = async (agent: ScriptedAgent, assignment: string, index = 0): Promise<string> => {
  const commit = { assignment, attempt: 1, index, label: 'here', payload: Buffer.alloc(0), together: true };
  await agent.link.send({ commit });
  return (await agent.next('beacon')).random!.toString('hex');
};

describe('nodes that carry out the same', () => {
  it('get the answer they wait for when all are there, each its own', async () => {
    const [orderA, orderB] = await Promise.all([a.order(), b.order()]);
    let early = true;
    const first = together(a, orderA.assignment).then((beacon) => {
      expect(early).toBe(false);
      return beacon;
    });
    // What the controller answers after the held commit shows that it has taken that in and goes on with it held.
    await b.commit(orderB, 0, 'open', Buffer.alloc(0));
    early = false;
    const second = together(b, orderB.assignment, 1);
    const beacons = await Promise.all([first, second]);
    expect(new Set(beacons).size).toBe(2);
  });

  it('do not wait for one whose attempt has ended', async () => {
    const [orderA, orderB] = await Promise.all([a.order(), b.order()]);
    const first = together(a, orderA.assignment);
    await b.answer(orderB, { state: 'unsupported', failure: { code: 'unsupported', phase: 'x', detail: 'x' } });
    expect(await first).toMatch(/^[0-9a-f]{64}$/);
  });

  it('do not wait for one that was lost', async () => {
    const [orderA] = await Promise.all([a.order(), b.order()]);
    const first = together(a, orderA.assignment);
    // A node that breaks the rules is out of the run at once.
    await b.link.send({ commit: { assignment: `${orderA.benchmark}.2`, attempt: 1, index: 9, label: 'x' } });
    expect(await first).toMatch(/^[0-9a-f]{64}$/);
  });

  it('may ask again while they wait, but for nothing else', async () => {
    const [orderA] = await Promise.all([a.order(), b.order()]);
    const { assignment } = orderA;
    const commit = { assignment, attempt: 1, index: 0, label: 'here', payload: Buffer.alloc(0), together: true };
    await a.link.send({ commit });
    await a.link.send({ commit });
    expect(stage.events.filter((e) => e.type === 'warning')).toEqual([]);
    await a.link.send({ commit: { ...commit, index: 1, label: 'ahead' } });
    await a.ended;
    expect(stage.events.filter((e) => e.type === 'warning')).toHaveLength(1);
  });

  it('begin an attempt together', async () => {
    const [orderA, orderB] = await Promise.all([a.order(), b.order()]);
    const failure = { code: 'crashed', phase: 'measure', detail: 'as scripted' } as const;
    await a.answer(orderA, { state: 'failed', failure });
    expect((await a.next('resultReceipt')).accepted).toBe(true);
    const started = () => stage.events.filter((e) => e.type === 'attempt_started').length;
    expect(started()).toBe(2);
    await b.answer(orderB, { state: 'failed', failure });
    await Promise.all([a.order(), b.order()]);
    expect(started()).toBe(4);
  });
});
