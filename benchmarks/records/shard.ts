import { sleep } from '../users/abort.ts';
import { UserClient } from '../users/client.ts';
import { clockSince } from '../users/clock.ts';
import { Crowd, type CrowdResult } from '../users/crowd.ts';
import { type Health, watchHealth } from '../users/health.ts';
import { INPUTS, RECORD_NETWORK } from '../users/network.ts';
import { type Handlers, serveCommands } from '../users/thread.ts';
import { answerRows } from '../users/verification.ts';
import type { LedgerCounts } from './ledger.ts';
import { type Corpus, LotWork, type PoisonCounts } from './lots.ts';
import { type Poison, type Shape, writeRecord } from './manifest.ts';
import { sweepBatch } from './sweep.ts';

export interface RecordsTarget extends Shape {
  readonly url: string;
  readonly model: string;
  readonly tokens: readonly string[];
  readonly slotMs: number;
  readonly timeoutMs: number;
  readonly epochNs: bigint;
}

export interface LedgerReport {
  readonly result: CrowdResult;
  readonly health: Health;
  readonly ledger: LedgerCounts;
  readonly poison: Record<Poison, PoisonCounts>;
  readonly expectedSum: string;
  readonly answeredSum: string;
  /** Lots that each user sent, and their leaves, 32 bytes each, by user and number. */
  readonly lots: readonly number[];
  readonly leaves: Uint8Array;
  /** One byte a leaf: 1 for a lot that got no right answer, poison included. */
  readonly failed: Uint8Array;
  /** Most records in flight from the first lot to the last answer. */
  readonly peak: number;
}

export interface SweepReport {
  readonly batch: number;
  readonly records: number;
  readonly right: number;
  readonly seconds: number;
}

export type RecordsCommands = {
  prepare: { arg: RecordsTarget; result: undefined };
  connect: { arg: { overMs: number }; result: number };
  ramp: { arg: { fromMs: number; rampMs: number }; result: undefined };
  window: { arg: { fromMs: number; toMs: number }; result: undefined };
  stop: { arg: { graceMs: number }; result: LedgerReport };
  sweep: { arg: { batch: number; records: number; parallel: number }; result: SweepReport };
  close: { arg: undefined; result: undefined };
};

/** The thread that sends the records and keeps the ledger. */
class RecordsShard {
  #target: RecordsTarget | undefined;
  #now: () => number = () => 0;
  #clients: UserClient[] = [];
  #corpus: Corpus = { inputs: new Float32Array(), answers: new Float32Array() };
  #work: LotWork | undefined;
  #crowd: Crowd | undefined;
  #health: (() => Health) | undefined;
  #measured: Health | undefined;

  readonly commands: Handlers<RecordsCommands> = {
    prepare: async (target) => {
      this.#target = target;
      this.#now = clockSince(target.epochNs);
      this.#corpus = await makeCorpus(target);
      this.#clients = target.tokens.map(
        (token) =>
          new UserClient(new URL(target.url), {
            path: `/v2/models/${target.model}/infer`,
            token,
            timeoutMs: target.timeoutMs,
            now: this.#now,
          }),
      );
      this.#work = new LotWork(target, this.#corpus);
      this.#crowd = new Crowd({
        clients: this.#clients,
        work: this.#work,
        slotMs: target.slotMs,
        thinkMs: 0,
        backoffMs: 100,
        now: this.#now,
      });
    },
    connect: async ({ overMs }) => {
      const each = overMs / this.#clients.length;
      const from = this.#now();
      const failures = await Promise.all(
        this.#clients.map(async (client, user) => {
          await sleep(from + user * each - this.#now());
          return client.open('/v2/health/live');
        }),
      );
      return failures.filter((failure) => failure !== undefined).length;
    },
    ramp: async ({ fromMs, rampMs }) => this.#crowd!.ramp(fromMs, rampMs) as undefined,
    window: async ({ fromMs, toMs }) => {
      this.#crowd!.window(fromMs, toMs);
      setTimeout(
        () => {
          this.#health = watchHealth();
        },
        Math.max(0, fromMs - this.#now()),
      );
      setTimeout(
        () => {
          this.#measured = this.#health?.();
        },
        Math.max(0, toMs - this.#now()),
      );
      return undefined;
    },
    stop: async ({ graceMs }) => {
      await this.#crowd!.stop(graceMs);
      const health = this.#measured ?? this.#health?.();
      if (!health) throw new Error('the window had not begun');
      const work = this.#work!;
      return {
        result: this.#crowd!.result(),
        health,
        ledger: work.ledger.counts(),
        poison: work.poison,
        expectedSum: String(work.expectedSum),
        answeredSum: String(work.answeredSum),
        lots: [...work.lots],
        leaves: new Uint8Array(Buffer.concat(work.leaves.flatMap((own) => own.map((kept) => kept.leaf)))),
        failed: Uint8Array.from(work.leaves.flatMap((own) => own.map((kept) => (kept.failed ? 1 : 0)))),
        peak: Math.max(...this.#crowd!.series(0, Math.ceil(this.#now() / this.#target!.slotMs)).max),
      };
    },
    sweep: async ({ batch, records, parallel }) =>
      sweepBatch({
        batch,
        records,
        clients: this.#clients.slice(0, parallel),
        corpus: this.#corpus,
        shape: this.#target!,
        now: this.#now,
      }),
    close: async () => {
      await Promise.all(this.#clients.map((client) => client.close()));
      this.#clients = [];
      return undefined;
    },
  };
}

/** Inputs from the challenge, right answers by ONNX Runtime in this process. Near-duplicates have other answers. */
async function makeCorpus(shape: Shape): Promise<Corpus> {
  const size = shape.users * shape.lot;
  const inputs = new Float32Array(size * INPUTS);
  for (let k = 0; k < size; k++) writeRecord(shape.challenge, k, inputs, k * INPUTS);
  const answers = await answerRows(RECORD_NETWORK, size, (k, into, at) => {
    into.set(inputs.subarray(k * INPUTS, (k + 1) * INPUTS), at);
  });
  return { inputs, answers };
}

serveCommands<RecordsCommands>(new RecordsShard().commands);
