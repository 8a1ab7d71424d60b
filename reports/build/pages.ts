import type { Report } from '../../model/report.ts';
import type { Text } from '../../model/text.ts';
import { renderCsv, renderValuesCsv } from '../render/csv.ts';
import { renderHtml } from '../render/html.ts';
import { renderJunit } from '../render/junit.ts';
import { renderMarkdown } from '../render/markdown.ts';
import { PATHS } from '../verify/layout.ts';

/**
 * Every rendering that is repeatable byte for byte, by its path in the bundle. A verifier renders them again. `notice` is
 * said on those that people read; `html` is the page where it is there already.
 */
export function renderPages(
  report: Report,
  { notice, html = renderHtml(report, notice) }: { readonly notice?: Text | undefined; readonly html?: string } = {},
): ReadonlyMap<string, string> {
  return new Map([
    [PATHS.html, html],
    [PATHS.markdown, renderMarkdown(report, notice)],
    [PATHS.junit, renderJunit(report)],
    [PATHS.csv, renderCsv(report)],
    [PATHS.values, renderValuesCsv(report)],
  ]);
}
