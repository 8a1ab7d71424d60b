import { accessSync, constants, existsSync, mkdtempSync, rmdirSync, statfsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
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

/**
 * Rejects with `storage_unwritable` before anything runs if a directory that was named as the storage under test is not
 * there or cannot be written: in its place the disk above it would be measured, or nothing, an hour later.
 */
export function requireStorage(directory: string): void {
  const { R_OK, W_OK, X_OK } = constants;
  try {
    accessSync(directory, R_OK | W_OK | X_OK);
    if (statSync(directory).isDirectory()) {
      // Permissions do not tell where nothing can be made: /proc, a read-only mount.
      rmdirSync(mkdtempSync(join(directory, '.assay-')));
      return;
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new AssayError('storage_unwritable', `${directory}: ${code}`, { cause: error });
  }
  throw new AssayError('storage_unwritable', `${directory}: not a folder`);
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
