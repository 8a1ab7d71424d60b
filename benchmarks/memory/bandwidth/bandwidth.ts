import { freemem } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Benchmark, Context } from '../../benchmark.ts';
import { Unsupported } from '../../benchmark.ts';
import { coreCount } from '../../compute/host.ts';
import { lastCaches } from './caches.ts';
import { type BandwidthSettings, descriptor } from './descriptor.ts';
import { measureDevices } from './devices.ts';
import { memoryNodes, type Place, spread } from './pinning.ts';
import { type BandwidthRaw, proof } from './proof.ts';
import type { WorkerOrder, WorkerResult, WorkerTask } from './worker.ts';

/** STREAM-like copy and triad: one thread a core with arrays of its own, all started together. */
export const benchmark: Benchmark<typeof descriptor.settings, typeof proof.raw> = { descriptor, proof, run };

type Pass = BandwidthRaw['passes'][number];

async function run(context: Context<BandwidthSettings>): Promise<BandwidthRaw> {
  const { settings, signal } = context;
  const challenge = await context.commit('memory.bandwidth', new TextEncoder().encode(JSON.stringify(settings)));
  const nodes = memoryNodes();
  const places = spread(nodes, settings.threads || coreCount());
  const passes = await measureHost(context, places, challenge);
  // Every thread works in the memory of its own node, so that the same run tells what each node moves.
  for (const pass of nodes.length > 1 ? [...passes] : []) {
    for (const node of nodes) {
      const threads = pass.threads.filter((_, i) => places[i]?.node === node.id);
      if (threads.length > 0) passes.push({ ...pass, device: `node${node.id}`, threads });
    }
  }
  const devices = await measureDevices(context, challenge);
  passes.push(...devices.passes);
  signal.throwIfAborted();
  const lastCacheBytes = lastCaches('/sys/devices/system/cpu');
  return { challenge, ...(lastCacheBytes ? { lastCacheBytes } : {}), unsupported: devices.unsupported, passes };
}

async function measureHost(
  context: Context<BandwidthSettings>,
  places: readonly Place[],
  seed: string,
): Promise<Pass[]> {
  const { settings, signal } = context;
  const arrayBytes = roomFor(places.length, settings.arrayBytes);
  const gate = new SharedArrayBuffer(4);
  context.phase('fill');
  const workers = places.map((place, thread) => {
    const task: WorkerTask = { thread, cpu: place?.cpu, arrayBytes, seed, gate };
    // Node runs TypeScript itself; a loader of the parent's would only cost time.
    const execArgv = ['--disable-warning=ExperimentalWarning'];
    return new Worker(new URL('./worker.ts', import.meta.url), { workerData: task, execArgv });
  });
  const stop = () => Promise.all(workers.map((worker) => worker.terminate()));
  const onAbort = () => void stop();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.all(workers.map((worker) => answer(worker)));
    const passes: Pass[] = [];
    for (const [turn, operation] of (['copy', 'triad'] as const).entries()) {
      context.phase(`measure_${operation}`);
      const { warmUpS, seconds, windowS } = settings;
      const order: WorkerOrder = { operation, turn: turn + 1, warmUpS, seconds, windowS };
      const done = Promise.all(workers.map((worker) => answer<WorkerResult>(worker, order)));
      const flag = new Int32Array(gate);
      Atomics.store(flag, 0, turn + 1);
      Atomics.notify(flag, 0);
      const results = await done;
      const origin = results.map((one) => one.windows[0]!.startNs).reduce((x, y) => (x < y ? x : y));
      passes.push({
        device: 'cpu',
        operation,
        arrayBytes,
        elementBytes: 8,
        threads: results.map(({ windows, ...rest }) => ({
          ...rest,
          windows: windows.map((window) => ({
            startNs: Number(window.startNs - origin),
            endNs: Number(window.endNs - origin),
            passes: window.passes,
          })),
        })),
      });
      context.progress((turn + 1) / 2, { value: roughRate(passes.at(-1)!), unit: 'B/s', label: operation });
    }
    return passes;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RangeError) throw new Unsupported('unsupported', `not enough memory: ${error.message}`);
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    await stop();
  }
}

/** The next message of a worker; rejects when it fails or ends first. */
function answer<T = unknown>(worker: Worker, order?: WorkerOrder): Promise<T> {
  return new Promise((resolve, reject) => {
    // Only what was added here is taken away: the worker listens to itself to know when to deliver messages.
    const settle = () => worker.off('message', onMessage).off('error', onError).off('exit', onExit);
    const onMessage = (message: T) => {
      settle();
      resolve(message);
    };
    const onError = (error: unknown) => {
      settle();
      reject(error);
    };
    const onExit = (code: number) => {
      settle();
      reject(new Error(`a thread ended with status ${code}`));
    };
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    if (order) worker.postMessage(order);
  });
}

/** For the person who watches only; the proof works it out properly. */
function roughRate({ operation, threads, arrayBytes }: Pass): number {
  const touched = operation === 'copy' ? 2 : 3;
  return threads.reduce((sum, { windows }) => {
    const passes = windows.reduce((all, window) => all + window.passes, 0);
    return sum + (passes * arrayBytes * touched * 1e9) / (windows.at(-1)!.endNs - windows[0]!.startNs);
  }, 0);
}

/** Bytes of one array of so many threads: what is asked for, or less where three of each would take over half the free memory. */
function roomFor(threads: number, wanted: number): number {
  const fitting = Math.floor(freemem() / 2 / (3 * threads) / 65536) * 65536;
  return Math.max(1 << 20, Math.min(wanted, fitting));
}
