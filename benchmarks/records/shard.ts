import { Crew, type CrewCommands, type CrewTarget } from '../users/crew.ts';
import type { CrowdResult } from '../users/crowd.ts';
import type { Health } from '../users/health.ts';
import { INPUTS, RECORD_NETWORK } from '../users/network.ts';
import { type Handlers, serveCommands } from '../users/thread.ts';
import { answerRows } from '../users/verification.ts';
import type { LedgerCounts } from './ledger.ts';
import { type Corpus, LotWork, type PoisonCounts } from './lots.ts';
import { type Poison, type Shape, writeRecord } from './manifest.ts';
import { type SweepReport, sweepBatch } from './sweep.ts';

export interface RecordsTarget extends Shape, CrewTarget {}

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
  /** How many of these got no right answer though they were no poison. */
  readonly failedLots: number;
  /** Most records in flight from the first lot to the last answer. */
  readonly peak: number;
}

export type RecordsCommands = CrewCommands & {
  prepare: { arg: RecordsTarget; result: undefined };
  stop: { arg: { graceMs: number }; result: LedgerReport };
  sweep: { arg: { batch: number; records: number; parallel: number }; result: SweepReport };
};

/** The thread that sends the records and keeps the ledger. */
class RecordsShard {
  readonly #crew = new Crew();
  #target: RecordsTarget | undefined;
  #corpus: Corpus = { inputs: new Float32Array(), answers: new Float32Array() };
  #work: LotWork | undefined;

  readonly commands: Handlers<RecordsCommands> = {
    ...this.#crew.commands,
    prepare: async (target) => {
      this.#target = target;
      this.#corpus = await makeCorpus(target);
      this.#work = new LotWork(target, this.#corpus);
      await this.#crew.prepare(target, this.#work, 0);
      return undefined;
    },
    stop: async ({ graceMs }) => {
      const { result, health } = await this.#crew.stop(graceMs);
      const work = this.#work!;
      return {
        result,
        health,
        ledger: work.ledger.counts(),
        poison: work.poison,
        expectedSum: String(work.expectedSum),
        answeredSum: String(work.answeredSum),
        lots: [...work.lots],
        leaves: new Uint8Array(Buffer.concat(work.leaves.flatMap((own) => own.map((kept) => kept.leaf)))),
        failed: Uint8Array.from(work.leaves.flatMap((own) => own.map((kept) => (kept.failed ? 1 : 0)))),
        failedLots: work.failedLots,
        peak: Math.max(...this.#crew.crowd.series(0, Math.ceil(this.#crew.now() / this.#target!.slotMs)).max),
      };
    },
    sweep: async ({ batch, records, parallel }) =>
      sweepBatch({
        batch,
        records,
        clients: this.#crew.clients.slice(0, parallel),
        corpus: this.#corpus,
        shape: this.#target!,
        now: this.#crew.now,
      }),
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
