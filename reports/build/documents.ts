import { AssayError, ERRORS } from '../../model/errors.ts';
import type { Report } from '../../model/report.ts';
import { goalTable2020 } from '../forms/goal-table-2020.ts';
import { goalTable2025 } from '../forms/goal-table-2025.ts';
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
export async function renderDocuments(report: Report, html: string): Promise<Documents> {
  const files = new Map<string, Uint8Array>();
  const missing: { path: string; problem: string }[] = [];
  files.set(PATHS.goals2020, await goalTable2020(report));
  files.set(PATHS.goals2025, await goalTable2025(report));
  try {
    const { renderPdf } = await import('../render/pdf.ts');
    const { number, synthetic, judgedAt: at } = report;
    files.set(PATHS.pdf, await renderPdf(html, { number, synthetic, at, root: process.getuid?.() === 0 }));
  } catch (error) {
    if (!(error instanceof AssayError)) throw error;
    missing.push({ path: PATHS.pdf, problem: `${ERRORS[error.code].en}: ${error.message}` });
  }
  return { files, missing };
}
