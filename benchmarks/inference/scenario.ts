/** MLPerf's scenarios by name. */
export const SCENARIOS = ['SingleStream', 'MultiStream', 'Server', 'Offline'] as const;
export type Scenario = (typeof SCENARIOS)[number];

/** Samples that one query of MultiStream asks for. */
export const MULTI_STREAM_SAMPLES = 8;

/** A system under test: answers the samples with these numbers; settles when their answers are there. */
export type System = (samples: readonly number[]) => Promise<void>;

/** How a scenario is played. */
export interface Play {
  readonly scenario: Scenario;
  /** Sample that query i asks for; the run ends where it ends. MultiStream takes eight in a row for each query. */
  readonly order: Int32Array;
  /** Server: when query i is due, milliseconds from the start. */
  readonly due: Float64Array | undefined;
  /** No query begins after this long, milliseconds. */
  readonly limitMs: number;
  /** Server and Offline: most samples in one call. */
  readonly batch: number;
}

/** What was seen: a latency for each query (none for Offline), and the samples answered by when. */
export interface Played {
  readonly latenciesMs: number[];
  /** Samples answered in all at the end of each call, and when that was, milliseconds from the start. */
  readonly answered: { readonly atMs: number; readonly samples: number }[];
  readonly elapsedMs: number;
}

/** The clock and a wait that ends close to the moment it was given; both in milliseconds. */
export interface Timekeeper {
  now(): number;
  waitUntil(ms: number): void;
}

/**
 * Plays a scenario by LoadGen's rules: SingleStream sends the next query when the last is answered; MultiStream the
 * same with eight samples; Server when the schedule says, and counts latency from that moment whenever the query is
 * really begun; Offline has all samples there at the start. It knows nothing of models.
 */
export async function play(plan: Play, system: System, time: Timekeeper): Promise<Played> {
  const { scenario } = plan;
  if (scenario === 'Server') return playServer(plan, system, time);
  const each = scenario === 'SingleStream' ? 1 : scenario === 'MultiStream' ? MULTI_STREAM_SAMPLES : plan.batch;
  const latenciesMs: number[] = [];
  const answered: { atMs: number; samples: number }[] = [];
  const start = time.now();
  let begun = start;
  for (let at = 0; at + each <= plan.order.length && begun - start < plan.limitMs; at += each) {
    await system([...plan.order.subarray(at, at + each)]);
    const end = time.now();
    if (scenario !== 'Offline') latenciesMs.push(end - begun);
    answered.push({ atMs: end - start, samples: at + each });
    begun = end;
  }
  return { latenciesMs, answered, elapsedMs: begun - start };
}

async function playServer(plan: Play, system: System, time: Timekeeper): Promise<Played> {
  const { order, due, batch, limitMs } = plan;
  if (due?.length !== order.length) throw new Error('a schedule has one moment for each query');
  const latenciesMs: number[] = [];
  const answered: { atMs: number; samples: number }[] = [];
  const start = time.now();
  let next = 0;
  while (next < due.length && due[next]! < limitMs) {
    time.waitUntil(start + due[next]!);
    const now = time.now() - start;
    let end = next + 1;
    while (end < due.length && end - next < batch && due[end]! <= now && due[end]! < limitMs) end++;
    await system([...order.subarray(next, end)]);
    const answeredAt = time.now() - start;
    for (let i = next; i < end; i++) latenciesMs.push(answeredAt - due[i]!);
    next = end;
    answered.push({ atMs: answeredAt, samples: next });
  }
  return { latenciesMs, answered, elapsedMs: time.now() - start };
}

/** Timekeeper of a worker thread: `Atomics.wait` wakes some tens of microseconds late, timers half a millisecond. */
export function threadTimekeeper(): Timekeeper {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  return {
    now: () => performance.now(),
    waitUntil: (ms) => {
      for (let left = ms - performance.now(); left > 0; left = ms - performance.now()) Atomics.wait(cell, 0, 0, left);
    },
  };
}
