import { createHash } from 'node:crypto';
import { type BigIntStats, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { buildIdOf } from './build-id.ts';

/** What a file was at one moment, by which a later look tells whether it is the same. */
export type FileState = string;

/** The bytes of a file, and the build id in it. */
export interface FileFacts {
  readonly sha256: string;
  readonly bytes: number;
  readonly buildId?: string;
}

const CHUNK_BYTES = 1 << 20;

const stateOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): FileState =>
  [dev, ino, size, mtimeNs, ctimeNs].join(' ');

/** The state of a file now; undefined where it cannot be looked at. */
export function fileState(path: string): FileState | undefined {
  try {
    return stateOf(statSync(path, { bigint: true }));
  } catch {
    return undefined;
  }
}

/** Digests of files, each taken once as long as the file is the same: libraries have hundreds of megabytes. */
export class FileDigests {
  readonly #known = new Map<FileState, Promise<FileFacts>>();

  /**
   * The file with this path. `changed` where it is not in the state any more that was seen before, `unreadable` where
   * it cannot be read.
   */
  async read(path: string, seen: FileState | undefined): Promise<FileFacts | 'changed' | 'unreadable'> {
    if (seen === undefined) return 'unreadable';
    if (fileState(path) !== seen) return 'changed';
    let facts = this.#known.get(seen);
    if (!facts) {
      facts = digest(path);
      this.#known.set(seen, facts);
    }
    try {
      const known = await facts;
      return fileState(path) === seen ? known : 'changed';
    } catch {
      this.#known.delete(seen);
      return 'unreadable';
    }
  }
}

async function digest(path: string): Promise<FileFacts> {
  const file = await open(path);
  try {
    const hash = createHash('sha256');
    const chunk = Buffer.alloc(CHUNK_BYTES);
    let bytes = 0;
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, bytes);
      if (bytesRead === 0) break;
      hash.update(chunk.subarray(0, bytesRead));
      bytes += bytesRead;
    }
    const buildId = await buildIdOf(file);
    return { sha256: hash.digest('hex'), bytes, ...(buildId === undefined ? {} : { buildId }) };
  } finally {
    await file.close();
  }
}
