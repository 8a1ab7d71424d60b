import type { Chain } from '../challenge/host-chain.ts';
import type { Parameters } from '../challenge/parameters.ts';
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

/** One prepared product C = A·B of square matrices, with buffers of its own that were written before any timing. */
export interface Gemm {
  /** Multiplies so many times, all into the same output, and waits for the end. Nanoseconds by the node's clock. */
  multiply(iterations: number): number | Promise<number>;
  /** The output as it lies there after the last product. */
  output(): Elements | Promise<Elements>;
  close(): void | Promise<void>;
}

/**
 * One way to multiply matrices. A backend throws where it cannot: whatever it throws is the detail of "unsupported",
 * and whatever it does to its process (an illegal instruction, say) ends that process only.
 */
export interface Backend {
  probe(threads: number): Promise<Probe>;
  /** A and B are size × size, row by row, elements exact in the precision. */
  open(device: string, precision: Precision, size: number, a: Elements, b: Elements): Promise<Gemm>;
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

/** Nanoseconds that a piece of work takes. */
export async function timed(work: () => unknown | Promise<unknown>): Promise<number> {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start);
}
