/**
 * One thread with three arrays of its own. It starts when the shared flag is set and stops when the time is over; its
 * arrays are filled from the seed, written before the clock runs, and compared whole afterwards. Each pass reads from
 * places of its own, so that what the one before wrote is wrong everywhere; parts are compared after every window.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { type Pair, PLACES, pairsOf } from '../../compute/gemm/places.ts';
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

/** Bytes from one place that a pass may read from to the next: a line of the cache. */
const STEP_BYTES = 64;
/** Elements that are compared after a window. */
const LOOKS = 64;

const { thread, cpu, arrayBytes, seed, gate } = workerData as WorkerTask;
const pinned = cpu !== undefined && pinThread(cpu);
const memory = allocate(3 * arrayBytes + PLACES * STEP_BYTES);
const kernels = instantiateStream(memory);
const count = arrayBytes / 8;
const a = new Float64Array(memory.buffer, 0, count);
/**
 * What lies behind the target, b and c one after the other and a little more, which passes from the last places read.
 */
const sources = new Float64Array(memory.buffer, arrayBytes, 2 * count + (PLACES * STEP_BYTES) / 8);
fill(sources.subarray(0, count), 0);
fill(sources.subarray(count), 1);

parentPort?.on('message', (order: WorkerOrder) => parentPort?.postMessage(run(order)));
parentPort?.postMessage('ready');

function run({ operation, turn, warmUpS, seconds, windowS }: WorkerOrder): WorkerResult {
  a.fill(Number.NaN);
  const copies = operation === 'copy';
  const draw = { key: keyOf(seed), stream: thread, turn, bothChange: true };
  let last: Pair = { a: 0, b: 0 };
  const pass = (window: number, number: number) => {
    last = pairsOf(draw, window, number, 1)[0]!;
    const [from, beside] = [arrayBytes + last.a * STEP_BYTES, 2 * arrayBytes + last.b * STEP_BYTES];
    if (copies) kernels.copy(0, from, arrayBytes);
    else kernels.triad(0, from, beside, arrayBytes);
  };
  const isWrong = (i: number): boolean => {
    const from = sources[(last.a * STEP_BYTES) / 8 + i]!;
    return a[i] !== (copies ? from : from + SCALAR * sources[count + (last.b * STEP_BYTES) / 8 + i]!);
  };
  const flag = new Int32Array(gate);
  while (Atomics.load(flag, 0) < turn) Atomics.wait(flag, 0, Atomics.load(flag, 0), 100);
  repeat(pass, () => {}, warmUpS, warmUpS);
  // What warm-up wrote must not be what is checked.
  a.fill(Number.NaN);
  let wrong = 0;
  const places = new Uint32Array(LOOKS);
  const look = (window: number) => {
    fillWords(places, draw.key, 0x6d656d6c, thread, window * LOOKS);
    for (const word of places) if (isWrong(Math.floor((word / 4294967296) * count))) wrong++;
  };
  const windows = repeat(pass, look, seconds, windowS);
  for (let i = 0; i < count; i++) if (isWrong(i)) wrong++;
  return { windows, elements: count, wrong, pinned };
}

function repeat(
  pass: (window: number, number: number) => void,
  look: (window: number) => void,
  seconds: number,
  windowS: number,
): WorkerResult['windows'] {
  const windows: WorkerResult['windows'] = [];
  const begin = process.hrtime.bigint();
  const until = begin + BigInt(Math.round(seconds * 1e9));
  const length = BigInt(Math.round(windowS * 1e9));
  for (let startNs = begin; startNs < until; ) {
    let passes = 0;
    let endNs = startNs;
    while (endNs - startNs < length) {
      pass(windows.length, passes);
      passes++;
      endNs = process.hrtime.bigint();
    }
    windows.push({ startNs, endNs, passes });
    // It costs the next window some microseconds.
    look(windows.length - 1);
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
