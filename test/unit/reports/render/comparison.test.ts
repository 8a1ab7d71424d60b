import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../../model/outcome.ts';
import type { Report, RequirementResult, Verdict } from '../../../../model/report.ts';
import { renderComparison } from '../../../../reports/render/comparison.ts';
import { comparisonJson } from '../../../../reports/render/comparison-json.ts';
import { comparisonText } from '../../../../reports/render/comparison-text.ts';
import { compareReports } from '../../../../reports/render/difference.ts';
import { comparisonSentence } from '../../../../reports/text/comparison.ts';
import { smallReport } from './fixture.ts';
import { fleetReport } from './fleet-fixture.ts';

const CAPACITY = 'compute.capacity';

/** The report with one verdict changed. */
function withVerdict(report: Report, target: string, change: (verdict: Verdict) => Partial<Verdict>): Report {
  const verdicts = report.verdicts.map((v) => (v.target === target ? { ...v, ...change(v) } : v));
  return { ...report, verdicts };
}

const withResults = (report: Report, target: string, change: (r: RequirementResult) => Partial<RequirementResult>) =>
  withVerdict(report, target, (v) => ({ requirements: v.requirements.map((r) => ({ ...r, ...change(r) })) }));

const withOutcome = (report: Report, target: string, outcome: Outcome): Report =>
  withVerdict(report, target, () => ({ outcome }));

/** A requirement without its value: what a run gives in which nothing came out. */
const gone = ({ estimate: _, choice: __, ...rest }: RequirementResult): RequirementResult => ({
  ...rest,
  alternatives: [],
  nodes: [],
});

const changeOf = (before: Report, after: Report, target = CAPACITY): string =>
  compareReports(before, after).targets.find((one) => one.target === target)!.change;

const report = smallReport();

describe('a value that vanished', () => {
  const without = withVerdict(report, CAPACITY, (v) => ({ requirements: v.requirements.map(gone) }));

  it('is lost, also where what it was chosen by vanished with it', () => {
    const [value] = compareReports(report, without).targets.find((t) => t.target === CAPACITY)!.values;
    expect(value).toMatchObject({ direction: 'lost', after: undefined });
    expect(changeOf(report, without)).toBe('lost');
    expect(compareReports(report, without).result).toBe('worse');
  });

  it('is gained the other way round, which is not worse', () => {
    expect(changeOf(without, report)).toBe('gained');
    expect(compareReports(without, report).result).toBe('not_worse');
  });

  it('is lost where the unit or the limit changed too', () => {
    const other = withResults(without, CAPACITY, () => ({ unit: 'B', limit: 7 }));
    expect(changeOf(report, other)).toBe('lost');
  });

  it('is lost with the whole requirement, and with the whole target', () => {
    expect(
      changeOf(
        report,
        withVerdict(report, CAPACITY, () => ({ requirements: [] })),
      ),
    ).toBe('lost');
    const verdicts = report.verdicts.filter(({ target }) => target !== CAPACITY);
    expect(changeOf(report, { ...report, verdicts })).toBe('lost');
  });
});

describe('a value that cannot be compared', () => {
  it('is never within the uncertainty: another unit, or a choice where there was none', () => {
    const other = withResults(report, CAPACITY, (r) => ({ estimate: { ...r.estimate!, unit: 'FLOP' } }));
    expect(changeOf(report, other)).toBe('other');
    const unchosen = withVerdict(report, CAPACITY, (v) => ({
      requirements: v.requirements.map(({ choice: _, ...rest }) => rest),
    }));
    expect(changeOf(unchosen, report)).toBe('other');
    expect(compareReports(unchosen, report).result).toBe('cannot_tell');
  });
});

describe('an outcome', () => {
  it('that became worse is worse though its value is the same', () => {
    const passes = withOutcome(report, CAPACITY, 'pass');
    for (const outcome of ['fail', 'indeterminate', 'error', 'not_tested'] as const) {
      expect(changeOf(passes, withOutcome(report, CAPACITY, outcome)), outcome).toBe('worse');
    }
    expect(changeOf(withOutcome(report, CAPACITY, 'fail'), passes)).toBe('better');
  });

  it('is compared between profiles only where it is a fail', () => {
    const passes = { ...withOutcome(report, CAPACITY, 'pass'), profile: 'standard' as const };
    expect(report.profile).toBe('quick');
    expect(changeOf(passes, withOutcome(report, CAPACITY, 'indeterminate'))).toBe('unclear');
    expect(changeOf(passes, withOutcome(report, CAPACITY, 'fail'))).toBe('worse');
    expect(compareReports(passes, report).caveats).toContain('other_profile');
  });

  it('of the whole that passes no more is worse, whatever the targets say', () => {
    const passed: Report = { ...report, overall: { ...report.overall, outcome: 'passed_with_deviations' } };
    const difference = compareReports(passed, report);
    expect([difference.passLost, difference.result]).toEqual([true, 'worse']);
  });
});

