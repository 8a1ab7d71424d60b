import type { Report } from '../../model/report.ts';
import { renderPages } from '../build/pages.ts';
import { reportSchema } from '../build/schema.ts';
import { bundleReadme } from '../text/readme.ts';
import type { Defect } from './defect.ts';
import { digestOf, holds } from './files.ts';
import { type Bundle, DOCUMENTS, PATHS } from './layout.ts';
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

/** What cannot be rendered again must be what the controller signed. */
export function checkDocuments(bundle: Bundle, evaluation: OpenedEvaluation): Defect[] {
  const defects: Defect[] = [];
  for (const path of DOCUMENTS) {
    if (evaluation.subjects.get(path) !== digestOf(bundle, path)?.sha256) {
      defects.push({ path, code: 'document_other', problem: 'is not the document that was signed' });
    }
  }
  const documents: readonly string[] = [PATHS.report, ...DOCUMENTS];
  for (const name of evaluation.subjects.keys()) {
    if (!documents.includes(name))
      defects.push({ path: PATHS.evaluation, code: 'subject_surplus', problem: `was signed for ${name} too` });
  }
  return defects;
}
