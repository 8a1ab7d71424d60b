import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run of the real launcher. `interruptAfter` sends SIGINT once this text was seen on standard error or output. */
export function assay(
  args: readonly string[],
  options: { interruptAfter?: string; cwd?: string; env?: Record<string, string> } = {},
): Promise<Ended> {
  return new Promise((done) => {
    const child = spawn(join(ROOT, 'assay'), args, {
      cwd: options.cwd ?? ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
    });
    let stdout = '';
    let stderr = '';
    let sent = false;
    const look = (): void => {
      if (!options.interruptAfter || sent || !`${stdout}${stderr}`.includes(options.interruptAfter)) return;
      sent = true;
      child.kill('SIGINT');
    };
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString('utf8');
      look();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString('utf8');
      look();
    });
    child.on('close', (status) => done({ status, stdout, stderr }));
  });
}

/** Command lines of all processes that mention a text. */
export function processesWith(text: string): string[] {
  const found: string[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    try {
      const line = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
      if (line.includes(text)) found.push(line);
    } catch {
      // Gone while we looked.
    }
  }
  return found;
}

/** Every file and folder below a folder. */
export const listing = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
