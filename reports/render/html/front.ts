import { OUTCOME_TEXT, OUTCOMES } from '../../../model/outcome.ts';
import type { Report, RequirementResult, Verdict } from '../../../model/report.ts';
import { type BulletRow, bullet } from '../../charts/bullet.ts';
import { LABELS, type Label, PROFILE_TEXT, RULE_TEXT } from '../../text/catalog.ts';
import { china, utc } from '../../text/moment.ts';
import { overallMeaning, overallOf, overallText, partialNotice, reportTitle } from '../../text/partial.ts';
import { quantity } from '../../text/quantity.ts';
import { SENTENCES } from '../../text/sentence.ts';
import { holdsFor, judgedBy, KIND, passesByLevel, unknownGuide } from '../../text/standing.ts';
import { displayWidth } from '../../text/width.ts';
import { both, code, type Markup, markup, type Part, stacked } from '../markup.ts';
import { countsText, decides, deciding, disturbed, gravity, limitText } from '../summary.ts';
import { libraryNote } from './libraries.ts';
import { chapterNumber, fold } from './section.ts';

/** Most bars on page 1, and least: it has to stay one page, so long names above leave room for fewer. */
const BARS = { most: 4, least: 0 } as const;
/** Columns (a Chinese character is two) of one line in a cell of the identity table in print. */
const CELL_WIDTH = 42;

/** Page 1: who, what and when; the verdict; how many of each; what decides it; where the proof is; who signs. */
export function front(report: Report): Markup {
  return markup`<section id="front" aria-labelledby="title">
<p class="running">${LABELS.number.zh} ${LABELS.number.en} ${report.number}</p>
<h1 id="title">${reportTitle(report).zh}<br><span class="en" lang="en">${reportTitle(report).en}</span></h1>
${report.synthetic && markup`<p class="synthetic">${both(LABELS.synthetic)}</p>`}${!report.guide.known && markup`<p class="synthetic" role="note">${both(unknownGuide(report.guide))}</p>`}
${report.overall.partial && markup`<p class="synthetic" role="note">${both(partialNotice(report.overall.partial))}</p>`}
${identity(report)}
${verdictBox(report)}
${tiles(report)}
${decisive(report)}
${evidence(report)}
${signOff()}
</section>
`;
}

function identity(report: Report): Markup {
  const { platform, guide } = report;
  const rules = [...new Set(report.verdicts.map((verdict) => verdict.rule))].sort();
  const missing = both(LABELS.notStated);
  return markup`<table class="identity"><tbody>
<tr>${label('number')}<td>${report.number}</td>${label('evaluated')}<td>${utc(report.judgedAt)}<br>${china(report.judgedAt)}</td></tr>
<tr>${label('customer')}<td>${platform.customer ?? missing}${platform.address && markup`<br>${platform.address}`}</td>${label('platform')}<td>${platform.name && markup`${platform.name}<br>`}${both(SENTENCES.size(platform))}</td></tr>
<tr>${label('guide')}<td>${both(guide.title)}<br>${guide.document} · ${guide.id} ${guide.version}</td>${label('rule')}<td>${rules.map((rule, i) => markup`${i > 0 && markup`<br>`}${both(RULE_TEXT[rule])}`)}</td></tr>
<tr>${label('period')}<td colspan="3">${utc(report.period.from)} — ${utc(report.period.to)} <span class="aside">(${china(report.period.from)} — ${china(report.period.to)})</span><br>${both(LABELS.profile)} ${both(PROFILE_TEXT[report.profile])}</td></tr>
<tr>${label('location')}<td>${platform.location ?? missing}</td>${label('laboratory')}<td></td></tr>
</tbody></table>`;
}

function label(name: Label): Markup {
  return markup`<th scope="row">${stacked(LABELS[name])}</th>`;
}

function verdictBox(report: Report): Markup {
  const { outcome, judged, partial, passes } = report.overall;
  const { relation } = report.controller;
  const counts = countsText(report);
  const anyNot = SENTENCES[partial ? 'anyAskedNotPass' : 'anyNotPass'](chapterNumber('actions'));
  const word = overallText(overallOf(report));
  const meaning = overallMeaning(overallOf(report));
  const levels = passesByLevel(passes);
  const holds = holdsFor(report.controller);
  const short = outcome !== 'passed';
  const busy = disturbed(report);
  return markup`<div class="verdict v-${outcome}">
<p class="word"><strong${word.zh.length > 4 && markup` class="${partial ? 'longest' : 'long'}"`}>${word.zh}</strong><br><span lang="en">${word.en}</span></p>
<div><p class="zh"><strong>${meaning.zh}</strong>${counts.zh}${short && anyNot.zh}${LABELS.onlyItems.zh}</p>
<p class="en" lang="en">${meaning.en} ${counts.en} ${short && `${anyNot.en} `}${LABELS.onlyItems.en}</p>
${judged && markup`<p>${both(judgedBy(judged, relation))}</p>`}<p class="standing">${levels.zh}${holds.zh}</p>
<p class="standing en" lang="en">${levels.en} ${holds.en}</p>
${report.profile === 'quick' && markup`<p class="fine">${both(LABELS.quickNotice)}</p>`}${busy && markup`<p class="fine">${both(SENTENCES.busy(busy))}</p>`}${libraryNote(report)}</div>
</div>`;
}

