import { openBundle } from '../../reports/verify/disk.ts';
import type { Bundle } from '../../reports/verify/layout.ts';

/** A bundle held in memory, so that altered copies cost nothing. */
export interface MemoryBundle extends Bundle {
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export function bundleOf(files: ReadonlyMap<string, Uint8Array>): MemoryBundle {
  const read = (path: string): Uint8Array | undefined => files.get(path);
  const pieces = (path: string): Uint8Array[] | undefined => {
    const bytes = files.get(path);
    return bytes && [bytes];
  };
  const size = (path: string): number | undefined => files.get(path)?.byteLength;
  return { files, paths: [...files.keys()].sort(), foreign: [], size, read, pieces };
}

/** Reads a bundle from a directory into memory. */
export function memoryBundle(directory: string): MemoryBundle {
  const bundle = openBundle(directory);
  return bundleOf(new Map(bundle.paths.map((path) => [path, bundle.read(path)!])));
}

/** A copy with one file replaced, added or (undefined) removed. */
export function withFile(bundle: MemoryBundle, path: string, bytes: Uint8Array | undefined): MemoryBundle {
  const files = new Map(bundle.files);
  if (bytes) files.set(path, bytes);
  else files.delete(path);
  return bundleOf(files);
}
