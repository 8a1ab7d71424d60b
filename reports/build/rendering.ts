import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { AssayError, EXIT } from '../../model/errors.ts';
import type { Report } from '../../model/report.ts';
import { renderComparison } from '../render/comparison.ts';
import { comparisonJson } from '../render/comparison-json.ts';
import { comparisonText } from '../render/comparison-text.ts';
import { type ComparisonResult, compareReports } from '../render/difference.ts';
import { renderHtml } from '../render/html.ts';
import { startPrinter } from '../render/printer.ts';
import { joined } from '../text/notes.ts';
import { AS_SIGNED, OUTSIDE_SIGNATURE } from '../text/verification.ts';
import { openBundle } from '../verify/disk.ts';
import { DOCUMENTS, RENDERED } from '../verify/layout.ts';
import { requireBundle } from '../verify/place.ts';
import { renderDocuments } from './documents.ts';
import { makeFolder, requireWritableFolder } from './folder.ts';
import { renderPages } from './pages.ts';
import { type FoundReport, reportOf } from './reading.ts';

/** What a person at a command line asks of `report`. */
export interface ReportRequest {
  readonly folder: string;
  /** An earlier bundle. */
  readonly compare?: string | undefined;
  /** Where pages go; without it a comparison is printed and nothing is written. */
  readonly out?: string | undefined;
  readonly json?: boolean | undefined;
  /** Version of this software. */
  readonly version: string;
  /** Standard output: the comparison, and the paths of what was written. */
  readonly write: (text: string) => void;
  /** Standard error: what a person should know of it. */
  readonly say: (text: string) => void;
}

const COMPARISON_EXIT: Record<ComparisonResult, number> = {
  not_worse: EXIT.passed,
  worse: EXIT.notPassed,
  cannot_tell: EXIT.cannotTell,
};

/**
 * Renders the pages of a bundle again, compares it with an earlier one, or both. Gives the exit code: that of the
 * comparison (0 not worse, 1 worse, 3 cannot tell) where there is one, else 0. Rejects with `usage`, `output_exists`,
 * `output_unwritable`, and with what is wrong with a bundle.
 */
export async function writeReport(request: ReportRequest): Promise<number> {
  const { folder, compare, out, json = false, write, say } = request;
  if (compare === undefined && out === undefined) throw new AssayError('usage', '--out is needed');
  if (compare === undefined && json) throw new AssayError('usage', '--json goes with --compare');
  if (out !== undefined) requirePlace(out, compare !== undefined);
  const later = found(folder, request);
  const files = new Map<string, string | Uint8Array>();
  let exit: number = EXIT.passed;
  if (compare !== undefined) {
    const earlier = found(compare, request);
    const difference = compareReports(earlier.report, later.report);
    write(json ? `${comparisonJson(earlier.report, later.report, difference)}\n` : comparisonText(difference));
    exit = COMPARISON_EXIT[difference.result];
    const judgedAgain = { before: earlier.judgedAgain, after: later.judgedAgain };
    files.set('comparison.html', renderComparison(earlier.report, later.report, judgedAgain, difference));
  }
  if (out === undefined) return exit;
  for (const [path, text] of renderPages(later.report, { notice: later.judgedAgain ? undefined : AS_SIGNED })) {
    files.set(path, text);
  }
  const documents = await documentsOf(later.report, later.judgedAgain);
  for (const [path, bytes] of documents.files) files.set(path, bytes);
  for (const { path, problem } of documents.missing) say(`${path} was not made: ${problem}\n`);
  for (const [path, bytes] of files) {
    writeNew(join(out, path), bytes);
    // What a program reads is the comparison alone.
    if (!json) write(`${join(out, path)}\n`);
  }
  for (const path of documents.files.keys()) {
    say(`${join(out, path)}: ${OUTSIDE_SIGNATURE.en}\n  ${OUTSIDE_SIGNATURE.zh}\n`);
  }
  return exit;
}

/** Rendering takes long: what would keep its result from being written is found first. */
function requirePlace(out: string, compared: boolean): void {
  requireWritableFolder(out);
  const pages = [...RENDERED, ...DOCUMENTS, ...(compared ? ['comparison.html'] : [])];
  const taken = pages.map((path) => join(out, path)).find((path) => existsSync(path));
  if (taken !== undefined) throw new AssayError('output_exists', taken);
}

function found(place: string, { version, say }: ReportRequest): FoundReport {
  requireBundle(resolve(place));
  const one = reportOf(openBundle(resolve(place)), place, version);
  if (!one.judgedAgain) say(`${place}: ${AS_SIGNED.en}\n${place}：${AS_SIGNED.zh}\n`);
  return one;
}

/** Documents that are made now were not there to be signed, and their first page says so. */
async function documentsOf(report: Report, judgedAgain: boolean): ReturnType<typeof renderDocuments> {
  const notice = joined(judgedAgain ? [OUTSIDE_SIGNATURE] : [AS_SIGNED, OUTSIDE_SIGNATURE]);
  const printer = startPrinter({ root: process.getuid?.() === 0 });
  return renderDocuments(report, renderHtml(report, notice), printer).finally(printer.close);
}

function writeNew(path: string, bytes: string | Uint8Array): void {
  try {
    makeFolder(dirname(path));
    writeFileSync(path, bytes, { flag: 'wx', mode: 0o644 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new AssayError(code === 'EEXIST' ? 'file_exists' : 'output_unwritable', path, { cause: error });
  }
}