describe('two reports', () => {
  it('of the same are not worse', () => {
    expect(compareReports(report, report)).toMatchObject({ result: 'not_worse', caveats: [], nodesGone: 0 });
  });

  it('by different guides, of different machines, or without a common value cannot be told', () => {
    const guide: Report = { ...report, guide: { ...report.guide, sha256: 'f'.repeat(64) } };
    expect(compareReports(report, guide)).toMatchObject({ result: 'cannot_tell', caveats: ['other_guide'] });
    const machine: Report = JSON.parse(JSON.stringify(report).replaceAll('example-01', 'other-01'));
    expect(compareReports(report, machine)).toMatchObject({ result: 'cannot_tell', caveats: ['no_common_node'] });
    const empty: Report = { ...report, verdicts: report.verdicts.map((v) => ({ ...v, requirements: [] })) };
    expect(compareReports(empty, empty)).toMatchObject({ result: 'cannot_tell', caveats: ['nothing_compared'] });
    expect(compareReports(report, { ...report, synthetic: !report.synthetic }).result).toBe('cannot_tell');
  });

  it('by different guides are worse all the same where something became worse', () => {
    const slower = withResults(report, CAPACITY, (r) => ({
      estimate: { ...r.estimate!, value: r.estimate!.value / 9 },
    }));
    const other: Report = { ...slower, guide: { ...report.guide, sha256: 'f'.repeat(64) } };
    expect(compareReports(report, other).result).toBe('worse');
  });

  it('miss a node that is gone', () => {
    const difference = compareReports(fleetReport(4, 2), fleetReport(3, 2));
    expect([difference.nodesGone, difference.result]).toEqual([1, 'worse']);
    expect(comparisonSentence(difference).en).toContain('1 node gone');
  });

  it('of a part and of the whole are compared by what both were asked for', () => {
    const part: Report = {
      ...report,
      verdicts: report.verdicts.filter(({ target }) => target === CAPACITY),
      overall: { ...report.overall, partial: { asked: [CAPACITY], of: report.verdicts.length } },
    };
    for (const [before, after] of [
      [report, part],
      [part, report],
    ] as const) {
      const difference = compareReports(before, after);
      expect(difference.targets.map(({ target }) => target)).toEqual([CAPACITY]);
      expect(difference.unasked).toHaveLength(report.verdicts.length - 1);
      expect([difference.counts.lost, difference.result]).toEqual([0, 'not_worse']);
      expect(difference.caveats).toEqual(['partial']);
    }
  });
});

describe('what a comparison says', () => {
  const before = withOutcome(report, 'storage.capacity', 'pass');
  const lost = withVerdict(before, CAPACITY, (v) => ({ requirements: v.requirements.map(gone) }));
  const after = withOutcome(withOutcome(lost, 'storage.capacity', 'fail'), 'frameworks.adapted', 'pass');
  const difference = compareReports(before, after);

  it('begins with a sentence, in both languages, and with the most important target', () => {
    const { zh, en } = comparisonSentence(difference);
    expect(en).toBe('1 worse, 1 better, 1 lost');
    expect(zh).toBe('1 项变差、1 项变好、1 项数值消失');
    expect(difference.targets.slice(0, 3).map(({ change }) => change)).toEqual(['worse', 'lost', 'better']);
    const text = comparisonText(difference);
    expect(text.split('\n').slice(0, 3)).toEqual(['变差 WORSE', zh, en]);
    const page = renderComparison(before, after, { before: true, after: true }, difference);
    expect(page.indexOf(en)).toBeLessThan(page.indexOf('id="targets"'));
    expect(page).toContain(zh);
    // Whatever did not change is folded away behind what did.
    expect(page.indexOf('<code>storage.capacity</code>')).toBeLessThan(page.indexOf('<details'));
    expect(page.indexOf('<code>ip.total</code>')).toBeGreaterThan(page.indexOf('<details'));
  });

  it('is data too', () => {
    const data = JSON.parse(comparisonJson(before, after, difference));
    expect(data).toMatchObject({
      schema: 'assay/comparison/v1',
      result: 'worse',
      counts: { worse: 1, lost: 1, better: 1 },
      before: { number: before.number },
    });
    expect(data.targets[1]).toMatchObject({ target: CAPACITY, change: 'lost' });
  });
});
