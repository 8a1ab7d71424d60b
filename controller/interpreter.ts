import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { AssayError } from '../model/errors.ts';

/**
 * Command words of an interpreter that was named; a path is taken from where the user stands, not from where the
 * benchmark runs. Rejects with `tool_missing` where its program is not on this machine: it would be found out only when
 * it is needed.
 */
export function interpreterOf(words: string): string[] {
  const [program = '', ...rest] = words.split(' ').filter((word) => word !== '');
  const path = program.includes('/') ? resolve(program) : program;
  const places = program.includes('/')
    ? [path]
    : (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, program));
  if (program === '' || !places.some(isProgram)) {
    throw new AssayError('tool_missing', `--python ${words}: there is no program ${program || 'without a name'}`);
  }
  return [path, ...rest];
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
