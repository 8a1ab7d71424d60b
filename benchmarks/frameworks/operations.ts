import { createHash } from 'node:crypto';

/**
 * Numbers that only the engine of a framework gives for one seed: draws of its own random generator, in the order and
 * the form in which the engine makes them. Real runs of November 2026 gave these numbers: PyTorch 1.13.1, TensorFlow
 * 2.21.0, PaddlePaddle 2.6.2 and 3.3.1, JAX 0.4.30 and 0.10.2, ONNX Runtime 1.30.0.
 *
 * A program that answers them right knows how that engine draws: a name alone does not, and no table of numbers can be
 * carried along, since the seed follows from a beacon. Who writes the generators again can answer them, too: so they
 * are asked for beside the library, never in its place.
 */
const OPERATIONS: Readonly<Record<string, (seed: number) => number[]>> = {
  torch,
  tensorflow,
  paddle,
  jax,
  onnxruntime,
};

/** Normal numbers pass through the logarithm and the sine of each machine: fractions may differ by this much. */
const TOLERANCE = 1e-5;

/** Seed of the operations that a beacon (64 hex digits) gives: 31 bits. */
export function operationsSeed(beacon: string): number {
  return createHash('sha256').update(`assay/frameworks/operations\0${beacon}`).digest().readUInt32BE(0) >>> 1;
}

/** The numbers that an engine gives for a seed; undefined for an engine whose operations are not known. */
export function operationsOf(engine: string, seed: number): number[] | undefined {
  return Object.hasOwn(OPERATIONS, engine) ? OPERATIONS[engine]!(seed) : undefined;
}

/** Whether what an engine answered is what it must answer; undefined for an engine whose operations are not known. */
export function operationsRight(engine: string, beacon: string, answered: readonly number[]): boolean | undefined {
  const expected = operationsOf(engine, operationsSeed(beacon));
  if (!expected) return undefined;
  if (answered.length !== expected.length) return false;
  return expected.every((value, i) => Math.abs(answered[i]! - value) <= (Number.isInteger(value) ? 0 : TOLERANCE));
}

/** ATen's processor generator: 24 bits of a word for a uniform number; Fisher–Yates; Box–Muller in blocks of 16. */
function torch(seed: number): number[] {
  const word = mt19937(seed);
  const uniform = () => (word() & 0xffffff) / 2 ** 24;
  const first = Array.from({ length: 64 }, uniform);
  const order = Array.from({ length: 32 }, (_, i) => i);
  for (let i = 0; i < 31; i++) {
    const other = i + (word() % (32 - i));
    [order[i], order[other]] = [order[other]!, order[i]!];
  }
  const normal = Array.from({ length: 32 }, uniform);
  for (let block = 0; block < 32; block += 16) {
    for (let j = block; j < block + 8; j++) {
      const radius = Math.sqrt(-2 * Math.log(1 - normal[j]!));
      const angle = 2 * Math.PI * normal[j + 8]!;
      normal[j] = radius * Math.cos(angle);
      normal[j + 8] = radius * Math.sin(angle);
    }
  }
  return [...first, ...order, ...normal];
}

/** Philox of the stateless generators, whose key and counter are scrambled out of the pair of seeds. */
function tensorflow(seed: number): number[] {
  const mixed = philox([seed, 0, seed + 1, 0], [0x3ec8f720, 0x02461e29]);
  const block = (i: number) => philox([i, 0, mixed[2]!, mixed[3]!], [mixed[0]!, mixed[1]!]);
  const words = Array.from({ length: 16 }, (_, i) => block(i)).flat();
  return [...words, ...words.slice(0, 32).map((word) => (word & 0x7fffff) / 2 ** 23)];
}

/** The 64-bit Mersenne Twister of the C++ library, seeded by a seed sequence, as single and double precision. */
function paddle(seed: number): number[] {
  const word = mt19937_64(seed);
  const single = Array.from({ length: 64 }, () => Math.fround(Number(word())) / 2 ** 64);
  return [...single, ...Array.from({ length: 32 }, () => Number(word()) / 2 ** 64)];
}

/** Threefry: keys that `fold_in` makes of one key and a number. */
function jax(seed: number): number[] {
  return Array.from({ length: 48 }, (_, i) => threefry([0, seed], [0, i])).flat();
}

/** The linear congruential generator of the C++ library, and its normal numbers (Marsaglia's polar method). */
function onnxruntime(seed: number): number[] {
  const from = () => minstd(seed % 2 ** 24);
  const uniform = from();
  const source = from();
  const normal: number[] = [];
  while (normal.length < 32) {
    const [x, y] = [2 * source() - 1, 2 * source() - 1];
    const square = x * x + y * y;
    if (square > 1 || square === 0) continue;
    const scale = Math.sqrt((-2 * Math.log(square)) / square);
    normal.push(y * scale, x * scale);
  }
  return [...Array.from({ length: 64 }, uniform), ...normal];
}

