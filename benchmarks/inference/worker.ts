import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { serveCommands } from '../users/thread.ts';
import { type Difference, difference, leastDistance } from './difference.ts';
import { findModel } from './models/catalogue.ts';
import type { SampleTensor } from './models/model.ts';
import { operatorSample } from './operator-model.ts';
import { storedPrecision } from './precision.ts';
import type { PlayedRaw } from './raw.ts';
import { type Play, play, type Scenario, type System, threadTimekeeper } from './scenario.ts';
import { poissonSchedule, sampleOrder, seedOf } from './schedule.ts';
import { type Answers, ModelSession, toFloats } from './session.ts';

/** A model to open: one of ours by its id, or a file of the operator's. */
export interface Opening {
  readonly model: string;
  readonly file: string | undefined;
  readonly challenge: string;
  readonly provider: string;
  readonly threads: number;
  readonly samples: number;
  readonly workDirectory: string;
}

export interface Opened {
  readonly sha256: string;
  /** Precision of the weights. */
  readonly precision: string;
  readonly operations: number;
  readonly providers: Record<string, number>;
  readonly accuracy: Difference[];
  readonly distinct: number;
}

export interface PlayOrder {
  readonly scenario: Scenario;
  /** The null system instead of the model that is open. */
  readonly nothing: boolean;
  readonly challenge: string;
  /** Tells the schedules of several trials apart. */
  readonly trial: string;
  readonly seconds: number;
  readonly batch: number;
  readonly rate: number | undefined;
}

export type InferenceCommands = {
  open: { arg: Opening; result: Opened };
  warmUp: { arg: { seconds: number }; result: undefined };
  play: { arg: PlayOrder; result: PlayedRaw };
  close: { arg: undefined; result: undefined };
};

/** Most queries of a run; beyond it memory and evidence grow without telling more. */
const MOST_QUERIES = 2_000_000;
/** One answer in so many is compared with the accuracy run's while the clock runs. */
const COMPARED = 8;
/** Difference of answers, over the largest one, above which an answer of the timed run counts as another one. */
const SAME = 1e-3;

let session: ModelSession | undefined;
let samples: (readonly SampleTensor[])[] = [];
let known: Answers[] = [];
const time = threadTimekeeper();

serveCommands<InferenceCommands>({
  open: async (opening) => {
    await session?.release();
    session = undefined;
    const own = opening.file === undefined ? findModel(opening.model) : undefined;
    const bytes = own ? own.build() : new Uint8Array(readFileSync(opening.file ?? ''));
    const digests = Array.from({ length: opening.samples }, (_, i) =>
      seedOf(opening.challenge, `${opening.model}/${i}`),
    );
    samples = own ? digests.map((digest) => own.sample(digest)) : await operatorSample(bytes, digests);
    const reference = await ModelSession.open(bytes, samples, {
      provider: 'cpu',
      threads: opening.threads,
      plain: true,
    });
    const right: Answers[] = [];
    for (let i = 0; i < samples.length; i++) right.push(await reference.answer(i));
    await reference.release();
    const profiled = await ModelSession.open(bytes, samples, { ...opening, profileIn: opening.workDirectory });
    await profiled.answer(0);
    const providers = profiled.providers(opening.workDirectory) ?? {};
    await profiled.release();
    session = await ModelSession.open(bytes, samples, opening);
    known = [];
    for (let i = 0; i < samples.length; i++) known.push(await session.answer(i));
    return {
      sha256: createHash('sha256').update(bytes).digest('hex'),
      precision: storedPrecision(bytes),
      operations: own?.operations ?? 0,
      providers,
      accuracy: known.map((answers, i) => difference(answers, right[i]!)),
      distinct: leastDistance(known),
    };
  },
  warmUp: async ({ seconds }) => {
    const from = performance.now();
    for (let i = 0; performance.now() - from < seconds * 1_000; i++) await session!.system([i % samples.length]);
    return undefined;
  },
  play: async (order) => {
    const count =
      order.rate === undefined
        ? MOST_QUERIES
        : Math.min(MOST_QUERIES, Math.ceil(order.rate * order.seconds * 1.5) + 10);
    const due =
      order.rate === undefined
        ? undefined
        : poissonSchedule(seedOf(order.challenge, `schedule/${order.trial}`), order.rate, count);
    const plan: Play = {
      scenario: order.scenario,
      order: sampleOrder(seedOf(order.challenge, `order/${order.trial}`), order.nothing ? 1 : samples.length, count),
      due,
      limitMs: order.seconds * 1_000,
      batch: order.batch,
    };
    let calls = 0;
    let compared = 0;
    let differed = 0;
    if (!order.nothing) {
      session!.watch = (numbers, fetched) => {
        if (calls++ % COMPARED !== 0) return;
        // Outputs that are no floats are not compared; where none is, the run shows no answer at all.
        const name = Object.keys(fetched).find((output) => known[0]![output] !== undefined);
        if (name === undefined) return;
        const all = toFloats(fetched[name]!)!;
        const size = all.length / numbers.length;
        numbers.forEach((number, i) => {
          compared++;
          const given = { [name]: all.subarray(i * size, (i + 1) * size) };
          const { error, scale, finite } = difference(given, { [name]: known[number]![name]! });
          if (!finite || !(error <= SAME * scale)) differed++;
        });
      };
    }
    const nothing: System = () => Promise.resolve();
    const system: System = order.batch === 1 ? oneByOne : (numbers) => session!.system(numbers);
    const played = await play(plan, order.nothing ? nothing : system, time);
    const tenths: number[] = [];
    let before = 0;
    for (const { atMs, samples: total } of played.answered) {
      const slot = Math.floor(atMs / 100);
      while (tenths.length <= slot) tenths.push(0);
      tenths[slot]! += total - before;
      before = total;
    }
    return {
      scenario: order.scenario,
      seconds: played.elapsedMs / 1_000,
      latenciesUs: played.latenciesMs.map((ms) => Math.max(0, Math.round(ms * 1_000))),
      answered: tenths,
      rate: order.rate ?? null,
      due: due ? due.filter((at) => at < order.seconds * 1_000).length : 0,
      compared,
      differed,
    };
  },
  close: async () => {
    await session?.release();
    session = undefined;
    return undefined;
  },
});

/** A query of several samples as calls of one each, for a network that takes no batches. */
async function oneByOne(numbers: readonly number[]): Promise<void> {
  for (const number of numbers) await session!.system([number]);
}
