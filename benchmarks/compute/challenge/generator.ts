import { assemble, type Code, op, unsigned, type WasmFunction } from '../assembler.ts';
import { allocate, instantiate } from '../linear-memory.ts';
import { fillWords, type Key } from '../philox.ts';

/**
 * The first `count` entries that begin with word `start` of a stream of Philox: signed fields of 8, 16 or 32 bits of the
 * words, low ones first, shifted right until `bits` are left, plus `offset`. What it gives is overwritten by the next call.
 */
export type Generate = (
  key: Key,
  stream: number,
  part: number,
  start: number,
  count: number,
  bits: number,
  offset: number,
) => Int32Array;

/** Most entries that one call makes. */
export const MOST_ENTRIES = 8192;

/** Entries in one word. */
export const entriesInWord = (bits: number): 1 | 2 | 4 => (bits <= 8 ? 4 : bits <= 16 ? 2 : 1);

/** Makes entries by plain loops: the reference. */
export const generatePlainly: Generate = (key, stream, part, start, count, bits, offset) => {
  const lanes = entriesInWord(bits);
  const words = new Uint32Array(Math.ceil(count / lanes));
  fillWords(words, key, stream, part, start);
  const entries = new Int32Array(words.length * lanes);
  const [width, drop] = [32 / lanes, 32 - bits];
  for (let i = 0, o = 0; i < words.length; i++) {
    for (let up = 32 - width; up >= 0; up -= width) entries[o++] = ((words[i]! << up) >> drop) + offset;
  }
  return entries.subarray(0, count);
};

/** Makes entries by vector loops where the engine has them, else by plain ones. */
export const generate: Generate = (key, stream, part, start, count, bits, offset) => {
  vectors ??= vectorGenerator();
  return (vectors || generatePlainly)(key, stream, part, start, count, bits, offset);
};

/** False where the engine has no vectors; undefined until the first call. */
let vectors: Generate | false | undefined;

interface Kernels {
  /** `count` groups of four blocks, from the block with this counter on; its low word must not overflow among them. */
  blocks(
    target: number,
    count: number,
    low: number,
    high: number,
    stream: number,
    part: number,
    k0: number,
    k1: number,
  ): void;
  /** `count` fields, a multiple of 16, as 32-bit integers. */
  bytes(target: number, source: number, count: number, shift: number, offset: number): void;
  halves(target: number, source: number, count: number, shift: number, offset: number): void;
  words(target: number, source: number, count: number, shift: number, offset: number): void;
}

/** Words of four blocks of four. */
const GROUP = 16;
/** Words from the beginning of memory, more by a group than are asked for at once: a call may begin inside a block. */
const ENTRIES_AT = 4 * (MOST_ENTRIES + 2 * GROUP);

function vectorGenerator(): Generate | false {
  try {
    const memory = allocate(ENTRIES_AT + 4 * (MOST_ENTRIES + 8 * GROUP));
    const kernels: Kernels = instantiate(assemble([blocks, ...unpacking]), memory);
    return (key, stream, part, start, count, bits, offset) => {
      const lanes = entriesInWord(bits);
      const block = Math.floor(start / 4);
      const skipped = start % 4;
      const groups = Math.ceil((skipped + Math.ceil(count / lanes)) / GROUP);
      const low = block % 2 ** 32;
      if (count > MOST_ENTRIES || low + 4 * groups > 2 ** 32) {
        return generatePlainly(key, stream, part, start, count, bits, offset);
      }
      kernels.blocks(0, groups, low, Math.floor(block / 2 ** 32), stream, part, key.k0, key.k1);
      const unpack = lanes === 4 ? kernels.bytes : lanes === 2 ? kernels.halves : kernels.words;
      unpack(ENTRIES_AT, 0, groups * GROUP * lanes, 32 / lanes - bits, offset);
      return new Int32Array(memory.buffer, ENTRIES_AT + 4 * skipped * lanes, count);
    };
  } catch {
    return false;
  }
}

const simd = (code: number): Code => [0xfd, unsigned(code)];
const xor = simd(0x51);
const i32x4Mul = simd(0xb5);
/** Products of two of four lanes each, unsigned, in 64 bits. */
const i64x2MulLow = simd(0xde);
const i64x2MulHigh = simd(0xdf);
const fromLow8 = simd(0x87);
const fromHigh8 = simd(0x88);
const fromLow16 = simd(0xa7);
const fromHigh16 = simd(0xa8);
/** Picks four of the eight 32-bit lanes of two vectors. */
const pick = (...lanes: readonly number[]): Code => [
  simd(0x0d),
  lanes.map((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]),
];
const each = (count: number, code: (at: number) => Code): Code => Array.from({ length: count }, (_, at) => code(at));

/**
 * Philox4x32-10 on four blocks at a time, a lane for each. Parameters: 0 target, 1 count, 2 … 5 the counter, 6 and 7 the
 * key; locals: 8 … 11 the counters of the blocks, 12 and 13 the products, 14 the high half, 15 and 16 the key, 17 the
 * lowest word of the counters.
 */
