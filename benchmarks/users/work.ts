import { decodeResponse, encodeRequest, headerLength } from '../../proto/inference/http.ts';
import { answerLeaf, failureLeaf } from './audit.ts';
import type { Failure, Reply } from './client.ts';
import type { Ask, Work } from './crowd.ts';
import { INPUTS, type Network, OUTPUTS } from './network.ts';
import { type Lane, poolIndex, poolInputs, Reference, taskDigest, writeRow } from './task.ts';

/** Bytes of one output row. */
const ROW = OUTPUTS * 4;
/** Bytes kept of each task: user, number, whether it failed, leaf, and what came back for the row that is its own. */
const KEPT = 4 + 4 + 1 + 32 + ROW;

/**
 * The tasks of a range of users. Every answer is compared, but for the task's own row, which costs too much while the
 * clock runs: it is kept and checked afterwards. The leaf of each task is kept for the audit.
 */
export class TaskWork implements Work {
  readonly rows: number;
  readonly #challenge: string;
  readonly #lane: Lane;
  readonly #firstUser: number;
  readonly #sequences: number[];
  readonly #poolInputs: Uint8Array;
  readonly #poolAnswers: readonly Uint8Array[];
  readonly #head: Uint8Array;
  #kept = Buffer.allocUnsafe(KEPT * 4_096);
  #count = 0;

  constructor(options: {
    network: Network;
    challenge: string;
    lane: Lane;
    rows: number;
    firstUser: number;
    users: number;
  }) {
    this.rows = options.rows;
    this.#challenge = options.challenge;
    this.#lane = options.lane;
    this.#firstUser = options.firstUser;
    this.#sequences = new Array(options.users).fill(0);
    const pool = poolInputs(options.challenge);
    this.#poolInputs = new Uint8Array(pool.buffer);
    const reference = new Reference(options.network, options.challenge);
    this.#poolAnswers = Array.from({ length: pool.length / INPUTS }, (_, p) => bytesOf(reference.pool(p)));
    const { bytes, headerLength: jsonLength } = encodeRequest({
      inputs: [tensor(new Uint8Array(options.rows * INPUTS * 4), options.rows)],
    });
    this.#head = bytes.slice(0, jsonLength);
  }

  /** Request of user `user` (from 0 within this range) for its next task, or for the one with number `sequence`. */
  next(user: number, sequence = this.#sequences[user]!++): Ask {
    const absolute = this.#firstUser + user;
    const digest = taskDigest(this.#challenge, this.#lane, absolute, sequence);
    const jsonLength = this.#head.byteLength;
    const body = new Uint8Array(jsonLength + this.rows * INPUTS * 4);
    body.set(this.#head, 0);
    const own = new Float32Array(INPUTS);
    writeRow(digest, own, 0);
    body.set(bytesOf(own), jsonLength);
    for (let row = 1; row < this.rows; row++) {
      const p = poolIndex(digest, row) * INPUTS * 4;
      body.set(this.#poolInputs.subarray(p, p + INPUTS * 4), jsonLength + row * INPUTS * 4);
    }
    return {
      body,
      jsonLength,
      weight: 1,
      settle: (reply) => {
        const answer = reply.failure === undefined ? answerOf(reply, this.rows) : undefined;
        const failure = reply.failure ?? (answer ? this.#compare(digest, answer) : 'short_body');
        this.#keep(absolute, sequence, failure ? undefined : answer);
        return failure;
      },
    };
  }

  /** How many tasks each user made. */
  get sequences(): readonly number[] {
    return this.#sequences;
  }

  /** What was kept of each task, in the order they ended: records of `KEPT` bytes. */
  kept(): KeptTasks {
    return new KeptTasks(this.#kept.subarray(0, this.#count * KEPT));
  }

  #compare(digest: Uint8Array, answer: Uint8Array): Failure | undefined {
    for (let row = 1; row < this.rows; row++) {
      const right = this.#poolAnswers[poolIndex(digest, row)]!;
      if (Buffer.compare(answer.subarray(row * ROW, (row + 1) * ROW), right) !== 0) return 'wrong_answer';
    }
    return undefined;
  }

  #keep(user: number, sequence: number, answer: Uint8Array | undefined): void {
    let at = this.#count * KEPT;
    if (at + KEPT > this.#kept.length) {
      const larger = Buffer.allocUnsafe(this.#kept.length * 2);
      this.#kept.copy(larger);
      this.#kept = larger;
    }
    at = this.#kept.writeUInt32LE(user, at);
    at = this.#kept.writeUInt32LE(sequence, at);
    at = this.#kept.writeUInt8(answer ? 0 : 1, at);
    this.#kept.set(answer ? answerLeaf(user, sequence, answer) : failureLeaf(user, sequence), at);
    if (answer) this.#kept.set(answer.subarray(0, ROW), at + 32);
    else this.#kept.fill(0, at + 32, at + 32 + ROW);
    this.#count++;
  }
}

/** Reads what a `TaskWork` kept. */
export class KeptTasks {
  readonly bytes: Buffer;
  readonly count: number;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.count = bytes.byteLength / KEPT;
  }

  user(index: number): number {
    return this.bytes.readUInt32LE(index * KEPT);
  }

  sequence(index: number): number {
    return this.bytes.readUInt32LE(index * KEPT + 4);
  }

  failed(index: number): boolean {
    return this.bytes[index * KEPT + 8] !== 0;
  }

  leaf(index: number): Uint8Array {
    return this.bytes.subarray(index * KEPT + 9, index * KEPT + 41);
  }

  /** Values that came back for the task's own row; zeros for a task that failed. */
  ownRow(index: number): Uint8Array {
    return this.bytes.subarray(index * KEPT + 41, (index + 1) * KEPT);
  }
}

/** Output bytes of an answer that has the shape we asked for. */
export function answerOf(reply: Pick<Reply, 'body' | 'headerLength'>, rows: number): Uint8Array | undefined {
  const decoded = decodeResponse(reply.body, headerLength(reply.headerLength));
  if (!decoded.ok) return undefined;
  const output = decoded.value.outputs.find((candidate) => candidate.name === 'output');
  if (output?.datatype !== 'FP32' || output.shape.length !== 2) return undefined;
  if (output.shape[0] !== rows || output.shape[1] !== OUTPUTS) return undefined;
  return output.data;
}

function tensor(data: Uint8Array, rows: number) {
  return { name: 'input', datatype: 'FP32', shape: [rows, INPUTS], data } as const;
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
