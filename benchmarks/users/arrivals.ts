import type { Failure, UserClient } from './client.ts';
import type { Work } from './crowd.ts';
import { encodeHistogram, latencyHistogram, recordMs } from './latency.ts';

/** What an open loop saw. */
export interface ArrivalsResult {
  readonly due: number;
  /** Starts that could not be made, because no connection was free. */
  readonly dropped: number;
  readonly failures: Partial<Record<Failure, number>>;
  readonly answered: number;
  /** From the moment a task was due to its last byte; what never ended counts with its age. */
  readonly responses: string;
  /** From the wire to the last byte. */
  readonly services: string;
  /** From the moment a task was due to the wire. */
  readonly lags: string;
}

/**
 * Open loop: tasks start when the schedule says, whatever became of the earlier ones, as users who don't know of each
 * other would. A stall of the service then falls on every task that was due in it, not on one for each connection.
 *
 * `dueMs` are moments from the start, in order. Every millisecond all that is due is started, so what one tick was
 * late the next makes up for.
 */
export async function playArrivals(options: {
  readonly clients: readonly UserClient[];
  readonly work: Work;
  readonly dueMs: Float64Array;
  readonly graceMs: number;
  readonly now: () => number;
}): Promise<ArrivalsResult> {
  const { clients, work, dueMs, graceMs, now } = options;
  const responses = latencyHistogram();
  const services = latencyHistogram();
  const lags = latencyHistogram();
  const failures: Partial<Record<Failure, number>> = {};
  const free = clients.map((_, index) => index);
  const open = new Map<number, number>();
  let answered = 0;
  let dropped = 0;
  let next = 0;
  const start = now();
  await new Promise<void>((over) => {
    let endAt = Number.POSITIVE_INFINITY;
    const tick = setInterval(() => {
      for (; next < dueMs.length && start + dueMs[next]! <= now(); next++) begin(next);
      if (next < dueMs.length) return;
      if (endAt === Number.POSITIVE_INFINITY) endAt = now() + graceMs;
      if (open.size > 0 && now() < endAt) return;
      clearInterval(tick);
      over();
    }, 1);
  });
  for (const intended of open.values()) {
    failures.unfinished = (failures.unfinished ?? 0) + 1;
    recordMs(responses, now() - intended);
  }
  open.clear();
  return {
    due: dueMs.length,
    dropped,
    failures,
    answered,
    responses: encodeHistogram(responses),
    services: encodeHistogram(services),
    lags: encodeHistogram(lags),
  };

  function begin(number: number): void {
    const index = free.pop();
    const ask = index === undefined ? undefined : work.next(index);
    if (index === undefined || !ask) {
      dropped++;
      return;
    }
    const intended = start + dueMs[number]!;
    open.set(number, intended);
    clients[index]!.send(ask.body, ask.jsonLength, {
      wire: () => recordMs(lags, now() - intended),
      done: (reply) => {
        free.push(index);
        const failure = ask.settle(reply);
        if (!open.delete(number)) return;
        if (failure) failures[failure] = (failures[failure] ?? 0) + 1;
        else answered++;
        recordMs(responses, reply.endMs - intended);
        if (!Number.isNaN(reply.wireMs)) recordMs(services, reply.endMs - reply.wireMs);
      },
    });
  }
}

/** How the intervals between arrivals are spread; all have the same mean. */
export const ARRIVALS = ['constant', 'poisson', 'gamma'] as const;
export type ArrivalKind = (typeof ARRIVALS)[number];

/**
 * Moments at which tasks are due, milliseconds from the start, for `seconds` at `rate` a second. `uniform` draws evenly
 * from 0 to 1. Gamma has shape 1/4 (bursts: the deviation of the intervals is twice their mean), drawn as Marsaglia
 * and Tsang (2000) do for a shape above 1 and brought down by a power of a uniform.
 */
export function arrivalTimes(kind: ArrivalKind, rate: number, seconds: number, uniform: () => number): Float64Array {
  const mean = 1_000 / rate;
  const due: number[] = [];
  for (let at = interval(); at < seconds * 1_000; at += interval()) due.push(at);
  return Float64Array.from(due);

  function interval(): number {
    if (kind === 'constant') return mean;
    if (kind === 'poisson') return -Math.log(1 - uniform()) * mean;
    return gamma(GAMMA_SHAPE, uniform) * (mean / GAMMA_SHAPE);
  }
}

const GAMMA_SHAPE = 0.25;

function gamma(shape: number, uniform: () => number): number {
  const d = shape + 1 - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const normal = Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    const v = (1 + c * normal) ** 3;
    if (v > 0 && Math.log(1 - uniform()) < 0.5 * normal * normal + d - d * v + d * Math.log(v)) {
      return d * v * (1 - uniform()) ** (1 / shape);
    }
  }
}
