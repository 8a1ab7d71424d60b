import type { Report } from '../../../model/report.ts';
import { LABELS, LEVEL_TEXT } from '../../text/catalog.ts';
import { GLOSSARY } from '../../text/glossary.ts';
import { LIMITS, METHOD, VERIFY_STEPS } from '../../text/prose.ts';
import { both, code, type Markup, markup, stacked } from '../markup.ts';
import { section } from './section.ts';

/** The last chapters: method and uncertainty, how to verify, what the proofs leave open, words, end mark. */
export function closing(report: Report): Markup {
  return markup`${section(
    'method',
    METHOD.map(({ heading, body }) => markup`<h3>${both(heading)}</h3><p>${stacked(body)}</p>\n`),
  )}
${section('verify', markup`<ol>${VERIFY_STEPS.map((step) => markup`<li>${stacked(step)}</li>`)}</ol><dl><dt>${both(LABELS.log)}</dt><dd>${code(report.log.root)}</dd><dt>${both(LABELS.guideDigest)}</dt><dd>sha256 ${code(report.guide.sha256)}</dd></dl>`)}
${section('limits', markup`<ul>${LIMITS.map((limit) => markup`<li>${stacked(limit)}</li>`)}</ul>`)}
${section(
  'glossary',
  markup`<dl class="glossary">${GLOSSARY.map(({ term, meaning }) => markup`<dt>${both(term)}</dt><dd>${stacked(meaning)}</dd>`)}${(['E0', 'E1', 'E2', 'E3'] as const).map((level) => markup`<dt>${level}</dt><dd>${both(LEVEL_TEXT[level])}</dd>`)}</dl>
<p class="end">${both(LABELS.onlyItems)}<br>${both(LABELS.inFull)}</p>
<p class="end">— ${both(LABELS.end)} · ${report.number} —</p>`,
)}`;
}
