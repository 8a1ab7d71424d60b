import { existsSync } from 'node:fs';
import koffi from 'koffi';
import { LibraryError } from './library-error.ts';

/** A CUDA or cuBLAS call that did not succeed: which, and the number it gave. */
export class CudaError extends Error {
  readonly code: number;

  constructor(call: string, code: number) {
    super(`${call} gave ${code}`);
    this.name = 'CudaError';
    this.code = code;
  }
}

/**
 * Declares calls of a CUDA library by name and parameters; whatever one of them gives but 0 is thrown as `CudaError`.
 */
export const checkedCalls = (library: ReturnType<typeof koffi.load>) => (name: string, parameters: string) => {
  const run = library.func(`int ${name}(${parameters})`);
  return (...values: unknown[]): void => {
    const code = run(...values) as number;
    if (code !== 0) throw new CudaError(name, code);
  };
};

/**
 * The first library of the list that loads. Throws a `LibraryError` that names the list if none does: `refused` if a
 * file of it is there, else `missing`.
 */
export function loadFirst(paths: readonly string[]): ReturnType<typeof koffi.load> {
  let there = false;
  for (const path of paths) {
    if (path.includes('/') && !existsSync(path)) continue;
    try {
      return koffi.load(path);
    } catch {
      // Not there, or of another architecture: the next place.
      there ||= path.includes('/');
    }
  }
  const message = `none of these libraries could be loaded: ${paths.join(', ')}`;
  throw new LibraryError(there ? 'refused' : 'missing', message);
}
