import type { Compute, ComputeDevice, ComputePrecision, ComputeRoof, ComputeTotal } from '../../../model/compute.ts';
import type { Report } from '../../../model/report.ts';
import type { Text } from '../../../model/text.ts';
import { LABELS } from '../../text/catalog.ts';
import { COMPUTE, COMPUTE_SENTENCES as SAY } from '../../text/compute.ts';
import { span } from '../../text/moment.ts';
import { percent, plusMinus, quantity, significant, whole } from '../../text/quantity.ts';
import { both, type Markup, markup, type Part } from '../markup.ts';
import { inference } from './inference.ts';
import { libraryList } from './libraries.ts';
import { chapterNumber, fold, levelMark, section } from './section.ts';

/** Up to so many rows stand in one table; the devices of a fleet have one for each precision. */
const TOGETHER = 24;

/** Rates by precision, by kind of device and of the slowest devices; then what networks reached. */
export function compute(report: Report): Markup {
  const { compute: rates, inference: networks } = report;
  if (!rates && !networks) return section('compute', markup`<p>${both(COMPUTE.none)}</p>${libraryList(report)}`);
  return section('compute', markup`${libraryList(report)}${rates && body(rates)}${networks && inference(networks)}`);
}

function body(rates: Compute): Markup {
  return markup`<h3>${both(COMPUTE.byPrecision)}</h3>
<p class="fine">${both(COMPUTE.key)}</p>
${precisions(rates)}
<p class="fine">${both(SAY.metered(rates.metered, rates.devices))} ${rates.unmetered.length > 0 && `(${rates.unmetered.join('; ')}) `}${both(SAY.timeline(chapterNumber('environment')))}</p>
${bases(rates)}
${rates.unsupported.length > 0 && markup`<p class="fine"><b>${both(COMPUTE.unsupported)}</b> ${rates.unsupported.join('; ')}</p>`}
${rates.roofs.length > 0 && markup`<h3>${both(COMPUTE.roofline)}</h3>${roofline(rates.roofs)}`}
${slowest(rates)}`;
}

const head = (text: Text): Markup => markup`<th scope="col">${both(text)}</th>`;
const small = (text: Part): Markup => markup`<br><span class="aside">${text}</span>`;

function precisions({ precisions: all }: Compute): Markup {
  const efficient = all.some((one) => one.efficiency ?? one.challengeEfficiency ?? one.nodeEfficiency);
  return markup`<div class="wide"><table class="rates"><thead><tr>${[COMPUTE.precision, LABELS.claimed, COMPUTE.required, COMPUTE.timed, COMPUTE.challenged, COMPUTE.ratio, COMPUTE.peakShare, ...(efficient ? [COMPUTE.efficiency] : [])].map(head)}</tr></thead><tbody>
${all.map(
  (
    one,
  ) => markup`<tr><th scope="row">${one.precision || '—'}${one.judged && small(both(COMPUTE.judged))}${one.backends.length > 0 && small(one.backends.join(', '))}</th>
<td>${one.claimed === undefined ? '—' : quantity(one.claimed, 'op/s')}</td><td>${one.required === undefined ? '—' : markup`≥ ${quantity(one.required, 'op/s')}`}</td>
<td>${total(one.measured)}${one.fastest !== undefined && small(markup`${both(COMPUTE.fastest)} ${quantity(one.fastest, 'op/s')}`)}${one.sustained !== undefined && small(markup`${both(COMPUTE.sustained)} ${percent(one.sustained)}`)}</td>
<td>${total(one.challenged)}${one.together && small(both(SAY.together(one.together.nodes, percent(one.together.share), span(one.together.seconds))))}${one.proofShare !== undefined && small(markup`${both(COMPUTE.proofShare)} ${percent(one.proofShare)}`)}</td><td>${agreement(one)}</td><td>${peak(one)}</td>${efficient && markup`<td>${efficiencyCell(one)}</td>`}</tr>
`,
)}</tbody></table></div>`;
}

function total(sum: ComputeTotal | undefined): Markup {
  if (!sum) return markup`—`;
  return markup`${sum.estimate ? plusMinus(sum.estimate) : '—'}${sum.estimate && markup` ${levelMark(sum.level)}${sum.devices > 1 && small(both(SAY.devices(sum.devices)))}`}${sum.estimate && !sum.counts && small(both(COMPUTE.notCounted))}${sum.held > 0 && small(markup`${both(COMPUTE.held)} ${whole(sum.held)}: ${sum.reasons.join(', ')}`)}`;
}

function efficiencyCell({ efficiency, challengeEfficiency, nodeEfficiency }: ComputePrecision): Markup {
  return markup`${efficiency ? markup`${quantity(efficiency.opsPerJoule, 'op/J')}${efficiency.devices > 1 && small(both(SAY.devices(efficiency.devices)))}` : '—'}${challengeEfficiency && small(markup`${both(COMPUTE.inChallenge)} ${quantity(challengeEfficiency.opsPerJoule, 'op/J')}`)}${nodeEfficiency && small(markup`${both(COMPUTE.wholeMachine)} ${quantity(nodeEfficiency.opsPerJoule, 'op/J')}`)}`;
}

function agreement({ agreement: found }: ComputePrecision): Markup {
  if (!found) return markup`—`;
  const { ratio, outside, least, most } = found;
  return markup`${significant(ratio, 4)}${outside > 0 ? markup`<br><span class="o-indeterminate">${both(SAY.outside(outside, least, most))}</span>` : small(both(SAY.within(least, most)))}`;
}

