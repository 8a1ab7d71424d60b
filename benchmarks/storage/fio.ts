import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import type { StorageSettings } from './descriptor.ts';
import type { FioRun } from './samples.ts';

/** fio as it was found on this machine. */
export interface Fio {
  readonly path: string;
  readonly version: string;
  readonly sha256: string;
  readonly engine: string;
}

/** What a child process left behind. */
export interface Ended {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Finds fio, its version, its digest and an asynchronous engine. Undefined if it is not there or does not run. */
export async function findFio(name: string, signal: AbortSignal): Promise<Fio | undefined> {
  const path = await findProgram(name);
  if (!path) return undefined;
  const version = await execute(path, ['--version'], { cwd: '/', signal, timeoutS: 20 });
  if (version.exitCode !== 0) return undefined;
  const engines = (await execute(path, ['--enghelp'], { cwd: '/', signal, timeoutS: 20 })).stdout.toString();
  const sha256 = createHash('sha256')
    .update(await readFile(path).catch(() => ''))
    .digest('hex');
  return {
    path,
    version: version.stdout.toString().trim().slice(0, 80),
    sha256,
    engine:
      ['libaio', 'io_uring', 'posixaio'].find((engine) => new RegExp(`^\\s*${engine}$`, 'm').test(engines)) ?? 'psync',
  };
}

/** The fixed points and what each is called; reads use the files of the fill, so nothing has to be laid out first. */
export const FIO_POINTS = ['write', 'read', 'qd1', 'qd32'] as const;
export type FioPoint = (typeof FIO_POINTS)[number];

/** Command line of one point. Several jobs move large blocks: one job's generator ends near 2 GB/s. */
export function fioArguments(
  point: FioPoint,
  options: { settings: StorageSettings; engine: string; dataFiles: readonly string[] },
): string[] {
  const { settings, engine, dataFiles } = options;
  const common = [
    '--output-format=json',
    '--thread=1',
    '--direct=1',
    '--group_reporting=0',
    `--runtime=${Math.ceil(settings.fioSeconds)}`,
  ];
  const jobs = dataFiles.slice(0, 4);
  if (point === 'write') {
    const bytes = Math.floor(settings.fioBytes / jobs.length / 1_048_576) * 1_048_576;
    const shape = [
      '--rw=write',
      '--bs=1M',
      `--ioengine=${engine}`,
      '--iodepth=8',
      '--refill_buffers=1',
      '--end_fsync=1',
    ];
    return [
      ...common,
      ...shape,
      `--size=${bytes}`,
      ...jobs.flatMap((_, j) => [`--name=write${j}`, `--filename=fio-${j}.bin`]),
    ];
  }
  const reading = [...common, '--readonly', '--time_based=1', `--ioengine=${engine}`];
  if (point === 'read') {
    return [
      ...reading,
      '--rw=read',
      '--bs=1M',
      '--iodepth=8',
      ...jobs.flatMap((file, j) => [`--name=read${j}`, `--filename=${file}`]),
    ];
  }
  const depth = point === 'qd1' ? 1 : 32;
  return [
    ...reading,
    '--rw=randread',
    '--bs=4k',
    '--randrepeat=0',
    `--iodepth=${depth}`,
    `--name=${point}`,
    `--filename=${dataFiles.join(':')}`,
  ];
}

/** Runs one point; the caller keeps the streams. Never throws for what fio does. */
export async function runFio(
  fio: Fio,
  point: FioPoint,
  options: { folder: string; settings: StorageSettings; dataFiles: readonly string[]; signal: AbortSignal },
): Promise<{ run: FioRun; ended: Ended }> {
  const argv = fioArguments(point, { ...options, engine: fio.engine });
  const timeoutS = options.settings.fioSeconds * 2 + 30;
  const ended = await execute(fio.path, argv, { cwd: options.folder, signal: options.signal, timeoutS });
  const { exitCode, signal } = ended;
  return {
    run: {
      point,
      argv: [fio.path, ...argv],
      exitCode,
      signal,
      stdout: `fio-${point}.stdout`,
      stderr: `fio-${point}.stderr`,
    },
    ended,
  };
}

/** Most bytes kept of each stream; fio's JSON is some 10 kB a job. */
const STREAM_BYTES = 4 * 1024 * 1024;

function execute(
  path: string,
  argv: string[],
  options: { cwd: string; signal: AbortSignal; timeoutS: number },
): Promise<Ended> {
  return new Promise((resolve) => {
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    const child = spawn(path, argv, {
      cwd: options.cwd,
      env: { PATH: process.env.PATH, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // With --thread its jobs are threads: there is one process to end.
    const kill = () => void child.kill('SIGKILL');
    const timer = setTimeout(kill, options.timeoutS * 1000);
    options.signal.addEventListener('abort', kill, { once: true });
    if (options.signal.aborted) kill();
    const finish = (exitCode: number | null, signal: NodeJS.Signals | null) => {
      clearTimeout(timer);
      options.signal.removeEventListener('abort', kill);
      resolve({
        stdout: Buffer.concat(stdout).subarray(0, STREAM_BYTES),
        stderr: Buffer.concat(stderr).subarray(0, STREAM_BYTES),
        exitCode,
        signal,
      });
    };
    child.stdout.on('data', (bytes: Buffer) => stdout.push(bytes));
    child.stderr.on('data', (bytes: Buffer) => stderr.push(bytes));
    child.on('error', (error) => {
      stderr.push(Buffer.from(error.message));
      finish(null, null);
    });
    child.on('close', finish);
  });
}

async function findProgram(name: string): Promise<string | undefined> {
  const candidates = isAbsolute(name)
    ? [name]
    : (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name));
  for (const candidate of candidates) {
    const usable = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (usable && isAbsolute(candidate)) return candidate;
  }
  return undefined;
}
