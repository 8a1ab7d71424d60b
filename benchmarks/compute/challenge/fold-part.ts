import type { SharedMemory } from '../linear-memory.ts';
import type { Kernels } from './kernels.ts';

/** How a state's entries lie in memory: unsigned bytes with 128 for zero; the bits of BF16. */
export type HostForm = 'float32' | 'float64' | 'bfloat16' | 'int8' | 'uint8';

/** Zero point of unsigned bytes. */
export const ZERO = 128;

/** f on all sums of a block of rows: where they lie, where the state does, and the numbers of f. */
export interface FoldPlan {
  readonly form: HostForm;
  /** Bytes of an entry of the state and of a sum. */
  readonly stateBytes: number;
  readonly sumBytes: number;
  readonly sumsAt: number;
  /** Entries; a multiple of 16. */
  readonly count: number;
  readonly shift: number;
  readonly stateBits: number;
  /** Address of two 32-bit numbers: the turn, and the threads that have not finished it. */
  readonly controlAt: number;
}

/** What a thread of the crew is started with. It folds part `part` of `parts`. */
export interface FoldTask {
  readonly memory: SharedMemory;
  readonly plan: FoldPlan;
  readonly part: number;
  readonly parts: number;
}

/** The turn that ends a thread. */
export const LAST_TURN = -1;

/** f on one part of the block: parts are of whole vectors and do not overlap. */
export function foldPart(kernels: Kernels, plan: FoldPlan, part: number, parts: number): void {
  const { form, stateBytes, sumBytes, sumsAt, count, shift, stateBits } = plan;
  const each = 16 * Math.ceil(count / 16 / parts);
  const from = part * each;
  const own = Math.min(each, count - from);
  if (own <= 0) return;
  const [to, at] = [from * stateBytes, sumsAt + from * sumBytes];
  const kept = 2 ** stateBits;
  const half = kept / 2;
  if (form === 'float64') kernels.foldF64(to, at, own, 2 ** -shift, kept, half);
  else if (form === 'float32') kernels.foldF32(to, at, own, shift, kept - 1, half);
  else if (form === 'bfloat16') kernels.foldBF16(to, at, own, shift, kept - 1, half);
  else if (form === 'int8') kernels.foldI32Signed(to, at, own, shift, kept - 1, half);
  else kernels.foldI32(to, at, own, shift, kept - 1, half - ZERO);
}
