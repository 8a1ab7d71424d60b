import { blockWidth } from '../operands.ts';
import { fillWords, type Key } from '../philox.ts';
import type { Precision } from '../precision.ts';

/**
 * No product of a timed window has the operands of the one before it. A and B are cut from seeded streams that are a
 * little longer than a matrix, each product from places of its own. What is cut from another place is another matrix
 * in every element, at no cost: only an address moves. So what a library left in the output is never the right output
 * of a product that it skips. The output is overwritten before each window, and looked at after products that nobody
 * can tell beforehand, always with the last one of a window.
 *
 * What remains possible: a library that leaves out a share q of its products, at random, passes L looks with
 * probability (1 − q)^L. One that was made against this very method can keep every output that it made, by the places
 * of its operands: it has to work through up to 64 · 64 pairs first, 64 where B stays the same in a window, with as
 * many outputs in memory. Whoever can read this process's memory, the node itself above all, can know the places.
 * Against those stands the challenge alone, where nothing can be known before the controller says it.
 */
export const PLACES = 64;

/** Elements from one place to the next: as far as the kernels of a device ask operands to be aligned, in any width. */
export function placeStep(device: string): number {
  return device === 'cpu' ? 64 : 256;
}

/** Elements of a stream that all size × size matrices are cut from, whatever their places. */
export function streamLength(size: number, step: number): number {
  return size * size + (PLACES - 1) * step;
}

/** Places of the operands of one product, each below `PLACES`. */
export interface Pair {
  readonly a: number;
  readonly b: number;
}

/** What the products of one run derive from. */
export interface Draw {
  /** Key of the challenge. */
  readonly key: Key;
  /** Stream of the operands: products of different precisions have other places. */
  readonly stream: number;
  /** Number of the run: trials, warm-up and the measured time have nothing in common. */
  readonly turn: number;
  /** Whether B, too, has another place in every product; else it has one in each window. */
  readonly bothChange: boolean;
}

/** Numbers of the runs of a product. */
export const TURN = { trial: 0, warmUp: 1, measured: 2 } as const;

/** Uses of the words of one key, apart from each other and from those of operands. */
const USE = { pair: 0x70616972, window: 0x77696e64, stretch: 0x73747265, look: 0x6c6f6f6b } as const;
/** More products, stretches or looks of one window would share words with the next, which harms nothing. */
const MOST_IN_WINDOW = 2 ** 24;

/** Places of the operands of a window's products `from`, `from + 1`, … (the first is 0), as many as asked for. */
export function pairsOf(draw: Draw, window: number, from: number, count: number): Pair[] {
  const words = wordsOf(draw, USE.pair, window * MOST_IN_WINDOW + from, count);
  const whole = windowPlace(draw, window);
  return Array.from(words, (word) => ({
    a: word % PLACES,
    b: draw.bothChange ? (word >>> 16) % PLACES : whole,
  }));
}

/** The place of B in a window, where all its products share one. */
export function windowPlace(draw: Draw, window: number): number {
  return wordsOf(draw, USE.window, window, 1)[0]! % PLACES;
}

/** Products until the next look: from 1 to twice the typical number, which nobody can tell beforehand. */
export function stretchLength(draw: Draw, window: number, stretch: number, typical: number): number {
  return 1 + (wordsOf(draw, USE.stretch, window * MOST_IN_WINDOW + stretch, 1)[0]! % (2 * typical - 1));
}

/** Rows and blocks of columns of one look. */
const LOOK_ROWS = 4;
const LOOK_BLOCKS = 2;
/** Columns of a block that are looked at: those beside them show no more. */
export const MOST_COLUMNS = 4;

/** Where elements of an output lie that are looked at: in each of the rows, in each of the columns. */
export interface Spots {
  readonly rows: readonly number[];
  readonly columns: readonly number[];
}

/** The elements that look `look` of a window takes. A row may come twice; that is rare. */
export function spotsOf(draw: Draw, precision: Precision, size: number, window: number, look: number): Spots {
  const each = LOOK_ROWS + LOOK_BLOCKS;
  const words = wordsOf(draw, USE.look, (window * MOST_IN_WINDOW + look) * each, each);
  const scaled = (word: number, among: number) => Math.floor((word / 4294967296) * among);
  const width = blockWidth(precision);
  const used = Math.min(width, MOST_COLUMNS);
  return {
    rows: Array.from(words.subarray(0, LOOK_ROWS), (word) => scaled(word, size)),
    columns: Array.from(words.subarray(LOOK_ROWS), (word) => scaled(word, size / width) * width).flatMap((from) =>
      Array.from({ length: used }, (_, i) => from + i),
    ),
  };
}

/** Elements that one look takes. */
export function spotCount(precision: Precision): number {
  return LOOK_ROWS * LOOK_BLOCKS * Math.min(blockWidth(precision), MOST_COLUMNS);
}

function wordsOf({ key, stream, turn }: Draw, use: number, start: number, count: number): Uint32Array {
  const words = new Uint32Array(count);
  fillWords(words, key, use, 16 * stream + turn, start);
  return words;
}
