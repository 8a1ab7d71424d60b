import type { Report } from '../../model/report.ts';
import { renderPages } from '../build/pages.ts';
import { reportSchema } from '../build/schema.ts';
import { bundleReadme } from '../text/readme.ts';
import type { Defect } from './defect.ts';
import { digestOf, holds } from './files.ts';
import { type Bundle, DOCUMENTS, PATHS, RENDERED } from './layout.ts';
import type { OpenedEvaluation } from './signatures.ts';

/** What is rendered again must be the same: the pages, the report's schema and the read-me that are not. */
export function checkPages(bundle: Bundle, report: Report): Defect[] {
  const pages = new Map([
    ...renderPages(report),
    [PATHS.reportSchema, reportSchema()] as const,
    [PATHS.readme, bundleReadme(report)] as const,
  ]);
  return [...pages].flatMap(([path, text]): Defect[] => {
    if (!bundle.paths.includes(path)) return [{ path, code: 'missing', problem: 'is missing' }];
    if (holds(bundle, path, Buffer.from(text))) return [];
    return [{ path, code: 'page_unfounded', problem: 'is not the page that the report gives' }];
  });
}

/**
 * Every page and document must be what the controller signed beside its report: so the documents, which cannot be rendered
 * again, and the pages of other versions are covered, too. `other`: some of those versions signed no pages.
 */
export function checkSigned(bundle: Bundle, evaluation: OpenedEvaluation, other: boolean): Defect[] {
  const defects: Defect[] = [];
  for (const path of [...DOCUMENTS, ...RENDERED]) {
    const signed = evaluation.subjects.get(path);
    if (other && signed === undefined && RENDERED.includes(path)) continue;
    if (signed !== digestOf(bundle, path)?.sha256) {
      defects.push({ path, code: 'document_other', problem: 'is not the document that was signed' });
    }
  }
  const made: readonly string[] = [PATHS.report, ...DOCUMENTS, ...RENDERED];
  for (const name of evaluation.subjects.keys()) {
    if (!made.includes(name))
      defects.push({ path: PATHS.evaluation, code: 'subject_surplus', problem: `was signed for ${name} too` });
  }
  return defects;
}
