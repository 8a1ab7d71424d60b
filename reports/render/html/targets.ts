import type { Report, RequirementResult, Verdict } from '../../../model/report.ts';
import type { Text } from '../../../model/text.ts';
import { LABELS, RULE_TEXT, UNCERTAINTY_TEXT, ZERO_PART_TEXT } from '../../text/catalog.ts';
import { span, utc } from '../../text/moment.ts';
import { plusMinus, quantity, signedPercent, whole } from '../../text/quantity.ts';
import { SENTENCES } from '../../text/sentence.ts';
import { both, code, dotted, type Markup, markup, stacked } from '../markup.ts';
import { besideText, claimedText, limitText, margin, measuredText } from '../summary.ts';
import { reasonList } from './actions.ts';
import { column, fold, levelMark, outcomeMark, section } from './section.ts';

/** Digests that are listed under one target; a fleet has thousands and report.json has them all. */
const DIGESTS = 8;

/** A line per target in the guide's own order, then every target in detail. */
export function targets(report: Report): Markup {
  return section(
    'targets',
    markup`<div class="wide"><table class="targets"><colgroup><col class="c-target"><col class="c-claim"><col class="c-value"><col class="c-margin"><col class="c-outcome"><col class="c-proof"></colgroup><thead><tr>${column('target')}${column('claimed')}${column('measured')}${column('margin')}${column('outcome')}${column('levelAndEvidence')}</tr></thead><tbody>
${report.verdicts.map(line)}</tbody></table></div>
<h3>${both(LABELS.targetDetails)}</h3>
${report.verdicts.map((verdict) => detail(verdict, report))}`,
  );
}

function line(verdict: Verdict): Markup {
  const measured = verdict.requirements.some((result) => result.estimate);
  const rows = measured ? verdict.requirements.length : 1;
  const head = markup`<th scope="row" rowspan="${rows}"><a href="#t-${verdict.target}">${both(verdict.title)}</a><br><span class="clause">${verdict.clause}${!verdict.mandatory && markup` · ${both(LABELS.informative)}`}</span><br>${stacked(verdict.requirement)}</th>`;
  const claimed = markup`<td rowspan="${rows}">${claimedText(verdict) || '—'}</td>`;
  const tail = markup`<td rowspan="${rows}">${outcomeMark(verdict.outcome)}${verdict.waiver && markup`<br>${both(LABELS.waived)}`}</td><td rowspan="${rows}">${levelMark(verdict.level)}<br>${verdict.evidence.length === 0 ? '—' : markup`${code(verdict.evidence[0]!.slice(0, 12))}${verdict.evidence.length > 1 && ` +${verdict.evidence.length - 1}`}`}</td>`;
  const first = verdict.requirements[0];
  if (!first || !measured) {
    const limits = verdict.requirements.map((result) => markup`<br><span class="aside">${limitText(result)}</span>`);
    return markup`<tr>${head}${claimed}<td>—${limits}</td><td>—</td>${tail}</tr>\n`;
  }
  const rest = verdict.requirements.slice(1);
  return markup`<tr>${head}${claimed}${measuredCells(first, rows > 1)}${tail}</tr>
${rest.map((result) => markup`<tr>${measuredCells(result, true)}</tr>\n`)}`;
}

function measuredCells(result: RequirementResult, several: boolean): Markup {
  const share = margin(result);
  const beside = besideText(result);
  return markup`<td>${several && markup`<span class="metric">${dotted(result.metric)}</span><br>`}<span class="o-${result.outcome}">${measuredText(result)}</span>${result.choice && ` @ ${result.choice.value}`}<br><span class="aside">${limitText(result)}${beside && markup`<br>= ${beside}`}</span></td><td>${share === undefined ? '—' : signedPercent(share)}</td>`;
}

