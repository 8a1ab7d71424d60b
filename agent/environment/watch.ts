import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { ProcessNews } from '../../benchmarks/processes.ts';
import type { Environment, LoadedObject, MeasuringProcess, PolicyLibrary, Tool } from '../../model/environment.ts';
import { type FileDigests, type FileState, fileState } from './files.ts';
import { mappedCode } from './maps.ts';
import { type SearchPath, searchPath } from './search-path.ts';
import { relevantArguments, relevantVariables } from './variables.ts';

const EVERY_MS = 500;
/** A process that lived for less has measured nothing: it is a tool, of which its program and words are kept. */
const MEASURING_S = 1;
/** A tree of processes deeper or wider than this is no benchmark of ours. */
const MOST_PROCESSES = 4096;
const MOST_TOOLS = 500;

type Role = MeasuringProcess['role'];

/** A process that measured, as far as is known, and of which nothing else is. */
const UNSEEN = {
  role: 'child',
  count: 1,
  objects: [],
  variables: {},
  unseen: true,
} satisfies Partial<MeasuringProcess>;

/** What is known of one process; it may be looked at many times, and each time it may have loaded more. */
interface Seen {
  readonly role: Role;
  readonly argv: readonly string[];
  readonly program: string;
  readonly variables: Record<string, string>;
  /** Names as the kernel writes them. */
  readonly objects: Map<string, Mapping>;
  readonly firstNs: bigint;
  lastNs: bigint;
}

interface Mapping {
  readonly path: string;
  readonly problem?: 'deleted' | 'memory';
  readonly state: FileState | undefined;
  readonly searched: boolean;
}

/**
 * Looks, while an attempt runs, at the processes that measure: their programs, words, variables, and the code they have
 * loaded. Files are digested afterwards, when nothing is measured any more. What a lying agent says here is its own
 * word.
 */
