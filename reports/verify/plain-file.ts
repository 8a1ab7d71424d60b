import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { AssayError } from '../../model/errors.ts';

const MIB = 1024 ** 2;
/** More than any document that a person writes. */
const MOST_BYTES = 64 * MIB;

/**
 * Bytes of a file that a person named. Rejects with `file_unreadable` what is no plain file (a pipe would be waited for, a
 * device never ends), what is larger than `mostBytes`, and what the disk does not give.
 */
export function readPlainFile(path: string, mostBytes = MOST_BYTES): Uint8Array {
  const refuse = (problem: string): never => {
    throw new AssayError('file_unreadable', `${path}: ${problem}`);
  };
  try {
    const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const stat = fstatSync(file);
      if (stat.isDirectory()) refuse('EISDIR, a folder');
      if (!stat.isFile()) refuse('not a plain file');
      if (stat.size > mostBytes) refuse(`${stat.size} bytes, more than ${mostBytes}`);
      const parts: Buffer[] = [];
      let total = 0;
      // Files of /proc say that they are empty and are not: the length that counts is the one that was read.
      for (;;) {
        const part = Buffer.allocUnsafe(Math.max(4096, Math.min(MIB, stat.size - total)));
        const read = readSync(file, part, 0, part.length, null);
        if (read === 0) return Buffer.concat(parts, total);
        total += read;
        if (total > mostBytes) refuse(`more than ${mostBytes} bytes`);
        parts.push(part.subarray(0, read));
      }
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (error instanceof AssayError) throw error;
    throw new AssayError('file_unreadable', `${path}: ${(error as NodeJS.ErrnoException).code}`, { cause: error });
  }
}
