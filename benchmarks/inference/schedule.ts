import { createHash } from 'node:crypto';
import { Draw } from './models/draw.ts';

/** Seeds of their own for data, order and schedule, all from the challenge. */
export function seedOf(challenge: string, purpose: string): string {
  return createHash('sha256').update(`${purpose}/`).update(Buffer.from(challenge, 'hex')).digest('hex');
}

/**
 * Moments at which queries are due, milliseconds from the start: a Poisson process of `rate` queries a second, drawn
 * before the run from its own seed, as LoadGen's server scenario has it.
 */
export function poissonSchedule(seed: string, rate: number, count: number): Float64Array {
  const draw = new Draw(seed);
  const due = new Float64Array(count);
  let at = 0;
  for (let i = 0; i < count; i++) {
    at += (-Math.log(1 - draw.unit()) / rate) * 1_000;
    due[i] = at;
  }
  return due;
}

/** Which sample each query asks for, at random with replacement, as LoadGen draws from its sample library. */
export function sampleOrder(seed: string, samples: number, count: number): Int32Array {
  const draw = new Draw(seed);
  return Int32Array.from({ length: count }, () => Math.floor(draw.unit() * samples));
}
