import { createHash, randomBytes } from 'node:crypto';
import { merklePaths, merkleRoot } from '../../../../benchmarks/commitment.ts';
import { answerLeaf, failureLeaf, picks } from '../../../../benchmarks/users/audit.ts';
import { encodeHistogram, latencyHistogram, recordMs } from '../../../../benchmarks/users/latency.ts';
import { TASK_NETWORK } from '../../../../benchmarks/users/network.ts';
import type { UsersRaw } from '../../../../benchmarks/users/raw.ts';
import { Reference } from '../../../../benchmarks/users/task.ts';
import type { Transcript } from '../../../../model/assignment.ts';

export const AUDITS = 16;
const USERS = 4;
const SLOTS = 20;
const CHALLENGE = createHash('sha256').update('a challenge').digest('hex');
const BEACON = createHash('sha256').update('a beacon').digest('hex');

const SETTINGS = {
  users: USERS,
  shards: 0,
  rows: 2,
  slotMs: 100,
  holdS: 2,
  nullS: 1,
  cachePairs: 20,
  burstUsers: 4,
  audits: AUDITS,
};

/** A histogram of `count` values of `ms`. */
export function histogramOf(count: number, ms: number): string {
  const histogram = latencyHistogram();
  for (let i = 0; i < count; i++) recordMs(histogram, ms);
  return encodeHistogram(histogram);
}

/**
 * What an honest run of four users over two seconds gives: each has one task in flight at every moment, 0.2 s long,
 * so each gets ten answers. One task failed before the hold.
 */
export const honest = () => structuredClone(made);
const made = make();

function make(): { raw: UsersRaw; transcript: Transcript; settings: Record<string, unknown> } {
  const tasks = [12, 11, 13, 12];
  const reference = new Reference(TASK_NETWORK, CHALLENGE);
  const leaves: Uint8Array[] = [];
  const failed: boolean[] = [];
  tasks.forEach((count, user) => {
    for (let n = 0; n < count; n++) {
      const missed = user === 2 && n === 0;
      failed.push(missed);
      leaves.push(missed ? failureLeaf(user, n) : answerLeaf(user, n, reference.answer('hold', user, n, 2)));
    }
  });
  const chosen = picks(BEACON, leaves.length, AUDITS);
  const paths = merklePaths(leaves, chosen);
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  const root = hex(merkleRoot(leaves));
  const raw: UsersRaw = {
    challenge: CHALLENGE,
    endpoint: 'built_in',
    model: 'assay-tasks',
    users: USERS,
    rows: 2,
    slotMs: 100,
    hold: {
      seconds: 2,
      min: new Array(SLOTS).fill(3),
      max: new Array(SLOTS).fill(4),
      mean: new Array(SLOTS).fill(3.999),
      done: new Array(SLOTS).fill(2),
    },
    started: 40,
    failures: {},
    responses: histogramOf(40, 200),
    services: histogramOf(40, 200),
    lags: histogramOf(40, 0.1),
    tasks,
    missed: [0, 0, 1, 0],
    held: [10, 10, 10, 10],
    p95Us: [200_000, 200_000, 210_000, 200_000],
    wrongLater: 0,
    server: { min: 3, max: 4, mean: 3.98, seconds: 2 },
    generators: [{ loopDelays: histogramOf(100, 0.5), cpuShare: 0.2, cpuSource: 'thread' }],
    descriptors: 20_000,
    nullRun: { users: USERS, seconds: 1, done: new Array(10).fill(1_000), failed: 0, responses: histogramOf(10, 1) },
    gate: { asked: 4, right: 4, failures: {}, strangerStatus: 401, misshapenStatus: 400 },
    pairs: { salted: new Array(20).fill(1_000), repeated: new Array(20).fill(990), failed: 0 },
    burst: { planned: 4, sent: 4, right: 4, failures: {}, spreadS: 0.01, min: [0, 0], max: [4, 1] },
    audit: {
      root,
      leaves: leaves.length,
      beacon: BEACON,
      opened: chosen.map((index, i) => ({
        leaf: hex(leaves[index]!),
        failed: failed[index]!,
        path: paths[i]!.map(hex),
      })),
    },
  };
  return { raw, transcript: transcriptOf(CHALLENGE, root, BEACON, 2.05), settings: SETTINGS };
}

/** A transcript with a hold of that many seconds by the controller's clock. */
export function transcriptOf(challenge: string, root: string, beacon: string, holdS: number): Transcript {
  const at = (seconds: number) => String(Math.round(seconds * 1e9));
  const exchange = (index: number, label: string, commit: string, given: string, seconds: number) => ({
    index,
    label,
    commit,
    beacon: given,
    receivedNs: at(seconds),
    answeredNs: at(seconds + 0.001),
  });
  const fresh = () => randomBytes(32).toString('hex');
  return {
    schema: 'assay/transcript/v1',
    run: 'run',
    assignment: 'assignment',
    attempt: 1,
    node: 'node',
    issuedAt: '2026-01-01T00:00:00Z',
    endedAt: '2026-01-01T00:01:00Z',
    exchanges: [
      exchange(0, 'open', '', challenge, 0),
      exchange(1, 'hold', '', fresh(), 5),
      exchange(2, 'held', '', fresh(), 5.001 + holdS),
      exchange(3, 'answers', Buffer.from(root, 'hex').toString('base64'), beacon, 10),
    ],
  };
}