export class EnvironmentWatch {
  readonly #roots = new Map<number, Role>();
  readonly #seen = new Map<string, Seen>();
  readonly #told = new Map<number, { path: string; argv: readonly string[] }>();
  /** Processes that were told of and have ended, in order. */
  readonly #ended: { path: string; argv: readonly string[]; seen: boolean; livedS: number }[] = [];
  readonly #searches = new Map<string, SearchPath>();
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#timer = setInterval(() => this.look(), EVERY_MS);
    this.#timer.unref();
  }

  /** A process whose whole tree belongs to the attempt. */
  root(pid: number, role: Role): void {
    this.#roots.set(pid, role);
    this.look();
  }

  /** What a process of the attempt says of its children. */
  take(news: ProcessNews): void {
    if (news.type === 'process') {
      this.#told.set(news.pid, news);
      this.#lookAt(news.pid, 'child');
      return;
    }
    const told = this.#told.get(news.pid);
    this.#told.delete(news.pid);
    if (!told) return;
    this.#ended.push({ path: told.path, argv: told.argv, seen: this.#wasSeen(news.pid), livedS: news.livedS });
  }

  /** Looks at every process of the attempt that there is now. */
  look(): void {
    const waiting = [...this.#roots].map(([pid, role]) => ({ pid, role }));
    const done = new Set<number>();
    for (let next = waiting.shift(); next && done.size < MOST_PROCESSES; next = waiting.shift()) {
      if (done.has(next.pid)) continue;
      done.add(next.pid);
      this.#lookAt(next.pid, next.role);
      for (const pid of childrenOf(next.pid)) waiting.push({ pid, role: 'child' });
    }
    for (const pid of this.#told.keys()) if (!done.has(pid)) this.#lookAt(pid, 'child');
  }

  /** Ends the watch and digests what was loaded. `policy` are the libraries that the node's owner named. */
  async finish(files: FileDigests, policy: readonly PolicyLibrary[]): Promise<Environment> {
    this.stop();
    const objects = new Map<string, number>();
    const list: LoadedObject[] = [];
    const processes: MeasuringProcess[] = [];
    for (const one of this.#seen.values()) {
      const positions: number[] = [];
      for (const [name, object] of one.objects) {
        const key = `${object.searched} ${object.state} ${name}`;
        let position = objects.get(key);
        if (position === undefined) {
          position = list.push(await loaded(object, files)) - 1;
          objects.set(key, position);
        }
        positions.push(position);
      }
      const { role, argv, variables } = one;
      // A tool that was met on its way out shows nothing any more.
      const brief = Number(one.lastNs - one.firstNs) / 1e9 < MEASURING_S;
      if (role === 'child' && positions.length === 0 && brief) continue;
      const unseen = positions.length === 0 ? { unseen: true } : {};
      processes.push({ role, argv: [...argv], count: 1, objects: positions.sort(byNumber), variables, ...unseen });
    }
    for (const [pid, role] of this.#roots) {
      if (!this.#wasSeen(pid)) processes.push({ ...UNSEEN, role, argv: [`process ${pid}`] });
    }
    for (const [pid, { argv }] of this.#told) {
      if (!this.#wasSeen(pid)) processes.push({ ...UNSEEN, argv: relevantArguments(argv) });
    }
    for (const { argv, seen, livedS } of this.#ended) {
      if (seen || livedS < MEASURING_S) continue;
      processes.push({ ...UNSEEN, argv: relevantArguments(argv) });
    }
    return {
      schema: 'assay/environment/v1',
      objects: list,
      processes: counted(processes),
      tools: await this.#tools(files),
      preload: preloaded(),
      policy: await Promise.all(policy.map((one) => withDigest(one, files))),
    };
  }

  /** Looks no more. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #wasSeen(pid: number): boolean {
    return [...this.#seen.keys()].some((key) => key.startsWith(`${pid} `));
  }

  #lookAt(pid: number, role: Role): void {
    const start = startOf(pid);
    if (start === undefined) return;
    try {
      const program = readlinkSync(`/proc/${pid}/exe`);
      // A process that becomes another program is another process.
      const key = `${pid} ${start} ${program}`;
      let seen = this.#seen.get(key);
      if (!seen) {
        const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
        const variables = relevantVariables(readFileSync(`/proc/${pid}/environ`, 'utf8'));
        const firstNs = process.hrtime.bigint();
        seen = {
          role,
          program,
          argv: relevantArguments(argv),
          variables,
          objects: new Map(),
          firstNs,
          lastNs: firstNs,
        };
        this.#seen.set(key, seen);
      }
      const searchedFor = this.#search(seen.variables.LD_LIBRARY_PATH, readlinkSync(`/proc/${pid}/cwd`));
      for (const { path, deleted, memory } of mappedCode(readFileSync(`/proc/${pid}/maps`, 'utf8'))) {
        const name = `${path}${deleted ? ' (deleted)' : ''}`;
        if (seen.objects.has(name)) continue;
        const searched = searchedFor(path);
        const problem = memory ? 'memory' : deleted ? 'deleted' : undefined;
        const state = problem ? undefined : fileState(path);
        seen.objects.set(name, { path, ...(problem ? { problem } : {}), state, searched });
      }
      seen.lastNs = process.hrtime.bigint();
    } catch {
      // It has ended, or is another user's: whether that matters is seen by how long it lived.
    }
  }

  #search(value: string | undefined, workingDirectory: string): SearchPath {
    if (!value) return () => false;
    const key = `${workingDirectory}\0${value}`;
    const known = this.#searches.get(key) ?? searchPath(value, workingDirectory);
    this.#searches.set(key, known);
    return known;
  }

  async #tools(files: FileDigests): Promise<Tool[]> {
    const started = [
      ...[...this.#seen.values()]
        .filter(({ role }) => role === 'child')
        .map((one) => ({ path: one.program, argv: one.argv })),
      ...this.#ended
        .filter(({ seen }) => !seen)
        .map(({ path, argv }) => ({ path: located(path), argv: relevantArguments(argv) })),
    ];
    const tools = new Map<string, Tool>();
    for (const { path, argv } of started) {
      const key = JSON.stringify([path, argv]);
      if (tools.has(key) || tools.size >= MOST_TOOLS) continue;
      const facts = await files.read(path, fileState(path));
      tools.set(key, { path, argv: [...argv], ...(typeof facts === 'object' ? { sha256: facts.sha256 } : {}) });
    }
    return [...tools.values()];
  }
}

async function withDigest({ name, path }: PolicyLibrary, files: FileDigests): Promise<PolicyLibrary> {
  const facts = await files.read(path, fileState(path));
  return { name, path, ...(typeof facts === 'object' ? { sha256: facts.sha256 } : {}) };
}

async function loaded({ path, problem, state, searched }: Mapping, files: FileDigests): Promise<LoadedObject> {
  const where = { path, ...(searched ? { searched } : {}) };
  if (problem) return { ...where, problem };
  const facts = await files.read(path, state);
  if (typeof facts === 'string') return { ...where, problem: facts };
  const { sha256, bytes, buildId } = facts;
  return { ...where, sha256, bytes, ...(buildId === undefined ? {} : { buildId }) };
}

const byNumber = (a: number, b: number): number => a - b;

/** Where a program lies that is named without a folder. */
function located(program: string): string {
  if (program.includes('/')) return program;
  const places = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, program));
  return places.find((place) => fileState(place) !== undefined) ?? program;
}

/** Processes that are alike as one. */
function counted(processes: readonly MeasuringProcess[]): MeasuringProcess[] {
  const alike = new Map<string, MeasuringProcess>();
  for (const one of processes) {
    const key = JSON.stringify(one);
    const known = alike.get(key);
    if (known) known.count += 1;
    else alike.set(key, { ...one });
  }
  return [...alike.values()];
}

/** Children of a process, by all of its threads. */
function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

/** When a process started, in ticks since boot: a number that is given again to another process is told apart by it. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

/** What /etc/ld.so.preload loads everywhere (ld.so(8)). */
function preloaded(): string[] {
  try {
    const lines = readFileSync('/etc/ld.so.preload', 'utf8').split('\n');
    return lines.flatMap((line) => line.replace(/#.*/, '').split(/[\s:]+/)).filter(Boolean);
  } catch {
    return [];
  }
}
