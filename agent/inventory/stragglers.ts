import { readFileSync, readlinkSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';

/**
 * Processes that a tool left behind outside its process group: a daemon starts a session of its own and gives up its
 * parent, so neither its group nor its parent tells whose it is. What it inherited does: the mark in its environment,
 * the private working directory, the open output. Needs no privileges; a process of another user cannot be seen or
 * ended, and one that gave up all three is not found.
 */

/** Name of the environment variable that carries the mark of one run of a tool. */
export const MARK = 'TOOL_RUN_MARK';

/** One run of a tool. */
export interface ToolRun {
  /** Value of its mark; no other process has it. */
  readonly mark: string;
  /** Its working directory, without links. */
  readonly directory: string;
  /** What its process was when it began. */
  readonly origin: Origin;
}

/** A process as it began. */
export interface Origin {
  /** In clock ticks since boot (`starttime` of proc_pid_stat(5)); nothing older belongs to it. */
  readonly start: number;
  /** What its standard output and error are connected to, as links of /proc name it (`socket:[4711]`). */
  readonly outputs: ReadonlySet<string>;
}

/** A process that forks while it is looked for is found in the next round. */
const MOST_ROUNDS = 10;

/** Origin of a process that was just started. Empty, with a start of 0, where it cannot be read. */
export function originOf(pid: number): Origin {
  try {
    const { start } = statOf(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    return { start, outputs: new Set([1, 2].map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))) };
  } catch {
    return { start: 0, outputs: new Set() };
  }
}

/** Kills what is left of a tool, until a round finds nothing. Does nothing where there is no /proc. Never rejects. */
export async function endStragglers(run: ToolRun): Promise<void> {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const pids = await stragglersOf(run);
    if (pids.length === 0) return;
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself.
      }
    }
  }
}

/** Numbers of the processes that carry the mark of a run, work in its directory or hold its output. */
async function stragglersOf(run: ToolRun): Promise<number[]> {
  const entries = await readdir('/proc').catch(() => []);
  const pids = entries.filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map(async (pid) => ((await isStraggler(pid, run)) ? [pid] : [])));
  return found.flat();
}

async function isStraggler(pid: number, { mark, directory, origin }: ToolRun): Promise<boolean> {
  if (pid === process.pid) return false;
  try {
    const { state, start } = statOf(await readFile(`/proc/${pid}/stat`, 'utf8'));
    // Reading the environment of a process that waits for a device can wait with it; a dead one has none.
    if (start < origin.start || /[DZX]/.test(state)) return false;
    const environment = (await readFile(`/proc/${pid}/environ`)).toString('latin1').split('\0');
    if (environment.includes(`${MARK}=${mark}`)) return true;
    const place = await readlink(`/proc/${pid}/cwd`);
    if (place === directory || place.startsWith(`${directory}/`)) return true;
    const open = await readdir(`/proc/${pid}/fd`);
    const links = await Promise.all(open.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
    return links.some((link) => origin.outputs.has(link));
  } catch {
    // It ended, or is another user's.
    return false;
  }
}

/** State and start from the line of /proc/PID/stat: its second field is a name in parentheses and may have any text. */
function statOf(line: string): { state: string; start: number } {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', start: Number(fields[19]) };
}
