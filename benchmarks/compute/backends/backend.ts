import type { Chain } from '../challenge/host-chain.ts';
import type { Parameters } from '../challenge/parameters.ts';
import type { OperandOrder } from '../gemm/operand-cuts.ts';
import { type Pair, PLACES } from '../gemm/places.ts';
import type { Elements } from '../operands.ts';
import { PRECISIONS, type Precision } from '../precision.ts';

/** What a backend can do with one precision on one device. */
export interface Offer {
  readonly precision: Precision;
  /** Why the precision is not the hardware's own here; such a number is shown but does not count. */
  readonly emulated?: string;
}

/** A device as its backend sees it. */
export interface Device {
  /** `cpu`, `cuda:0` … */
  readonly id: string;
  readonly name: string;
  readonly uuid?: string;
  readonly offers: readonly Offer[];
  /** Why each of the other precisions is not offered. */
  readonly lacks: Readonly<Partial<Record<Precision, string>>>;
}

/** The same reason for every precision that is not offered and has none of its own. */
export function lacking(
  offers: readonly Offer[],
  why: string,
  own: Device['lacks'] = {},
): Partial<Record<Precision, string>> {
  const offered = new Set(offers.map(({ precision }) => precision));
  const absent = PRECISIONS.filter((precision) => !offered.has(precision));
  return Object.fromEntries(absent.map((precision) => [precision, own[precision] ?? why]));
}

/** What a backend found when it was loaded and tried. */
export interface Probe {
  /** Software behind it with version, for the report. */
  readonly software: readonly { readonly name: string; readonly version: string }[];
  /** The variant that really runs, where there is a choice (`SkylakeX`); part of the backend's name in the report. */
  readonly variant?: string;
  readonly devices: readonly Device[];
}

/**
 * Products C = A·B of square matrices, with buffers of their own that were written before any timing. A and B are cut
 * from streams that are a little longer than a matrix (see gemm/places.ts): nothing but an address changes.
 */
export interface Gemm {
  /** How the stream of B is read: row by row, or column by column. */
  readonly order: OperandOrder;
  /**
   * Puts B of this place into an order of the library's own. Where this is there, B of a product is the last one that
   * was taken, whatever its pair says.
   */
  takeRight?(place: number): void | Promise<void>;
  /** One product for each pair, all into the same output, waited for; then those rows of it, one after the other. */
  multiply(pairs: readonly Pair[], rows: readonly number[]): Elements | Promise<Elements>;
  /** Overwrites the whole output with what no product gives: NaN, the least integer. */
  poison(): void | Promise<void>;
  /** The output as it lies there after the last product. */
  output(): Elements | Promise<Elements>;
  close(): void | Promise<void>;
}

type Stored = Elements | Uint16Array | Uint8Array;

/** Those rows of an output that lies in memory, one after the other. */
export function rowsOf<E extends Stored>(output: E, size: number, rows: readonly number[]): E {
  const out = output.slice(0, rows.length * size) as E;
  for (const [i, row] of rows.entries()) out.set(output.subarray(row * size, (row + 1) * size), i * size);
  return out;
}

/** The matrices that are cut from a stream, by their places; each is a view, no copy. */
export function cutsOf<E extends Stored>(stream: E, size: number, step: number): E[] {
  const cut = (from: number) => stream.subarray(from, from + size * size) as E;
  return Array.from({ length: PLACES }, (_, place) => cut(place * step));
}

/**
 * One way to multiply matrices. A backend throws where it cannot: whatever it throws is the detail of "unsupported",
 * and whatever it does to its process (an illegal instruction, say) ends that process only.
 */
export interface Backend {
  probe(threads: number): Promise<Probe>;
  /** Streams of A and B, elements exact in the precision: size × size matrices begin at every multiple of `step`. */
  open(device: string, precision: Precision, size: number, step: number, a: Elements, b: Elements): Promise<Gemm>;
  /** Prepares the chained challenge: matrices from the nonce, buffers written once. */
  openChain(device: string, precision: Precision, parameters: Parameters, nonce: string): Promise<Chain>;
  /** STREAM's copy or triad in the device's own memory, where the backend can. */
  stream?(device: string, order: StreamOrder): Promise<StreamRun>;
  close(): void | Promise<void>;
}

export interface StreamOrder {
  readonly operation: 'copy' | 'triad';
  /** Bytes of one array of 32-bit floats. */
  readonly arrayBytes: number;
  readonly seed: string;
  readonly warmUpS: number;
  readonly seconds: number;
  readonly windowS: number;
}

/** Whole passes in stretches of time on the machine's monotonic clock, and elements of the result that are wrong. */
export interface StreamRun {
  readonly windows: { readonly startNs: number; readonly endNs: number; readonly passes: number }[];
  readonly elements: number;
  readonly wrong: number;
}
