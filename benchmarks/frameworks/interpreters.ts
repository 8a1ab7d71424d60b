import { readFileSync } from 'node:fs';
import { access, constants, realpath } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Static, Type } from 'typebox';
import { check } from '../../model/schema.ts';
import { converse } from './conversation.ts';
import { FRAMEWORKS } from './engines.ts';
import type { FrameworksSamples } from './samples.ts';

/** An interpreter and the frameworks that it has. */
export type Interpreter = FrameworksSamples['interpreters'][number];

const Discovery = Type.Object({
  python: Type.String(),
  prefix: Type.String(),
  /** Whether the agent's channel came through to the interpreter. */
  channel: Type.Boolean(),
  modules: Type.Record(Type.String(), Type.String()),
});

/** Folder of the probes. */
export const PROBES = fileURLToPath(new URL('./probes/', import.meta.url));

/**
 * How every Python here is started: isolated from variables and folders of the user (-I), without running what lies
 * among the packages (-S: no sitecustomize, no .pth), without writing (-B), unbuffered (-u).
 */
export const ISOLATED = ['-I', '-S', '-B', '-u'] as const;

/** The code that looks for frameworks, handed over as text: in a container the files of the agent are not there. */
const DISCOVERY = ['places.py', 'discover.py'].map((name) => readFileSync(join(PROBES, name), 'utf8')).join('\n');

/** Commands to try where the operator names none: python3 of the path, and the system's own. */
export async function defaultCommands(path: string): Promise<string[][]> {
  const commands: string[][] = [];
  const seen = new Set<string>();
  for (const folder of [...path.split(delimiter).filter(isAbsolute), '/usr/bin']) {
    const candidate = join(folder, 'python3');
    const usable = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (!usable) continue;
    const real = await realpath(candidate);
    // A link in a virtual environment leads to the same file and is another interpreter: only equal folders are equal.
    const key = `${await realpath(folder)} ${real}`;
    if (seen.has(key)) continue;
    seen.add(key);
    commands.push([candidate]);
  }
  return commands.slice(0, 8);
}

/**
 * Asks an interpreter which frameworks it has, without importing them. One that does not answer has none. `channel`
 * tells whether it can be talked with: a container or a wrapper may close it on the way.
 */
export async function lookInto(
  command: readonly string[],
  options: { signal: AbortSignal; timeoutS: number; env: NodeJS.ProcessEnv },
): Promise<Interpreter & { prefix: string; channel: boolean }> {
  const modules = FRAMEWORKS.filter((framework) => framework.module !== '');
  const words = modules.map((one) => `${one.module}=${one.packages.join(',')}`);
  const ended = await converse([...command, ...ISOLATED, '-c', DISCOVERY, ...words], options);
  const answer = answerIn(ended.stdout.toString('utf8'));
  if (!answer) {
    const problem = ended.timedOut ? 'it did not answer in time' : `it gave no answer: ${ended.ending}`;
    return { command: [...command], version: '', found: [], problem, prefix: '', channel: false };
  }
  const { modules: have, python, prefix, channel } = answer;
  const found = modules
    .filter((framework) => have[framework.module] !== undefined)
    .map((framework) => ({ framework: framework.id, version: have[framework.module]! }));
  return { command: [...command], version: python, found, problem: '', prefix, channel };
}

/** The first line that is an answer: wrappers may print others. */
function answerIn(output: string): Static<typeof Discovery> | undefined {
  for (const line of output.split('\n')) {
    if (!line.startsWith('{')) continue;
    try {
      const read = check(Discovery, JSON.parse(line));
      if (read.ok) return read.value;
    } catch {
      // not the line that is looked for
    }
  }
  return undefined;
}
