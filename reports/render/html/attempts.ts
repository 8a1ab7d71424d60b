import type { Attempt, Report } from '../../../model/report.ts';
import { LABELS, STATE_TEXT } from '../../text/catalog.ts';
import { DEFECTS } from '../../text/defects.ts';
import { isMoment, span, utc, utcSeconds } from '../../text/moment.ts';
import { plusMinus, whole } from '../../text/quantity.ts';
import { SENTENCES } from '../../text/sentence.ts';
import { both, code, type Markup, markup } from '../markup.ts';
import { chapterNumber, column, fold, levelMark, section } from './section.ts';

/** Up to so many attempts are written out; the attempts of a fleet stand under their nodes. */
const WRITTEN_OUT = 100;
/** Up to so many stand open, so that a print has them too; beyond, only those that did not complete. */
const OPEN = 40;
/** Most values of one attempt that are listed. */
const METRICS = 64;

/** Every attempt that was made, the failed ones too, and everything that was received and not accepted. */
export function attempts(report: Report): Markup {
  const all = report.attempts;
  const body =
    all.length === 0
      ? markup`<p>${both(LABELS.nothingMeasured)}</p>`
      : all.length <= WRITTEN_OUT
        ? markup`${all.map((a) => attempt(a, all.length <= OPEN))}`
        : markup`<p>${both(SENTENCES.attemptsFolded(all.length, chapterNumber('nodes')))}</p>${byBenchmark(all)}`;
  return section('attempts', markup`${body}<h3>${both(LABELS.rejected)}</h3>${rejected(report)}`);
}

function attempt(a: Attempt, open: boolean): Markup {
  const bad = a.state !== 'completed';
  const stateText = Object.hasOwn(STATE_TEXT, a.state) ? both(STATE_TEXT[a.state]!) : a.state;
  const summary = markup`<code>${a.benchmark}</code> ${a.version} · ${a.node} · #${a.attempt} · <span class="${bad ? 'o-fail' : 'o-pass'}">${stateText}</span> · ${utc(a.startedAt)} · ${span(a.elapsedS)}`;
  const settings = Object.entries(a.settings).sort(([x], [y]) => (x < y ? -1 : 1));
  return fold(
    summary,
    markup`<dl><dt>sha256</dt><dd>${code(a.sha256)}</dd>
${a.failure && markup`<dt>${both(LABELS.reasons)}</dt><dd>${code(a.failure.code)} (${a.failure.phase}) ${a.failure.detail}</dd>`}
${settings.length > 0 && markup`<dt>${both(LABELS.settings)}</dt><dd>${settings.map(([name, value], i) => markup`${i > 0 && ', '}${name} = ${shortJson(value)}`)}</dd>`}
${a.phases.length > 0 && markup`<dt>${both(LABELS.phases)}</dt><dd>${a.phases.map((phase, i) => `${i > 0 ? ', ' : ''}${phase.name} ${span(phase.durationS)}`)}</dd>`}
${a.checks.length > 0 && markup`<dt>${both(LABELS.checks)}</dt><dd>${a.checks.map((check, i) => markup`${i > 0 && markup`<br>`}<span class="${check.passed ? 'o-pass' : 'o-fail'}">${check.passed ? '✓' : '✗'}</span> ${check.id}: ${check.detail}`)}</dd>`}
${a.findings.length > 0 && markup`<dt>${both(LABELS.findings)}</dt><dd>${a.findings.map((finding, i) => markup`${i > 0 && markup`<br>`}${code(finding.code)} ${finding.metric ?? ''} ${finding.detail}`)}</dd>`}</dl>
${a.metrics.length > 0 && metrics(a)}`,
    bad || open,
  );
}

function metrics(a: Attempt): Markup {
  return markup`<div class="wide"><table class="numbers"><thead><tr>${column('metric')}${column('measured')}${column('duration')}${column('samples')}${column('level')}${column('verified')}</tr></thead><tbody>${a.metrics
    .slice(0, METRICS)
    .map((m) => {
      const labels = Object.entries(m.labels)
        .sort(([x], [y]) => (x < y ? -1 : 1))
        .map(([name, value]) => `${name}=${value}`)
        .join(' ');
      return markup`<tr><th scope="row"><code>${m.metric}</code> ${labels}</th><td>${isMoment(m.metric) ? utcSeconds(m.estimate.value) : plusMinus(m.estimate)}</td><td>${m.durationS > 0 ? span(m.durationS) : '—'}</td><td>${whole(m.samples)}</td><td>${levelMark(m.level)}</td><td>${m.verified ? '✓' : '—'}</td></tr>`;
    })}</tbody></table></div>${a.metrics.length > METRICS && markup`<p>${both(SENTENCES.more(a.metrics.length - METRICS))}</p>`}`;
}

/** How many attempts of each benchmark ended how. */
function byBenchmark(all: readonly Attempt[]): Markup {
  const table = new Map<string, Map<string, number>>();
  for (const a of all) {
    const row = table.get(a.benchmark) ?? new Map<string, number>();
    row.set(a.state, (row.get(a.state) ?? 0) + 1);
    table.set(a.benchmark, row);
  }
  const states = Object.keys(STATE_TEXT);
  return markup`<table class="numbers"><thead><tr>${column('benchmark')}${states.map((state) => markup`<th scope="col">${both(STATE_TEXT[state]!)}</th>`)}</tr></thead><tbody>${[...table].sort(([x], [y]) => (x < y ? -1 : 1)).map(([benchmark, row]) => markup`<tr><th scope="row"><code>${benchmark}</code></th>${states.map((state) => markup`<td>${whole(row.get(state) ?? 0)}</td>`)}</tr>`)}</tbody></table>`;
}

function rejected(report: Report): Markup {
  if (report.rejected.length === 0) return markup`<p>${both(LABELS.rejectedNone)}</p>`;
  const listed = report.rejected.slice(0, WRITTEN_OUT);
  return markup`<div class="wide"><table class="numbers"><thead><tr>${column('node')}${column('attempt')}${column('detail')}<th scope="col">sha256</th></tr></thead><tbody>${listed.map((r) => markup`<tr><th scope="row">${r.node}</th><td>${r.assignment}</td><td>${both(DEFECTS[r.code])}<br><span class="aside">${r.detail}</span></td><td>${code(r.sha256)}</td></tr>`)}</tbody></table></div>${report.rejected.length > listed.length && markup`<p>${both(SENTENCES.more(report.rejected.length - listed.length))}</p>`}`;
}

function shortJson(value: unknown): string {
  const text = JSON.stringify(value) ?? '';
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
