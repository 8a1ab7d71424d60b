import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startBootClock } from '../../../controller/boot-clock.ts';
import { type AgentStream, type Delivery, NodeSession } from '../../../controller/session.ts';
import type { Assignment } from '../../../model/assignment.ts';

const assignment: Assignment = {
  id: 'a',
  node: 'n1',
  benchmark: 'compute.challenge',
  version: '1.0.0',
  metrics: [],
  settings: {},
  expectedS: 1,
  timeoutS: 60,
  writesBytes: 0,
  repeats: 1,
};

const bootClock = startBootClock();
afterAll(() => bootClock.close());

let violations: string[];
let deliveries: Delivery[];
let session: NodeSession;

beforeEach(() => {
  violations = [];
  deliveries = [];
  session = new NodeSession('n1', 'key', 'r1', bootClock, {
    inventory: () => {},
    progress: () => {},
    together: async () => {},
    blob: () => {},
    result: (_, delivery) => {
      deliveries.push(delivery);
      return { accepted: true, logIndex: 0, problem: '' };
    },
    violation: (_, detail) => violations.push(detail),
  });
  session.issue(assignment, 1);
});

const payload = Buffer.alloc(65_536);
/** Sends commits until one is refused, at most `most`; gives how many were taken. */
function commits(most: number, label: string, bytes = payload): number {
  for (let index = 0; index < most; index++) {
    session.receive({ commit: { assignment: 'a', attempt: 1, index, label, payload: bytes } });
    if (violations.length > 0) return index;
  }
  return most;
}

const ended = async (): Promise<Delivery['transcript']> => {
  session.receive({ result: { assignment: 'a', attempt: 1 } });
  await vi.waitFor(() => expect(deliveries).toHaveLength(1), { timeout: 60_000 });
  return deliveries[0]!.transcript;
};
const exchanges = async (): Promise<Delivery['transcript']['exchanges']> => (await ended()).exchanges;

describe('what a node may say in one attempt', () => {
  it.each([
    ['256 bytes', 'x'.repeat(256)],
    ['256 bytes of other letters', '试'.repeat(85)],
  ])('is labelled with up to %s', async (_, label) => {
    expect(commits(1, label)).toBe(1);
    expect(await exchanges()).toMatchObject([{ label }]);
  });

  it.each([
    ['longer ones', 'x'.repeat(257)],
    ['longer ones of few letters', '试'.repeat(86)],
    ['what is no text', '\ud800'],
  ])('is not labelled with %s', async (_, label) => {
    expect(commits(1, label)).toBe(0);
    expect(violations).toEqual(['commit 0 of a has a label that is too long or no text']);
    expect(await exchanges()).toEqual([]);
  });

  it('fits into one line of the log with its signed result', async () => {
    const taken = commits(2000, 'x');
    expect(violations).toEqual(['the commits of a take more than 117440512 bytes']);
    const bytes = JSON.stringify(await exchanges()).length;
    expect(taken).toBeGreaterThan(1000);
    expect(bytes).toBeLessThan(112 * 1024 * 1024);
  });

  it('is of a number of exchanges that is bounded too, above what eight devices need', () => {
    const taken = commits(500_000, 'compute.challenge FP8_E4M3 cuda:0 round', Buffer.alloc(32));
    expect(violations).toHaveLength(1);
    // Devices, precisions, seconds of the longest profile, seconds of the shortest round.
    expect(taken).toBeGreaterThan(1.2 * ((8 * 9 * 1800) / 0.4));
  });

  it('is timed beside the kernel’s counter from its start to its end', async () => {
    const sent: unknown[] = [];
    const stream = { write: (message: unknown) => sent.push(message), end: () => {} };
    session.attach(stream as unknown as AgentStream);
    await vi.waitFor(() => expect(sent).toHaveLength(1), { timeout: 60_000 });
    commits(3, 'x', Buffer.alloc(1));
    const { clock = [], exchanges: said } = await ended();
    expect(clock.length).toBeGreaterThan(1);
    expect(Number(clock[0]!.askedNs)).toBeLessThanOrEqual(Number(said[0]!.answeredNs));
    expect(Number(clock.at(-1)!.askedNs)).toBeGreaterThan(Number(said.at(-1)!.receivedNs));
    expect(clock.at(-1)!.bootS).toBeGreaterThan(0);
  });

  it('answers a result that is sent twice once', async () => {
    session.receive({ result: { assignment: 'a', attempt: 1 } });
    await ended();
    expect(deliveries).toHaveLength(1);
  });

  it('names its blobs by their sha256 and nothing else', () => {
    session.receive({ blob: { sha256: '\ud800'.repeat(1000), total: '1', offset: '0', data: Buffer.alloc(1) } });
    expect(violations).toEqual(['a blob whose name is not a sha256']);
  });
});
