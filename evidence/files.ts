import { constants, type FileHandle, open } from 'node:fs/promises';
import { startSha256, startSm3 } from './digest.ts';

/** What identifies a file's content: both digests in hex, and its length. */
export interface FileDigest {
  readonly sha256: string;
  readonly sm3: string;
  readonly bytes: number;
}

/**
 * Digests of a regular file, read once and in pieces, so its size does not matter to memory.
 *
 * Whoever hands over a bundle controls what lies at the path: a symbolic link could point at the verifier's own files,
 * a pipe would never end. Both are refused by an Error, as is a file longer than `maxBytes`.
 */
export async function digestFile(path: string, maxBytes = Number.MAX_SAFE_INTEGER): Promise<FileDigest> {
  // O_NONBLOCK: opening a pipe that nobody writes to would otherwise wait for ever.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return await digest(file, path, maxBytes);
  } finally {
    await file.close();
  }
}

async function digest(file: FileHandle, path: string, maxBytes: number): Promise<FileDigest> {
  if (!(await file.stat()).isFile()) throw new Error(`${path} is not a regular file`);
  const sha256 = startSha256();
  const sm3 = startSm3();
  const piece = Buffer.allocUnsafe(256 * 1024);
  let bytes = 0;
  for (;;) {
    const { bytesRead } = await file.read(piece, 0, piece.length, null);
    if (bytesRead === 0) break;
    bytes += bytesRead;
    if (bytes > maxBytes) throw new Error(`${path} is longer than ${maxBytes} bytes`);
    sha256.update(piece.subarray(0, bytesRead));
    sm3.update(piece.subarray(0, bytesRead));
  }
  return { sha256: sha256.digest('hex'), sm3: sm3.digest('hex'), bytes };
}
