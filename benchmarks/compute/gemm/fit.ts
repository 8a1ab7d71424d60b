import { type Precision, RESIDUAL_BOUND } from '../precision.ts';
import type { Residual } from './freivalds.ts';

/**
 * How far elements of an output are from what they should be, relative to a typical one; 0 and 0 mean exactly right.
 */
export function misfit(values: ArrayLike<number>, want: ArrayLike<number>): Residual {
  let [squares, worst, size] = [0, 0, 0];
  for (let i = 0; i < want.length; i++) {
    const difference = Math.abs(values[i]! - want[i]!);
    squares += difference * difference;
    // Math.max keeps NaN, and so does the sum.
    worst = Math.max(worst, difference);
    size += want[i]! * want[i]!;
  }
  if (worst === 0) return { rms: 0, worst };
  const scale = Math.sqrt(size / want.length);
  return { rms: Math.sqrt(squares / want.length) / scale, worst: worst / scale };
}

/** Whether a residual is one of right products in the precision. NaN never is. */
export function fits({ rms, worst }: Residual, precision: Precision): boolean {
  const bound = RESIDUAL_BOUND[precision];
  return rms <= bound && worst <= 10 * bound;
}
