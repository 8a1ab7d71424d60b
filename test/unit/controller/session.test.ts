import { beforeEach, describe, expect, it } from 'vitest';
import { type Delivery, NodeSession } from '../../../controller/session.ts';
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

let violations: string[];
let deliveries: Delivery[];
let session: NodeSession;

beforeEach(() => {
  violations = [];
  deliveries = [];
  session = new NodeSession('n1', 'key', 'r1', {
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

const exchanges = (): Delivery['transcript']['exchanges'] => {
  session.receive({ result: { assignment: 'a', attempt: 1 } });
  return deliveries[0]!.transcript.exchanges;
};

describe('what a node may say in one attempt', () => {
  it.each([
    ['256 bytes', 'x'.repeat(256)],
    ['256 bytes of other letters', '试'.repeat(85)],
  ])('is labelled with up to %s', (_, label) => {
    expect(commits(1, label)).toBe(1);
    expect(exchanges()).toMatchObject([{ label }]);
  });

  it.each([
    ['longer ones', 'x'.repeat(257)],
    ['longer ones of few letters', '试'.repeat(86)],
    ['what is no text', '\ud800'],
  ])('is not labelled with %s', (_, label) => {
    expect(commits(1, label)).toBe(0);
    expect(violations).toEqual(['commit 0 of a has a label that is too long or no text']);
    expect(exchanges()).toEqual([]);
  });

  it('fits into one line of the log with its signed result', () => {
    const taken = commits(2000, 'x');
    expect(violations).toEqual(['the commits of a take more than 117440512 bytes']);
    const bytes = JSON.stringify(exchanges()).length;
    expect(taken).toBeGreaterThan(1000);
    expect(bytes).toBeLessThan(112 * 1024 * 1024);
  });

  it('is of a number of exchanges that is bounded too, above what eight devices need', () => {
    const taken = commits(500_000, 'compute.challenge FP8_E4M3 cuda:0 round', Buffer.alloc(32));
    expect(violations).toHaveLength(1);
    // Devices, precisions, seconds of the longest profile, seconds of the shortest round.
    expect(taken).toBeGreaterThan(1.2 * ((8 * 9 * 1800) / 0.4));
  });

  it('names its blobs by their sha256 and nothing else', () => {
    session.receive({ blob: { sha256: '\ud800'.repeat(1000), total: '1', offset: '0', data: Buffer.alloc(1) } });
    expect(violations).toEqual(['a blob whose name is no sha256']);
  });
});
