import { readdir, readFile, readlink } from 'node:fs/promises';
import { arch } from 'node:os';
import { fileURLToPath } from 'node:url';
import { AssayError } from '../../model/errors.ts';
import { check } from '../../model/schema.ts';
import { Recording, type RecordingDraft } from './recording.ts';
import { decode, locate, type Ran, spawnLimited } from './spawn.ts';

/** What reading something gave: the value, or why there is none. `missing` says that it simply is not there. */
export type Read<T> = { ok: true; value: T } | { ok: false; missing: boolean; why: string };

export interface RunOptions {
  readonly timeoutMs?: number;
  /** Names of files the program writes into its working directory, to be brought back. */
  readonly collect?: readonly string[];
  /** Where the vendor keeps the program's libraries. */
  readonly libraries?: readonly string[];
}

/**
 * Facts that a helper process collects as one JSON document: the host, NVIDIA's own report, what the vendors'
 * management libraries tell, a trial of the backends.
 */
export const DOCUMENTS = ['host', 'nvidia-smi', 'nvml', 'ixml', 'hgml', 'brml', 'mtml', 'backends'] as const;
export type DocumentName = (typeof DOCUMENTS)[number];

/** The only way from the inventory to the world: hardware, a recorded machine, or one that records. Never rejects. */
export interface Machine {
  run(program: string, args: readonly string[], options?: RunOptions): Promise<Ran>;
  readFile(path: string): Promise<Read<string>>;
  readDirectory(path: string): Promise<Read<string[]>>;
  readLink(path: string): Promise<Read<string>>;
  document(name: DocumentName): Promise<Read<unknown>>;
  now(): Date;
}

/** Where programs are looked for, in this order, and nowhere else. */
export const DIRECTORIES: readonly string[] = [
  '/usr/bin',
  '/usr/sbin',
  '/bin',
  '/sbin',
  '/usr/local/bin',
  '/usr/local/sbin',
  '/usr/local/nvidia/bin',
  '/usr/lib/wsl/lib',
  '/opt/rocm/bin',
  '/opt/hyhal/bin',
  '/opt/dtk/bin',
  '/opt/dtk/rocm/bin',
  '/usr/local/Ascend/driver/tools',
  '/usr/local/neuware/bin',
  '/usr/local/xpu/bin',
  '/usr/local/xpu/tools',
  '/usr/local/musa/bin',
  '/opt/mxdriver/bin',
  '/opt/maca/bin',
  '/opt/hpcc/bin',
  '/usr/local/corex/bin',
  '/usr/local/birensupa/sdk/latest/brml/bin',
  '/usr/local/PPU_SDK/bin',
  '/opt/tops/bin',
  '/usr/local/efsmi',
];

const TOOL_LIMIT = { timeoutMs: 5_000, limitBytes: 1 << 20 };
const FILE_LIMIT = 1 << 20;
const DOCUMENT_LIMIT = { timeoutMs: 20_000, limitBytes: 8 << 20 };
/** A PyTorch that is loaded for the first time takes its time. */
const TRIAL_TIMEOUT_MS = 90_000;

/**
 * This machine. Programs run without a shell from an absolute path in `directories` with 5 s, 1 MiB, `LC_ALL=C` and a
 * private working directory; documents come from helper processes of our own, so that no native library and no
 * third-party package that forks can hang or crash the agent.
 */
export function realMachine(options: { directories?: readonly string[]; timeoutMs?: number } = {}): Machine {
  const directories = options.directories ?? DIRECTORIES;
  const env = { LC_ALL: 'C', LANG: 'C', PATH: directories.join(':') };
  return {
    async run(program, args, run = {}) {
      const path = await locate(program, directories);
      if (path === undefined) return { status: 'not_found', exit: null, stdout: '', stderr: '' };
      return await spawnLimited(path, args, {
        timeoutMs: run.timeoutMs ?? options.timeoutMs ?? TOOL_LIMIT.timeoutMs,
        limitBytes: TOOL_LIMIT.limitBytes,
        env: run.libraries ? { ...env, LD_LIBRARY_PATH: run.libraries.join(':') } : env,
        ...(run.collect ? { collect: run.collect } : {}),
      });
    },
    readFile: (path) =>
      attempt(async () => {
        const bytes = await readFile(path, { signal: AbortSignal.timeout(TOOL_LIMIT.timeoutMs) });
        if (bytes.length > FILE_LIMIT) throw new Error(`more than ${FILE_LIMIT} bytes`);
        return decode(bytes);
      }),
    readDirectory: (path) => attempt(async () => (await readdir(path)).sort()),
    readLink: (path) => attempt(() => readlink(path)),
    async document(name) {
      const helper = fileURLToPath(new URL(`./probes/${name}.ts`, import.meta.url));
      // Backends are tried in the environment that an attempt has: it decides what they find.
      const trial = name === 'backends' ? { env: ownEnvironment(), timeoutMs: TRIAL_TIMEOUT_MS } : { env };
      const ran = await spawnLimited(process.execPath, ['--disable-warning=ExperimentalWarning', helper], {
        ...DOCUMENT_LIMIT,
        ...trial,
      });
      if (ran.status !== 'exited' || ran.exit !== 0) {
        return {
          ok: false,
          missing: false,
          why: ran.why ?? `helper ended with ${ran.exit}: ${ran.stderr.slice(0, 300)}`,
        };
      }
      return readDocument(ran.stdout);
    },
    now: () => new Date(),
  };
}

