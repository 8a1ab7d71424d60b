import type { Tensor } from '../../proto/inference/tensor.ts';
import type { Refused } from './admission.ts';
import { gather, share, type WireTensor } from './batch.ts';
import type { ServedModel } from './models.ts';

/** What a request gets: its rows of the outputs, or why not. */
export type Outcome = { readonly ok: true; readonly outputs: readonly Tensor[] } | Refused;

/** Runs one batch somewhere; `undefined` when the place is gone. */
export interface Runner {
  run(model: string, inputs: readonly WireTensor[]): Promise<readonly WireTensor[]>;
}

interface Waiting {
  readonly rows: number;
  readonly inputs: readonly Tensor[];
  readonly arrived: number;
  readonly settle: (outcome: Outcome) => void;
}

/**
 * Requests wait here, first come, first served. Whenever a runner has room, the oldest request goes, and with it as
 * many of the following ones for the same model as fit a batch. Nothing waits for a batch to fill up.
 */
export class Queue {
  readonly #runners: readonly Runner[];
  readonly #busy: number[];
  readonly #limitBytes: number;
  readonly #onBatch: () => void;
  readonly #lines = new Map<string, { model: ServedModel; waiting: Waiting[]; head: number }>();
  #queuedBytes = 0;
  #arrivals = 0;
  #stopped: (() => void) | undefined;

  /** `limitBytes`: inputs that may wait at once; what comes beyond is shed. */
  constructor(runners: readonly Runner[], options: { limitBytes: number; onBatch: () => void }) {
    this.#runners = runners;
    this.#busy = runners.map(() => 0);
    this.#limitBytes = options.limitBytes;
    this.#onBatch = options.onBatch;
  }

  submit(model: ServedModel, rows: number, inputs: readonly Tensor[]): Promise<Outcome> {
    const bytes = size(inputs);
    if (this.#queuedBytes + bytes > this.#limitBytes) {
      return Promise.resolve({ ok: false, refusal: 'shed', problem: 'too much is waiting; try again later' });
    }
    this.#queuedBytes += bytes;
    let line = this.#lines.get(model.name);
    if (!line) {
      line = { model, waiting: [], head: 0 };
      this.#lines.set(model.name, line);
    }
    const { waiting } = line;
    return new Promise((settle) => {
      waiting.push({ rows, inputs, arrived: this.#arrivals++, settle });
      this.#dispatch();
    });
  }

  /** Begins no more batches; settles when those that run are over. To end a thread inside the runtime is not safe. */
  stop(): Promise<void> {
    return new Promise((stopped) => {
      this.#stopped = stopped;
      this.#dispatch();
    });
  }

  /** Two batches a runner: one runs while the next already waits at its door. */
  #dispatch(): void {
    if (this.#stopped) {
      if (this.#busy.every((count) => count === 0)) this.#stopped();
      return;
    }
    for (let depth = 0; depth < 2; depth++) {
      for (let r = 0; r < this.#runners.length; r++) {
        if (this.#busy[r] !== depth) continue;
        const next = this.#take();
        if (!next) return;
        this.#busy[r]!++;
        void this.#run(r, next.model, next.parts);
      }
    }
  }

  #take(): { model: ServedModel; parts: Waiting[] } | undefined {
    let oldest: { model: ServedModel; waiting: Waiting[]; head: number } | undefined;
    for (const line of this.#lines.values()) {
      const first = line.waiting[line.head];
      if (first && (!oldest || first.arrived < oldest.waiting[oldest.head]!.arrived)) oldest = line;
    }
    if (!oldest) return undefined;
    const parts: Waiting[] = [];
    let rows = 0;
    while (oldest.head < oldest.waiting.length) {
      const next = oldest.waiting[oldest.head]!;
      if (parts.length > 0 && rows + next.rows > oldest.model.batchRows) break;
      parts.push(next);
      rows += next.rows;
      oldest.head++;
    }
    if (oldest.head > 1_024 && oldest.head * 2 > oldest.waiting.length) {
      oldest.waiting.splice(0, oldest.head);
      oldest.head = 0;
    }
    return { model: oldest.model, parts };
  }

  async #run(runner: number, model: ServedModel, parts: readonly Waiting[]): Promise<void> {
    let outputs: readonly WireTensor[] | undefined;
    let problem = '';
    this.#onBatch();
    try {
      outputs = await this.#runners[runner]!.run(model.name, gather(parts));
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    this.#busy[runner]!--;
    const total = parts.reduce((sum, part) => sum + part.rows, 0);
    let from = 0;
    for (const part of parts) {
      this.#queuedBytes -= size(part.inputs);
      if (outputs) part.settle({ ok: true, outputs: share(outputs, total, from, part.rows) });
      else part.settle({ ok: false, refusal: 'internal', problem });
      from += part.rows;
    }
    this.#dispatch();
  }
}

function size(inputs: readonly Tensor[]): number {
  return inputs.reduce((total, input) => total + input.data.byteLength, 0);
}
