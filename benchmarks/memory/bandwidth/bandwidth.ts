import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { Benchmark, Context } from '../../benchmark.ts';
import { Unsupported } from '../../benchmark.ts';
import { coreCount } from '../../compute/host.ts';
import { type BandwidthSettings, descriptor } from './descriptor.ts';
import { measureDevices } from './devices.ts';
import { type MemoryNode, memoryNodes } from './pinning.ts';
import { type BandwidthRaw, proof } from './proof.ts';
import type { WorkerOrder, WorkerResult, WorkerTask } from './worker.ts';

/** STREAM-like copy and triad: one thread a core with arrays of its own, all started together. */
export const benchmark: Benchmark<typeof descriptor.settings, typeof proof.raw> = { descriptor, proof, run };

type Pass = BandwidthRaw['passes'][number];

async function run(context: Context<BandwidthSettings>): Promise<BandwidthRaw> {
  const { settings, signal } = context;
  const challenge = await context.commit('memory.bandwidth', new TextEncoder().encode(JSON.stringify(settings)));
  const nodes = memoryNodes();
  const all = nodes.flatMap((node) => node.cpus);
  const threads = settings.threads || coreCount();
  const groups: { device: string; cpus: (number | undefined)[] }[] = [
    { device: 'cpu', cpus: Array.from({ length: threads }, (_, i) => spread(nodes, all, threads, i)) },
    ...(nodes.length > 1 ? nodes : []).map((node) => ({
      device: `node${node.id}`,
      cpus: node.cpus.slice(0, Math.max(1, Math.round((threads * node.cpus.length) / all.length))),
    })),
  ];
  const passes: Pass[] = [];
  for (const [index, { device, cpus }] of groups.entries()) {
    signal.throwIfAborted();
    const share = (part: number, figure?: { value: number; unit: string; label: string }) =>
      context.progress((index + part) / groups.length, figure);
    passes.push(...(await measureGroup(context, device, cpus, challenge, share)));
  }
  const devices = await measureDevices(context, challenge);
  passes.push(...devices.passes);
  signal.throwIfAborted();
  const lastCacheBytes = lastCache();
  return { challenge, ...(lastCacheBytes ? { lastCacheBytes } : {}), unsupported: devices.unsupported, passes };
}

/** Thread i of so many over all nodes in turn; undefined (any processor) where the nodes are not known. */
function spread(nodes: readonly MemoryNode[], all: readonly number[], threads: number, i: number): number | undefined {
  if (all.length === 0) return undefined;
  // With fewer threads than processors the hardware threads that come last in each node's list stay idle.
  const node = nodes[i % nodes.length]!;
  return threads > all.length ? undefined : node.cpus[Math.floor(i / nodes.length) % node.cpus.length];
}

async function measureGroup(
  context: Context<BandwidthSettings>,
  device: string,
  cpus: readonly (number | undefined)[],
  seed: string,
  share: (part: number, figure?: { value: number; unit: string; label: string }) => void,
): Promise<Pass[]> {
  const { settings, signal } = context;
  const gate = new SharedArrayBuffer(4);
  context.phase(`fill_${device}`);
  const workers = cpus.map((cpu, thread) => {
    const task: WorkerTask = { thread, cpu, arrayBytes: settings.arrayBytes, seed, gate };
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
      context.phase(`measure_${operation}_${device}`);
      const { warmUpS, seconds, windowS } = settings;
      const order: WorkerOrder = { operation, turn: turn + 1, warmUpS, seconds, windowS };
      const done = Promise.all(workers.map((worker) => answer<WorkerResult>(worker, order)));
      const flag = new Int32Array(gate);
      Atomics.store(flag, 0, turn + 1);
      Atomics.notify(flag, 0);
      const results = await done;
      const origin = results.map((one) => one.windows[0]!.startNs).reduce((x, y) => (x < y ? x : y));
      passes.push({
        device,
        operation,
        arrayBytes: settings.arrayBytes,
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
      share((turn + 1) / 2, { value: roughRate(passes.at(-1)!), unit: 'B/s', label: operation });
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

/** Bytes of the first processor's last cache, as Linux says; undefined where it doesn't. */
function lastCache(): number | undefined {
  for (let index = 4; index >= 0; index--) {
    try {
      const text = readFileSync(`/sys/devices/system/cpu/cpu0/cache/index${index}/size`, 'utf8');
      const [, size, unit] = /^(\d+)([KMG]?)/.exec(text) ?? [];
      if (size) return Number(size) * { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 }[unit as '' | 'K' | 'M' | 'G'];
    } catch {
      // No such level of cache.
    }
  }
  return undefined;
}
