import { existsSync, statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { findDescriptor } from '../benchmarks/catalog.ts';
import type { Profile } from '../model/assignment.ts';
import { AssayError, type ErrorCode } from '../model/errors.ts';

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

/** Room for the evidence and the pages of one machine, and then some. */
const BUNDLE_BYTES = 64 * 1024 * 1024;

/** Rejects with `no_space` before anything runs if a bundle could not be written in the end. */
export function requireRoom(out: string, bytes = BUNDLE_BYTES): void {
  const { total, free } = room(out, 'output_unwritable');
  // Some file systems do not say how large they are.
  if (total > 0 && free < bytes) {
    throw new AssayError(
      'no_space',
      `${out}: ${Math.floor(free / 1e6)} MB are free, ${Math.ceil(bytes / 1e6)} MB are needed`,
    );
  }
}

function room(directory: string, code: ErrorCode = 'storage_unwritable'): { total: number; free: number } {
  let place = resolve(directory);
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  try {
    const { bsize, blocks, bavail } = statfsSync(place);
    return { total: blocks * bsize, free: bavail * bsize };
  } catch (error) {
    throw new AssayError(code, `${directory}: ${(error as NodeJS.ErrnoException).code}`, { cause: error });
  }
}
