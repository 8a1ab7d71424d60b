import { existsSync } from 'node:fs';
import koffi from 'koffi';

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
 * Loads a library by the first of its names that the loader finds, or from where it usually lies. Throws, naming where
 * it looked, and then `remedy`, if it is nowhere.
 */
export function loadSharedLibrary(
  what: string,
  names: readonly string[],
  directories: readonly string[] = [],
  remedy = '',
): ReturnType<typeof koffi.load> {
  const places = [...DIRECTORIES, ...directories];
  for (const directory of ['', ...places]) {
    for (const name of names) {
      if (directory !== '' && !existsSync(directory + name)) continue;
      try {
        return koffi.load(directory + name);
      } catch {
        // Not there, or of another architecture: the next place.
      }
    }
  }
  throw new Error(`no ${what} found (looked for ${names[0]} by the loader and in ${places.join(', ')})${remedy}`);
}
