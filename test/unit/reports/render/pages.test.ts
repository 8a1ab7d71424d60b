import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Report } from '../../../../model/report.ts';
import { cellText, renderCsv, renderValuesCsv } from '../../../../reports/render/csv.ts';
import { renderJunit } from '../../../../reports/render/junit.ts';
import { renderMarkdown } from '../../../../reports/render/markdown.ts';
import { renderVerdictTable } from '../../../../reports/render/terminal.ts';
import { displayWidth } from '../../../../reports/text/width.ts';
import { smallReport } from './fixture.ts';
import { fleetReport } from './fleet-fixture.ts';
import { balanced } from './wellformed.ts';

function withOutcome(report: Report, target: string, outcome: Report['verdicts'][number]['outcome']): Report {
  return { ...report, verdicts: report.verdicts.map((v) => (v.target === target ? { ...v, outcome } : v)) };
}

describe('JUnit', () => {
  const cases = (xml: string) =>
    [...xml.matchAll(/<testcase classname="[^"]*" name="(\S+)[^"]*" time="[^"]*">([\s\S]*?)<\/testcase>/g)].map(
      (m) => [m[1]!, m[2]!] as const,
    );

  it('is well formed and its totals are those of its cases', () => {
    const xml = renderJunit(smallReport());
    expect(balanced(xml)).toBe('');
    const found = cases(xml);
    const count = (tag: string): number => found.filter(([, body]) => body.startsWith(`<${tag}`)).length;
    expect(xml).toContain(
      `tests="${found.length}" failures="${count('failure')}" errors="${count('error')}" skipped="${count('skipped')}"`,
    );
    expect(found).toHaveLength(smallReport().verdicts.length + 1);
  });

  it('shows nothing green but a pass, as long as the target is mandatory', () => {
    for (const outcome of ['fail', 'indeterminate', 'not_tested', 'not_applicable', 'manual'] as const) {
      const body = new Map(cases(renderJunit(withOutcome(smallReport(), 'compute.precisions', outcome)))).get(
        'compute.precisions',
      );
      expect(body).toContain(`<failure type="${outcome}"`);
    }
    expect(
      new Map(cases(renderJunit(withOutcome(smallReport(), 'compute.precisions', 'error')))).get('compute.precisions'),
    ).toContain('<error type="error"');
    expect(new Map(cases(renderJunit(smallReport()))).get('compute.precisions')).toBe('');
  });

  it('does not let an informative target turn the whole red', () => {
    expect(new Map(cases(renderJunit(smallReport()))).get('domestic.ratio')).toMatch(/^<skipped/);
  });

  it('is red for a report without a target', () => {
    const empty: Report = {
      ...smallReport(),
      verdicts: [],
      overall: { outcome: 'cannot_tell', mandatory: 0, counts: {}, passes: { E0: 0, E1: 0, E2: 0, E3: 0 }, waived: 0 },
    };
    expect(renderJunit(empty)).toContain('tests="1" failures="1"');
  });
});

describe('Markdown', () => {
  it('has a row per requirement and every cell stays a cell, whatever is in it', () => {
    const small = smallReport();
    const hostile: Report = {
      ...small,
      number: 'a|b\n# c <script> [x](y)',
      verdicts: small.verdicts.map((v) => ({ ...v, clause: '|`*\n|' })),
      compute: {
        ...small.compute!,
        precisions: small.compute!.precisions.map((one) => ({ ...one, precision: '|`*\n|' })),
      },
    };
    const text = renderMarkdown(hostile);
    const width = (line: string): number => line.replace(/\\./g, '').split('|').length;
    const rows = text.split('\n').filter((line) => line.startsWith('|'));
    expect(rows.length).toBeGreaterThan(small.verdicts.flatMap((v) => v.requirements).length);
    for (const row of rows) expect([4, 9, 11]).toContain(width(row));
    expect(text).not.toContain('<script');
    expect(text).toContain('a\\|b \\# c');
  });

  it('says the verdict, the gap and what to do in both languages', () => {
    const text = renderMarkdown(smallReport());
    expect(text).toContain('## 不通过 · NOT PASSED');
    expect(text).toContain('0.0001542 Peta-ops of 10 Peta-ops, at FP32');
    expect(text).toContain('Supply a folder of registers with --registers.');
    expect(renderMarkdown(fleetReport(2, 1))).toContain('SYNTHETIC DATA');
  });
});

