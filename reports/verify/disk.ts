import { closeSync, constants, fstatSync, lstatSync, opendirSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { AssayError } from '../../model/errors.ts';
import { isForeign } from './foreign.ts';
import { type Bundle, escaped, isPlainName, PATHS } from './layout.ts';

/** Bounds on what is looked at: a bundle comes from somebody else. */
const LIMITS = {
  /** Files and folders. */
  entries: 300_000,
  depth: 8,
  totalBytes: 64 * 1024 ** 3,
} as const;

const MIB = 1024 ** 2;
/** Most bytes of a file, by its path. Only what is read in pieces may be larger than memory likes. */
const MOST_BYTES: Readonly<Record<string, number>> = {
  [PATHS.log]: 8192 * MIB,
  [PATHS.report]: 2048 * MIB,
  [PATHS.values]: 2048 * MIB,
  [PATHS.html]: 256 * MIB,
  [PATHS.pdf]: 256 * MIB,
  [PATHS.manifest]: 64 * MIB,
};
/** As much as a controller takes in from an agent. */
const MOST_EVIDENCE_BYTES = 1024 * MIB;
const MOST_DOCUMENT_BYTES = 32 * MIB;

const mostBytes = (path: string): number =>
  MOST_BYTES[path] ?? (/^(evidence|registers)\//.test(path) ? MOST_EVIDENCE_BYTES : MOST_DOCUMENT_BYTES);

/** What a bundle is read with: Node's own file system, or one that counts what is asked of it. */
export interface Disk {
  opendirSync(path: string): { readSync(): { readonly name: string } | null; closeSync(): void };
  lstatSync(path: string): { isDirectory(): boolean; isFile(): boolean; readonly size: number };
  openSync(path: string, flags: number): number;
  fstatSync(file: number): { isFile(): boolean; readonly size: number };
  readSync(file: number, buffer: Uint8Array, offset: number, length: number, position: null): number;
  closeSync(file: number): void;
}

const NODE: Disk = { opendirSync, lstatSync, openSync, fstatSync, readSync, closeSync };

/**
 * A bundle in a directory. Only plain files count: a link, a pipe, a socket or a device in it, a name that could mean
 * another place or deceive a reader, and anything over the limits are refused with `bundle_unreadable`. Nothing outside
 * the directory is opened, and no file is before it is asked for. What operating systems added is listed and not
 * entered.
 */
export function openBundle(directory: string, disk: Disk = NODE): Bundle {
  const sizes = new Map<string, number>();
  const foreign: string[] = [];
  let entries = 0;
  let total = 0;
  const walk = (relative: string, depth: number): void => {
    if (depth > LIMITS.depth) refuse(`${relative}: nested too deep`);
    for (const name of namesIn(disk, join(directory, relative))) {
      const path = relative === '' ? name : `${relative}/${name}`;
      if (++entries > LIMITS.entries) refuse(`more than ${LIMITS.entries} files and folders`);
      const added = isForeign(name);
      if (!added && !isPlainName(name)) refuse(`${escaped(path)}: a name that is not allowed`);
      const stat = attempt(path, () => disk.lstatSync(join(directory, path)));
      if (stat.isDirectory()) {
        if (added) foreign.push(`${path}/`);
        else walk(path, depth + 1);
        continue;
      }
      if (!stat.isFile()) refuse(`${escaped(path).slice(1, -1)}: not a plain file`);
      if (added) {
        foreign.push(path);
        continue;
      }
      if (stat.size > mostBytes(path)) refuse(`${path}: ${stat.size} bytes, more than ${mostBytes(path)}`);
      total += stat.size;
      if (total > LIMITS.totalBytes) refuse(`more than ${LIMITS.totalBytes} bytes`);
      sizes.set(path, stat.size);
    }
  };
  walk('', 0);
  return {
    paths: [...sizes.keys()].sort(),
    foreign: foreign.sort(),
    size: (path) => sizes.get(path),
    read: (path) => (sizes.has(path) ? readWhole(disk, directory, path) : undefined),
    pieces: (path) => (sizes.has(path) ? piecesOf(disk, directory, path) : undefined),
  };
}

function* namesIn(disk: Disk, directory: string): Generator<string> {
  const folder = attempt(directory, () => disk.opendirSync(directory));
  try {
    for (let entry = folder.readSync(); entry; entry = folder.readSync()) yield entry.name;
  } finally {
    folder.closeSync();
  }
}

/** Opens what was found on the walk, if it is still a plain file: no link is followed, no pipe waited for. */
function openPlain(disk: Disk, directory: string, path: string): { file: number; size: number } {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  const file = attempt(path, () => disk.openSync(join(directory, path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  const stat = disk.fstatSync(file);
  if (stat.isFile() && stat.size <= mostBytes(path)) return { file, size: stat.size };
  disk.closeSync(file);
  return refuse(`${path}: changed while it was read`);
}

function readWhole(disk: Disk, directory: string, path: string): Uint8Array {
  const { file, size } = openPlain(disk, directory, path);
  try {
    const bytes = Buffer.allocUnsafeSlow(size);
    let offset = 0;
    while (offset < size) {
      const read = attempt(path, () => disk.readSync(file, bytes, offset, size - offset, null));
      if (read === 0) break;
      offset += read;
    }
    return bytes.subarray(0, offset);
  } finally {
    disk.closeSync(file);
  }
}

/** A file of the directory, piece by piece; each is good until the next one. Throws `bundle_unreadable`. */
export const readPieces = (directory: string, path: string): Generator<Uint8Array> => piecesOf(NODE, directory, path);

function* piecesOf(disk: Disk, directory: string, path: string): Generator<Uint8Array> {
  const { file, size } = openPlain(disk, directory, path);
  try {
    const piece = Buffer.allocUnsafeSlow(Math.min(size, MIB));
    for (let offset = 0; offset < size; ) {
      const read = attempt(path, () => disk.readSync(file, piece, 0, Math.min(piece.length, size - offset), null));
      if (read === 0) return;
      offset += read;
      yield piece.subarray(0, read);
    }
  } finally {
    disk.closeSync(file);
  }
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new AssayError('bundle_unreadable', `${path}: ${(error as NodeJS.ErrnoException).code}`, { cause: error });
  }
}

function refuse(problem: string): never {
  throw new AssayError('bundle_unreadable', problem);
}
