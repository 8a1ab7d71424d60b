import { Worker } from 'node:worker_threads';
import type { FileDigest } from '../evidence/digest.ts';

/** Another thread that digests what the disk holds of a run. Its errors reject whatever is waited for. */
export interface Digesting {
  /** Nothing may be written before this: what is there is not yet known. */
  readonly listed: Promise<void>;
  /** Names a file that was written since then. */
  add(path: string): void;
  /** By path, once all of them are digested. To be asked once. */
  all(): Promise<ReadonlyMap<string, FileDigest>>;
  /** Ends the thread, whatever it is doing. */
  close(): Promise<void>;
}

/** Begins with every file that is in the directory now. */
export function startDigesting(directory: string): Digesting {
  const worker = new Worker(new URL('./digest-worker.ts', import.meta.url), { workerData: directory });
  const listed = Promise.withResolvers<void>();
  const digests = Promise.withResolvers<ReadonlyMap<string, FileDigest>>();
  const fail = (error: unknown): void => {
    listed.reject(error);
    digests.reject(error);
  };
  // Where the run cannot be judged nobody waits for them.
  listed.promise.catch(() => {});
  digests.promise.catch(() => {});
  worker.on('message', (message: 'listed' | ReadonlyMap<string, FileDigest>) => {
    if (message === 'listed') listed.resolve();
    else digests.resolve(message);
  });
  worker.once('error', fail);
  worker.once('exit', (code) => fail(new Error(`digesting ended with ${code}`)));
  return {
    listed: listed.promise,
    add: (path) => worker.postMessage(path),
    all: () => {
      worker.postMessage('');
      return digests.promise;
    },
    close: async () => void (await worker.terminate()),
  };
}
