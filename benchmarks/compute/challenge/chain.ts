import { fillWords, keyOf } from '../philox.ts';
import { entriesInWord, generate, MOST_ENTRIES } from './generator.ts';
import { foldShift, type Parameters } from './parameters.ts';

/** Arrays that entries are written to: any that holds the integers exactly. */
export type Entries = Int8Array | Int16Array | Int32Array | Uint8Array | Float32Array | Float64Array;

/** Parts of one key's words, so that no two uses share any. */
const PART = { matrix: 1, state: 2, schedule: 3, sketch: 4, audit: 5 } as const;

/** Rows `from`, `from + 1`, … of the matrix W_s (n × n, row by row), as many as fit `out`. `nonce` is a beacon, hex. */
export function fillMatrix(out: Entries, parameters: Parameters, nonce: string, s: number, from = 0, offset = 0): void {
  fillEntries(out, parameters.weightBits, nonce, s, PART.matrix, from * parameters.n, offset);
}

/** Rows `from`, `from + 1`, … of a round's start matrix X₀ (m × n, row by row). `seed` is a beacon, hex. */
export function fillState(out: Entries, parameters: Parameters, seed: string, from = 0, offset = 0): void {
  fillEntries(out, parameters.stateBits, seed, 0, PART.state, from * parameters.n, offset);
}

/** Which matrix each layer of a round uses. */
export function schedule({ layers, matrices }: Parameters, seed: string): number[] {
  const words = new Uint32Array(layers);
  fillWords(words, keyOf(seed), 0, PART.schedule, 0);
  return [...words].map((word) => word % matrices);
}

/** The vector r whose product with each final row, modulo 2^32, is that row's sketch. */
export function sketchVector({ n }: Parameters, seed: string): Uint32Array {
  const vector = new Uint32Array(n);
  fillWords(vector, keyOf(seed), 0, PART.sketch, 0);
  return vector;
}

/** Sketch of one final row: Σ x·r modulo 2^32. */
export function sketchRow(state: Entries, at: number, vector: Uint32Array, offset = 0): number {
  // Copied first, so that the loop sees one kind of array whatever the precision: engines compile that to far better code.
  const row = new Int32Array(vector.length);
  row.set(state.subarray(at, at + vector.length));
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum = (sum + Math.imul(row[i]! - offset, vector[i]!)) | 0;
  return sum >>> 0;
}

/**
 * f: adds to an exact sum its own high part, keeps the low `stateBits`, centres. The shift makes it non-linear, so that
 * layers can't be merged; the low bits are in it, so that a sum that was rounded anywhere gives another value.
 * Written in floors and powers of two, which are exact for every sum below 2^52.
 */
export function fold(sum: number, parameters: Parameters): number {
  return folding(parameters)(sum);
}

/** f for these parameters: see `fold`. */
export function folding(parameters: Parameters): (sum: number) => number {
  const down = 2 ** -foldShift(parameters);
  const kept = 2 ** parameters.stateBits;
  return (sum) => {
    const mixed = Math.floor(sum * down) + sum;
    return mixed - Math.floor(mixed / kept) * kept - kept / 2;
  };
}

/** f on a row of exact sums. */
export function foldRow(state: Int32Array, sums: Float64Array, parameters: Parameters): void {
  const down = 2 ** -foldShift(parameters);
  const kept = 2 ** parameters.stateBits;
  const inverse = 1 / kept;
  const half = kept / 2;
  for (let i = 0; i < state.length; i++) {
    const mixed = Math.floor(sums[i]! * down) + sums[i]!;
    state[i] = mixed - Math.floor(mixed * inverse) * kept - half;
  }
}

/** One (round, row) pair that is recomputed. */
export interface Audit {
  readonly round: number;
  readonly row: number;
}

/** The pairs that a beacon picks; it was unknown until the last sketch was out. Distinct as long as there are enough. */
export function auditPlan(parameters: Parameters, rounds: number, count: number, beacon: string): Audit[] {
  const pairs = rounds * parameters.m;
  const wanted = Math.min(count, pairs);
  const chosen = new Set<number>();
  const word = new Uint32Array(1);
  for (let i = 0; chosen.size < wanted; i++) {
    fillWords(word, keyOf(beacon), 0, PART.audit, i);
    // 2^32 is no multiple of the number of pairs; the bias is below pairs / 2^32.
    chosen.add(Math.floor((word[0]! / 4294967296) * pairs));
  }
  return [...chosen].map((pair) => ({ round: Math.floor(pair / parameters.m), row: pair % parameters.m }));
}

/** Signed entries of up to 8, 16 or 32 bits: four, two or one from each random word. */
function fillEntries(
  out: Entries,
  bits: number,
  beacon: string,
  stream: number,
  part: number,
  start: number,
  offset: number,
): void {
  const key = keyOf(beacon);
  const lanes = entriesInWord(bits);
  if (start % lanes !== 0 || out.length % lanes !== 0) throw new Error(`entries start or end inside a word`);
  for (let at = 0; at < out.length; at += MOST_ENTRIES) {
    const count = Math.min(MOST_ENTRIES, out.length - at);
    out.set(generate(key, stream, part, (start + at) / lanes, count, bits, offset), at);
  }
}
