import { existsSync } from 'node:fs';
import type { Context } from '../../benchmark.ts';
import { startEngines } from '../../compute/gemm/selection.ts';
import type { BandwidthSettings } from './descriptor.ts';
import type { BandwidthRaw } from './proof.ts';

/** Device nodes of accelerators: where there is none, no framework needs to be loaded to look for one. */
const DEVICE_NODES = ['nvidia0', 'kfd', 'davinci0', 'cambricon_dev0', 'mtgpu.0', 'mxcd', 'iluvatar0', 'dxg', 'xpu0'];

/** Copy and triad in the memory of every accelerator that a PyTorch here can use, one after the other. */
export async function measureDevices(
  context: Context<BandwidthSettings>,
  seed: string,
): Promise<Pick<BandwidthRaw, 'passes' | 'unsupported'>> {
  const { settings, signal } = context;
  const passes: BandwidthRaw['passes'] = [];
  const unsupported: BandwidthRaw['unsupported'] = [];
  if (!DEVICE_NODES.some((name) => existsSync(`/dev/${name}`))) return { passes, unsupported };
  const { ready, tried } = await startEngines(['torch'], new Set(), settings.pythons, 1, signal);
  try {
    const [first] = ready;
    const devices = first?.devices.filter((device) => device.id !== 'cpu') ?? [];
    if (!first || devices.length === 0) {
      const why = tried.map(({ name, failed }) => `${name}: ${failed ?? 'sees no accelerator'}`).join('; ');
      unsupported.push({ device: 'accelerator', detail: why.slice(0, 1000) });
    }
    for (const { id: device } of devices) {
      for (const operation of ['copy', 'triad'] as const) {
        signal.throwIfAborted();
        context.phase(`measure_${operation}_${device}`);
        const { deviceArrayBytes: arrayBytes, warmUpS, seconds, windowS } = settings;
        const order = { operation, arrayBytes, seed, warmUpS, seconds, windowS };
        try {
          const { windows, ...rest } = await first!.engine.ask('stream', { device, order });
          const origin = windows[0]?.startNs ?? 0;
          const shifted = windows.map(({ startNs, endNs, passes: count }) => ({
            startNs: startNs - origin,
            endNs: endNs - origin,
            passes: count,
          }));
          const thread = { ...rest, windows: shifted, pinned: false };
          passes.push({ device, operation, arrayBytes, elementBytes: 4, threads: [thread] });
        } catch (error) {
          unsupported.push({ device, detail: error instanceof Error ? error.message : String(error) });
        }
      }
    }
    return { passes, unsupported };
  } finally {
    await Promise.all(ready.map((one) => one.engine.stop()));
  }
}
