import { existsSync, statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { findDescriptor } from '../benchmarks/catalog.ts';
import type { Profile } from '../model/assignment.ts';
import { AssayError } from '../model/errors.ts';

/**
 * Settings of the storage benchmark for a directory of this machine: never more bytes than the file system has room
 * for, so that a plan states what would really be written. Rejects with `storage_unwritable` if there is no such place.
 */
export function storageSettings(directory: string, profile: Profile): Record<string, unknown> {
  const defaults = findDescriptor('storage.volume')?.profiles[profile] as Record<string, number> | undefined;
  if (!defaults) return { directory };
  const { total, free } = room(directory);
  const fillBytes = Math.floor(
    Math.min(defaults.fillBytes!, defaults.fillShare! * total, defaults.maxFreeShare! * free),
  );
  const maxWriteBytes = Math.min(defaults.maxWriteBytes!, defaults.maxPasses! * fillBytes);
  const least = 1024 * 1024;
  return { directory, fillBytes: Math.max(least, fillBytes), maxWriteBytes: Math.max(least, maxWriteBytes) };
}

function room(directory: string): { total: number; free: number } {
  let place = resolve(directory);
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  try {
    const { bsize, blocks, bavail } = statfsSync(place);
    return { total: blocks * bsize, free: bavail * bsize };
  } catch (error) {
    throw new AssayError('storage_unwritable', `${directory}: ${(error as NodeJS.ErrnoException).code}`, {
      cause: error,
    });
  }
}
