import { fillWords, type Key, philox } from './philox.ts';
import { FORMS, type Precision } from './precision.ts';

/** A matrix's elements as numbers, row by row. Each is exactly a value of its precision. */
export type Elements = Float64Array | Float32Array | Int8Array | Int32Array;

const CHUNK_WORDS = 1 << 16;

/**
 * Elements `start` to `start + count` of the seeded random matrix `part` (0 for A, 1 for B): floats uniform in [-1, 1)
 * with every bit of the significand in use, integers uniform over their whole range. Never zeros or constants, which
 * draw less power and run faster than real data.
 */
export function randomElements(
  precision: Precision,
  key: Key,
  stream: number,
  part: number,
  start: number,
  count: number,
): Elements {
  const form = FORMS[precision];
  if (form.kind === 'integer') return randomIntegers(form.bits, key, stream, part, start, count);
  if (precision === 'FP64') return randomDoubles(key, stream, part, start, count);
  const out = new Float32Array(count);
  eachChunk(count, 1, (words, at) => {
    fillWords(words, key, stream, part, start + at);
    floatsFrom(words, out, at, form.fraction, form.minExponent);
  });
  return out;
}

/** Neighbouring elements of a row that one block of the generator makes: 16 integers, 4 floats or 2 doubles. */
export function blockWidth(precision: Precision): number {
  if (FORMS[precision].kind === 'integer') return 16;
  return precision === 'FP64' ? 2 : 4;
}

/**
 * Columns `block · blockWidth` and those right of it of the seeded size × size matrix `part`, as many as one block of
 * the generator makes in each row: size × blockWidth elements, row by row. Costs one block a row, whatever the size of
 * the matrix. The matrix begins at element `from` of its stream, a multiple of 16. Throws unless the size is one, too,
 * where blocks would begin inside a row and end in the next.
 */
export function randomColumns(
  precision: Precision,
  key: Key,
  stream: number,
  part: number,
  size: number,
  block: number,
  from = 0,
): Elements {
  if (size % 16 !== 0 || from % 16 !== 0) throw new Error(`columns of a matrix of ${size} do not lie in whole blocks`);
  const form = FORMS[precision];
  const width = blockWidth(precision);
  const words = new Uint32Array(4 * size);
  for (let row = 0; row < size; row++) {
    const index = (from + row * size) / width + block;
    philox(words, 4 * row, key.k0, key.k1, index | 0, Math.floor(index / 4294967296), stream, part);
  }
  if (form.kind === 'integer') {
    const out = new Int8Array(16 * size);
    for (let i = 0; i < out.length; i++) out[i] = integerFrom(words, i, form.bits);
    return out;
  }
  if (precision === 'FP64') {
    const out = new Float64Array(2 * size);
    doublesFrom(words, out, 0);
    return out;
  }
  const out = new Float32Array(4 * size);
  floatsFrom(words, out, 0, form.fraction, form.minExponent);
  return out;
}

/** One float from each word, cut to so many bits of fraction. */
function floatsFrom(words: Uint32Array, out: Float32Array, at: number, fraction: number, minExponent: number): void {
  const bits = new Int32Array(out.buffer);
  const mask = -1 << (23 - fraction);
  // Below the smallest normal value truncation by bits would leave values that the form has not: they become zero.
  const least = 2 ** minExponent;
  for (let i = 0; i < words.length; i++) {
    out[at + i] = ((words[i]! >>> 7) - 16777216) / 16777216;
    if (mask !== -1) {
      bits[at + i] = bits[at + i]! & mask;
      if (Math.abs(out[at + i]!) < least) out[at + i] = 0;
    }
  }
}

/** One double from each two words. */
function doublesFrom(words: Uint32Array, out: Float64Array, at: number): void {
  for (let i = 0; 2 * i < words.length; i++) {
    // 54 bits with the sign: every value with an ulp of a number in [½, 1), and no rounding on the way.
    const high = (words[2 * i]! >>> 4) - 134217728;
    const low = words[2 * i + 1]! >>> 6;
    out[at + i] = (high * 67108864 + low) / 9007199254740992;
  }
}

/** Integer `i` of the words, four to a word, low ones first. */
function integerFrom(words: Uint32Array, i: number, bits: number): number {
  const byte = ((words[i >> 2]! >>> ((i & 3) * 8)) << 24) >> 24;
  return byte >> (8 - bits);
}

function randomDoubles(key: Key, stream: number, part: number, start: number, count: number): Float64Array {
  const out = new Float64Array(count);
  eachChunk(count, 2, (words, at) => {
    fillWords(words, key, stream, part, 2 * (start + at));
    doublesFrom(words, out, at);
  });
  return out;
}

function randomIntegers(bits: number, key: Key, stream: number, part: number, start: number, count: number): Int8Array {
  const out = new Int8Array(count);
  const lanes = 4;
  const first = Math.floor(start / lanes);
  const words = new Uint32Array(Math.min(CHUNK_WORDS, Math.ceil((start + count) / lanes) - first));
  for (let done = 0, word = first; done < count; word += words.length) {
    fillWords(words, key, stream, part, word);
    for (let i = done === 0 ? start - first * lanes : 0; i < words.length * lanes && done < count; i++) {
      out[done++] = integerFrom(words, i, bits);
    }
  }
  return out;
}

function eachChunk(count: number, wordsEach: number, fill: (words: Uint32Array, at: number) => void): void {
  const buffer = new Uint32Array(Math.min(CHUNK_WORDS, count * wordsEach));
  const step = CHUNK_WORDS / wordsEach;
  for (let at = 0; at < count; at += step) fill(buffer.subarray(0, Math.min(step, count - at) * wordsEach), at);
}
