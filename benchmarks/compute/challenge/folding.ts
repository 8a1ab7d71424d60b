import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { SharedMemory } from '../linear-memory.ts';
import { type FoldPlan, type FoldTask, foldPart, LAST_TURN } from './fold-part.ts';
import { instantiateKernels } from './kernels.ts';

/** More threads are woken in more time than they save. */
const MOST_THREADS = 8;
/** A part is a few microseconds of work: a thread that needs so long has died. */
const PATIENCE_MS = 10_000;
/** Looks at the others before this thread sleeps until they are done. */
const SPINS = 2000;

export interface Folding {
  /** f on the whole block. Throws if another thread has died. */
  fold(): void;
  close(): Promise<void>;
}

/**
 * f between the layers by several threads: the products use all processors, and one thread alone would keep the others
 * waiting for longer than they multiply. Resolves when all threads are there.
 */
export async function startFolding(
  memory: SharedMemory,
  plan: FoldPlan,
  threads: number,
  patienceMs = PATIENCE_MS,
): Promise<Folding> {
  const kernels = instantiateKernels(memory);
  const parts = Math.max(1, Math.min(threads, MOST_THREADS));
  const control = new Int32Array(memory.buffer, plan.controlAt, 2);
  const workers = Array.from({ length: parts - 1 }, (_, i) => {
    const task: FoldTask = { memory, plan, part: i + 1, parts };
    return new Worker(new URL('./fold-worker.ts', import.meta.url), { workerData: task });
  });
  const close = async (): Promise<void> => {
    Atomics.store(control, 0, LAST_TURN);
    Atomics.notify(control, 0);
    await Promise.all(workers.map((worker) => worker.terminate()));
  };
  try {
    await Promise.all(workers.map((worker) => once(worker, 'message')));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    fold() {
      Atomics.store(control, 1, workers.length);
      Atomics.add(control, 0, 1);
      Atomics.notify(control, 0);
      foldPart(kernels, plan, 0, parts);
      for (let spins = 0; Atomics.load(control, 1) > 0; spins++) {
        if (spins < SPINS) continue;
        const left = Atomics.load(control, 1);
        if (left > 0 && Atomics.wait(control, 1, left, patienceMs) === 'timed-out') {
          throw new Error('a thread between the layers has died');
        }
      }
    },
    close,
  };
}
