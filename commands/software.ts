import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ROOT = dirname(import.meta.dirname);

/** This software, as reports and logs name it. */
export const SOFTWARE = { name: 'assay', version: versionOf(join(ROOT, 'package.json')) };
/** How this program is started: command and first arguments. */
export const PROGRAM = [process.execPath, ...process.execArgv, join(ROOT, 'assay.ts')];

function versionOf(file: string): string {
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
