import { createHash } from 'node:crypto';
import { merkleRoot, rootFromPath } from '../../commitment.ts';
import { blockWidth, type Elements } from '../operands.ts';
import { fillWords, keyOf } from '../philox.ts';
import { PRECISIONS, type Precision } from '../precision.ts';
import { fits, misfit } from './fit.ts';
import { type Cut, operandsFrom, sumsAt } from './operand-cuts.ts';
import { MOST_COLUMNS } from './places.ts';

/** How the numbers of an output lie in its bytes. */
export type OutputForm = 'float64' | 'float32' | 'int32';

/** Stream of the seeded operands of a precision: operands of different precisions have nothing in common. */
export function operandStream(precision: Precision): number {
  return PRECISIONS.indexOf(precision) + 1;
}

/** Digests of the rows of an output, and the root over them that is committed to. */
export function rowDigests(output: Elements, size: number): Uint8Array[] {
  const bytes = new Uint8Array(output.buffer, output.byteOffset, output.byteLength);
  const stride = bytes.length / size;
  return Array.from({ length: size }, (_, row) => digest(bytes.subarray(row * stride, (row + 1) * stride)));
}

export function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  return merkleRoot(leaves);
}

/** The distinct rows that a beacon picks; it was unknown until the root was out. */
export function pickRows(beacon: string, size: number, count: number): number[] {
  return pick(beacon, 0x726f7773, size, count);
}

/** Blocks of columns in which opened rows are recomputed. */
const COLUMN_BLOCKS = 32;

/** The distinct blocks of columns (see `blockWidth`) that the same beacon picks: all of them where there are few. */
export function pickColumnBlocks(beacon: string, size: number, precision: Precision): number[] {
  return pick(beacon, 0x636f6c73, size / blockWidth(precision), COLUMN_BLOCKS);
}

/** So many distinct numbers below `among`, or all of them, by a beacon. */
export function pick(beacon: string, stream: number, among: number, count: number): number[] {
  const wanted = Math.min(count, among);
  const chosen = new Set<number>();
  const words = new Uint32Array(64);
  for (let at = 0; chosen.size < wanted; at += words.length) {
    fillWords(words, keyOf(beacon), stream, 0, at);
    for (const word of words) if (chosen.size < wanted) chosen.add(Math.floor((word / 4294967296) * among));
  }
  return [...chosen];
}

/** Name under which the bytes of opened rows are kept. */
export function openingName(precision: Precision, device: string): string {
  return `rows-${precision}-${device.replace(/[^A-Za-z0-9._-]/g, '-')}.bin`;
}

export interface Opening {
  readonly precision: Precision;
  readonly size: number;
  readonly challenge: string;
  /** Where the operands of the last product begin in their streams. */
  readonly cut: Cut;
  /** Hex of the root that was committed to, and the beacon that came after it. */
  readonly root: string;
  readonly beacon: string;
  /** What lies under the root: the rows of the output first. */
  readonly leaves: number;
  readonly form: OutputForm;
  /** Sibling digests of each picked row, hex. */
  readonly paths: readonly (readonly string[])[];
}

/**
 * Holds opened rows against the commitment and against products recomputed from the seeds in double precision. `bytes`
 * are the picked rows one after the other. Gives what is wrong, or undefined.
 *
 * What is checked: every opened row lies under the root that was committed to before the beacon came; and where the
 * opened rows meet 32 blocks of columns that the same beacon picks, every element is the sum that the seeds give,
 * within the bound of the precision (integers exactly). A wrong inner length, wrong operands or a lower precision
 * change every element and are always seen; a share q of the columns left out is seen with probability 1 − (1 − q)³²
 * (97 % at a tenth), a share q of the rows with 1 − (1 − q)^rows. All other elements rest on Freivalds' check, which
 * the node runs itself after the same beacon. The cost is rows and columns of length n, not n²: 32·n blocks of the
 * generator and at most rows·128·n multiply-adds, tens of milliseconds for the largest sizes, however many devices a
 * run has.
 */
export function openingFault(opening: Opening, count: number, bytes: Uint8Array): string | undefined {
  const { precision, size, form } = opening;
  if (size % 16 !== 0) return `rows of ${size} elements are not of a size that is measured`;
  const width = form === 'float64' ? 8 : 4;
  const rows = pickRows(opening.beacon, size, count);
  if (rows.length === 0 || opening.paths.length !== rows.length || bytes.length !== rows.length * size * width) {
    return `${rows.length} rows of ${size} were to be opened`;
  }
  for (const [i, row] of rows.entries()) {
    const leaf = digest(bytes.subarray(i * size * width, (i + 1) * size * width));
    const path = opening.paths[i]!.map((hex) => new Uint8Array(Buffer.from(hex, 'hex')));
    const root = rootFromPath(leaf, row, opening.leaves, path);
    if (!root || Buffer.from(root).toString('hex') !== opening.root)
      return `row ${row} is not of the output committed to`;
  }
  const { columns, sums } = recompute(opening, rows);
  for (const [i, row] of rows.entries()) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + i * size * width, size * width);
    const residual = misfit(
      columns.map((column) => readNumber(view, form, column)),
      sums.subarray(i * columns.length, (i + 1) * columns.length),
    );
    if (!fits(residual, precision)) {
      return `row ${row} of the output is not the product (off by ${residual.worst.toExponential(2)})`;
    }
  }
  return undefined;
}

/** Elements of the rows in the picked columns, from the seeds, summed in double precision. */
function recompute({ precision, size, challenge, beacon, cut }: Opening, rows: readonly number[]) {
  const width = blockWidth(precision);
  const used = Math.min(width, MOST_COLUMNS);
  const blocks = pickColumnBlocks(beacon, size, precision);
  const columns = blocks.flatMap((block) => Array.from({ length: used }, (_, i) => block * width + i));
  const operands = operandsFrom(precision, keyOf(challenge), operandStream(precision), size, cut);
  return { columns, sums: sumsAt(operands, { rows, columns }) };
}

/** Number `index` of an output's bytes. */
export function readNumber(view: DataView, form: OutputForm, index: number): number {
  if (form === 'float64') return view.getFloat64(8 * index, true);
  return form === 'float32' ? view.getFloat32(4 * index, true) : view.getInt32(4 * index, true);
}

function digest(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}
