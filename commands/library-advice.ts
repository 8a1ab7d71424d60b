import type { Finding } from '../model/measurement.ts';
import type { LibraryAdvice } from '../model/report.ts';
import { librariesOf } from '../reports/build/libraries.ts';
import { libraryLines } from '../reports/render/terminal.ts';

/** What is known of libraries that this machine lacks. */
export const adviceOn = (node: string, findings: readonly Finding[]): LibraryAdvice[] =>
  librariesOf([{ node, findings }], undefined);

/** The same as lines below a table. */
export const adviceLines = (libraries: readonly LibraryAdvice[]): string =>
  libraryLines(libraries, process.stdout.columns ?? 100)
    .map((line) => `${line}\n`)
    .join('');