function peak({ peak: found, measured, challenged }: ComputePrecision): Markup {
  if (!found) return markup`—${(measured?.estimate ?? challenged?.estimate) && small(both(COMPUTE.noPeak))}`;
  return markup`${percent(found.share)}${small(quantity(found.opsPerSecond, 'op/s'))}${!found.firm && small(both(COMPUTE.roughPeak))}`;
}

/** What the dense peaks rest on, each source once. */
function bases({ precisions: all }: Compute): Part {
  const lines = all.flatMap(({ precision, peak: found }) => (found ? found.basis.map((b) => [precision, b]) : []));
  if (lines.length === 0) return false;
  return fold(
    both(COMPUTE.peakBasis),
    markup`<ul class="plain">${lines.map(([precision, basis]) => markup`<li>${precision}: ${basis}</li>`)}</ul>`,
  );
}

function roofline(roofs: readonly ComputeRoof[]): Markup {
  const bandwidth = roofs.some((roof) => roof.bandwidth);
  const published = roofs.some((roof) => roof.bandwidthShare !== undefined);
  const efficient = roofs.some((roof) => roof.efficiency !== undefined);
  const columns = [
    COMPUTE.device,
    COMPUTE.precision,
    COMPUTE.rate,
    COMPUTE.peakShare,
    ...(bandwidth ? [COMPUTE.bandwidth] : []),
    ...(published ? [COMPUTE.bandwidthShare] : []),
    ...(bandwidth ? [COMPUTE.ridge] : []),
    ...(efficient ? [COMPUTE.efficiency] : []),
  ];
  const share = (value: number | undefined): string => (value === undefined ? '—' : percent(value));
  // Without a bandwidth one kind of device has nothing here that does not stand above.
  const alone = !bandwidth && new Set(roofs.map((roof) => roof.chip)).size === 1;
  if (alone) return markup`<p class="fine">${both(COMPUTE.noBandwidth)}</p>`;
  return markup`<p class="fine">${both(bandwidth ? COMPUTE.rooflineKey : COMPUTE.noBandwidth)}</p>
<div class="wide"><table class="numbers"><thead><tr>${columns.map(head)}</tr></thead><tbody>
${roofs.map(
  (
    roof,
  ) => markup`<tr><th scope="row">${roof.chip || '—'}${small(both(SAY.devices(roof.devices)))}</th><td>${roof.precision || '—'}</td><td>${quantity(roof.rate, 'op/s')}</td><td>${share(roof.peakShare)}</td>${bandwidth && markup`<td>${roof.bandwidth ? markup`${quantity(roof.bandwidth.bytesPerSecond, 'B/s')}${small(roof.bandwidth.operation)}` : '—'}</td>`}${published && markup`<td>${share(roof.bandwidthShare)}</td>`}${bandwidth && markup`<td>${roof.ridge === undefined ? '—' : quantity(roof.ridge, 'op/B')}</td>`}${efficient && markup`<td>${roof.efficiency === undefined ? '—' : quantity(roof.efficiency, 'op/J')}</td>`}</tr>
`,
)}</tbody></table></div>`;
}

function slowest(rates: Compute): Markup {
  const all = rates.precisions.filter((one) => one.slowest.length > 0);
  const rows = all.flatMap((one) => one.slowest.map((device) => ({ precision: one.precision, device })));
  const complete = all.every((one) => one.slowest.length === (one.measured?.devices ?? 0));
  if (rows.length === 0 || rates.devices === 1) return markup``;
  if (complete && rows.length <= TOGETHER) return markup`<h3>${both(COMPUTE.everyDevice)}</h3>${devices(rows)}`;
  const judged = all.some((one) => one.judged);
  return markup`<h3>${both(COMPUTE.slowest)}</h3>
<p class="fine">${both(SAY.slowestOf(Math.max(...all.map((one) => one.slowest.length)), rates.devices))}</p>
${all.map((one, i) =>
  fold(
    markup`<b>${one.precision || '—'}</b>`,
    devices(one.slowest.map((device) => ({ precision: one.precision, device }))),
    judged ? one.judged : i === 0,
  ),
)}`;
}

function devices(rows: readonly { readonly precision: string; readonly device: ComputeDevice }[]): Markup {
  const several = new Set(rows.map((row) => row.precision)).size > 1;
  const challenged = rows.some(({ device }) => device.challenged);
  const peaks = rows.some(({ device }) => device.peakShare !== undefined);
  const columns = [
    LABELS.node,
    COMPUTE.device,
    ...(several ? [COMPUTE.precision] : []),
    COMPUTE.backend,
    COMPUTE.timed,
    COMPUTE.medianShare,
    ...(peaks ? [COMPUTE.peakShare] : []),
    ...(challenged ? [COMPUTE.challenged, COMPUTE.ratio] : []),
  ];
  return markup`<div class="wide"><table class="numbers devices"><thead><tr>${columns.map(head)}</tr></thead><tbody>
${rows.map(
  ({
    precision,
    device: d,
  }) => markup`<tr><th scope="row">${d.node}</th><td>${d.device}${d.chip !== '' && small(d.chip)}</td>${several && markup`<td>${precision || '—'}</td>`}<td>${d.backend || '—'}</td><td>${plusMinus(d.rate)}${!d.counts && small(both(COMPUTE.notCounted))}</td><td>${percent(d.medianShare)}</td>${peaks && markup`<td>${d.peakShare === undefined ? '—' : percent(d.peakShare)}</td>`}${challenged && markup`<td>${d.challenged ? plusMinus(d.challenged) : '—'}</td><td>${d.ratio === undefined ? '—' : significant(d.ratio, 4)}</td>`}</tr>
`,
)}</tbody></table></div>`;
}
