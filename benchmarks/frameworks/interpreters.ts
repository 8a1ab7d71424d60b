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
  modules: Type.Record(Type.String(), Type.String()),
});

/** Folder of the probes. */
export const PROBES = fileURLToPath(new URL('./probes/', import.meta.url));

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

/** Asks an interpreter which frameworks it has, without importing them. One that does not answer has none. */
export async function lookInto(
  command: readonly string[],
  options: { signal: AbortSignal; timeoutS: number; env: NodeJS.ProcessEnv },
): Promise<Interpreter & { prefix: string }> {
  const modules = FRAMEWORKS.filter((framework) => framework.module !== '');
  const argv = [
    ...command,
    join(PROBES, 'discover.py'),
    ...modules.map((one) => `${one.module}=${one.packages.join(',')}`),
  ];
  let answer: Static<typeof Discovery> | undefined;
  const ended = await converse(argv, {
    ...options,
    async onLine(line) {
      if (answer || !line.startsWith('{')) return;
      try {
        const read = check(Discovery, JSON.parse(line));
        if (read.ok) answer = read.value;
      } catch {
        // not the line we wait for
      }
    },
  });
  if (!answer) {
    const problem = ended.timedOut ? 'it did not answer in time' : `it gave no answer: ${ended.ending}`;
    return { command: [...command], version: '', found: [], problem, prefix: '' };
  }
  const { modules: have, python, prefix } = answer;
  const found = modules
    .filter((framework) => have[framework.module] !== undefined)
    .map((framework) => ({ framework: framework.id, version: have[framework.module]! }));
  return { command: [...command], version: python, found, problem: '', prefix };
}
