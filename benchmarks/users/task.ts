import { createHash } from 'node:crypto';
import { forward, INPUTS, type Network, OUTPUTS } from './network.ts';

/**
 * What one task asks. Inputs derive from the challenge, which nobody knows before the work starts: the first row of a
 * task is its own, the others come from a pool of `POOL` rows in an order of its own. So no two tasks are alike, a
 * cache of answers helps nobody, and yet every answer can be compared with little work.
 *
 * Row of a digest: its 64 half bytes, each less 8: whole numbers −8 to 7, evenly spread.
 */
export const POOL = 256;

/** Separate series of tasks: what is asked in one is never asked in another. */
export type Lane = 'gate' | 'hold' | 'burst' | 'pair' | 'null';

/** SHA-256 of lane, challenge, user and number of the task: everything the task is made of. */
export function taskDigest(challenge: string, lane: Lane, user: number, sequence: number): Buffer {
  const numbers = Buffer.alloc(8);
  numbers.writeUInt32LE(user, 0);
  numbers.writeUInt32LE(sequence, 4);
  return createHash('sha256').update(`task/${lane}/`).update(Buffer.from(challenge, 'hex')).update(numbers).digest();
}

/** Row of 64 inputs that a digest stands for, written into `target` at `at`. */
export function writeRow(digest: Uint8Array, target: Float32Array, at: number): void {
  for (let i = 0; i < 32; i++) {
    const byte = digest[i]!;
    target[at + 2 * i] = (byte >> 4) - 8;
    target[at + 2 * i + 1] = (byte & 15) - 8;
  }
}

/** Pool row of a task's row `row` (from 1): an odd stride visits no pool row twice. */
export function poolIndex(digest: Uint8Array, row: number): number {
  const start = digest[0]! | (digest[1]! << 8);
  const stride = digest[2]! | (digest[3]! << 8) | 1;
  return (start + row * stride) % POOL;
}

/** Inputs of the whole pool. */
export function poolInputs(challenge: string): Float32Array {
  const inputs = new Float32Array(POOL * INPUTS);
  const number = Buffer.alloc(4);
  for (let p = 0; p < POOL; p++) {
    number.writeUInt32LE(p, 0);
    const digest = createHash('sha256').update('pool/').update(Buffer.from(challenge, 'hex')).update(number).digest();
    writeRow(digest, inputs, p * INPUTS);
  }
  return inputs;
}

/** Right answers by the second implementation; pool rows are worked out once and kept. */
export class Reference {
  readonly #network: Network;
  readonly #challenge: string;
  readonly #pool: Float32Array;
  readonly #known: (Float32Array | undefined)[] = new Array(POOL);

  constructor(network: Network, challenge: string) {
    this.#network = network;
    this.#challenge = challenge;
    this.#pool = poolInputs(challenge);
  }

  /** Right answer of pool row `p`: 16 values. */
  pool(p: number): Float32Array {
    this.#known[p] ??= forward(this.#network, this.#pool.subarray(p * INPUTS, (p + 1) * INPUTS), 1);
    return this.#known[p];
  }

  /** Right answer of a task with `rows` rows, as the bytes that a service must give. */
  answer(lane: Lane, user: number, sequence: number, rows: number): Uint8Array {
    const digest = taskDigest(this.#challenge, lane, user, sequence);
    const own = new Float32Array(INPUTS);
    writeRow(digest, own, 0);
    const answer = new Float32Array(rows * OUTPUTS);
    answer.set(forward(this.#network, own, 1), 0);
    for (let row = 1; row < rows; row++) answer.set(this.pool(poolIndex(digest, row)), row * OUTPUTS);
    return new Uint8Array(answer.buffer);
  }
}