/** Matsumoto and Nishimura (1998): 32-bit words. */
function mt19937(seed: number): () => number {
  const state = new Uint32Array(624);
  state[0] = seed;
  for (let i = 1; i < 624; i++) state[i] = Math.imul(1812433253, state[i - 1]! ^ (state[i - 1]! >>> 30)) + i;
  let at = 624;
  return () => {
    if (at === 624) {
      for (let k = 0; k < 624; k++) {
        const joined = (state[k]! & 0x80000000) | (state[(k + 1) % 624]! & 0x7fffffff);
        state[k] = state[(k + 397) % 624]! ^ (joined >>> 1) ^ (joined & 1 ? 0x9908b0df : 0);
      }
      at = 0;
    }
    let word = state[at++]!;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  };
}

/** Nishimura (2000): 64-bit words; the state from `std::seed_seq` of one number (C++17 [rand.util.seedseq]). */
function mt19937_64(seed: number): () => bigint {
  const words = seedSequence(seed, 624);
  const state = new BigUint64Array(312);
  for (let i = 0; i < 312; i++) state[i] = BigInt(words[2 * i]!) | (BigInt(words[2 * i + 1]!) << 32n);
  let at = 312;
  return () => {
    if (at === 312) {
      for (let k = 0; k < 312; k++) {
        const joined = (state[k]! & 0xffffffff80000000n) | (state[(k + 1) % 312]! & 0x7fffffffn);
        state[k] = state[(k + 156) % 312]! ^ (joined >> 1n) ^ (joined & 1n ? 0xb5026f5aa96619e9n : 0n);
      }
      at = 0;
    }
    let word = state[at++]!;
    word ^= (word >> 29n) & 0x5555555555555555n;
    word ^= (word << 17n) & 0x71d67fffeda60000n;
    word ^= (word << 37n) & 0xfff7eee000000000n;
    return word ^ (word >> 43n);
  };
}

function seedSequence(seed: number, count: number): Uint32Array {
  const words = new Uint32Array(count).fill(0x8b8b8b8b);
  // For 623 words and more the distance is 11.
  const near = ((count - 11) / 2) | 0;
  const far = near + 11;
  const at = (i: number) => (i + count) % count;
  const mix = (x: number) => x ^ (x >>> 27);
  for (let k = 0; k < count; k++) {
    const one = Math.imul(1664525, mix(words[k]! ^ words[at(k + near)]! ^ words[at(k - 1)]!));
    const two = one + (k === 0 ? 1 : k === 1 ? k + seed : k);
    words[at(k + near)]! += one;
    words[at(k + far)]! += two;
    words[k] = two;
  }
  for (let k = 0; k < count; k++) {
    const one = Math.imul(1566083941, mix((words[k]! + words[at(k + near)]! + words[at(k - 1)]!) >>> 0));
    const two = one - k;
    words[at(k + near)]! ^= one;
    words[at(k + far)]! ^= two;
    words[k] = two;
  }
  return words;
}

/** Park and Miller (1988) with the factor 16,807, as a single-precision number from 0 to 1. */
function minstd(seed: number): () => number {
  let state = seed % 2147483647 || 1;
  return () => {
    state = (state * 16807) % 2147483647;
    return Math.fround(Math.fround(state - 1) / Math.fround(2147483646));
  };
}

/** Salmon et al. (2011): Philox4x32 with ten rounds. */
function philox(counter: readonly number[], key: readonly number[]): number[] {
  let [a, b, c, d] = counter.map(BigInt) as [bigint, bigint, bigint, bigint];
  let [k, l] = key as [number, number];
  for (let round = 0; round < 10; round++) {
    const [one, two] = [a * 0xd2511f53n, c * 0xcd9e8d57n];
    [a, b, c, d] = [(two >> 32n) ^ b ^ BigInt(k), two & 0xffffffffn, (one >> 32n) ^ d ^ BigInt(l), one & 0xffffffffn];
    k = (k + 0x9e3779b9) >>> 0;
    l = (l + 0xbb67ae85) >>> 0;
  }
  return [a, b, c, d].map(Number);
}

const ROTATIONS = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;

/** Salmon et al. (2011): Threefry2x32 with twenty rounds. */
function threefry(key: readonly [number, number], counter: readonly [number, number]): number[] {
  const keys = [key[0], key[1], key[0] ^ key[1] ^ 0x1bd11bda];
  let x = (counter[0] + keys[0]!) >>> 0;
  let y = (counter[1] + keys[1]!) >>> 0;
  for (let group = 0; group < 5; group++) {
    for (const turn of ROTATIONS[(group % 2) as 0 | 1]) {
      x = (x + y) >>> 0;
      y = (((y << turn) | (y >>> (32 - turn))) ^ x) >>> 0;
    }
    x = (x + keys[(group + 1) % 3]!) >>> 0;
    y = (y + keys[(group + 2) % 3]! + group + 1) >>> 0;
  }
  return [x, y];
}
