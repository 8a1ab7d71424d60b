import type { Report } from '../../model/report.ts';
import type { Text } from '../../model/text.ts';
import { LABELS } from '../text/catalog.ts';
import { CAVEAT_TEXT, comparisonSentence, RESULT_TEXT } from '../text/comparison.ts';
import { china, utc } from '../text/moment.ts';
import { overallOf, overallText } from '../text/partial.ts';
import { plusMinus, signedPercent, whole } from '../text/quantity.ts';
import { SENTENCES } from '../text/sentence.ts';
import { AS_SIGNED } from '../text/verification.ts';
import { compareReports, type Difference, type TargetChange } from './difference.ts';
import { column, fold, outcomeMark } from './html/section.ts';
import { page } from './html.ts';
import { both, code, dotted, type Markup, markup } from './markup.ts';
import type { NodeChange } from './node-difference.ts';
import type { Direction, ValueChange } from './value-change.ts';

/** Up to so many changed nodes stand open; more are folded. */
const OPEN = 20;

const DIRECTION: Record<Direction, { readonly text: Text; readonly sign: string; readonly look: string }> = {
  better: { text: LABELS.better, sign: '▲', look: 'o-pass' },
  worse: { text: LABELS.worse, sign: '▼', look: 'o-fail' },
  same: { text: LABELS.unchanged, sign: '=', look: '' },
  unclear: { text: LABELS.withinUncertainty, sign: '≈', look: '' },
  gained: { text: LABELS.gained, sign: '+', look: 'o-indeterminate' },
  lost: { text: LABELS.lost, sign: '−', look: 'o-fail' },
  other: { text: LABELS.notComparable, sign: '≠', look: 'o-indeterminate' },
  none: { text: LABELS.missing, sign: '○', look: '' },
};

/** Which of two reports this software judged again; the other was taken as its controller signed it. */
export interface JudgedAgain {
  readonly before: boolean;
  readonly after: boolean;
}

/** What changed from one run to the next, target by target and node by node, as one static page like the report. */
export function renderComparison(
  before: Report,
  after: Report,
  judgedAgain: JudgedAgain,
  difference: Difference = compareReports(before, after),
): string {
  const synthetic = before.synthetic || after.synthetic;
  const isQuiet = ({ change }: TargetChange): boolean => change === 'same' || change === 'unclear';
  const quiet = difference.targets.filter(isQuiet);
  const loud = difference.targets.filter((one) => !isQuiet(one));
  const head = (report: Report): Markup =>
    markup`<td>${report.number}</td><td>${utc(report.judgedAt)}<br><span class="aside">${china(report.judgedAt)}</span></td><td>${report.guide.id} ${report.guide.version}<br>${code(report.guide.sha256.slice(0, 12))}</td><td>${both(SENTENCES.size(report.platform))}</td><td>${report.software.name} ${report.software.version}</td><td><b>${both(overallText(overallOf(report)))}</b></td>`;
  return page(
    `${LABELS.comparison.zh} ${before.number} ${after.number}`,
    synthetic,
    markup`<main>
${synthetic && markup`<p class="banner" role="note">${both(LABELS.synthetic)}</p>`}
<section id="front" aria-labelledby="title">
<h1 id="title">${LABELS.comparison.zh}<br><span class="en" lang="en">${LABELS.comparison.en}</span></h1>
${synthetic && markup`<p class="synthetic">${both(LABELS.synthetic)}</p>`}
<div class="wide"><table><thead><tr><td></td>${column('number')}${column('evaluated')}${column('guide')}${column('platform')}${column('software')}${column('outcome')}</tr></thead><tbody>
<tr><th scope="row">${both(LABELS.before)}</th>${head(before)}</tr>
<tr><th scope="row">${both(LABELS.after)}</th>${head(after)}</tr>
</tbody></table></div>
${summary(difference)}
${(['before', 'after'] as const).filter((which) => !judgedAgain[which]).map((which) => markup`<p class="synthetic">${both(LABELS[which])}: ${both(AS_SIGNED)}</p>`)}
<p class="fine">${both(LABELS.changeRule)}</p>
</section>
<section id="targets" aria-labelledby="targets-h"><h2 id="targets-h">${both(LABELS.targets)}</h2>
<div class="wide"><table class="targets"><colgroup><col class="c-target"><col class="c-outcome"><col class="c-outcome"><col></colgroup><thead><tr>${column('target')}${column('before')}${column('after')}${column('change')}</tr></thead><tbody>
${loud.map(target)}</tbody></table></div>
${quiet.length > 0 && fold(markup`${both(LABELS.quietTargets)} · ${whole(quiet.length)}`, markup`<div class="wide"><table class="targets"><colgroup><col class="c-target"><col class="c-outcome"><col class="c-outcome"><col></colgroup><thead><tr>${column('target')}${column('before')}${column('after')}${column('change')}</tr></thead><tbody>${quiet.map(target)}</tbody></table></div>`, loud.length === 0)}
${difference.unasked.length > 0 && markup`<p class="fine">${both(LABELS.notCompared)}: ${difference.unasked.map((id, i) => markup`${i > 0 && ', '}${code(id)}`)}</p>`}</section>
<section id="nodes" aria-labelledby="nodes-h"><h2 id="nodes-h">${both(LABELS.nodes)}</h2>
<p>${both(SENTENCES.nodesChanged(difference.nodes.length, difference.nodesCompared))}</p>
${difference.nodes.map((node) => nodeChange(node, difference.nodes.length <= OPEN))}</section>
</main>`,
  );
}

