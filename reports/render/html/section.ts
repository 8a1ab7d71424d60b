import { OUTCOME_TEXT, type Outcome } from '../../../model/outcome.ts';
import type { Verdict } from '../../../model/report.ts';
import { LABELS, type Label, LEVEL_TEXT } from '../../text/catalog.ts';
import { china, utc } from '../../text/moment.ts';
import { both, type Markup, markup, type Part } from '../markup.ts';
import { OUTCOME_SIGN } from '../summary.ts';

/** Chapters in their order; the first is page 1. Numbers in texts refer to these places. */
export const CHAPTERS = [
  'front',
  'targets',
  'actions',
  'compute',
  'nodes',
  'distributions',
  'environment',
  'attempts',
  'inventory',
  'method',
  'verify',
  'limits',
  'glossary',
] as const satisfies readonly Label[];
export type Chapter = (typeof CHAPTERS)[number];

export function chapterNumber(chapter: Chapter): number {
  return CHAPTERS.indexOf(chapter) + 1;
}

/** A chapter with its numbered heading. */
export function section(chapter: Chapter, body: Part): Markup {
  return markup`<section id="${chapter}" aria-labelledby="${chapter}-h"><h2 id="${chapter}-h"><span class="no">${chapterNumber(chapter)}</span> ${both(LABELS[chapter])}</h2>
${body}</section>
`;
}

/** Outcome with its sign, in its colour. */
export function outcomeMark(outcome: Outcome): Markup {
  return markup`<span class="outcome o-${outcome}"><span aria-hidden="true">${OUTCOME_SIGN[outcome]}</span> ${OUTCOME_TEXT[outcome].zh} <span lang="en">${OUTCOME_TEXT[outcome].en}</span></span>`;
}

export function levelMark(level: Verdict['level']): Markup {
  return markup`<abbr title="${LEVEL_TEXT[level].zh} ${LEVEL_TEXT[level].en}">${level}</abbr>`;
}

/** A moment in UTC with the time of China beside it. */
export function moment(iso: string): Markup {
  return markup`<time datetime="${utc(iso)}">${utc(iso)}</time> <span class="aside">(${china(iso)})</span>`;
}

/** A table heading cell of a column. */
export function column(label: Label): Markup {
  return markup`<th scope="col">${both(LABELS[label])}</th>`;
}

/** What can be unfolded; open where it is short enough to be read at once. */
export function fold(summary: Part, body: Part, open = false): Markup {
  return open
    ? markup`<details open><summary>${summary}</summary>${body}</details>`
    : markup`<details><summary>${summary}</summary>${body}</details>`;
}
