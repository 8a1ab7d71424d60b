import { Worker } from 'node:worker_threads';
import type { FileDigest } from '../evidence/digest.ts';

/** Another thread that digests what the disk holds of a run. Its errors reject whatever is waited for. */
export interface Digesting {
  /** Names one more file. */
  add(path: string): void;
  /** By path, once all of them are digested. To be asked once. */
  all(): Promise<ReadonlyMap<string, FileDigest>>;
  /** Ends the thread, whatever it is doing. */
  close(): Promise<void>;
}

/** Begins with the given files of a directory. */
export function startDigesting(directory: string, paths: readonly string[]): Digesting {
  const worker = new Worker(new URL('./digest-worker.ts', import.meta.url), { workerData: { directory, paths } });
  const digests = Promise.withResolvers<ReadonlyMap<string, FileDigest>>();
  const fail = (error: unknown): void => digests.reject(error);
  // Where the run cannot be judged nobody waits for them.
  digests.promise.catch(() => {});
  worker.on('message', digests.resolve);
  worker.once('error', fail);
  worker.once('exit', (code) => fail(new Error(`digesting ended with ${code}`)));
  return {
    add: (path) => worker.postMessage(path),
    all: () => {
      worker.postMessage('');
      return digests.promise;
    },
    close: async () => void (await worker.terminate()),
  };
}
