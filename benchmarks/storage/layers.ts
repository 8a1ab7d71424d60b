import { basename } from 'node:path';
import { isRemote, livesInMemory, type Mount, mountOf, mountOption } from './mounts.ts';
import type { Volume } from './samples.ts';

/** What is asked of the machine. Everything gives an empty answer where it cannot be read. */
export interface Host {
  readonly mounts: readonly Mount[];
  /** Text of a small file, without the end of line. */
  read(path: string): string;
  /** Path without links; empty if there is none. */
  realPath(path: string): string;
  list(path: string): string[];
  /** `major:minor` of a device node. */
  deviceNumber(path: string): string;
  /** Bytes that a file has on disk, and how many more its file system can take for users. */
  room(path: string): { sizeBytes: number; allocatedBytes: number; availableBytes: number } | undefined;
}

/** What a path lies on, from its file system down to the devices. */
export type Layers = Pick<Volume, 'mountPoint' | 'fsType' | 'source' | 'remote' | 'volatile' | 'layers'> & {
  ceilingBytes?: number;
  /** Path of the device node under the file system, if there is one. */
  device: string;
};

/** Deeper stacks than this are loops. */
const DEEPEST = 8;

/**
 * Follows a path (absolute, without links) from its mount through overlays, loop devices, device mapper and arrays
 * down to the devices. `volatile` is `yes` as soon as one layer lives in memory, `unknown` where one cannot be seen.
 * `ceilingBytes` is the least that a layer below can hold: a file system that claims more is lying.
 */
export function layersOf(path: string, host: Host, depth = 0): Layers | undefined {
  const mount = mountOf(host.mounts, path);
  if (!mount) return undefined;
  const layers: Layers = {
    mountPoint: mount.mountPoint,
    fsType: mount.fsType,
    source: mount.source,
    remote: isRemote(mount),
    volatile: 'no',
    layers: [`${mount.fsType} on ${mount.source}`],
    device: '',
  };
  if (depth > DEEPEST) return { ...layers, volatile: 'unknown' };
  if (livesInMemory(mount)) return { ...layers, volatile: 'yes' };
  if (mount.fsType === 'overlay') return merge(layers, overlay(mount, host, depth));
  if (layers.remote) return layers;
  const number = mount.device.startsWith('0:') ? host.deviceNumber(mount.source) : mount.device;
  if (number === '') return layers;
  const below = deviceLayers(number, host, depth);
  return { ...merge(layers, below), device: `/dev/${below.name}` };
}

type Below = Pick<Layers, 'volatile' | 'layers'> & { ceilingBytes?: number };

/** An overlay keeps what is written in its upper directory; in a container that lies outside of what can be seen. */
function overlay(mount: Mount, host: Host, depth: number): Below {
  const upper = mountOption(mount, 'upperdir');
  const real = upper ? host.realPath(upper) : '';
  if (real === '' || mountOf(host.mounts, real)?.id === mount.id) {
    return { volatile: 'unknown', layers: ['upper directory of the overlay cannot be seen from here'] };
  }
  return layersOf(real, host, depth + 1) ?? { volatile: 'unknown', layers: [] };
}

function deviceLayers(number: string, host: Host, depth: number): Below & { name: string } {
  const folder = `/sys/dev/block/${number}`;
  const name = basename(host.realPath(folder)) || number;
  const sectors = Number(host.read(`${folder}/size`));
  let below: Below & { name: string } = { name, volatile: 'no', layers: [name] };
  if (Number.isSafeInteger(sectors) && sectors > 0) below.ceilingBytes = sectors * 512;
  if (/^(zram|ram|pmem_legacy)\d/.test(name)) return { ...below, volatile: 'yes' };
  if (depth > DEEPEST) return { ...below, volatile: 'unknown' };
  const backing = host.read(`${folder}/loop/backing_file`);
  if (backing !== '') below = { ...merge(below, backingFile(backing, host, depth)), name };
  for (const slave of host.list(`${folder}/slaves`)) {
    const part = deviceLayers(host.read(`${folder}/slaves/${slave}/dev`), host, depth + 1);
    // Stripes add up and mirrors don't, so the ceiling of the whole is the device's own.
    delete part.ceilingBytes;
    below = { ...merge(below, part), name };
  }
  return below;
}

function backingFile(file: string, host: Host, depth: number): Below {
  const real = host.realPath(file);
  const lower = real === '' ? undefined : layersOf(real, host, depth + 1);
  if (!lower) return { volatile: 'unknown', layers: [`${file} cannot be seen from here`] };
  const room = host.room(real);
  const sparse = room !== undefined && room.allocatedBytes < room.sizeBytes;
  const below: Below = { volatile: lower.volatile, layers: [`${real}${sparse ? ' (sparse)' : ''}`, ...lower.layers] };
  if (room) below.ceilingBytes = Math.min(room.sizeBytes, room.allocatedBytes + room.availableBytes);
  return below;
}

function merge<T extends Below>(upper: T, lower: Below): T {
  const rank = { no: 0, unknown: 1, yes: 2 } as const;
  const merged: T = {
    ...upper,
    volatile: rank[lower.volatile] > rank[upper.volatile] ? lower.volatile : upper.volatile,
    layers: [...upper.layers, ...lower.layers],
  };
  const ceilings = [upper.ceilingBytes, lower.ceilingBytes].filter((bytes) => bytes !== undefined);
  if (ceilings.length > 0) merged.ceilingBytes = Math.min(...ceilings);
  return merged;
}