describe('CSV', () => {
  it('starts with a byte order mark and gives back the unrounded numbers', () => {
    const report = smallReport();
    const text = renderCsv(report);
    expect(text.startsWith('\ufeff')).toBe(true);
    expect(text.endsWith('\r\n')).toBe(true);
    const rows = parse(text, { bom: true, columns: true }) as Record<string, string>[];
    expect(rows).toHaveLength(report.verdicts.flatMap((v) => v.requirements).length);
    const first = rows[0]!;
    expect(Number(first['实测值 value'])).toBe(report.verdicts[0]!.requirements[0]!.estimate!.value);
    expect(Number(first['裕量 margin'])).toBeCloseTo(-0.99998458, 8);
    expect(first['判定 outcome']).toBe('fail');
  });

  it('has every value of every attempt in a second table, also of those without one', () => {
    const report = fleetReport(3, 2);
    const rows = parse(renderValuesCsv(report), { bom: true, columns: true }) as Record<string, string>[];
    const expected = report.attempts.reduce((sum, attempt) => sum + Math.max(1, attempt.metrics.length), 0);
    expect(rows).toHaveLength(expected);
    expect(rows.some((row) => row['状态 state'] === 'failed' && row['数值 value'] === '')).toBe(true);
  });

  it('disarms formulas, in Latin and full width, and keeps numbers as they are', () => {
    expect(cellText('=1+1')).toBe(`"'=1+1"`);
    expect(cellText('  @SUM(A1)')).toBe(`"'  @SUM(A1)"`);
    expect(cellText('＝cmd')).toBe(`"'＝cmd"`);
    expect(cellText('-2')).toBe(`"'-2"`);
    expect(cellText(-2.5e-7)).toBe('-2.5e-7');
    expect(cellText(Number.NaN)).toBe('');
    expect(cellText('a"b,c')).toBe('"a""b,c"');
    expect(cellText('a\nb')).toBe('a b');
  });

  it('never has a cell that a spreadsheet would run, and reads back as one row', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const cell = cellText(text);
        const back = (parse(`x,${cell}`, { relax_column_count: true }) as string[][])[0]!;
        expect(back).toHaveLength(2);
        expect(back[1]).not.toMatch(/^\s*[=+\-@]/);
      }),
    );
  });
});

describe('the table for a terminal', () => {
  it('keeps to the width that it is given, Chinese characters being two columns wide', () => {
    for (const width of [60, 80, 100, 133]) {
      const lines = renderVerdictTable(smallReport(), { colour: false, width }).split('\n');
      for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
    }
  });

  it('names every target, the gap, and the whole at the end', () => {
    const text = renderVerdictTable(smallReport(), { colour: false, width: 120 });
    expect(text).toContain('0.0001542 Peta-ops of 10 Peta-ops, at FP32');
    for (const verdict of smallReport().verdicts) expect(text).toContain(verdict.title.zh.slice(0, 4));
    expect(text).toContain('不通过 NOT PASSED\n必选指标 15 项');
  });

  it('has colours only where they are asked for, and no control characters of others ever', () => {
    const small = smallReport();
    const hostile: Report = {
      ...small,
      verdicts: small.verdicts.map((v) => ({ ...v, title: { zh: '\u001b[2J标题', en: '\u001b]0;x\u0007' } })),
    };
    expect(renderVerdictTable(hostile, { colour: false, width: 80 })).not.toMatch(/(?!\n)\p{Cc}/u);
    expect(renderVerdictTable(small, { colour: true, width: 80 })).toContain('\u001b[31m');
  });

  it('is a table for a report without a target too', () => {
    const empty: Report = {
      ...smallReport(),
      verdicts: [],
      overall: { outcome: 'cannot_tell', mandatory: 0, counts: {}, passes: { E0: 0, E1: 0, E2: 0, E3: 0 }, waived: 0 },
    };
    expect(renderVerdictTable(empty, { colour: false, width: 80 })).toContain('无法判定 CANNOT TELL');
  });
});