function detail(verdict: Verdict, report: Report): Markup {
  return markup`<article id="t-${verdict.target}"><h4>${both(verdict.title)} <code>${verdict.target}</code> ${outcomeMark(verdict.outcome)}</h4>
<dl>
<dt>${both(LABELS.clause)}</dt><dd>${verdict.clause} · ${both(LABELS[verdict.mandatory ? 'mandatory' : 'informative'])} · ${both(KIND[verdict.kind])}</dd>
<dt>${both(LABELS.requirement)}</dt><dd>${both(verdict.requirement)}</dd>
${verdict.reading && markup`<dt>${both(LABELS.reading)}</dt><dd>${both(verdict.reading)}</dd>`}
<dt>${both(LABELS.rule)}</dt><dd>${both(RULE_TEXT[verdict.rule])}</dd>
${verdict.claimed && markup`<dt>${both(LABELS.claimed)}</dt><dd>${claimedText(verdict)}</dd>`}
${verdict.waiver && markup`<dt>${both(LABELS.waiver)}</dt><dd>${verdict.waiver.reason} · ${both(SENTENCES.waivedBy(verdict.waiver.approvedBy, utc(verdict.waiver.expiresAt)))}</dd>`}
${verdict.reasons.length > 0 && markup`<dt>${both(LABELS.reasons)}</dt><dd>${reasonList(verdict.reasons, false)}</dd>`}
<dt>${both(LABELS.evidenceHash)}</dt><dd>${levelMark(verdict.level)} · ${verdict.evidence.length === 0 ? '—' : markup`sha256 ${verdict.evidence.slice(0, DIGESTS).map((digest) => markup`${code(digest)} `)}${verdict.evidence.length > DIGESTS && both(SENTENCES.more(verdict.evidence.length - DIGESTS))}`}</dd>
</dl>
${verdict.requirements.some((result) => result.estimate) && markup`<div class="wide"><table class="requirements"><colgroup><col class="c-metric"><col class="c-limit"><col class="c-value"><col class="c-small"><col class="c-small"><col class="c-small"><col class="c-small"><col class="c-outcome"></colgroup><thead><tr>${column('metric')}${column('limit')}${column('measured')}${column('duration')}${column('samples')}${column('nodesMeasured')}${column('level')}${column('outcome')}</tr></thead><tbody>${verdict.requirements.map((result) => requirementRow(result, report))}</tbody></table></div>`}
${verdict.requirements.map((result) => particulars(result, verdict, report.platform.nodes))}</article>
`;
}

const KIND = { measured: LABELS.measuredKind, counted: LABELS.countedKind, registered: LABELS.registered } as const;

function requirementRow(result: RequirementResult, report: Report): Markup {
  return markup`<tr><th scope="row">${dotted(result.metric)}${result.choice && markup`<br>${both(LABELS.choice)} ${result.choice.label} = ${result.choice.value}`}</th><td>${limitText(result)}</td><td>${measuredText(result)}${result.estimate && markup`<br><span class="aside">${result.estimate.U > 0 && `k = ${result.estimate.k}, `}n = ${whole(result.estimate.n)}, ${result.estimate.method}</span>`}</td><td>${result.durationS > 0 ? span(result.durationS) : '—'}</td><td>${whole(result.samples)}</td><td>${result.nodes.length === 0 ? '—' : `${whole(result.nodes.length)} / ${whole(report.platform.nodes)}`}</td><td>${levelMark(result.level)}</td><td>${outcomeMark(result.outcome)}</td></tr>`;
}

/** What stands behind one requirement: other choices, what was counted, parts of the uncertainty, own reasons. */
function particulars(result: RequirementResult, verdict: Verdict, nodes: number): Markup {
  const own = result.reasons.filter((r) => !verdict.reasons.some((v) => v.code === r.code && v.detail === r.detail));
  const lines = [
    result.alternatives.length > 0 &&
      markup`<dt>${both(LABELS.alternatives)}</dt><dd>${result.alternatives.map((other, i) => markup`${i > 0 && '; '}${other.value}: ${plusMinus(other.estimate)} (${both(LABELS[other.verified ? 'verified' : 'notVerified'])})`)}</dd>`,
    result.counted.length > 0 && markup`<dt>${both(LABELS.counted)}</dt><dd>${result.counted.join(', ')}</dd>`,
    result.uncertainty.length > 0 &&
      markup`<dt>${both(LABELS.uncertaintyParts)}</dt><dd>${result.uncertainty.every(({ U }) => U === 0) ? both(LABELS.noUncertainty) : result.uncertainty.map((part, i) => markup`${i > 0 && markup`<br>`}${both(UNCERTAINTY_TEXT[part.source])}: ${part.U === 0 ? markup`0 (${both(zeroPart(part.source, result, nodes))})` : quantity(part.U, result.unit, result.estimate?.value ?? part.U)}`)}</dd>`,
    own.length > 0 && markup`<dt>${both(LABELS.reasons)}</dt><dd>${reasonList(own, false)}</dd>`,
  ].filter((part) => part !== false);
  if (lines.length === 0) return markup``;
  return fold(markup`<code>${result.metric}</code>`, markup`<dl>${lines}</dl>`, true);
}

/** Why a part of the uncertainty is zero. */
function zeroPart(source: keyof typeof ZERO_PART_TEXT, result: RequirementResult, nodes: number): Text {
  const all = nodes > 0 && result.nodes.length === nodes;
  return source === 'sampling' && all ? SENTENCES.allMeasured(nodes) : ZERO_PART_TEXT[source];
}
