import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ended } from './child.ts';
import { hostileBundles, layFiles } from './hostile-bundles.ts';

/**
 * How long the verifier takes to end on bundles that are made to hurt it, each in a process with a heap of 500 MB.
 * Prints a line a bundle, and ends with 1 if one takes longer than it may or ends otherwise than it must. Usage: node
 * test/bench/verify/hostile.ts
 */
const MOST_S = 10;
const HEAP_MB = 500;

const scratch = mkdtempSync(join(tmpdir(), 'assay-hostile-bench-'));
const { honest, cases } = await hostileBundles();
let wrong = 0;
const run = (folder: string): Ended | undefined => {
  const child = join(import.meta.dirname, 'child.ts');
  const { stdout } = spawnSync(process.execPath, [`--max-old-space-size=${HEAP_MB}`, child, folder], {
    encoding: 'utf8',
  });
  return stdout === '' ? undefined : (JSON.parse(stdout) as Ended);
};
try {
  const all = [
    { name: '(an honest bundle)', lay: (folder: string) => layFiles(folder, honest), ends: [''] as readonly string[] },
    ...cases,
  ];
  for (const { name, lay, ends } of all) {
    const folder = join(scratch, 'bundle');
    await lay(folder, 1);
    const ended = run(folder);
    rmSync(folder, { recursive: true, force: true });
    const good = ended !== undefined && ends.includes(ended.code) && ended.seconds <= MOST_S;
    if (!good) wrong++;
    const took = ended
      ? `${ended.seconds.toFixed(2)} s, ${(ended.bytes / 1e6).toFixed(1)} MB read, ${ended.entries} entries, ${ended.rssMiB} MiB, ${ended.exit} ${ended.code}`
      : 'crashed';
    process.stdout.write(`${good ? 'ok ' : 'BAD'} ${name}: ${took}\n`);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.exitCode = wrong > 0 ? 1 : 0;
