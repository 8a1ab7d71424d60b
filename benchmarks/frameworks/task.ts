import { createCipheriv, createHash } from 'node:crypto';

/** Sizes of the task and of the network that every framework trains on it. */
export const TASK = { inputs: 32, hidden: 64, classes: 8, prototypes: 32 } as const;

/** Noise on every coordinate: standard deviation 0.4 where prototypes differ by 2. */
const NOISE = 0.4;

/** Inputs row by row, and the class of each. */
export interface Examples {
  readonly inputs: Float32Array;
  readonly labels: Uint8Array;
}

/**
 * The task that a challenge gives: 32 random corners of the cube {−1, 1}^32, four for each of eight classes. An
 * example is a corner with noise; its label is the corner's class. No straight cut tells the classes apart, a constant
 * is right for one in eight, and a network of one hidden layer learns it all within seconds.
 */
export function prototypesOf(challenge: string): Int8Array {
  const bytes = stream(challenge, 'prototypes', (TASK.prototypes * TASK.inputs) / 8);
  return Int8Array.from({ length: TASK.prototypes * TASK.inputs }, (_, i) =>
    bytes[i >> 3]! & (1 << (i & 7)) ? 1 : -1,
  );
}

/**
 * `count` examples of the challenge's task that derive from `seed` (64 hex digits) and `part`. Sums and products of
 * small integers only, so that every machine gets the same bits. Noise is the sum of four uniforms (Irwin–Hall).
 */
export function examplesOf(challenge: string, seed: string, part: 'train' | 'held', count: number): Examples {
  const prototypes = prototypesOf(challenge);
  const { inputs: size, classes } = TASK;
  const bytes = stream(seed, part, count * (1 + size * 8));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const inputs = new Float32Array(count * size);
  const labels = new Uint8Array(count);
  // A sum of four uniforms on 0 to 65,535 has variance 4·(65,536² − 1)/12.
  const scale = NOISE / 37_837.2;
  let at = 0;
  for (let i = 0; i < count; i++) {
    const prototype = view.getUint8(at++) % TASK.prototypes;
    labels[i] = prototype % classes;
    for (let j = 0; j < size; j++, at += 8) {
      const sum = view.getUint16(at) + view.getUint16(at + 2) + view.getUint16(at + 4) + view.getUint16(at + 6);
      inputs[i * size + j] = prototypes[prototype * size + j]! + (sum - 131_070) * scale;
    }
  }
  return { inputs, labels };
}

/** Seed for a framework's own first weights: 31 bits. */
export function weightSeed(challenge: string): number {
  return Buffer.from(stream(challenge, 'weights', 4)).readUInt32BE(0) >>> 1;
}

/** AES-128-CTR over zeros (NIST SP 800-38A section 6.5) under a key of the seed and the purpose. */
function stream(seed: string, purpose: string, bytes: number): Uint8Array {
  const key = createHash('sha256').update(`assay/frameworks/${purpose}\0`).update(seed).digest().subarray(0, 16);
  return Uint8Array.from(createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(bytes)));
}
