import { rmSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { type BandwidthRaw, proof } from '../../../benchmarks/memory/bandwidth/proof.ts';
import { canonicalBytes } from '../../../evidence/canonical.ts';
import { sha256Hex } from '../../../evidence/digest.ts';
import type { Assignment, Plan } from '../../../model/assignment.ts';
import { renderPages } from '../../../reports/build/pages.ts';
import { openBundle } from '../../../reports/verify/disk.ts';
import { PATHS } from '../../../reports/verify/layout.ts';
import { verifyBundle } from '../../../reports/verify/verify.ts';
import { joinStage, NODE, openStage, type ScriptedAgent, type Stage } from './scripted.ts';

const ARRAY_BYTES = 2 ** 28;
const settings = { seconds: 1, arrayBytes: ARRAY_BYTES };

/** A standard plan of memory.bandwidth, one assignment a node, so often each. */
const standard =
  (repeats: number) =>
  (plan: Plan): Plan => ({
    ...plan,
    profile: 'standard',
    assignments: plan.assignments.slice(0, 1).flatMap((first) =>
      plan.nodes.map(
        (node, n): Assignment => ({
          ...first,
          id: `memory.bandwidth.${n + 1}`,
          node,
          benchmark: 'memory.bandwidth',
          version: '1.0.0',
          metrics: ['memory.bandwidth.rate'],
          settings,
          repeats,
        }),
      ),
    ),
  });

/** Samples of a node whose threads made so many passes a window, with so many elements wrong afterwards. */
const samplesOf = (challenge: string, passes: number, wrong = 0): BandwidthRaw => ({
  challenge,
  unsupported: [],
  passes: [
    {
      device: 'cpu',
      operation: 'copy',
      arrayBytes: ARRAY_BYTES,
      elementBytes: 8,
      threads: [
        {
          windows: [0, 1, 2, 3].map((i) => ({ startNs: i * 3e8, endNs: (i + 1) * 3e8, passes: passes + (i % 2) })),
          elements: ARRAY_BYTES / 8,
          wrong,
          pinned: false,
        },
      ],
    },
  ],
});

/** Carries out the next order of an agent; gives which attempt of it this was. */
async function carryOut(agent: ScriptedAgent, passes: number, wrong = 0): Promise<number> {
  const order = await agent.order();
  const challenge = await agent.commit(order, 0, 'open', Buffer.alloc(0));
  const raw = samplesOf(challenge, passes, wrong);
  const data = Buffer.from(canonicalBytes(raw));
  const sha256 = sha256Hex(data);
  await agent.link.send({ blob: { sha256, total: String(data.length), offset: '0', data } });
  const examination = proof.examine(raw, {
    settings: order.settings,
    transcript: undefined,
    evidence: () => undefined,
  });
  await agent.answer(order, {
    state: 'completed',
    failure: undefined as never,
    raw: { name: 'samples.json', mediaType: 'application/json', sha256, bytes: data.length },
    examination,
  });
  const receipt = await agent.next('resultReceipt');
  expect(receipt.accepted, receipt.problem).toBe(true);
  return order.attempt;
}

let stage: Stage;
afterEach(async () => {
  for (const link of stage.links) link.close();
  stage.abort.abort();
  await stage.done.catch(() => {});
  rmSync(stage.scratch, { recursive: true, force: true });
});

const secondPasses = (): string[] =>
  stage.events.flatMap((e) => (e.type === 'second_pass' ? [`${e.assignment}: ${e.detail}`] : []));

/** Every attempt that the report has, as `assignment/attempt`, after the bundle was found to be authentic. */
async function reported(): Promise<string[]> {
  const report = await stage.report();
  expect(verifyBundle(openBundle(stage.directory.path)).steps.flatMap((s) => s.defects)).toEqual([]);
  const attempts = report.attempts.map((a) => `${a.assignment}/${a.attempt}`).sort();
  const html = renderPages(report).get(PATHS.html)!;
  const rows = html.slice(html.indexOf('id="attempts"'));
  for (const { sha256 } of report.attempts) expect(rows).toContain(sha256.slice(0, 12));
  return attempts;
}

describe('an assignment whose attempts contradict each other', () => {
  it.each([
    ['settles it', 0],
    ['is in doubt itself', 7],
  ])(
    'is measured exactly once more, also where that attempt %s, and the report shows all of them',
    async (_, wrong) => {
      stage = await openStage([NODE], standard(3));
      const agent = await joinStage(stage);
      expect(await carryOut(agent, 10)).toBe(1);
      expect(await carryOut(agent, 10, 5)).toBe(2);
      expect(await carryOut(agent, 10)).toBe(3);
      expect(await carryOut(agent, 10, wrong)).toBe(4);
      await stage.done;
      expect(secondPasses()).toEqual(['memory.bandwidth.1: 1 of 3 attempts in doubt']);
      expect(stage.events.filter((e) => e.type === 'attempt_started')).toHaveLength(4);
      expect(await reported()).toEqual([1, 2, 3, 4].map((n) => `memory.bandwidth.1/${n}`));
    },
    60_000,
  );

  it('is not measured again where they agree', async () => {
    stage = await openStage([NODE], standard(2));
    const agent = await joinStage(stage);
    for (const attempt of [1, 2]) expect(await carryOut(agent, 10, 5)).toBe(attempt);
    await stage.done;
    expect(secondPasses()).toEqual([]);
    expect(await reported()).toEqual(['memory.bandwidth.1/1', 'memory.bandwidth.1/2']);
  }, 60_000);
});

describe('a node far behind its fleet', () => {
  it('is measured exactly once more, alone, and the report shows both attempts beside those of the others', async () => {
    const nodes = [NODE, 'node-b', 'node-c', 'node-d', 'node-e'];
    stage = await openStage(nodes, standard(1));
    const agents: ScriptedAgent[] = [];
    for (const node of nodes) {
      agents.push(await joinStage(stage, { node, credential: await stage.authority.issue(node, 'agent') }));
    }
    const first = await Promise.all(agents.map((agent, n) => carryOut(agent, n === 3 ? 40 : 100 + n)));
    expect(first).toEqual([1, 1, 1, 1, 1]);
    // Still behind: that is how it is, and no reason for a third.
    expect(await carryOut(agents[3]!, 40)).toBe(2);
    await stage.done;
    expect(secondPasses()).toEqual([expect.stringContaining('memory.bandwidth.4: memory.bandwidth.rate')]);
    expect(await reported()).toEqual(
      [1, 2, 3, 4, 5].flatMap((n) => [1, ...(n === 4 ? [2] : [])].map((a) => `memory.bandwidth.${n}/${a}`)),
    );
  }, 60_000);
});
