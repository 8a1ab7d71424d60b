import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdtemp, readFile, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { endStragglers, MARK, type Origin, originOf } from './stragglers.ts';

/** How a program ended, with what it printed. `exit` is null unless it ran to an exit of its own. */
export interface Ran {
  readonly status: 'exited' | 'not_found' | 'timed_out' | 'too_large' | 'failed';
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Absolute path of the program that ran. */
  readonly path?: string;
  /** Files it left in its working directory, by name, of those that were asked for. */
  readonly files?: Readonly<Record<string, string>>;
  readonly why?: string;
}

export interface SpawnLimits {
  readonly timeoutMs: number;
  /** Limit of standard output and standard error together, and of each collected file. */
  readonly limitBytes: number;
  /**
   * The whole environment; its home and its place for temporary files are the working directory unless they are here.
   */
  readonly env: Readonly<Record<string, string>>;
  /** Names of files in the working directory to bring back. */
  readonly collect?: readonly string[];
}

/** The first directory that has an executable regular file of this name; nothing outside the list is ever run. */
export async function locate(program: string, directories: readonly string[]): Promise<string | undefined> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._+-]*$/.test(program)) return undefined;
  for (const directory of directories) {
    if (!isAbsolute(directory)) continue;
    const path = join(directory, program);
    try {
      if (!(await stat(path)).isFile()) continue;
      await access(path, constants.X_OK);
      return path;
    } catch {
      // Not here: the next directory may have it.
    }
  }
  return undefined;
}

/**
 * Runs one program without a shell in a private working directory that is removed afterwards. The program leads a
 * process group of its own, which is killed as a whole at the time limit, at the output limit and at its exit: vendor
 * tools leave children behind that would hold the pipes open. Children that left the group are ended after it. Never
 * rejects.
 */
export async function spawnLimited(path: string, args: readonly string[], limits: SpawnLimits): Promise<Ran> {
  let directory: string;
  try {
    directory = await realpath(await mkdtemp(join(tmpdir(), 'assay-tool-')));
  } catch (error) {
    return { status: 'failed', exit: null, stdout: '', stderr: '', path, why: `no working directory: ${said(error)}` };
  }
  try {
    const tool = { mark: randomUUID(), directory };
    const { ran, origin } = await launch(path, args, tool, limits);
    await endStragglers({ ...tool, origin });
    const files: Record<string, string> = {};
    for (const name of limits.collect ?? []) {
      const text = await smallFile(join(directory, name), limits.limitBytes);
      if (text !== undefined) files[name] = text;
    }
    return Object.keys(files).length > 0 ? { ...ran, files } : ran;
  } finally {
    await rm(directory, { recursive: true, force: true }).catch(() => undefined);
  }
}

function launch(
  path: string,
  args: readonly string[],
  tool: { mark: string; directory: string },
  limits: SpawnLimits,
): Promise<{ ran: Ran; origin: Origin }> {
  return new Promise((resolve) => {
    const { directory: cwd, mark } = tool;
    const child = spawn(path, args, {
      cwd,
      env: { HOME: cwd, TMPDIR: cwd, ...limits.env, [MARK]: mark },
      detached: true,
      shell: false,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const origin = originOf(child.pid ?? 0);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let bytes = 0;
    let status: Ran['status'] = 'exited';
    let why: string | undefined;
    let exit: number | null = null;
    let settled = false;

    const killGroup = () => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // The group is gone already.
      }
    };
    const finish = () => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      child.stdout.destroy();
      child.stderr.destroy();
      const ran: Ran = {
        status,
        exit: status === 'exited' ? exit : null,
        stdout: decode(Buffer.concat(out)),
        stderr: decode(Buffer.concat(err)),
        path,
        ...(why === undefined ? {} : { why }),
      };
      resolve({ ran, origin });
    };
    const stop = (reason: 'timed_out' | 'too_large', sentence: string) => {
      if (status !== 'exited') return;
      status = reason;
      why = sentence;
      killGroup();
      // A process in uninterruptible sleep does not die; the reader must not wait for it.
      setTimeout(finish, 500).unref();
    };
    const timer = setTimeout(() => stop('timed_out', `no end after ${limits.timeoutMs} ms`), limits.timeoutMs);
    const take = (into: Buffer[]) => (chunk: Buffer) => {
      if (status !== 'exited') return;
      const room = limits.limitBytes - bytes;
      bytes += chunk.length;
      into.push(chunk.length > room ? chunk.subarray(0, Math.max(0, room)) : chunk);
      if (bytes > limits.limitBytes) stop('too_large', `more than ${limits.limitBytes} bytes of output`);
    };
    child.stdout.on('data', take(out));
    child.stderr.on('data', take(err));
    child.on('error', (error) => {
      status = 'failed';
      why = said(error);
      finish();
    });
    child.on('exit', (code, signal) => {
      exit = code;
      if (status === 'exited' && code === null) {
        status = 'failed';
        why = `ended by ${signal ?? 'a signal'}`;
      }
      killGroup();
      setTimeout(finish, 500).unref();
    });
    child.on('close', finish);
  });
}

async function smallFile(path: string, limit: number): Promise<string | undefined> {
  try {
    const facts = await stat(path);
    if (!facts.isFile() || facts.size > limit) return undefined;
    return decode(await readFile(path));
  } catch {
    return undefined;
  }
}

/** UTF-8, or GB 18030 where the bytes are no UTF-8: some vendor tools print Chinese whatever the locale says. */
export function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('gb18030').decode(bytes);
  }
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
