import { createHash } from 'node:crypto';
import type { Report } from '../../model/report.ts';
import type { Text } from '../../model/text.ts';
import { LABELS } from '../text/catalog.ts';
import { reportTitle } from '../text/partial.ts';
import { actions } from './html/actions.ts';
import { attempts } from './html/attempts.ts';
import { closing } from './html/closing.ts';
import { compute } from './html/compute.ts';
import { distributions } from './html/distributions.ts';
import { environment } from './html/environment.ts';
import { front } from './html/front.ts';
import { inventory } from './html/inventory.ts';
import { nodes } from './html/nodes.ts';
import { CHAPTERS, chapterNumber } from './html/section.ts';
import { STYLE } from './html/style.ts';
import { targets } from './html/targets.ts';
import { both, Markup, markup, type Part } from './markup.ts';

/**
 * The report as one static page: no script, nothing fetched, Chinese first with English beside it. The same report
 * gives the same bytes on every machine, so that a verifier can render it again and compare. `notice` is what must be
 * said of a page that is not rendered from a report that was judged here.
 */
export function renderHtml(report: Report, notice?: Text): string {
  return page(
    `${reportTitle(report).zh} ${report.number}`,
    report.synthetic,
    markup`<a class="skip" href="#targets">${both(LABELS.targets)}</a>
<main>
${report.synthetic && markup`<p class="banner" role="note">${both(LABELS.synthetic)}</p>`}${notice && markup`<p class="synthetic" role="note">${both(notice)}</p>`}
${front(report)}
<nav class="screen" aria-label="${LABELS.contents.zh} ${LABELS.contents.en}"><h2 class="lesser">${both(LABELS.contents)}</h2><ul class="contents">${CHAPTERS.map((chapter) => markup`<li><a href="#${chapter}">${chapterNumber(chapter)} ${both(LABELS[chapter])}</a></li>`)}</ul></nav>
${targets(report)}
${actions(report)}
${compute(report)}
${nodes(report)}
${distributions(report)}
${environment(report)}
${attempts(report)}
${inventory(report)}
${closing(report)}
</main>`,
  );
}

/** A whole document around a body, with a policy that allows its own style sheet and nothing else. */
export function page(title: string, synthetic: boolean, body: Part): string {
  const digest = createHash('sha256').update(STYLE).digest('base64');
  const policy = `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`;
  return markup`<!DOCTYPE html>
<html lang="zh-CN"${synthetic && markup` data-synthetic="true"`}>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
${body}
</body>
</html>
`.text;
}
