import { assemble, type Code, op, unsigned, type WasmFunction } from '../assembler.ts';
import { instantiate, type LinearMemory } from '../linear-memory.ts';

/**
 * Products of the recomputing by vectors of 16-bit integers, of which every processor multiplies more at a time than of
 * doubles. Addresses are bytes, counts are elements; `length` and `width` are multiples of 16, and nothing is checked here.
 */
export interface ProductKernels {
  /**
   * Products of ROWS_TOGETHER.short rows of `length` 16-bit integers with `width` rows of a matrix of such, each a 32-bit sum;
   * `stride` bytes lie between the sums of one row and of the next. Every sum must stay below 2^31.
   */
  short(target: number, rows: number, matrix: number, length: number, width: number, stride: number): void;
  /**
   * The same of ROWS_TOGETHER.cut rows with a matrix that `cutInTwo` has cut in two, each a sum in doubles. Exact where the rows have at most 15 bits and
   * every sum stays below 2^53: the parts have at most 2^12, so that a pair of products is at most 2^27 and the sum of
   * 14 pairs below 2^31; that sum goes to 64 bits before the next 14.
   */
  cut(target: number, rows: number, matrix: number, length: number, width: number, stride: number): void;
  /** `count` 32-bit integers that have 16 bits. */
  narrow(target: number, source: number, count: number): void;
  /**
   * `count` 32-bit integers of at most 26 bits as high·2^13 + low, both from −2^12 to 2^12: eight high parts, then the
   * eight low ones, 16 bits each.
   */
  cutInTwo(target: number, source: number, count: number): void;
}

/** Rows that the products take at once, so that what is loaded of a matrix is used for each. */
export const ROWS_TOGETHER = { short: 2, cut: 3 } as const;
/** Bits of the entries, signed, that `cut` takes: those of the matrix and those of the rows. */
export const CUT_BITS = { matrix: 26, rows: 15 } as const;

/** Compiles the products onto a memory. Throws where the engine has no WebAssembly vectors. */
export function instantiateProducts(memory: LinearMemory): ProductKernels {
  return instantiate(assemble([short, cut, narrow, cutInTwo]), memory);
}

const LOW_BITS = 13;
/** Elements whose products are summed in 32 bits: 14 pairs in each of 4 lanes. */
const CHUNK = 112;
/** Elements of one turn of the inner loop. */
const STEP = 16;

const i32Mul: Code = 0x6c;
const i64Add: Code = 0x7c;
const f64FromI64: Code = 0xb9;
const select: Code = 0x1b;
const simd = (code: number): Code => [0xfd, unsigned(code)];
const i64x2 = {
  extract: (lane: number): Code => [simd(0x1d), lane],
  fromLowI32x4: simd(0xc7),
  fromHighI32x4: simd(0xc8),
  shiftLeft: simd(0xcb),
  add: simd(0xce),
};
const i32x4ShiftLeft = simd(0xab);

const each = (count: number, code: (at: number) => Code): Code => Array.from({ length: count }, (_, at) => code(at));
/** `local += bytes` */
const advance = (local: number, bytes: number): Code => [op.get(local), op.i32(bytes), op.i32Add, op.set(local)];
/** `local −= count`, and the loop goes on while any are left. */
const countDown = (local: number, count: number): Code => [op.get(local), op.i32(count), op.i32Sub, op.set(local)];
const clear = (local: number): Code => [op.i32(0), op.i32x4Splat, op.set(local)];

/** Numbers of locals after the six parameters, given out one after another; `list` is what the function declares. */
function locals() {
  const list: ('i32' | 'v128')[] = [];
  const take = (type: 'i32' | 'v128', count: number) => {
    const first = 6 + list.length;
    for (let i = 0; i < count; i++) list.push(type);
    return (at = 0) => first + at;
  };
  return { list, take };
}

const PARAMETERS = ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'] as const;
const [target, rows, matrix, length, width, stride] = [0, 1, 2, 3, 4, 5];
const rowBytes: Code = [op.get(length), op.i32(2), i32Mul];
/** Where the sum of row `i` goes. */
const targetOf = (i: number): Code => [op.get(target), i > 0 ? [op.get(stride), op.i32(i), i32Mul, op.i32Add] : []];
/** The places in the rows at their beginnings. */
const beginRows = (count: number, place: (i: number) => number): Code =>
  each(count, (i) => [i === 0 ? op.get(rows) : [op.get(place(i - 1)), rowBytes, op.i32Add], op.set(place(i))]);
/** sum += a · b, neighbours added. */
const accumulate = (sum: number, a: number, b: number): Code => [
  [op.get(sum), op.get(a), op.get(b), op.i32x4DotI16x8],
  [op.i32x4Add, op.set(sum)],
];

/** Rows of the matrix that `short` takes at once. */
const COLUMNS = 4;

