import { readdirSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Whether the loader would have found a file, by its real path, through the directories of an LD_LIBRARY_PATH. */
export type SearchPath = (path: string) => boolean;

/** More entries than a directory of libraries has. */
const MOST_ENTRIES = 10_000;
/** Folders below each directory in which the loader looks for libraries made for this processor (ld.so(8)). */
const BELOW = /^(?:(?:glibc-hwcaps\/[^/]+|tls|haswell|xeon_phi|avx512_1|x86_64|aarch64|atomics)\/)*[^/]+$/;

/**
 * What the directories of an LD_LIBRARY_PATH give, as ld.so(8) takes them: an empty one is the working directory, those
 * that do not begin with a slash lie in it, and a library may lie there as a link to a file somewhere else.
 */
export function searchPath(value: string, workingDirectory: string): SearchPath {
  const directories = [...new Set(value.split(/[:;]/))].map((named) => real(resolve(workingDirectory, named)));
  const linked = new Set(directories.flatMap(linksIn));
  const within = (path: string, directory: string): boolean =>
    path.startsWith(`${directory}/`) && BELOW.test(path.slice(directory.length + 1));
  return (path) => linked.has(path) || directories.some((directory) => within(path, directory));
}

/** Real paths of the files that a directory has links to. */
function linksIn(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true }).slice(0, MOST_ENTRIES);
    return entries.filter((entry) => entry.isSymbolicLink()).map(({ name }) => real(join(directory, name)));
  } catch {
    // It is not there, or closed to us: then the loader finds nothing in it, either.
    return [];
  }
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
