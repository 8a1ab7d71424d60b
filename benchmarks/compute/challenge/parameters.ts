import { FORMS, type Precision } from '../precision.ts';

/**
 * Sizes of one chained challenge. Rows are independent chains: a round takes m row vectors of n small integers through
 * L layers x ← f(x·W_sᵗ), that is x_j ← f(Σ x_i·W_s[j][i]). (Transposed: X ← f(W_s·X), with columns for rows.)
 */
export interface Parameters {
  /** Length of a row: inner size of every product. */
  readonly n: number;
  /** Rows of a round. */
  readonly m: number;
  readonly layers: number;
  /** Matrices W that the layers choose from. */
  readonly matrices: number;
  /** Bits of an entry of W: the whole significand of the precision, so that a lower one rounds it. */
  readonly weightBits: number;
  /** Bits of an entry of X. */
  readonly stateBits: number;
}

/** With fewer layers, making the start matrix and the sketches would cost more than a tenth of the products. */
export const LEAST_LAYERS = 16;
/** More would only make the recomputing long: a round that is too short has more rows or longer ones. */
export const MOST_LAYERS = 4096;
/** Fewer recomputed rows would say little of those that were not. */
export const LEAST_AUDITS = 16;
export const MOST_AUDITS = 4096;

/** Rows that are recomputed where so many are asked for: node and proof must pick the same. */
export function auditCount(asked: number): number {
  return Math.max(LEAST_AUDITS, Math.floor(asked));
}

/**
 * Most rounds that an attempt is planned with, over all its devices and precisions. A round takes about 290 bytes of the
 * controller's record, which is one line of its log, and 230 of the samples: with so many rounds either stays below 64
 * MiB, half of what a line may have and a quarter of what samples may.
 */
export const MOST_ROUNDS = 150_000;

/**
 * Time that a round is to take, seconds: what is asked for, or longer where the devices and precisions of the attempt
 * would need too many rounds for so many seconds each.
 */
export function roundSeconds(asked: number, seconds: number, precisions: number, devices: number): number {
  return Math.max(asked, (seconds * precisions * devices) / MOST_ROUNDS);
}

/**
 * Whether rounds that take so many seconds would be more than twice as many as are planned with: on a device so fast
 * that even the most layers don't fill a round. What is recorded of them would not fit.
 */
export function tooShort(roundS: number, seconds: number, precisions: number, devices: number): boolean {
  return !(2 * roundS >= roundSeconds(0, seconds, precisions, devices));
}

/** Bits of a matrix entry for each precision: more than the next lower precision can hold. */
const WEIGHT_BITS: Readonly<Record<Precision, number>> = {
  FP64: 26,
  FP32: 13,
  TF32: 10,
  FP16: 10,
  BF16: 8,
  FP8_E4M3: 4,
  FP8_E5M2: 3,
  INT8: 8,
  INT4: 4,
};

/** Largest sum that stays exact, with room for f: 2^52 in doubles, 2^24 where products are summed in FP32, 2^31 in 32-bit integers. */
export function exactBits(precision: Precision): number {
  if (precision === 'FP64') return 52;
  return FORMS[precision].kind === 'integer' ? 31 : 24;
}

export function weightBits(precision: Precision): number {
  return WEIGHT_BITS[precision];
}

/**
 * Most bits that an entry of X may have so that every sum of n products is exact: n·2^(weight − 1)·2^(state − 1) stays
 * at or below the limit. Never more than the precision's own significand or integer holds, nor than 15. 0 where n is
 * too large for even one bit.
 */
export function largestStateBits(precision: Precision, n: number): number {
  const form = FORMS[precision];
  const own = form.kind === 'integer' ? form.bits : form.fraction + 2;
  const room = exactBits(precision) - Math.ceil(Math.log2(n)) - (weightBits(precision) - 1) + 1;
  return Math.max(0, Math.min(own, 15, room));
}

/** The longest rows, up to those asked for, that leave room for a state of two bits in an exact sum. */
export function rowLength(precision: Precision, asked: number): number {
  let n = asked;
  while (largestStateBits(precision, n) < 2 && n > 64) n = Math.floor(n / 32) * 16;
  return n;
}

/**
 * Bits by which f shifts a sum to mix it with itself. The bits from there on lie just below the typical size of a sum
 * (about √n·2^(weight + state) / 12), where they look random; higher ones would mostly be copies of the sign.
 */
export function foldShift({ n, weightBits: weight }: Pick<Parameters, 'n' | 'weightBits'>): number {
  return Math.max(1, Math.floor(Math.log2(n) / 2) + weight - 4);
}

/** Multiply-accumulates of one round, each counted as two operations. */
export function roundOperations({ n, m, layers }: Parameters): number {
  return 2 * n * n * m * layers;
}