const short = ((): WasmFunction => {
  const ROWS = ROWS_TOGETHER.short;
  const { list, take } = locals();
  const inRow = take('i32', ROWS);
  const inMatrix = take('i32', COLUMNS);
  const left = take('i32', 1)();
  const row = take('v128', ROWS);
  const other = take('v128', 1)();
  const sums = take('v128', ROWS * COLUMNS);
  const sum = (i: number, j: number) => sums(i * COLUMNS + j);
  return {
    name: 'short',
    parameters: PARAMETERS,
    results: [],
    locals: list,
    body: op.loop(
      [
        beginRows(ROWS, inRow),
        each(COLUMNS, (j) => [
          j === 0 ? op.get(matrix) : [op.get(inMatrix(j - 1)), rowBytes, op.i32Add],
          op.set(inMatrix(j)),
        ]),
        each(ROWS * COLUMNS, (at) => clear(sums(at))),
        [op.get(length), op.set(left)],
        op.loop(
          [
            each(STEP / 8, (part) => [
              each(ROWS, (i) => [op.get(inRow(i)), op.load(16 * part), op.set(row(i))]),
              each(COLUMNS, (j) => [
                [op.get(inMatrix(j)), op.load(16 * part), op.set(other)],
                each(ROWS, (i) => accumulate(sum(i, j), row(i), other)),
              ]),
            ]),
            each(ROWS, (i) => advance(inRow(i), 2 * STEP)),
            each(COLUMNS, (j) => advance(inMatrix(j), 2 * STEP)),
            countDown(left, STEP),
          ],
          op.get(left),
        ),
        each(ROWS, (i) =>
          each(COLUMNS, (j) => [
            targetOf(i),
            each(4, (lane) => [op.get(sum(i, j)), op.i32x4Extract(lane), lane > 0 ? op.i32Add : []]),
            op.i32Store(4 * j),
          ]),
        ),
        advance(target, 4 * COLUMNS),
        [op.get(inMatrix(COLUMNS - 1)), op.set(matrix)],
        countDown(width, COLUMNS),
      ],
      op.get(width),
    ),
  };
})();

const cut = ((): WasmFunction => {
  const ROWS = ROWS_TOGETHER.cut;
  const { list, take } = locals();
  const inRow = take('i32', ROWS);
  const left = take('i32', 1)();
  const chunk = take('i32', 1)();
  const row = take('v128', ROWS);
  const part = take('v128', 1)();
  const high = take('v128', ROWS);
  const low = take('v128', ROWS);
  const sum = take('v128', ROWS);
  /** The four 32-bit sums as two of 64 bits. */
  const widen = (local: number): Code => [
    [op.get(local), i64x2.fromLowI32x4, op.get(local), i64x2.fromHighI32x4],
    i64x2.add,
  ];
  return {
    name: 'cut',
    parameters: PARAMETERS,
    results: [],
    locals: list,
    body: op.loop(
      [
        beginRows(ROWS, inRow),
        each(ROWS, (i) => clear(sum(i))),
        [op.get(length), op.set(left)],
        op.loop(
          [
            each(ROWS, (i) => [clear(high(i)), clear(low(i))]),
            // The shorter of a chunk and what is left; `left` falls by it now.
            [op.get(left), op.i32(CHUNK), op.get(left), op.i32(CHUNK), op.i32LessUnsigned, select, op.set(chunk)],
            [op.get(left), op.get(chunk), op.i32Sub, op.set(left)],
            op.loop(
              [
                each(STEP / 8, (at) => [
                  each(ROWS, (i) => [op.get(inRow(i)), op.load(16 * at), op.set(row(i))]),
                  [op.get(matrix), op.load(32 * at), op.set(part)],
                  each(ROWS, (i) => accumulate(high(i), row(i), part)),
                  [op.get(matrix), op.load(32 * at + 16), op.set(part)],
                  each(ROWS, (i) => accumulate(low(i), row(i), part)),
                ]),
                each(ROWS, (i) => advance(inRow(i), 2 * STEP)),
                advance(matrix, 4 * STEP),
                countDown(chunk, STEP),
              ],
              op.get(chunk),
            ),
            each(ROWS, (i) => [
              [op.get(sum(i)), widen(low(i)), i64x2.add],
              [widen(high(i)), op.i32(LOW_BITS), i64x2.shiftLeft, i64x2.add],
              op.set(sum(i)),
            ]),
          ],
          op.get(left),
        ),
        each(ROWS, (i) => [
          targetOf(i),
          [op.get(sum(i)), i64x2.extract(0), op.get(sum(i)), i64x2.extract(1), i64Add, f64FromI64],
          op.f64Store(),
        ]),
        advance(target, 8),
        countDown(width, 1),
      ],
      op.get(width),
    ),
  };
})();

const narrow: WasmFunction = {
  name: 'narrow',
  parameters: ['i32', 'i32', 'i32'],
  results: [],
  locals: [],
  body: op.loop(
    [
      [op.get(0), op.get(1), op.load(0), op.get(1), op.load(16), op.i16x8NarrowSigned, op.store(0)],
      [advance(0, 16), advance(1, 32), countDown(2, 8)],
    ],
    op.get(2),
  ),
};

/** high = (entry + 2^12) >> 13, low = entry − high·2^13. */
const cutInTwo: WasmFunction = {
  name: 'cutInTwo',
  parameters: ['i32', 'i32', 'i32'],
  results: [],
  locals: ['v128', 'v128'],
  body: op.loop(
    [
      op.get(0),
      each(2, (half) => [
        [op.get(1), op.load(16 * half), op.i32(2 ** (LOW_BITS - 1)), op.i32x4Splat, op.i32x4Add],
        [op.i32(LOW_BITS), op.i32x4ShiftRight, op.tee(3 + half)],
      ]),
      [op.i16x8NarrowSigned, op.store(0)],
      op.get(0),
      each(2, (half) => [
        [op.get(1), op.load(16 * half), op.get(3 + half), op.i32(LOW_BITS), i32x4ShiftLeft, op.i32x4Sub],
      ]),
      [op.i16x8NarrowSigned, op.store(16)],
      [advance(0, 32), advance(1, 32), countDown(2, 8)],
    ],
    op.get(2),
  ),
};
