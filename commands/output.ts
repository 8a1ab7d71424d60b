import { writeFileSync } from 'node:fs';
import { AssayError } from '../model/errors.ts';

/** Writes to standard output. */
export const out = (text: string): void => void process.stdout.write(text);

/** Writes a file that is not there yet. Rejects with `file_exists` or `output_unwritable`. */
export function writeNew(path: string, text: string | Uint8Array, mode: number): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new AssayError(code === 'EEXIST' ? 'file_exists' : 'output_unwritable', `${path} (${code})`, {
      cause: error,
    });
  }
}