/** The result, how many targets changed and how, and what keeps the two from being compared whole. */
function summary(difference: Difference): Markup {
  const { result, caveats } = difference;
  const sentence = comparisonSentence(difference);
  return markup`<div class="verdict v-${LOOK[result]}">
<p class="word"><strong class="long">${RESULT_TEXT[result].zh}</strong><br><span lang="en">${RESULT_TEXT[result].en}</span></p>
<div><p class="zh"><strong>${sentence.zh}</strong></p><p class="en" lang="en">${sentence.en}</p>
${caveats.map((caveat) => markup`<p class="fine">${both(CAVEAT_TEXT[caveat])}</p>`)}</div>
</div>`;
}

const LOOK = { not_worse: 'passed', worse: 'not_passed', cannot_tell: 'cannot_tell' } as const;

function target(change: TargetChange): Markup {
  const moved = change.before !== change.after;
  const outcome = (value: TargetChange['before']): Markup => (value ? outcomeMark(value) : both(LABELS.missing));
  return markup`<tr><th scope="row">${both(change.title)}<br>${code(change.target)}</th><td>${outcome(change.before)}</td><td>${outcome(change.after)}</td><td>${moved && markup`<b>${both(LABELS.outcomeChanged)}</b><br>`}${change.values.filter((value) => value.direction !== 'none').map((value) => markup`<div>${valueLine(value)}</div>`)}</td></tr>
`;
}

function valueLine(value: ValueChange): Markup {
  const { before, after } = value;
  const look = DIRECTION[value.direction];
  if (value.direction === 'same')
    return markup`${dotted(value.metric)} ${plusMinus(after!, value.limit)} <span class="aside">= ${both(LABELS.unchanged)}</span>`;
  const share = before && after && before.value !== 0 ? signedPercent((after.value - before.value) / before.value) : '';
  return markup`${dotted(value.metric)}${value.choice !== undefined && ` @ ${value.choice}`} ${before ? plusMinus(before, value.limit, after?.value) : '—'} → ${after ? plusMinus(after, value.limit, before?.value) : '—'} ${share} <span class="${look.look || 'aside'}">${look.sign} ${both(look.text)}</span>${value.otherTerms && markup` <span class="aside">(${both(LABELS.otherTerms)})</span>`}`;
}

function nodeChange(change: NodeChange, open: boolean): Markup {
  if (change.presence !== 'both') {
    return markup`<p><b>${change.node}</b> ${both(LABELS[change.presence])}</p>`;
  }
  const worse = change.values.filter((value) => value.direction === 'worse' || value.direction === 'lost').length;
  return fold(
    markup`<b>${change.node}</b> · ${whole(change.values.length + change.equipment.length)}${worse > 0 && markup` · <span class="o-fail">▼ ${whole(worse)}</span>`}`,
    markup`<ul class="plain">${change.values.map((value) => markup`<li>${valueLine(value)}</li>`)}${change.equipment.map((e) => markup`<li>${e.what}: ${e.before || '—'} → ${e.after || '—'}</li>`)}</ul>`,
    open,
  );
}
