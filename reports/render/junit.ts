import { OUTCOME_TEXT, type Outcome } from '../../model/outcome.ts';
import { REASONS } from '../../model/reason.ts';
import type { Report, Verdict } from '../../model/report.ts';
import { overallOf, overallText } from '../text/partial.ts';
import { holdsFor, passesByLevel, unknownGuide } from '../text/standing.ts';
import { Markup, markup } from './markup.ts';
import { allReasons, decides, deciding, gap } from './summary.ts';

/**
 * The report as JUnit XML, for continuous integration. Nothing but a pass is green: a mandatory target that failed, is
 * indeterminate, not tested, not applicable or waits for a person is a `failure`, one that broke is an `error`, each
 * with the outcome as its type; `skipped` is never used for them, since many readers count it as green. A target that
 * only informs cannot turn the whole red, so its non-pass is `skipped`. The first case is the whole: a report without a
 * single target is red too.
 */
export function renderJunit(report: Report): string {
  const passed = report.overall.outcome === 'passed' || report.overall.outcome === 'passed_with_deviations';
  const mandatory = report.verdicts.filter((verdict) => decides(report, verdict));
  const errors = mandatory.filter((verdict) => verdict.outcome === 'error').length;
  const failures =
    mandatory.filter((verdict) => !['pass', 'error'].includes(verdict.outcome)).length + (passed ? 0 : 1);
  const skipped = report.verdicts.filter((verdict) => !decides(report, verdict) && verdict.outcome !== 'pass').length;
  const time = report.verdicts.reduce((sum, verdict) => sum + secondsOf(verdict), 0);
  const tests = report.verdicts.length + 1;
  const totals = new Markup(
    `tests="${tests}" failures="${failures}" errors="${errors}" skipped="${skipped}" time="${time.toFixed(3)}"`,
  );
  const { controller, guide } = report;
  const { partial } = report.overall;
  const overall = overallText(overallOf(report));
  const holds = holdsFor(controller);
  const unknown = unknownGuide(guide);
  const word = `${overall.zh} ${overall.en}${guide.known ? '' : `: ${unknown.zh} ${unknown.en}`}`;
  const property = (name: string, value: string): Markup => markup`<property name="${name}" value="${value}"/>`;
  const standing = [
    property('controller.relation', controller.relation),
    property('controller.holder', controller.holder),
    property('controller.key', controller.keyId),
    property('holds.for', `${holds.zh} ${holds.en}`),
    property('passes', passesByLevel(report.overall.passes).en),
    property('guide.known', String(guide.known)),
  ];
  return markup`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="assay" ${totals}>
<testsuite name="${report.guide.id} ${report.guide.version}" ${totals} timestamp="${report.judgedAt}">
<properties><property name="report" value="${report.number}"/><property name="run" value="${report.run}"/><property name="profile" value="${report.profile}"/><property name="synthetic" value="${String(report.synthetic)}"/><property name="overall" value="${report.overall.outcome}"/>${partial && markup`<property name="partial" value="${partial.asked.join(' ')}"/><property name="partial.of" value="${partial.of}"/>`}<property name="log.root" value="${report.log.root}"/>${standing}</properties>
<testcase classname="${report.guide.id}" name="overall" time="0.000">${passed ? '' : markup`<failure type="${report.overall.outcome}" message="${word}"/>`}</testcase>
${report.verdicts.map((verdict) => testCase(report, verdict))}</testsuite>
</testsuites>
`.text;
}

function testCase(report: Report, verdict: Verdict): Markup {
  return markup`<testcase classname="${report.guide.id}" name="${verdict.target} ${verdict.title.zh} ${verdict.title.en}" time="${secondsOf(verdict).toFixed(3)}">${verdict.outcome === 'pass' ? '' : nonPass(verdict, verdict.outcome, decides(report, verdict))}</testcase>
`;
}

function nonPass(verdict: Verdict, outcome: Outcome, counts: boolean): Markup {
  const result = deciding(verdict);
  const text = OUTCOME_TEXT[outcome];
  const message = `${text.zh} ${text.en}${result ? `: ${gap(result).zh}; ${gap(result).en}` : ''}`;
  const reasons = allReasons(verdict).slice(0, 20);
  const body = reasons.map((reason) => `${reason.code}: ${REASONS[reason.code].en}. ${reason.detail}\n`);
  if (!counts) return markup`<skipped message="${message}"/>`;
  if (outcome === 'error') return markup`<error type="error" message="${message}">${body}</error>`;
  return markup`<failure type="${outcome}" message="${message}">${body}</failure>`;
}

/** Longest time that a requirement of the target was measured over, seconds. */
function secondsOf(verdict: Verdict): number {
  return Math.max(0, ...verdict.requirements.map((result) => result.durationS));
}
