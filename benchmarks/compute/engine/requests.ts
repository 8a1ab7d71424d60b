import type { Probe, StreamOrder, StreamRun } from '../backends/backend.ts';
import type { Parameters } from '../challenge/parameters.ts';
import type { Reading } from '../energy.ts';
import type { Residual } from '../gemm/freivalds.ts';
import type { OutputForm } from '../gemm/opening.ts';
import type { OperandOrder } from '../gemm/operand-cuts.ts';
import type { Precision } from '../precision.ts';
import type { LibraryFault } from '../tried.ts';

/** A stretch of time in which whole products were made, on the machine's monotonic clock. */
export interface Window {
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly iterations: number;
  /** Numbers of the products whose output was looked at, from 1; the last one of the window is always among them. */
  readonly looks: number[];
}

/** What a run gives. What is no number stands as the largest one. */
export interface Run {
  readonly windows: Window[];
  readonly wrong: number;
  readonly worst: number;
  readonly order: OperandOrder;
  /** Whether B, too, was another one in every product. */
  readonly bothChange: boolean;
}

/** Bytes of what was opened, one after the other, and digests that lead from each to the root, hex. */
export interface Opened {
  readonly bytes: Uint8Array;
  readonly paths: string[][];
}

/** What an engine can be asked, by operation: what goes in and what comes out. */
export interface Requests {
  /** Loads the backend and says what it found. Comes first. */
  probe: { in: { threads: number }; out: Probe };
  /** Makes seeded streams of operands and buffers for products and multiplies once. Closes what was open before. */
  open: {
    in: { device: string; precision: Precision; size: number; seed: string; stream: number };
    out: Record<string, never>;
  };
  /** Compares a whole small product, element by element, with one made by plain loops. */
  gate: {
    in: { device: string; precision: Precision; size: number; seed: string; stream: number };
    out: { wrong: number; elements: number; worst: number };
  };
  /** What the engine's own loop costs for one product that does nothing, nanoseconds. */
  nullRun: { in: { iterations: number }; out: { nsPerIteration: number } };
  /**
   * Multiplies for so long and gives every window, and how many of the products that were looked at were wrong, by how
   * much the worst one; each window is told of as it ends. `turn`: number of the run, from which its products derive.
   */
  run: { in: { seconds: number; windowS: number; turn: number }; out: Run };
  /** The device's energy counter, or why it cannot be read. */
  energy: { in: { device: string; uuid: string | undefined }; out: { reading: Reading } };
  /** Root over the digests of the output's rows as they lie there, and of all looks of the last run, hex. */
  digest: { in: Record<string, never>; out: { root: string } };
  /** Rows of the output by their numbers, and looks of the last run by theirs, each with what leads to the root. */
  openLeaves: { in: { rows: number[]; looks: number[] }; out: { form: OutputForm; rows: Opened; looks: Opened } };
  /** Freivalds' check of the output with random vectors from this seed. What is no number stands as the largest one. */
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
