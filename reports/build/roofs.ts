import type { ComputeRoof } from '../../model/compute.ts';
import { median } from '../../model/estimate.ts';
import type { Kinds } from './kinds.ts';
import type { Device } from './rates.ts';

/** Most kinds of device that are listed, those of which there are the most first. */
const MOST_KINDS = 12;

/**
 * Rate and memory bandwidth of each kind of device at each precision, and where the two meet (Williams, Waterman and
 * Patterson, "Roofline", 2009): work with fewer operations a byte than the ridge is limited by the memory. Medians over
 * the devices, so that a slow one does not stand for its kind.
 */
export function roofs(
  precisions: readonly { readonly precision: string; readonly devices: readonly Device[] }[],
  memory: ReadonlyMap<string, { readonly operation: string; readonly bytesPerSecond: number }>,
  kinds: Kinds,
): ComputeRoof[] {
  const found = precisions.flatMap(({ precision, devices }) => {
    const timed = devices.filter((device) => device.rate !== undefined);
    return [...Map.groupBy(timed, (device) => device.chip)].map(([chip, own]) => roof(chip, precision, own));
  });
  const sizes = new Map<string, number>();
  for (const { chip, devices } of found) sizes.set(chip, Math.max(devices, sizes.get(chip) ?? 0));
  const listed = [...sizes].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, MOST_KINDS);
  return listed.flatMap(([chip]) => found.filter((one) => one.chip === chip));

  function roof(chip: string, precision: string, own: readonly Device[]): ComputeRoof {
    const counted = own.some((device) => device.counts) ? own.filter((device) => device.counts) : own;
    const rate = median(counted.map((device) => device.rate!.value));
    const shares = counted.flatMap(({ peak, rate: own }) => (peak ? [own!.value / peak.opsPerSecond] : []));
    const bytes = counted.flatMap(({ key }) => memory.get(key) ?? []);
    const bytesPerSecond = median(bytes.map((one) => one.bytesPerSecond));
    const first = counted[0]!;
    const published = kinds.bandwidth(first.node, first.label);
    const joules = counted.flatMap(({ efficiency }) => efficiency ?? []);
    return {
      chip,
      precision,
      devices: counted.length,
      rate,
      ...(shares.length === counted.length && { peakShare: median(shares) }),
      ...(bytesPerSecond > 0 && {
        bandwidth: { bytesPerSecond, operation: bytes[0]!.operation, devices: bytes.length },
        ridge: rate / bytesPerSecond,
        ...(published !== undefined && { bandwidthShare: bytesPerSecond / published }),
      }),
      ...(joules.length > 0 && { efficiency: median(joules) }),
    };
  }
}
