import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { DEFECTS, type DefectKind } from './block.ts';
import { addWindows, type LaneJob, type LaneResult, type LaneSetup } from './jobs.ts';

/** All lanes' results of one job as one. */
export interface JobResult {
  readonly bytes: number;
  readonly windows: number[];
  readonly bad: Record<DefectKind, number>;
  readonly defects: LaneResult['defects'];
  readonly failure: string;
  readonly first: LaneResult;
}

/** Threads that write and read side by side. */
export interface Lanes {
  readonly count: number;
  /** Runs a job on every lane (or on the first one alone) until its work or time is used up. */
  run(job: LaneJob, options: { alone?: boolean; progress?: (chunks: number) => void }): Promise<JobResult>;
  /** Makes the running job end after the chunks that are in flight. */
  stop(): void;
  close(): Promise<void>;
}

/** Four to sixteen lanes by the cores: enough requests in flight for disks, enough cores to make the data. */
export function laneCount(setting: number): number {
  return setting > 0 ? setting : Math.max(4, Math.min(16, availableParallelism()));
}

/** Starts lanes over the files of a folder. */
export function startLanes(count: number, setup: Omit<LaneSetup, 'control'>): Lanes {
  const control = new SharedArrayBuffer(24);
  const words = new BigInt64Array(control);
  const workers = Array.from({ length: count }, () => {
    const worker = new Worker(new URL('./lane.ts', import.meta.url), { workerData: { ...setup, control } });
    worker.on('error', () => {});
    return worker;
  });
  return {
    count,
    async run(job, { alone = false, progress }) {
      Atomics.store(words, 0, 0n);
      Atomics.store(words, 1, 0n);
      const timer = progress && setInterval(() => progress(Number(Atomics.load(words, 1))), 250);
      try {
        return join(await Promise.all((alone ? workers.slice(0, 1) : workers).map((worker) => ask(worker, job))));
      } finally {
        clearInterval(timer);
      }
    },
    stop: () => void Atomics.store(words, 2, 1n),
    async close() {
      Atomics.store(words, 2, 1n);
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function ask(worker: Worker, job: LaneJob): Promise<LaneResult> {
  return new Promise((resolve, reject) => {
    const done = () => {
      worker.off('message', answered);
      worker.off('error', failed);
      worker.off('exit', ended);
    };
    const answered = (result: LaneResult) => {
      done();
      resolve(result);
    };
    const failed = (error: unknown) => {
      done();
      reject(error);
    };
    const ended = (code: number) => failed(new Error(`a storage lane ended with code ${code}`));
    worker.on('message', answered);
    worker.on('error', failed);
    worker.on('exit', ended);
    worker.postMessage(job);
  });
}

function join(results: readonly LaneResult[]): JobResult {
  const first = results[0]!;
  return {
    bytes: results.reduce((total, result) => total + result.bytes, 0),
    windows: addWindows(results.map((result) => result.windows)),
    bad: Object.fromEntries(
      DEFECTS.map((kind) => [kind, results.reduce((total, result) => total + result.bad[kind], 0)]),
    ) as Record<DefectKind, number>,
    defects: results.flatMap((result) => result.defects),
    failure: results.find((result) => result.failure)?.failure ?? '',
    first,
  };
}
