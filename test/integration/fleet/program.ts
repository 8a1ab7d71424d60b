import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../../..');
const ENTRY = join(ROOT, 'assay.ts');

/** The program as a user starts it, in a folder; ended with a signal if it takes longer than anybody would wait. */
export function assayIn(cwd: string, args: readonly string[], timeout = 30_000) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [ENTRY, ...args], {
    cwd,
    encoding: 'utf8',
    timeout,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { status, stdout, stderr };
}

/** The program started and left running; `said` resolves when this text was on its standard error. */
export function startAssay(cwd: string, args: readonly string[], text: string) {
  const child: ChildProcess = spawn(process.execPath, [ENTRY, ...args], { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  const said = Promise.withResolvers<void>();
  let stderr = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8');
    if (stderr.includes(text)) said.resolve();
  });
  child.once('close', () => said.reject(new Error(`ended before it said ${text}: ${stderr}`)));
  return { child, said: said.promise };
}
