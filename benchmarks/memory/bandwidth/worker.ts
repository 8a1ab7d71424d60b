/**
 * One thread with three arrays of its own. It starts when the shared flag is set and stops when the time is over; its
 * arrays are filled from the seed, written before the clock runs, and compared whole afterwards.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { allocate } from '../../compute/linear-memory.ts';
import { fillWords, keyOf } from '../../compute/philox.ts';
import { instantiateStream, SCALAR } from './kernels.ts';
import { pinThread } from './pinning.ts';

export interface WorkerTask {
  readonly thread: number;
  /** Processor to stay on; undefined for any. */
  readonly cpu: number | undefined;
  readonly arrayBytes: number;
  readonly seed: string;
  /** One 32-bit number: 0 wait, then the number of the operation that may begin. */
  readonly gate: SharedArrayBuffer;
}

export interface WorkerOrder {
  readonly operation: 'copy' | 'triad';
  readonly turn: number;
  readonly warmUpS: number;
  readonly seconds: number;
  readonly windowS: number;
}

export interface WorkerResult {
  readonly windows: { startNs: bigint; endNs: bigint; passes: number }[];
  readonly elements: number;
  readonly wrong: number;
  readonly pinned: boolean;
}

const { thread, cpu, arrayBytes, seed, gate } = workerData as WorkerTask;
const pinned = cpu !== undefined && pinThread(cpu);
const memory = allocate(3 * arrayBytes);
const kernels = instantiateStream(memory);
const count = arrayBytes / 8;
const [a, b, c] = [0, 1, 2].map((i) => new Float64Array(memory.buffer, i * arrayBytes, count)) as [
  Float64Array,
  Float64Array,
  Float64Array,
];
fill(b, 0);
fill(c, 1);

parentPort?.on('message', (order: WorkerOrder) => parentPort?.postMessage(run(order)));
parentPort?.postMessage('ready');

function run({ operation, turn, warmUpS, seconds, windowS }: WorkerOrder): WorkerResult {
  a.fill(Number.NaN);
  const pass =
    operation === 'copy'
      ? () => kernels.copy(0, arrayBytes, arrayBytes)
      : () => kernels.triad(0, arrayBytes, 2 * arrayBytes, arrayBytes);
  const flag = new Int32Array(gate);
  while (Atomics.load(flag, 0) < turn) Atomics.wait(flag, 0, Atomics.load(flag, 0), 100);
  repeat(pass, warmUpS, warmUpS);
  // What warm-up wrote must not be what is checked.
  a.fill(Number.NaN);
  const windows = repeat(pass, seconds, windowS);
  let wrong = 0;
  for (let i = 0; i < count; i++) {
    if (a[i] !== (operation === 'copy' ? b[i]! : b[i]! + SCALAR * c[i]!)) wrong++;
  }
  return { windows, elements: count, wrong, pinned };
}

function repeat(pass: () => void, seconds: number, windowS: number): WorkerResult['windows'] {
  const windows: WorkerResult['windows'] = [];
  const begin = process.hrtime.bigint();
  const until = begin + BigInt(Math.round(seconds * 1e9));
  const length = BigInt(Math.round(windowS * 1e9));
  for (let startNs = begin; startNs < until; ) {
    let passes = 0;
    let endNs = startNs;
    while (endNs - startNs < length) {
      pass();
      passes++;
      endNs = process.hrtime.bigint();
    }
    windows.push({ startNs, endNs, passes });
    startNs = endNs;
  }
  return windows;
}

/** Whole numbers below 2^32, different in every thread. */
function fill(array: Float64Array, part: number): void {
  const key = keyOf(seed);
  const words = new Uint32Array(Math.min(65536, array.length));
  for (let at = 0; at < array.length; at += words.length) {
    fillWords(words, key, 0x6d656d00 + thread, part, at);
    for (let i = 0; i < words.length && at + i < array.length; i++) array[at + i] = words[i]!;
  }
}
