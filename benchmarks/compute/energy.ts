import { readdirSync, readFileSync } from 'node:fs';
import koffi from 'koffi';

/** Energy that a device has used since some moment of its own, in joules; only differences mean anything. */
export interface EnergyReading {
  readonly joules: number;
  /** Where the counter starts again, in joules. */
  readonly wrapsAt: number;
  readonly source: 'rapl' | 'nvml';
}

/** The counter of a device, or undefined where it cannot be read (no counter, no permission, no driver). */
export function readEnergy(device: string, index: number): EnergyReading | undefined {
  return device === 'cpu' ? readRapl('/sys/class/powercap') : readNvml(index);
}

/** Joules between two readings of one counter, over at most one wrap; undefined where they don't belong together. */
export function energyBetween(before: EnergyReading | undefined, after: EnergyReading | undefined): number | undefined {
  if (!before || !after || before.source !== after.source || before.wrapsAt !== after.wrapsAt) return undefined;
  const joules = after.joules - before.joules;
  const used = joules >= 0 ? joules : joules + after.wrapsAt;
  return used > 0 ? used : undefined;
}

/** All processor packages together, from Linux' power capping interface (RAPL counters in microjoules). */
export function readRapl(base: string): EnergyReading | undefined {
  try {
    // Packages only: their cores and memory controllers are inside, psys is around them.
    const packages = readdirSync(base).filter(
      (name) =>
        /^(intel|amd)-rapl:\d+$/.test(name) && readFileSync(`${base}/${name}/name`, 'utf8').startsWith('package'),
    );
    let joules = 0;
    let wrapsAt = 0;
    for (const name of packages) {
      joules += Number(readFileSync(`${base}/${name}/energy_uj`, 'utf8')) / 1e6;
      wrapsAt += Number(readFileSync(`${base}/${name}/max_energy_range_uj`, 'utf8')) / 1e6;
    }
    return packages.length > 0 && Number.isFinite(joules) && wrapsAt > 0
      ? { joules, wrapsAt, source: 'rapl' }
      : undefined;
  } catch {
    return undefined;
  }
}

/** NVIDIA's counter since the driver was loaded (nvmlDeviceGetTotalEnergyConsumption, millijoules; Volta and later). */
function readNvml(index: number): EnergyReading | undefined {
  try {
    const library = koffi.load('libnvidia-ml.so.1');
    if ((library.func('int nvmlInit_v2()')() as number) !== 0) return undefined;
    const handle = [null];
    const energy = [0n];
    const get = library.func('int nvmlDeviceGetHandleByIndex_v2(unsigned int index, _Out_ void **device)');
    const read = library.func('int nvmlDeviceGetTotalEnergyConsumption(void *device, _Out_ uint64_t *energy)');
    if (get(index, handle) !== 0 || read(handle[0], energy) !== 0) return undefined;
    return { joules: Number(energy[0]) / 1000, wrapsAt: Number.MAX_SAFE_INTEGER, source: 'nvml' };
  } catch {
    return undefined;
  }
}
