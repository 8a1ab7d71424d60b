import { createHash, hkdfSync } from 'node:crypto';
import { forward, INPUTS, OUTPUTS, RECORD_NETWORK } from '../users/network.ts';
import { writeRow } from '../users/task.ts';

/**
 * What the records are. A corpus of `users × lot` different records derives from the challenge. A user's n-th lot is
 * the n-th permutation's share of the corpus, under ids of its own: within a round every record of the corpus comes
 * once, and the same inputs come again only in later rounds, in other company and under other ids.
 *
 * One record in a hundred is a near-duplicate: its predecessor with one element changed by one. One lot in a hundred
 * is poison, which the service must turn away whole.
 */
export interface Shape {
  readonly challenge: string;
  readonly users: number;
  readonly lot: number;
}

export const NEAR_DUPLICATE_EVERY = 100;
export const POISON_EVERY = 100;
export const POISONS = ['malformed', 'oversize', 'not_finite'] as const;
export type Poison = (typeof POISONS)[number];

/** Inputs of record `k` of the corpus, written at `at`: 64 half bytes of a digest; a near-duplicate differs by one. */
export function writeRecord(challenge: string, k: number, target: Float32Array, at: number): void {
  const near = k % NEAR_DUPLICATE_EVERY === NEAR_DUPLICATE_EVERY - 1;
  const number = Buffer.alloc(4);
  number.writeUInt32LE(near ? k - 1 : k, 0);
  const digest = createHash('sha256').update('record/').update(Buffer.from(challenge, 'hex')).update(number).digest();
  writeRow(digest, target, at);
  if (!near) return;
  // The first element stays in the range −8 to 7 either way.
  const element = at + (k % INPUTS);
  target[element]! += target[element]! < 7 ? 1 : -1;
}

/** Right answer to record `k`, by the second implementation: 16 values. */
export function recordAnswer(challenge: string, k: number): Float32Array {
  const input = new Float32Array(INPUTS);
  writeRecord(challenge, k, input, 0);
  return forward(RECORD_NETWORK, input, 1);
}

/** Records of the corpus in a user's n-th lot, in order: an affine permutation of the whole corpus for each n. */
export function lotRecords({ challenge, users, lot }: Shape, user: number, n: number): Int32Array {
  const size = users * lot;
  const digest = createHash('sha256').update(`round/${n}/`).update(Buffer.from(challenge, 'hex')).digest();
  let factor = 1 + (digest.readUInt32LE(0) % size);
  while (commonDivisor(factor, size) !== 1) factor = 1 + (factor % size);
  const offset = digest.readUInt32LE(4) % size;
  // Below 2^53 for every corpus of up to 90 million records.
  return Int32Array.from({ length: lot }, (_, i) => ((user * lot + i) * factor + offset) % size);
}

/** Ids of a user's n-th lot: HKDF-SHA-256 (RFC 5869) under a key of the run, 64 bits an id. */
export function lotIds({ challenge, lot }: Shape, user: number, n: number): BigInt64Array {
  const key = createHash('sha256').update('records/key/').update(Buffer.from(challenge, 'hex')).digest();
  return new BigInt64Array(hkdfSync('sha256', key, Buffer.alloc(0), `lot/${user}/${n}`, lot * 8));
}

/**
 * Whether a user's n-th lot is poison, and which. The first lots of some users, in as many rounds as it takes, are one
 * of each kind, so that even the shortest run has them all; of the others about one in `POISON_EVERY` is, by a mix of
 * the challenge's bits.
 */
export function poisonOf({ challenge, users }: Shape, user: number, n: number): Poison | undefined {
  const first = Number.parseInt(challenge.slice(8, 16), 16) % users;
  const turn = n * users + ((user + users - first) % users);
  if (turn < POISONS.length) return POISONS[turn];
  let mixed =
    Number.parseInt(challenge.slice(0, 8), 16) ^ Math.imul(user + 1, 0x9e3779b1) ^ Math.imul(n + 1, 0x85ebca77);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  mixed = (mixed ^ (mixed >>> 16)) >>> 0;
  if (mixed % POISON_EVERY !== 0) return undefined;
  return POISONS[Math.floor(mixed / POISON_EVERY) % POISONS.length];
}

/** Bytes of a lot's answers in the order of the lot: id, then the 16 values, for each record. */
export function lotBytes(ids: BigInt64Array, answers: Float32Array): Uint8Array {
  const width = 8 + OUTPUTS * 4;
  const bytes = new Uint8Array(ids.length * width);
  const idBytes = new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength);
  const answerBytes = new Uint8Array(answers.buffer, answers.byteOffset, answers.byteLength);
  for (let i = 0; i < ids.length; i++) {
    bytes.set(idBytes.subarray(i * 8, i * 8 + 8), i * width);
    bytes.set(answerBytes.subarray(i * OUTPUTS * 4, (i + 1) * OUTPUTS * 4), i * width + 8);
  }
  return bytes;
}

/** Steps of the sweep over request sizes: records in a request, and in all. Single ones are a tenth; 0 is no sweep. */
export function sweepSteps(records: number): [batch: number, records: number][] {
  if (records === 0) return [];
  return [1, 10, 100, 1_000].map((batch) => [batch, batch === 1 ? Math.ceil(records / 10) : records]);
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
