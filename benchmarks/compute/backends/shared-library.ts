import { existsSync } from 'node:fs';
import koffi from 'koffi';
import { LibraryError } from './library-error.ts';

/** Where distributions and package managers keep libraries when the loader's own search does not find them. */
const DIRECTORIES = [
  '/usr/lib/x86_64-linux-gnu/',
  '/usr/lib/aarch64-linux-gnu/',
  '/usr/lib/loongarch64-linux-gnu/',
  '/usr/lib64/',
  '/usr/lib/',
  '/usr/local/lib/',
];

/**
 * Loads a library by the first of its names that the loader finds, or from where it usually lies. Throws a
 * `LibraryError` that says where it looked, and then `remedy`: `refused` if it is there and cannot be loaded, `old` if
 * only a file of a version is there that cannot be called (`tooOld`), else `missing`.
 */
export function loadSharedLibrary(
  what: string,
  names: readonly string[],
  directories: readonly string[] = [],
  remedy = '',
  tooOld: readonly string[] = [],
): ReturnType<typeof koffi.load> {
  const places = [...DIRECTORIES, ...directories];
  let refused: { path: string; error: unknown } | undefined;
  for (const directory of ['', ...places]) {
    for (const name of names) {
      if (directory !== '' && !existsSync(directory + name)) continue;
      try {
        return koffi.load(directory + name);
      } catch (error) {
        // Not there, of another architecture, or without a library that it needs: the next place.
        if (directory !== '') refused ??= { path: directory + name, error };
      }
    }
  }
  if (refused) {
    const { path, error } = refused;
    const said = error instanceof Error ? error.message : String(error);
    throw new LibraryError('refused', `${what} cannot be loaded from ${path}: ${said}`, { cause: error });
  }
  const old = places.flatMap((directory) => tooOld.map((name) => directory + name)).find((path) => existsSync(path));
  if (old) throw new LibraryError('old', `${what} is too old: only ${old} was found${remedy}`);
  const where = `looked for ${names[0]} by the loader and in ${places.join(', ')}`;
  throw new LibraryError('missing', `no ${what} found (${where})${remedy}`);
}

/** Loads a library from where a person says that it is. Throws a `LibraryError` where there is none that works. */
export function loadNamedLibrary(what: string, path: string): ReturnType<typeof koffi.load> {
  try {
    return koffi.load(path);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const fault = existsSync(path) ? 'refused' : 'missing';
    throw new LibraryError(fault, `${what} cannot be loaded from ${path}: ${said}`, { cause: error });
  }
}
