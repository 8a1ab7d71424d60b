import { join } from 'node:path';
import { type Static, Type } from 'typebox';
import { AssayError } from '../../model/errors.ts';
import { check } from '../../model/schema.ts';
import { readPlainFile } from './plain-file.ts';

/** Name of the file that stands in a run's folder while the run goes on. Where it is left, the run was killed. */
export const RUNNING = '.running';

/** Which process a run goes on in, so that nobody takes it for dead. */
export const Running = Type.Object(
  {
    schema: Type.Literal('assay/running/v1'),
    pid: Type.Integer({ minimum: 1 }),
    /** When the process began, as the system counts; empty where it does not tell. */
    process: Type.String(),
    host: Type.String(),
    boot: Type.String(),
    /** Where the number of the process counts (pid_namespaces(7)); empty where the system does not tell. */
    namespace: Type.String(),
    at: Type.String({ format: 'date-time' }),
  },
  { additionalProperties: false },
);
export type Running = Static<typeof Running>;

/** The mark in a folder; undefined where there is none or it is not ours. */
export function readRunning(folder: string): Running | undefined {
  try {
    const mark = check(Running, JSON.parse(Buffer.from(readPlainFile(join(folder, RUNNING), 4096)).toString('utf8')));
    return mark.ok ? mark.value : undefined;
  } catch (error) {
    if (error instanceof AssayError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
