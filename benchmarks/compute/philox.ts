/**
 * Philox4x32-10, the counter-based generator of Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011).
 * A word depends on key, stream and index alone, so that any row of a matrix can be made without the rest.
 */
export interface Key {
  readonly k0: number;
  readonly k1: number;
}

/** Key from the first eight bytes of a beacon or digest in hex. Throws on anything shorter. */
export function keyOf(hex: string): Key {
  if (!/^[0-9a-f]{16}/.test(hex)) throw new Error('a key needs at least 16 hexadecimal digits');
  return { k0: Number.parseInt(hex.slice(0, 8), 16), k1: Number.parseInt(hex.slice(8, 16), 16) };
}

/**
 * Fills `out` with the words `start`, `start + 1`, … of a stream. `start` is below 2^53; `stream` and `part` are
 * 32-bit numbers that keep streams of one key apart.
 */
export function fillWords(out: Uint32Array, key: Key, stream: number, part: number, start: number): void {
  const { k0, k1 } = key;
  const block = new Uint32Array(4);
  const make = (into: Uint32Array, at: number, index: number) =>
    philox(into, at, k0, k1, index | 0, Math.floor(index / 4294967296), stream, part);
  let index = Math.floor(start / 4);
  let i = 0;
  if (start % 4 !== 0) {
    make(block, 0, index++);
    for (let lane = start % 4; lane < 4 && i < out.length; ) out[i++] = block[lane++]!;
  }
  for (; out.length - i >= 4; i += 4) make(out, i, index++);
  if (i < out.length) {
    make(block, 0, index);
    for (let lane = 0; i < out.length; ) out[i++] = block[lane++]!;
  }
}

/** One block of four words at `at`: ten rounds, from a key of two words and a counter of four. */
export function philox(
  out: Uint32Array,
  at: number,
  key0: number,
  key1: number,
  counter0: number,
  counter1: number,
  counter2: number,
  counter3: number,
): void {
  // Everything stays a 32-bit integer: the high halves of the 64-bit products come from parts of 16 bits.
  let k0 = key0 | 0;
  let k1 = key1 | 0;
  let c0 = counter0 | 0;
  let c1 = counter1 | 0;
  let c2 = counter2 | 0;
  let c3 = counter3 | 0;
  for (let round = 0; round < 10; round++) {
    const a = c0 & 0xffff;
    const b = c0 >>> 16;
    const u = (Math.imul(b, 0x1f53) + (Math.imul(a, 0x1f53) >>> 16)) | 0;
    const v = (Math.imul(a, 0xd251) + (u & 0xffff)) | 0;
    const high0 = (Math.imul(b, 0xd251) + (u >>> 16) + (v >>> 16)) | 0;
    const d = c2 & 0xffff;
    const e = c2 >>> 16;
    const x = (Math.imul(e, 0x8d57) + (Math.imul(d, 0x8d57) >>> 16)) | 0;
    const y = (Math.imul(d, 0xcd9e) + (x & 0xffff)) | 0;
    const high1 = (Math.imul(e, 0xcd9e) + (x >>> 16) + (y >>> 16)) | 0;
    const low0 = Math.imul(c0, 0xd2511f53);
    const low1 = Math.imul(c2, 0xcd9e8d57);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  out[at] = c0;
  out[at + 1] = c1;
  out[at + 2] = c2;
  out[at + 3] = c3;
}
