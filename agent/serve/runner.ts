import { Worker } from 'node:worker_threads';
import type { Batch, BatchResult, WireTensor, WorkerModels } from './batch.ts';
import type { Runner } from './queue.ts';

interface Pending {
  readonly resolve: (outputs: readonly WireTensor[]) => void;
  readonly reject: (error: Error) => void;
}

/** A worker thread that runs batches. If the thread dies, what it held fails, and a new one takes its place. */
export class ThreadRunner implements Runner {
  readonly #models: WorkerModels;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #opening: Promise<void> | undefined;
  #next = 0;
  #stopped = false;

  private constructor(models: WorkerModels) {
    this.#models = models;
  }

  /** Starts the thread; settles when its sessions are ready. */
  static async start(models: WorkerModels): Promise<ThreadRunner> {
    const runner = new ThreadRunner(models);
    await runner.#open();
    return runner;
  }

  async run(model: string, inputs: readonly WireTensor[]): Promise<readonly WireTensor[]> {
    if (!this.#worker) {
      this.#opening ??= this.#open().finally(() => {
        this.#opening = undefined;
      });
      await this.#opening;
    }
    const batch: Batch = { batch: this.#next++, model, inputs };
    return new Promise((resolve, reject) => {
      this.#pending.set(batch.batch, { resolve, reject });
      this.#worker!.postMessage(
        batch,
        inputs.map((input) => input.buffer),
      );
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#worker?.terminate();
  }

  #open(): Promise<void> {
    if (this.#stopped) return Promise.reject(new Error('the service is stopping'));
    return new Promise((ready, failed) => {
      const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: this.#models });
      worker.on('message', (message: 'ready' | BatchResult) => {
        if (message === 'ready') {
          this.#worker = worker;
          ready();
          return;
        }
        const pending = this.#pending.get(message.batch);
        this.#pending.delete(message.batch);
        if (message.ok) pending?.resolve(message.outputs);
        else pending?.reject(new Error(message.problem));
      });
      let alive = true;
      const gone = (error: Error) => {
        if (!alive) return;
        alive = false;
        if (this.#worker === worker) this.#worker = undefined;
        failed(error);
        for (const pending of this.#pending.values()) pending.reject(error);
        this.#pending.clear();
      };
      worker.on('error', gone);
      worker.on('exit', (code) => gone(new Error(`an inference thread ended with ${code}`)));
    });
  }
}
