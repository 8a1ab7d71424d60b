import { createHash } from 'node:crypto';
import { rootFromPath } from '../../commitment.ts';
import type { Elements } from '../operands.ts';
import type { Precision } from '../precision.ts';
import { fits, misfit } from './fit.ts';
import { type OutputForm, pick, readNumber } from './opening.ts';
import { cutOf, type OperandOrder, operandsFrom, sumsAt } from './operand-cuts.ts';
import { type Draw, pairsOf, type Spots, spotCount, spotsOf } from './places.ts';

/** The elements at the spots, of those rows of an output one after the other. */
export function elementsAt(rows: Elements, { columns }: Spots, size: number): Elements {
  const count = rows.length / size;
  const out = rows.slice(0, count * columns.length);
  for (let i = 0; i < count; i++) {
    for (const [at, column] of columns.entries()) out[i * columns.length + at] = rows[i * size + column]!;
  }
  return out;
}

export function lookDigest(values: Elements): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

/** Looks that whoever checks recomputes; the node itself holds every look against its operands. */
const OPENED_LOOKS = 8;

/** The distinct looks that a beacon picks, of so many, counted through all windows. */
export function pickLooks(beacon: string, count: number): number[] {
  return pick(beacon, 0x6c6f6f6b, count, OPENED_LOOKS);
}

/** Name under which the elements of opened looks are kept. */
export function looksName(precision: Precision, device: string): string {
  return `looks-${precision}-${device.replace(/[^A-Za-z0-9._-]/g, '-')}.bin`;
}

export interface LookOpening {
  readonly precision: Precision;
  readonly size: number;
  readonly draw: Draw;
  readonly step: number;
  readonly order: OperandOrder;
  /** By window, the numbers of the products that were looked at; the first product of a window is 1. */
  readonly looks: readonly (readonly number[])[];
  readonly root: string;
  readonly beacon: string;
  readonly form: OutputForm;
  /** Sibling digests of each picked look, hex. */
  readonly paths: readonly (readonly string[])[];
}

/**
 * Holds opened looks against the commitment and against products recomputed from the seeds. `bytes` are the elements of
 * the picked looks one after the other. Gives what is wrong, or undefined. Costs some rows and columns a look, not n².
 */
export function looksFault(opening: LookOpening, bytes: Uint8Array): string | undefined {
  const { precision, size, draw, looks, form } = opening;
  const all = looks.flatMap((numbers, window) => numbers.map((number, look) => ({ window, look, number })));
  const picked = pickLooks(opening.beacon, all.length);
  const width = form === 'float64' ? 8 : 4;
  const count = spotCount(precision);
  if (picked.length === 0 || opening.paths.length !== picked.length || bytes.length !== picked.length * count * width) {
    return `${picked.length} looks of ${count} elements were to be opened`;
  }
  for (const [at, index] of picked.entries()) {
    const { window, look, number } = all[index]!;
    const own = bytes.subarray(at * count * width, (at + 1) * count * width);
    const leaf = new Uint8Array(createHash('sha256').update(own).digest());
    const path = opening.paths[at]!.map((hex) => new Uint8Array(Buffer.from(hex, 'hex')));
    const root = rootFromPath(leaf, size + index, size + all.length, path);
    const what = `product ${number} of window ${window}`;
    if (!root || Buffer.from(root).toString('hex') !== opening.root) return `${what} was not committed to`;
    const cut = cutOf(pairsOf(draw, window, number - 1, 1)[0]!, opening.step, opening.order);
    const operands = operandsFrom(precision, draw.key, draw.stream, size, cut);
    const want = sumsAt(operands, spotsOf(draw, precision, size, window, look));
    const view = new DataView(own.buffer, own.byteOffset, own.byteLength);
    const residual = misfit(
      Float64Array.from(want, (_, i) => readNumber(view, form, i)),
      want,
    );
    if (!fits(residual, precision)) return `${what} is not the product (off by ${residual.worst.toExponential(2)})`;
  }
  return undefined;
}
