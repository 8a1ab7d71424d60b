import { existsSync } from 'node:fs';
import type { Context } from '../../benchmark.ts';
import type { StreamOrder, StreamRun } from '../../compute/backends/backend.ts';
import { type Ready, startEngines } from '../../compute/gemm/selection.ts';
import type { BandwidthSettings } from './descriptor.ts';
import type { BandwidthRaw } from './proof.ts';

/** Device nodes of accelerators: where there is none, no framework needs to be loaded to look for one. */
const DEVICE_NODES = ['nvidia0', 'kfd', 'davinci0', 'cambricon_dev0', 'mtgpu.0', 'mxcd', 'iluvatar0', 'dxg', 'xpu0'];

/** Copy and triad in the memory of every accelerator that a PyTorch or cuBLASLt here can use, one after the other. */
export async function measureDevices(
  context: Context<BandwidthSettings>,
  seed: string,
): Promise<Pick<BandwidthRaw, 'passes' | 'unsupported'>> {
  const { settings, signal } = context;
  const passes: BandwidthRaw['passes'] = [];
  const unsupported: BandwidthRaw['unsupported'] = [];
  if (!DEVICE_NODES.some((name) => existsSync(`/dev/${name}`))) return { passes, unsupported };
  const { ready, tried } = await startEngines(
    ['torch', 'cublaslt'],
    new Set(),
    settings.pythons,
    1,
    signal,
    context.libraries,
  );
  try {
    const devices = [...new Set(ready.flatMap((one) => one.devices.map(({ id }) => id)))].filter((id) => id !== 'cpu');
    if (devices.length === 0) {
      const why = tried.map(({ name, failed }) => `${name}: ${failed ?? 'sees no accelerator'}`).join('; ');
      unsupported.push({ device: 'accelerator', detail: why.slice(0, 1000) });
    }
    for (const device of devices) {
      for (const operation of ['copy', 'triad'] as const) {
        context.phase(`measure_${operation}_${device}`);
        const { deviceArrayBytes: arrayBytes, warmUpS, deviceSeconds: seconds, windowS } = settings;
        const order = { operation, arrayBytes, seed, warmUpS, seconds, windowS };
        const run = await firstThatCan(ready, device, order, signal);
        if (typeof run === 'string') {
          unsupported.push({ device, detail: `${operation}: ${run}` });
          continue;
        }
        const { windows, ...rest } = run;
        const origin = windows[0]?.startNs ?? 0;
        const shifted = windows.map(({ startNs, endNs, passes: count }) => ({
          startNs: startNs - origin,
          endNs: endNs - origin,
          passes: count,
        }));
        const thread = { ...rest, windows: shifted, pinned: false };
        passes.push({ device, operation, arrayBytes, elementBytes: 4, threads: [thread] });
      }
    }
    return { passes, unsupported };
  } finally {
    await Promise.all(ready.map((one) => one.engine.stop()));
  }
}

/** What the first backend that can move the device's memory gives; or why none can. */
async function firstThatCan(
  ready: readonly Ready[],
  device: string,
  order: StreamOrder,
  signal: AbortSignal,
): Promise<StreamRun | string> {
  const faults: string[] = [];
  for (const one of ready) {
    if (!one.devices.some(({ id }) => id === device)) continue;
    signal.throwIfAborted();
    try {
      return await one.engine.ask('stream', { device, order });
    } catch (error) {
      faults.push(`${one.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return faults.join('; ').slice(0, 1000);
}
