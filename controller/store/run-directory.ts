import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { canonicalBytes } from '../../evidence/canonical.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import { leafHash, MerkleTree } from '../../evidence/merkle.ts';
import { AssayError } from '../../model/errors.ts';
import type { LogEntry } from '../../model/log.ts';
import { makeFolder } from '../../reports/build/folder.ts';
import { blobPath, PATHS } from '../../reports/verify/layout.ts';
import { MAX_LINE_BYTES } from '../../reports/verify/lines.ts';

/** An entry without its time: the store stamps it. */
export type NewEntry = LogEntry extends infer E ? (E extends LogEntry ? Omit<E, 'at'> : never) : never;

/** Where an entry stands in the log, the moment it was stamped with, and its hash as a leaf (RFC 6962). */
export interface Appended {
  readonly index: number;
  readonly at: string;
  readonly leaf: string;
}

/**
 * The directory of one run: an append-only log and content-addressed blobs. It grows while the run goes on and is the
 * bundle that is handed over in the end. Everything is on disk before the call returns.
 */
export interface RunDirectory {
  readonly path: string;
  /**
   * Appends an entry to the log and says where it stands. Times never run backwards, even if the wall clock does.
   * Throws CanonicalError or RangeError, and writes nothing, for an entry that has no text or is longer than a verifier
   * reads.
   */
  append(entry: NewEntry): Appended;
  /** Keeps bytes under their sha256 and gives it. */
  putBlob(bytes: Uint8Array): string;
  readBlob(sha256: string): Uint8Array | undefined;
  /** Takes a blob out that is no evidence of anything, if it is there. */
  dropBlob(sha256: string): void;
  /** Writes a file whole or not at all. */
  writeFile(path: string, bytes: Uint8Array | string): void;
  readonly entries: number;
  /** Root of the log so far (RFC 6962), hex. */
  readonly root: string;
  close(): void;
}

/** Makes the directory of a new run. It must be empty or not there yet: `output_exists`, `output_unwritable`. */
export function createRunDirectory(path: string, now: () => Date): RunDirectory {
  let log: number;
  try {
    makeFolder(join(path, dirname(PATHS.log)));
    log = openSync(join(path, PATHS.log), 'ax', 0o644);
  } catch (error) {
    throw storeError(error, path);
  }
  const tree = new MerkleTree();
  let last = '';
  return {
    path,
    get entries() {
      return tree.size;
    },
    get root() {
      return tree.root();
    },
    append: (entry) => {
      const wall = now().toISOString();
      last = wall > last ? wall : last;
      const bytes = canonicalBytes({ ...entry, at: last });
      if (bytes.byteLength > MAX_LINE_BYTES) {
        throw new RangeError(
          `an entry of ${bytes.byteLength} bytes, and no line of a log is longer than ${MAX_LINE_BYTES}`,
        );
      }
      write(log, Buffer.concat([bytes, Buffer.from('\n')]), path);
      const leaf = leafHash(bytes);
      return { index: tree.appendHash(leaf), at: last, leaf };
    },
    putBlob: (bytes) => {
      const sha256 = sha256Hex(bytes);
      const target = join(path, blobPath(sha256));
      if (!existsSync(target)) writeWhole(target, bytes);
      return sha256;
    },
    readBlob: (sha256) => {
      const target = join(path, blobPath(sha256));
      return existsSync(target) ? readFileSync(target) : undefined;
    },
    dropBlob: (sha256) => rmSync(join(path, blobPath(sha256)), { force: true }),
    writeFile: (name, bytes) => writeWhole(join(path, name), typeof bytes === 'string' ? Buffer.from(bytes) : bytes),
    close: () => closeSync(log),
  };
}

function write(file: number, bytes: Uint8Array, path: string): void {
  try {
    for (let offset = 0; offset < bytes.byteLength; ) offset += writeSync(file, bytes, offset);
    fsyncSync(file);
  } catch (error) {
    throw storeError(error, path);
  }
}

function writeWhole(path: string, bytes: Uint8Array): void {
  try {
    makeFolder(dirname(path));
    const file = openSync(`${path}.part`, 'w', 0o644);
    try {
      write(file, bytes, path);
    } finally {
      closeSync(file);
    }
    renameSync(`${path}.part`, path);
  } catch (error) {
    rmSync(`${path}.part`, { force: true });
    throw error instanceof AssayError ? error : storeError(error, path);
  }
}

/** Places that are no place for a folder, or not ours. */
const UNUSABLE = new Set('EACCES EPERM EROFS ENOTDIR EISDIR ENOENT ENAMETOOLONG EINVAL ELOOP'.split(' '));

function storeError(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC' || code === 'EDQUOT') return new AssayError('no_space', path, { cause: error });
  if (code === 'EEXIST') return new AssayError('output_exists', path, { cause: error });
  if (code !== undefined && UNUSABLE.has(code)) {
    return new AssayError('output_unwritable', `${path} (${code})`, { cause: error });
  }
  return error;
}
