import type { Inference, InferenceValue } from '../../../model/compute.ts';
import type { Text } from '../../../model/text.ts';
import { COMPUTE, COMPUTE_SENTENCES as SAY, SCENARIO, STATISTIC } from '../../text/compute.ts';
import { span } from '../../text/moment.ts';
import { plusMinus, quantity, whole } from '../../text/quantity.ts';
import { both, type Markup, markup, type Part } from '../markup.ts';

/** Networks in their scenarios: value, what the samples show of it, and what really ran. */
export function inference({ values, overheads, unsupported }: Inference): Markup {
  const head = (text: Text): Markup => markup`<th scope="col">${both(text)}</th>`;
  const groups = [
    ...Map.groupBy(values, (value) =>
      JSON.stringify([value.benchmark, value.model, value.precision, value.provider, value.ran]),
    ).values(),
  ];
  return markup`<h3>${both(COMPUTE.inference)}</h3>
${
  values.length > 0 &&
  markup`<p class="fine">${both(COMPUTE.inferenceKey)}</p>
<div class="wide"><table class="networks"><thead><tr>${[COMPUTE.network, COMPUTE.scenario, COMPUTE.measured, COMPUTE.bound, COMPUTE.queries].map(head)}</tr></thead><tbody>
${groups.map(network)}</tbody></table></div>`
}
${overheads.length > 0 && markup`<p><b>${both(COMPUTE.overhead)}</b></p><ul class="plain">${overheads.map((one) => markup`<li>${scenario(one.scenario)}: ${plusMinus(one.estimate)}${one.nodes > 1 && ` · ${one.node}`}${one.detail !== '' && markup`<br><span class="aside">${one.detail}</span>`}</li>`)}</ul>`}
${unsupported.length > 0 && markup`<p class="fine"><b>${both(COMPUTE.unsupported)}</b> ${unsupported.join('; ')}</p>`}`;
}

const small = (text: Part): Markup => markup`<br><span class="aside">${text}</span>`;

function network(own: readonly InferenceValue[]): Markup {
  const first = own[0]!;
  const name = markup`<th scope="row" rowspan="${own.length}">${first.model || '—'}<br>${first.precision}${small(first.benchmark)}${small(markup`${both(COMPUTE.asked)} ${first.provider}`)}${first.ran !== '' && small(markup`${both(COMPUTE.ran)}: ${first.ran}`)}</th>`;
  return markup`${own.map(
    (
      value,
      i,
    ) => markup`<tr>${i === 0 && name}<td>${scenario(value.scenario)}<br>${statistic(value.metric)}</td><td>${plusMinus(value.estimate)}${!value.counts && small(markup`<span class="o-indeterminate">${both(COMPUTE.notCounted)}: ${value.reasons.join(', ')}</span>`)}${value.detail !== '' && small(value.detail)}${value.nodes > 1 && small(markup`${value.node} · ${both(SAY.worstOf(value.nodes, quantity(value.median, value.estimate.unit)))}`)}</td><td>${bound(value)}</td><td>${whole(value.samples)}${value.durationS > 0 && small(span(value.durationS))}</td></tr>
`,
  )}`;
}

/** The latency that early stopping shows: the percentile with what it adds to it. */
function bound({ metric, estimate, reasons }: InferenceValue): Part {
  if (estimate.unit !== 's') return '—';
  if (reasons.includes('too_few_samples')) return both(COMPUTE.notShown);
  return /\.p\d+$/.test(metric) ? `≤ ${quantity(estimate.value + estimate.U, 's')}` : '—';
}

function statistic(metric: string): Part {
  return Object.hasOwn(STATISTIC, metric) ? both(STATISTIC[metric]!) : metric;
}

function scenario(name: string): Part {
  return Object.hasOwn(SCENARIO, name) ? both(SCENARIO[name]!) : name || '—';
}
