import { REASONS, type ReasonCode } from '../../../model/reason.ts';
import type { Reason, Report, Verdict } from '../../../model/report.ts';
import { LABELS } from '../../text/catalog.ts';
import { SENTENCES } from '../../text/sentence.ts';
import { both, code, type Markup, markup } from '../markup.ts';
import { allReasons, deciding, gap, gravity } from '../summary.ts';
import { registers } from './registers.ts';
import { outcomeMark, section } from './section.ts';

/** Particulars that are written out for one code; a fleet may have one for every node. */
const DETAILS = 5;

/**
 * Every target that is not a pass, gravest and mandatory ones first: how far off, why, and what a person can do; then
 * the registers with their rows that are wrong.
 */
export function actions(report: Report): Markup {
  const open = report.verdicts
    .filter((verdict) => verdict.outcome !== 'pass')
    .sort((a, b) => Number(b.mandatory) - Number(a.mandatory) || gravity(a.outcome) - gravity(b.outcome));
  const conditions =
    report.findings.length > 0 && markup`<h3>${both(LABELS.findings)}</h3>${reasonList(report.findings, true)}`;
  if (open.length === 0)
    return section('actions', markup`<p>${both(LABELS.allPass)}</p>${conditions}${registers(report)}`);
  return section('actions', markup`${conditions}<ol class="actions">${open.map(action)}</ol>${registers(report)}`);
}

function action(verdict: Verdict): Markup {
  const result = deciding(verdict);
  const reasons = allReasons(verdict);
  return markup`<li><p class="lead">${outcomeMark(verdict.outcome)} <a href="#t-${verdict.target}">${both(verdict.title)}</a> <span class="clause">${verdict.clause} · ${both(LABELS[verdict.mandatory ? 'mandatory' : 'informative'])}</span></p>
${result && markup`<p>${both(gap(result))}</p>`}
${reasonList(reasons, true)}</li>
`;
}

/** Reasons by code: the sentence, the particulars (the first few), and if wanted what to do. */
export function reasonList(reasons: readonly Reason[], withTodo: boolean): Markup {
  const byCode = new Map<ReasonCode, string[]>();
  for (const reason of reasons) {
    const details = byCode.get(reason.code) ?? [];
    if (reason.detail !== '' && !details.includes(reason.detail)) details.push(reason.detail);
    byCode.set(reason.code, details);
  }
  return markup`<ul class="reasons">${[...byCode].map(
    ([reason, details]) =>
      markup`<li>${code(reason)} ${both(REASONS[reason])}${details.slice(0, DETAILS).map((detail) => markup`<br><span class="particular">${detail}</span>`)}${details.length > DETAILS && markup`<br>${both(SENTENCES.more(details.length - DETAILS))}`}${withTodo && markup`<br><strong>${LABELS.todo.zh}</strong> ${REASONS[reason].todo.zh} <span class="en" lang="en">${REASONS[reason].todo.en}</span>`}</li>`,
  )}</ul>`;
}