function ownEnvironment(): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => !!entry[1]));
}

/** A helper prints one JSON object: `{ok: true, value}` or `{ok: false, missing, why}`. */
function readDocument(text: string): Read<unknown> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && 'ok' in parsed) {
      if (parsed.ok === true && 'value' in parsed) return { ok: true, value: parsed.value };
      const why = 'why' in parsed ? String(parsed.why) : 'no reason given';
      return { ok: false, missing: 'missing' in parsed && parsed.missing === true, why };
    }
  } catch {
    // Told below.
  }
  return { ok: false, missing: false, why: 'the helper printed no document' };
}

async function attempt<T>(read: () => Promise<T>): Promise<Read<T>> {
  try {
    return { ok: true, value: await read() };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, missing: code === 'ENOENT' || code === 'ENOTDIR', why: code || why };
  }
}

/** A machine that keeps everything `inner` answers; `recording()` gives what was kept so far. */
export function recordingMachine(inner: Machine): Machine & { recording(): Recording } {
  const kept: RecordingDraft = { commands: [], files: {}, directories: {}, links: {}, documents: {} };
  const recordedAt = inner.now();
  return {
    async run(program, args, options) {
      const ran = await inner.run(program, args, options);
      if (!kept.commands.some((c) => c.program === program && sameArgs(c.args, args))) {
        kept.commands.push({ program, args: [...args], ran: { ...ran, files: { ...ran.files } } });
      }
      return ran;
    },
    readFile: async (path) => keep(kept.files, path, await inner.readFile(path)),
    readDirectory: async (path) => keep(kept.directories, path, await inner.readDirectory(path)),
    readLink: async (path) => keep(kept.links, path, await inner.readLink(path)),
    document: async (name) => keep(kept.documents, name, await inner.document(name)),
    now: () => inner.now(),
    recording: () =>
      structuredClone({
        schema: 'assay/recording/v1',
        recordedAt: recordedAt.toISOString(),
        platform: `${process.platform}/${arch()}`,
        masked: false,
        ...kept,
      }),
  };
}

function keep<T>(store: Record<string, Read<T>>, key: string, read: Read<T>): Read<T> {
  store[key] ??= read;
  return read;
}

/**
 * A machine that answers from a recording. What the recording does not have is not there: a program that never ran is
 * not installed, a file is missing. A program that was recorded with other arguments only has failed, not printed
 * nothing. Throws `recording_invalid` for a value that does not fit the schema.
 */
export function replayMachine(recording: unknown): Machine {
  const checked = check(Recording, recording);
  if (!checked.ok) throw new AssayError('recording_invalid', checked.problems.join('; '));
  const { commands, files, directories, links, documents, recordedAt } = checked.value;
  const absent = { ok: false, missing: true, why: 'not in the recording' } as const;
  return {
    async run(program, args) {
      const found = commands.find((c) => c.program === program && sameArgs(c.args, args));
      if (found) return found.ran;
      const installed = commands.some((c) => c.program === program && c.ran.status !== 'not_found');
      const none = { exit: null, stdout: '', stderr: '' };
      return installed
        ? { ...none, status: 'failed', why: 'these arguments are not in the recording' }
        : { ...none, status: 'not_found' };
    },
    readFile: async (path) => own(files, path) ?? absent,
    readDirectory: async (path) => own(directories, path) ?? absent,
    readLink: async (path) => own(links, path) ?? absent,
    document: async (name) => own(documents, name) ?? absent,
    now: () => new Date(recordedAt),
  };
}

function own<T>(store: Record<string, T>, key: string): T | undefined {
  return Object.hasOwn(store, key) ? store[key] : undefined;
}

function sameArgs(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
