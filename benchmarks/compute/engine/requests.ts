import type { Probe, StreamOrder, StreamRun } from '../backends/backend.ts';
import type { Parameters } from '../challenge/parameters.ts';
import type { Reading } from '../energy.ts';
import type { Residual } from '../gemm/freivalds.ts';
import type { OutputForm } from '../gemm/opening.ts';
import type { Precision } from '../precision.ts';
import type { LibraryFault } from '../tried.ts';

/** A stretch of time in which whole products were made, on the machine's monotonic clock. */
export interface Window {
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly iterations: number;
}

/** What an engine can be asked, by operation: what goes in and what comes out. */
export interface Requests {
  /** Loads the backend and says what it found. Comes first. */
  probe: { in: { threads: number }; out: Probe };
  /** Makes seeded operands and buffers for one product and multiplies once. Closes the product that was open before. */
  open: {
    in: { device: string; precision: Precision; size: number; seed: string; stream: number };
    out: { firstNs: number };
  };
  /** Compares a whole small product, element by element, with one made by plain loops. */
  gate: {
    in: { device: string; precision: Precision; size: number; seed: string; stream: number };
    out: { wrong: number; elements: number; worst: number };
  };
  /** What the engine's own loop costs for one product that does nothing, nanoseconds. */
  nullRun: { in: { iterations: number }; out: { nsPerIteration: number } };
  /** Multiplies for so long and gives every window; each window is told of as it ends. */
  run: { in: { seconds: number; windowS: number }; out: { windows: Window[] } };
  /** The device's energy counter, or why it cannot be read. */
  energy: { in: { device: string; uuid: string | undefined }; out: { reading: Reading } };
  /** Digests of the output's rows as they lie there, and their root, hex. */
  digest: { in: Record<string, never>; out: { root: string } };
  /** Rows of the output by their numbers, one after the other, with what leads from each to the root. */
  openRows: { in: { rows: number[] }; out: { form: OutputForm; bytes: Uint8Array; paths: string[][] } };
  /** Freivalds' check of the output with random vectors from this seed. */
  verify: { in: { seed: string; rounds: number }; out: Residual };
  /** Opens a small chain, runs one round and compares every sketch with one recomputed by plain loops. */
  chainTest: {
    in: { device: string; precision: Precision; parameters: Parameters; nonce: string; seed: string };
    out: { rows: number; wrong: number };
  };
  /** Makes matrices and buffers of a chain. Closes whatever was open before. */
  chainOpen: {
    in: { device: string; precision: Precision; parameters: Parameters; nonce: string };
    out: Record<string, never>;
  };
  /** One round; times on the machine's monotonic clock from taking the seed to having the sketch. */
  chainRound: {
    in: { seed: string };
    out: { sketch: Uint8Array; startNs: bigint; endNs: bigint; productNs: number };
  };
  /** Copy or triad in the memory of a device. */
  stream: { in: { device: string; order: StreamOrder }; out: StreamRun };
  /** Closes whatever is open. */
  close: { in: Record<string, never>; out: Record<string, never> };
}

export type Operation = keyof Requests;

/** What goes over the channel to an engine. */
export interface Ask {
  readonly id: number;
  readonly operation: Operation;
  readonly input: unknown;
}

/** What comes back: windows while it runs, then one answer. */
export type Tell =
  | { readonly id: number; readonly window: Window }
  | { readonly id: number; readonly output: unknown }
  | { readonly id: number; readonly error: string; readonly fault?: LibraryFault };