const blocks = ((): WasmFunction => {
  const [c0, c1, c2, c3, even, odd, high0, k0, k1, first] = [8, 9, 10, 11, 12, 13, 14, 15, 16, 17];
  const [M0, M1] = [0xd2511f53 | 0, 0xcd9e8d57 | 0];
  const splat = (value: number): Code => [op.i32(value), op.i32x4Splat];
  const highHalf = (counter: number, multiplier: number): Code => [
    [op.get(counter), splat(multiplier), i64x2MulLow],
    [op.get(counter), splat(multiplier), i64x2MulHigh],
    pick(1, 3, 5, 7),
  ];
  const round: Code = [
    [highHalf(c0, M0), op.set(high0)],
    // c0 ← high1 ^ c1 ^ k0, c1 ← low1, c2 ← high0 ^ c3 ^ k1, c3 ← low0
    [highHalf(c2, M1), op.get(c1), xor, op.get(k0), xor],
    [op.get(c2), splat(M1), i32x4Mul, op.set(c1)],
    [op.get(high0), op.get(c3), xor, op.get(k1), xor, op.set(c2)],
    [op.get(c0), splat(M0), i32x4Mul, op.set(c3)],
    op.set(c0),
  ];
  const nextKey: Code = [
    [op.get(k0), splat(0x9e3779b9 | 0), op.i32x4Add, op.set(k0)],
    [op.get(k1), splat(0xbb67ae85 | 0), op.i32x4Add, op.set(k1)],
  ];
  return {
    name: 'blocks',
    parameters: Array.from({ length: 8 }, () => 'i32' as const),
    results: [],
    locals: Array.from({ length: 10 }, () => 'v128' as const),
    body: [
      // The lanes of the first four counters: low + 0, 1, 2, 3.
      [op.get(2), op.i32x4Splat, simd(0x0c), [0, 1, 2, 3].map((lane) => [lane, 0, 0, 0]), op.i32x4Add, op.set(first)],
      op.loop(
        [
          [op.get(first), op.tee(c0), splat(4), op.i32x4Add, op.set(first)],
          [3, 4, 5].map((from, at) => [op.get(from), op.i32x4Splat, op.set(c1 + at)]),
          [op.get(6), op.i32x4Splat, op.set(k0)],
          [op.get(7), op.i32x4Splat, op.set(k1)],
          each(10, (at) => [at > 0 ? nextKey : [], round]),
          // Four words of four blocks, block after block: even and odd hold words 0 and 1 of two blocks, c0 and c2 words 2, 3.
          [
            [op.get(c0), op.get(c1), pick(0, 4, 1, 5), op.set(even)],
            [op.get(c2), op.get(c3), pick(0, 4, 1, 5), op.set(odd)],
          ],
          [op.get(0), op.get(even), op.get(odd), pick(0, 1, 4, 5), op.store(0)],
          [op.get(0), op.get(even), op.get(odd), pick(2, 3, 6, 7), op.store(16)],
          [
            [op.get(c0), op.get(c1), pick(2, 6, 3, 7), op.set(even)],
            [op.get(c2), op.get(c3), pick(2, 6, 3, 7), op.set(odd)],
          ],
          [op.get(0), op.get(even), op.get(odd), pick(0, 1, 4, 5), op.store(32)],
          [op.get(0), op.get(even), op.get(odd), pick(2, 3, 6, 7), op.store(48)],
          [op.get(0), op.i32(4 * GROUP), op.i32Add, op.set(0)],
          [op.get(1), op.i32(1), op.i32Sub, op.tee(1)],
        ],
        [],
      ),
    ],
  };
})();

/** 16 fields of `bytes` bytes a turn; `lanes` makes 32-bit lanes of the vector in which a quarter of them lie. */
const unpacker = (name: string, bytes: number, lanes: (vector: Code, quarter: number) => Code): WasmFunction => ({
  name,
  parameters: ['i32', 'i32', 'i32', 'i32', 'i32'],
  results: [],
  locals: [],
  body: op.loop(
    [
      each(4, (quarter) => [
        op.get(0),
        lanes([op.get(1), op.load(16 * Math.floor((quarter * bytes) / 4))], quarter),
        [op.get(3), op.i32x4ShiftRight, op.get(4), op.i32x4Splat, op.i32x4Add],
        op.store(16 * quarter),
      ]),
      [op.get(0), op.i32(64), op.i32Add, op.set(0)],
      [op.get(1), op.i32(16 * bytes), op.i32Add, op.set(1)],
      [op.get(2), op.i32(16), op.i32Sub, op.tee(2)],
    ],
    [],
  ),
});

const unpacking = [
  unpacker('bytes', 1, (vector, quarter) => [
    vector,
    quarter < 2 ? fromLow8 : fromHigh8,
    quarter % 2 === 0 ? fromLow16 : fromHigh16,
  ]),
  unpacker('halves', 2, (vector, quarter) => [vector, quarter % 2 === 0 ? fromLow16 : fromHigh16]),
  unpacker('words', 4, (vector) => vector),
];