function tiles(report: Report): Markup {
  const count = (name: string): number => report.overall.counts[name] ?? 0;
  return markup`<ul class="tiles">${OUTCOMES.map(
    (outcome) =>
      markup`<li class="o-${outcome}${count(outcome) === 0 && ' zero'}"><b>${count(outcome)}</b><span>${OUTCOME_TEXT[outcome].zh}</span><span class="en" lang="en">${OUTCOME_TEXT[outcome].en}</span></li>`,
  )}<li${report.overall.waived === 0 && markup` class="zero"`}><b>${report.overall.waived}</b><span>${LABELS.waived.zh}</span><span class="en" lang="en">${LABELS.waived.en}</span></li></ul>`;
}

function decisive(report: Report): Markup {
  const mandatory = report.verdicts
    .flatMap((verdict) => {
      const result = deciding(verdict);
      return result && decides(report, verdict) ? [{ verdict, result }] : [];
    })
    .sort((a, b) => order(a) - order(b) || shareOf(a.result) - shareOf(b.result));
  if (mandatory.length === 0) return markup``;
  const shown = mandatory.slice(0, Math.max(BARS.least, BARS.most - Math.ceil(extraLines(report) / 2)));
  if (shown.length === 0) return markup``;
  const chart = bullet(
    'decisive-chart',
    shown.map(({ verdict, result }) => row(verdict, result)),
  );
  const rest = mandatory.length - shown.length;
  return markup`<h2 class="lesser">${both(LABELS[report.overall.partial ? 'asked' : 'decisive'])}</h2>
<figure>${chart.svg}</figure>
<p class="fine">${both(LABELS.decisiveKey)}${rest > 0 && markup` · ${both(SENTENCES.moreDecisive(rest, chapterNumber('targets')))}`}</p>
<div class="screen">${fold(both(LABELS.numbersTable), chart.table)}</div>`;
}

/**
 * Lines of the sentences on missing libraries, other work, an unknown guide and what was not asked for, where they are
 * there.
 */
const LINES = { libraries: 2, busy: 4, guide: 5, partial: 4 } as const;

/** Lines by which names make page 1 longer than usual, and what must be said beside the verdict. */
function extraLines(report: Report): number {
  const { platform, controller, guide, libraries } = report;
  const lines = (text: string | undefined): number => (text ? Math.ceil(displayWidth(text) / CELL_WIDTH) : 0);
  const customer = lines(platform.customer) + lines(platform.address);
  const size = platform.accelerators > 0 ? 2 : 1;
  const cells = [Math.max(customer, lines(platform.name) + size) - 2, lines(platform.location) - 2];
  const said = [
    guide.known ? 0 : LINES.guide,
    libraries ? LINES.libraries : 0,
    disturbed(report) ? LINES.busy : 0,
    report.overall.partial ? LINES.partial : 0,
  ];
  return [...cells, lines(controller.holder) - 1, ...said].reduce((sum, more) => sum + Math.max(0, more), 0);
}

/** Measured ones before unmeasured ones: a bar says more than an empty frame. */
function order(entry: { verdict: Verdict; result: RequirementResult }): number {
  return (entry.result.estimate ? 0 : 10) + gravity(entry.verdict.outcome);
}

function shareOf(result: RequirementResult): number {
  return result.ratio ?? Number.POSITIVE_INFINITY;
}

function row(verdict: Verdict, result: RequirementResult): BulletRow {
  const { estimate, ratio, limit } = result;
  const headline = verdict.requirements[0] === result;
  const share = (value: number): number => (result.comparison === '>=' ? value / limit : limit / value);
  const at = result.choice ? ` @ ${result.choice.value}` : '';
  return {
    label: verdict.title,
    outcome: verdict.outcome,
    ...(estimate && ratio !== undefined && { ratio }),
    ...(estimate &&
      ratio !== undefined &&
      estimate.value !== 0 && { U: Math.abs((ratio * estimate.U) / estimate.value) }),
    ...(verdict.claimed && headline && limit !== 0 && { claim: share(verdict.claimed.value) }),
    value: `${estimate ? `${quantity(estimate.value, estimate.unit, limit, limit)} / ` : ''}${limitText(result)}${at}`,
  };
}

function evidence(report: Report): Markup {
  const line = (name: Markup, body: Part): Markup => markup`<tr><th scope="row">${name}</th><td>${body}</td></tr>`;
  return markup`<h2 class="lesser">${both(LABELS.evidence)}</h2>
<table class="evidence"><tbody>
${line(both(LABELS.log), markup`${both(SENTENCES.logEntries(report.log.entries))} · root ${code(report.log.root)} · run ${code(report.run)} · ${report.software.name} ${report.software.version}`)}
${line(both(LABELS.controllerKey), markup`${report.controller.holder} · ${both(KIND[report.controller.relation])} · ${code(report.controller.keyId)}`)}
${line(both(LABELS.guideDigest), markup`sha256 ${code(report.guide.sha256)}`)}
${line(both(LABELS.signatures), markup`${both(SENTENCES.signaturesWhere(chapterNumber('verify')))} · ${both(LABELS.stamps)} ${both(LABELS.notStamped)}`)}
</tbody></table>`;
}

function signOff(): Markup {
  return markup`<dl class="sign">${(['prepared', 'reviewed', 'approved'] as const).map(
    (name) =>
      markup`<div><dt>${stacked(LABELS[name])}</dt><dd><span class="hint">${both(LABELS.signHere)}</span></dd></div>`,
  )}</dl>`;
}
