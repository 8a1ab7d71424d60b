import { readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { RUNNING, type Running, readRunning } from '../../reports/verify/running.ts';

/** What a run keeps in its folder only while it goes on: the agent's own folder, and the storage under test. */
export const AGENT_FOLDER = '.agent';
export const STORAGE_FOLDER = '.storage';

/** Marks a folder as that of a run which goes on in this process. */
export function markRunning(folder: string, now: Date): void {
  const mark: Running = {
    schema: 'assay/running/v1',
    pid: process.pid,
    process: processStart(process.pid),
    host: hostname(),
    boot: bootId(),
    namespace: pidNamespace(),
    at: now.toISOString(),
  };
  writeFileSync(join(folder, RUNNING), JSON.stringify(mark), { mode: 0o600 });
}

export function unmarkRunning(folder: string): void {
  rmSync(join(folder, RUNNING), { force: true });
}

/**
 * Whether a folder is that of a run: one that goes on (or may, on another machine or in a container whose processes are
 * not seen from here), or one whose process is dead.
 */
export function stateOfRun(folder: string): 'none' | 'alive' | 'dead' {
  const mark = readRunning(folder);
  if (!mark) return 'none';
  if (mark.host !== hostname() || mark.namespace !== pidNamespace()) return 'alive';
  if (mark.boot !== bootId()) return 'dead';
  return isAlive(mark) ? 'alive' : 'dead';
}

/**
 * Takes away what a run that was killed has left in its folder and nobody needs: the agent's folder with its key, the
 * storage under test, the mark. Only where the mark is ours and its process is dead; what was measured stays. Gives
 * whether there was something to take away.
 */
export function sweepDeadRun(folder: string): boolean {
  if (stateOfRun(folder) !== 'dead') return false;
  for (const name of [AGENT_FOLDER, STORAGE_FOLDER]) rmSync(join(folder, name), { recursive: true, force: true });
  unmarkRunning(folder);
  return true;
}

const MOST_NEIGHBOURS = 1000;

/** The same for every run in a folder of runs. */
export function sweepDeadRuns(parent: string): void {
  let names: string[];
  try {
    names = readdirSync(parent);
  } catch {
    return;
  }
  for (const name of names.slice(0, MOST_NEIGHBOURS)) {
    try {
      sweepDeadRun(join(parent, name));
    } catch {
      // Somebody else's, or in use: it is not needed for this run.
    }
  }
}

function isAlive({ pid, process: start }: Running): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  // Another process may have got the number since.
  return start === '' || processStart(pid) === start;
}

/** When a process began, in ticks since the start of the machine (proc_pid_stat(5), field 22); empty where not told. */
function processStart(pid: number): string {
  const stat = read(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

const bootId = (): string => read('/proc/sys/kernel/random/boot_id').trim();

/** The same for all that see each other's processes under the same numbers. */
function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
