import { Worker } from 'node:worker_threads';
import { sleep } from './abort.ts';
import { BUSY, type Commands, ENDING, type ThreadReply, type ThreadRequest } from './commands.ts';
import type { ShardCommands } from './shard.ts';

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Longest that a native call may keep a thread from ending, milliseconds. */
const NATIVE_MS = 4_000;

/** A worker thread that is spoken to by commands. A thread that dies fails all that it was asked. */
export class Thread<C extends Commands> {
  readonly #worker: Worker;
  readonly #cells = new Int32Array(new SharedArrayBuffer(8));
  readonly #pending = new Map<number, Pending>();
  #next = 0;
  #dead: Error | undefined;

  constructor(file: URL) {
    this.#worker = new Worker(file, { workerData: { cells: this.#cells } });
    this.#worker.on('message', (reply: ThreadReply) => {
      const pending = this.#pending.get(reply.id);
      this.#pending.delete(reply.id);
      if (reply.ok) pending?.resolve(reply.result);
      else pending?.reject(new Error(reply.detail));
    });
    this.#worker.on('error', (error: Error) => this.#fail(error));
    this.#worker.on('exit', (code) => this.#fail(new Error(`a generator thread ended with ${code}`)));
  }

  ask<K extends keyof C & string>(kind: K, arg: C[K]['arg']): Promise<C[K]['result']> {
    if (this.#dead) return Promise.reject(this.#dead);
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#worker.postMessage({ id, kind, arg } satisfies ThreadRequest);
    });
  }

  /** Ends the thread; what it was asked and has not answered is rejected. */
  async end(): Promise<void> {
    this.#fail(new Error('the generator was stopped'));
    Atomics.store(this.#cells, ENDING, 1);
    for (let waited = 0; Atomics.load(this.#cells, BUSY) !== 0 && waited < NATIVE_MS; waited += 5) await sleep(5);
    await this.#worker.terminate();
  }

  #fail(error: Error): void {
    this.#dead ??= error;
    for (const pending of this.#pending.values()) pending.reject(this.#dead);
    this.#pending.clear();
  }
}

/** A thread of users. */
export type ShardHandle = Thread<ShardCommands>;

export function startShard(): ShardHandle {
  return new Thread<ShardCommands>(new URL('./shard.ts', import.meta.url));
}

/** The null server in a thread of its own, and its URL. */
export async function startNullServer(rows: number): Promise<{ url: string; end: () => Promise<void> }> {
  const worker = new Worker(new URL('./null-server.ts', import.meta.url), { workerData: { rows } });
  const port = await new Promise<number>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  return {
    url: `http://127.0.0.1:${port}`,
    end: async () => {
      await worker.terminate();
    },
  };
}
