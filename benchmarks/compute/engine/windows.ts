import type { Gemm } from '../backends/backend.ts';
import { fits, misfit } from '../gemm/fit.ts';
import { elementsAt } from '../gemm/looks.ts';
import { cutOf, operandsIn, sumsAt } from '../gemm/operand-cuts.ts';
import { type Draw, type Pair, pairsOf, type Spots, spotsOf, stretchLength, windowPlace } from '../gemm/places.ts';
import type { Elements } from '../operands.ts';
import type { Precision } from '../precision.ts';
import type { Window } from './requests.ts';

/** A product that is open, with the streams that its operands are cut from. */
export interface Opened {
  readonly gemm: Gemm;
  readonly a: Elements;
  readonly b: Elements;
  readonly device: string;
  readonly precision: Precision;
  readonly size: number;
  /** Elements from one place of an operand to the next. */
  readonly step: number;
}

/** What lay at some spots of the output right after a product. */
export interface Look {
  readonly pair: Pair;
  readonly spots: Spots;
  readonly values: Elements;
}

/**
 * Multiplies for so many seconds, in windows. Before a window the output is overwritten, outside the measured time. In
 * it no product has the operands of the one before; the output is looked at after every stretch of products, whose
 * lengths nobody can tell beforehand, and so after the last one. `told` hears of each window.
 */
export async function multiplyInWindows(
  { gemm, precision, size }: Opened,
  draw: Draw,
  seconds: number,
  windowS: number,
  told: (window: Window) => Promise<void>,
): Promise<{ windows: Window[]; looks: Look[] }> {
  const windows: Window[] = [];
  const all: Look[] = [];
  const length = BigInt(Math.round(windowS * 1e9));
  // Products that fill about a tenth of a window, so that asking the clock and looking cost nothing.
  let typical = 1;
  for (let left = BigInt(Math.round(seconds * 1e9)); left > 0n; ) {
    const at = windows.length;
    await gemm.poison();
    await gemm.takeRight?.(windowPlace(draw, at));
    const looks: number[] = [];
    let iterations = 0;
    const startNs = process.hrtime.bigint();
    let endNs = startNs;
    while (endNs - startNs < length) {
      const before = endNs;
      const count = stretchLength(draw, at, looks.length, typical);
      const pairs = pairsOf(draw, at, iterations, count);
      const spots = spotsOf(draw, precision, size, at, looks.length);
      const rows = await gemm.multiply(pairs, spots.rows);
      all.push({ pair: pairs[count - 1]!, spots, values: elementsAt(rows, spots, size) });
      iterations += count;
      looks.push(iterations);
      endNs = process.hrtime.bigint();
      if ((endNs - before) * BigInt(typical) < (length / 20n) * BigInt(count)) typical *= 2;
    }
    const window = { startNs, endNs, iterations, looks };
    windows.push(window);
    left -= endNs - startNs;
    await told(window);
  }
  return { windows, looks: all };
}

/** Holds looks against the operands: how many do not show the product, and by how much the worst one is off. */
export function wrongLooks(opened: Opened, looks: readonly Look[]): { wrong: number; worst: number } {
  const { gemm, a, b, precision, size, step } = opened;
  let [wrong, worst] = [0, 0];
  for (const { pair, spots, values } of looks) {
    const residual = misfit(values, sumsAt(operandsIn(a, b, size, cutOf(pair, step, gemm.order)), spots));
    if (!fits(residual, precision)) wrong++;
    worst = Math.max(worst, residual.worst);
  }
  return { wrong, worst };
}
