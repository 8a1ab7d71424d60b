import { createHash } from 'node:crypto';
import { merkleRoot, rootFromPath } from '../../users/merkle.ts';
import { type Elements, randomElements } from '../operands.ts';
import { fillWords, keyOf } from '../philox.ts';
import { FORMS, PRECISIONS, type Precision, RESIDUAL_BOUND } from '../precision.ts';

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
  const rows = new Set<number>();
  const word = new Uint32Array(1);
  for (let i = 0; rows.size < Math.min(count, size); i++) {
    fillWords(word, keyOf(beacon), 0x726f7773, 0, i);
    rows.add(Math.floor((word[0]! / 4294967296) * size));
  }
  return [...rows];
}

/** Name under which the bytes of opened rows are kept. */
export function openingName(precision: Precision, device: string): string {
  return `rows-${precision}-${device.replace(/[^A-Za-z0-9._-]/g, '-')}.bin`;
}

export interface Opening {
  readonly precision: Precision;
  readonly size: number;
  readonly challenge: string;
  /** Hex of the root that was committed to, and the beacon that came after it. */
  readonly root: string;
  readonly beacon: string;
  readonly form: OutputForm;
  /** Sibling digests of each picked row, hex. */
  readonly paths: readonly (readonly string[])[];
}

/**
 * Holds opened rows against the commitment and against products recomputed from the seeds in double precision. `bytes`
 * are the picked rows one after the other. Gives what is wrong, or undefined. Recomputing takes one pass over B, which
 * is made piece by piece: of any size it never lies in memory whole.
 */
export function openingFault(opening: Opening, count: number, bytes: Uint8Array): string | undefined {
  const { precision, size, form } = opening;
  const width = form === 'float64' ? 8 : 4;
  const rows = pickRows(opening.beacon, size, count);
  if (rows.length === 0 || opening.paths.length !== rows.length || bytes.length !== rows.length * size * width) {
    return `${rows.length} rows of ${size} were to be opened`;
  }
  for (const [i, row] of rows.entries()) {
    const leaf = digest(bytes.subarray(i * size * width, (i + 1) * size * width));
    const path = opening.paths[i]!.map((hex) => new Uint8Array(Buffer.from(hex, 'hex')));
    const root = rootFromPath(leaf, row, size, path);
    if (!root || Buffer.from(root).toString('hex') !== opening.root)
      return `row ${row} is not of the output committed to`;
  }
  const right = recomputeRows(opening, rows);
  const integer = FORMS[precision].kind === 'integer';
  const bound = RESIDUAL_BOUND[precision];
  for (const [i, row] of rows.entries()) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + i * size * width, size * width);
    const want = right[i]!;
    const scale = Math.sqrt(want.reduce((sum, x) => sum + x * x, 0) / size);
    let squares = 0;
    let worst = 0;
    for (let j = 0; j < size; j++) {
      const difference = Math.abs(read(view, form, j) - want[j]!);
      squares += difference * difference;
      worst = Math.max(worst, difference);
    }
    // Written so that NaN fails.
    const fits = integer ? worst === 0 : Math.sqrt(squares / size) <= bound * scale && worst <= 10 * bound * scale;
    if (!fits) return `row ${row} of the output is not the product (off by ${(worst / scale).toExponential(2)})`;
  }
  return undefined;
}

/** Rows of A·B from the seeds, summed in double precision. */
function recomputeRows({ precision, size, challenge }: Opening, rows: readonly number[]): Float64Array[] {
  const key = keyOf(challenge);
  const stream = operandStream(precision);
  const left = rows.map((row) => randomElements(precision, key, stream, 0, row * size, size));
  const sums = rows.map(() => new Float64Array(size));
  const step = Math.max(1, Math.floor((1 << 20) / size));
  for (let k0 = 0; k0 < size; k0 += step) {
    const count = Math.min(step, size - k0);
    const b = randomElements(precision, key, stream, 1, k0 * size, count * size);
    for (const [i, row] of left.entries()) {
      const sum = sums[i]!;
      for (let k = 0; k < count; k++) {
        const factor = row[k0 + k]!;
        for (let j = 0, at = k * size; j < size; j++, at++) sum[j]! += factor * b[at]!;
      }
    }
  }
  return sums;
}

function read(view: DataView, form: OutputForm, index: number): number {
  if (form === 'float64') return view.getFloat64(8 * index, true);
  return form === 'float32' ? view.getFloat32(4 * index, true) : view.getInt32(4 * index, true);
}

function digest(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}
