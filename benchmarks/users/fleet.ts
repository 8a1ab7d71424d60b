import { Worker } from 'node:worker_threads';
import type { ShardCommands, ShardReply } from './shard.ts';

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** One generator thread, spoken to by commands. A thread that dies fails all that it was asked. */
export class ShardHandle {
  readonly #worker = new Worker(new URL('./shard.ts', import.meta.url));
  readonly #pending = new Map<number, Pending>();
  #next = 0;
  #dead: Error | undefined;

  constructor() {
    this.#worker.on('message', (reply: ShardReply) => {
      const pending = this.#pending.get(reply.id);
      this.#pending.delete(reply.id);
      if (reply.ok) pending?.resolve(reply.result);
      else pending?.reject(new Error(reply.detail));
    });
    this.#worker.on('error', (error: Error) => this.#fail(error));
    this.#worker.on('exit', (code) => this.#fail(new Error(`a generator thread ended with ${code}`)));
  }

  ask<K extends keyof ShardCommands>(kind: K, arg: ShardCommands[K]['arg']): Promise<ShardCommands[K]['result']> {
    if (this.#dead) return Promise.reject(this.#dead);
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#worker.postMessage({ id, kind, arg });
    });
  }

  /** Ends the thread; what it was asked and has not answered is rejected. */
  async end(): Promise<void> {
    this.#fail(new Error('the generator was stopped'));
    await this.#worker.terminate();
  }

  #fail(error: Error): void {
    this.#dead ??= error;
    for (const pending of this.#pending.values()) pending.reject(this.#dead);
    this.#pending.clear();
  }
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
