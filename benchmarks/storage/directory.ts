import { closeSync, constants, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { access, mkdir, open, realpath, stat, unlink } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { AssayError } from '../../model/errors.ts';
import type { Context } from '../benchmark.ts';
import { alignedMemory } from './aligned.ts';
import { UNIT_BYTES } from './block.ts';
import { dropCache } from './cache.ts';
import type { StorageSettings } from './descriptor.ts';
import { fileName } from './samples.ts';

/** The directory the operator named, which must be there and writable; else a folder in the run's own work directory. */
export async function directoryUnderTest(
  context: Pick<Context<StorageSettings>, 'settings' | 'workDirectory'>,
): Promise<string> {
  const named = context.settings.directory;
  if (named === '') {
    const own = join(context.workDirectory, 'storage');
    await mkdir(own, { recursive: true });
    return realpath(own);
  }
  if (!isAbsolute(named)) throw new AssayError('storage_unwritable', `${named} is not an absolute path`);
  try {
    const real = await realpath(named);
    if (!(await stat(real)).isDirectory()) throw new AssayError('storage_unwritable', `${named} is not a directory`);
    await access(real, constants.W_OK | constants.X_OK);
    return real;
  } catch (error) {
    throw storageError(error, named);
  }
}

/** The error a person sees for what the system said of the storage under test. */
export function storageError(error: unknown, where: string): AssayError {
  if (error instanceof AssayError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') return new AssayError('no_space', `${where}: ${code}`);
  if (['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR'].includes(code)) {
    return new AssayError('storage_unwritable', `${where}: ${code}`);
  }
  return new AssayError('storage_failed', `${where}: ${code}`);
}

/** Whether a page can be written and read with O_DIRECT here, tried and not asked. */
export function directWorks(folder: string): boolean {
  const page = alignedMemory(UNIT_BYTES);
  try {
    const fd = openSync(join(folder, 'probe.bin'), constants.O_RDWR | constants.O_CREAT | constants.O_DIRECT, 0o600);
    try {
      return (
        writeSync(fd, page, 0, UNIT_BYTES, 0) === UNIT_BYTES && readSync(fd, page, 0, UNIT_BYTES, 0) === UNIT_BYTES
      );
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
}

/** Makes the empty data files; gives their names. */
export async function createFiles(folder: string, files: number): Promise<string[]> {
  await unlink(join(folder, 'probe.bin')).catch(() => {});
  const names = Array.from({ length: files }, (_, index) => fileName(index));
  for (const name of names) await (await open(join(folder, name), 'wx', 0o600)).close();
  return names;
}

/** Brings a file's data to the storage, and says so if that fails. */
export async function sync(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDWR);
  try {
    await handle.sync();
  } catch (error) {
    throw storageError(error, `fsync of ${path}`);
  } finally {
    await handle.close();
  }
}

/** Makes the kernel forget a synced file's cached pages; false where it won't. */
export function drop(path: string): boolean {
  const fd = openSync(path, constants.O_RDONLY);
  try {
    return dropCache(fd);
  } finally {
    closeSync(fd);
  }
}

/** Bytes that this process has had fetched from storage (proc_pid_io(5), read_bytes); undefined where it is not told. */
export function fetchedBytes(): number | undefined {
  try {
    const count = /^read_bytes: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1];
    return count === undefined ? undefined : Number(count);
  } catch {
    return undefined;
  }
}
