import { AssayError, ERRORS } from '../../model/errors.ts';
import type { Report } from '../../model/report.ts';
import { goalTable2020 } from '../forms/goal-table-2020.ts';
import { goalTable2025 } from '../forms/goal-table-2025.ts';
import type { Printer } from '../render/printer.ts';
import { PATHS } from '../verify/layout.ts';

/** Documents made from the report, and those that could not be made here, with the reason. */
export interface Documents {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly missing: readonly { readonly path: string; readonly problem: string }[];
}

/**
 * The renderings that other programs make or that carry the time they were packed: PDF by Chromium, and the two goal
 * tables as DOCX. A verifier cannot make them again byte for byte; the manifest covers them, and they hold no number
 * that the report does not.
 */
export async function renderDocuments(
  report: Report,
  html: string,
  printer: Pick<Printer, 'print'>,
): Promise<Documents> {
  const files = new Map<string, Uint8Array>();
  const missing: { path: string; problem: string }[] = [];
  const { number, synthetic, judgedAt: at } = report;
  const { relation } = report.controller;
  // The browser prints in processes of its own, while the tables are made in this one.
  const printing = printer.print(html, { number, synthetic, relation, at });
  printing.catch(() => {});
  files.set(PATHS.goals2020, await goalTable2020(report));
  files.set(PATHS.goals2025, await goalTable2025(report));
  try {
    files.set(PATHS.pdf, await printing);
  } catch (error) {
    // Whatever befalls a browser, a run of hours is handed over all the same: the pages hold all that the document
    // does.
    const { message } = error as Error;
    const problem = error instanceof AssayError ? `${ERRORS[error.code].en}: ${message}` : message.split('\n')[0]!;
    missing.push({ path: PATHS.pdf, problem });
  }
  return { files, missing };
}
