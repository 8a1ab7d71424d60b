import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, rmdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { AssayError } from '../../model/errors.ts';

/**
 * Makes a folder and those above it, one by one: Node's own `recursive` never returns where no folder can be made
 * (/proc).
 */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}

/**
 * Rejects with `output_unwritable` a folder that is not there and cannot be made, or that cannot be written. Tried by
 * making a folder and removing it again, since permissions alone do not tell (/proc, a read-only mount). For use before
 * anything is measured or rendered.
 */
export function requireWritableFolder(path: string): void {
  let top = resolve(path);
  try {
    while (!existsSync(top) && dirname(top) !== top) top = dirname(top);
    if (!statSync(top).isDirectory()) throw Object.assign(new Error('a file'), { code: 'ENOTDIR' });
    accessSync(top, constants.W_OK | constants.X_OK);
    rmdirSync(mkdtempSync(join(top, '.assay-')));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const where = top === resolve(path) ? path : `${path}: ${top}`;
    if (code === 'ENOSPC' || code === 'EDQUOT') throw new AssayError('no_space', where, { cause: error });
    throw new AssayError('output_unwritable', `${where} (${code})`, { cause: error });
  }
}

/** The same for a file that is to be made: `file_exists` where it is there already. */
export function requireNewFile(path: string): void {
  if (existsSync(path)) throw new AssayError('file_exists', path);
  const folder = dirname(resolve(path));
  if (!existsSync(folder)) throw new AssayError('output_unwritable', `${path}: there is no folder ${folder}`);
  requireWritableFolder(folder);
}
