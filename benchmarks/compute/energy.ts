import { readdirSync, readFileSync } from 'node:fs';
import koffi from 'koffi';

/** Energy that a device has used since some moment of its own; only differences mean anything. */
export interface EnergyReading {
  /** One for each processor package, or the device's only one. */
  readonly counters: readonly {
    readonly joules: number;
    /** Where the counter starts again, in joules. */
    readonly wrapsAt: number;
  }[];
  readonly source: 'rapl' | 'nvml';
}

/** What was read, or why nothing was: no counter, no permission, no driver. */
export type Reading = EnergyReading | string;

/** Counter of a device by its label; an accelerator is told by its UUID, because numbers mean other devices elsewhere. */
export function readEnergy(device: string, uuid: string | undefined): Reading {
  if (device === 'cpu') return readRapl('/sys/class/powercap');
  if (device.startsWith('cuda:')) return readNvml(uuid);
  return `there is no energy counter for ${device}`;
}

/**
 * Joules between two readings of the same counters, each over at most one wrap; undefined where they don't belong
 * together.
 */
export function energyBetween(before: EnergyReading, after: EnergyReading): number | undefined {
  if (before.source !== after.source || before.counters.length !== after.counters.length) return undefined;
  let joules = 0;
  for (const [i, now] of after.counters.entries()) {
    const then = before.counters[i]!;
    if (then.wrapsAt !== now.wrapsAt) return undefined;
    const used = now.joules - then.joules;
    joules += used >= 0 ? used : used + now.wrapsAt;
  }
  return Number.isFinite(joules) && joules >= 0 ? joules : undefined;
}

/** All processor packages, from Linux' power capping interface (RAPL counters in microjoules). */
export function readRapl(base: string): Reading {
  let packages: string[];
  try {
    // Packages only: their cores and memory controllers are inside, psys is around them.
    packages = readdirSync(base)
      .filter((name) => /^(intel|amd)-rapl:\d+$/.test(name))
      .filter((name) => readFileSync(`${base}/${name}/name`, 'utf8').startsWith('package'))
      .sort();
  } catch {
    packages = [];
  }
  if (packages.length === 0) return 'the system lists no energy counter of the processor (RAPL)';
  try {
    const number = (path: string) => Number(readFileSync(path, 'utf8').trim() || Number.NaN) / 1e6;
    const counters = packages.map((name) => ({
      joules: number(`${base}/${name}/energy_uj`),
      wrapsAt: number(`${base}/${name}/max_energy_range_uj`),
    }));
    const sound = counters.every(({ joules, wrapsAt }) => joules >= 0 && wrapsAt > 0);
    return sound ? { counters, source: 'rapl' } : 'the energy counters of the processor (RAPL) hold no numbers';
  } catch {
    return 'the energy counters of the processor (RAPL) may not be read; root may';
  }
}

/** NVIDIA's counter since the driver was loaded (nvmlDeviceGetTotalEnergyConsumption, millijoules; Volta and later). */
function readNvml(uuid: string | undefined): Reading {
  try {
    const library = koffi.load('libnvidia-ml.so.1');
    const handle = [null];
    const energy = [0n];
    const call = (what: string, code: unknown) => {
      if (code !== 0) throw new Error(`${what} gave ${code}`);
    };
    call('nvmlInit_v2', library.func('int nvmlInit_v2()')());
    if (uuid === undefined) {
      // Without its UUID a device is known only where there is no other.
      const count = [0];
      call('nvmlDeviceGetCount_v2', library.func('int nvmlDeviceGetCount_v2(_Out_ unsigned int *count)')(count));
      if (count[0] !== 1) return 'which of the devices it is is not known, so its energy counter is not';
      const get = library.func('int nvmlDeviceGetHandleByIndex_v2(unsigned int index, _Out_ void **device)');
      call('nvmlDeviceGetHandleByIndex_v2', get(0, handle));
    } else {
      const get = library.func('int nvmlDeviceGetHandleByUUID(const char *uuid, _Out_ void **device)');
      call('nvmlDeviceGetHandleByUUID', get(uuid.startsWith('GPU-') ? uuid : `GPU-${uuid}`, handle));
    }
    const read = library.func('int nvmlDeviceGetTotalEnergyConsumption(void *device, _Out_ uint64_t *energy)');
    call('nvmlDeviceGetTotalEnergyConsumption', read(handle[0], energy));
    return { counters: [{ joules: Number(energy[0]) / 1000, wrapsAt: Number.MAX_SAFE_INTEGER }], source: 'nvml' };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return `the energy counter of the device (NVML) cannot be read: ${why.slice(0, 200)}`;
  }
}
