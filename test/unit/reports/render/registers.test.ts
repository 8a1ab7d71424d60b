import { describe, expect, it } from 'vitest';
import { registersJson, registersText } from '../../../../controller/register-report.ts';
import { REGISTER_PROBLEMS } from '../../../../model/register.ts';
import { Report } from '../../../../model/report.ts';
import { check } from '../../../../model/schema.ts';
import { registersOf } from '../../../../reports/build/registers.ts';
import { type RegistersReading, readRegisters } from '../../../../reports/registers/reading.ts';
import { renderHtml } from '../../../../reports/render/html.ts';
import { renderMarkdown } from '../../../../reports/render/markdown.ts';
import { smallReport } from './fixture.ts';
import { balanced } from './wellformed.ts';

function reading(files: Record<string, string>): RegistersReading {
  return readRegisters(
    Object.entries(files).map(([name, text]) => ({ name, bytes: new TextEncoder().encode(text) })),
    { periodEnd: '2021-12-31' },
  );
}

const reportOf = (read: RegistersReading): Report => ({ ...smallReport(), registers: registersOf(read) });

const WRONG = reading({
  'period.csv': '阶段,开始日期,结束日期\n一期,43831,2021/12/31\n二期,1/5/2021,2021/12/31\n',
  'domains.csv': '服务领域\n医疗\n其他\n',
  'readme.txt': '',
});

/** What every way must say of the registers above: file, row, column, code, both languages. */
const SAID = [
  ['period.csv', '2', '开始日期', 'date_serial'],
  ['period.csv', '3', '开始日期', 'date_ambiguous'],
  ['domains.csv', '3', '服务领域', 'cell_nothing'],
] as const;

describe('a row that is wrong', () => {
  it('is in the report with file, row, column and code, and the report is one by its schema', () => {
    const report = reportOf(WRONG);
    expect(check(Report, report)).toMatchObject({ ok: true });
    const found = report.registers!.files.flatMap(({ file, problems }) =>
      problems.map(({ row, column, code }) => [file, String(row), column, code]),
    );
    expect(found.sort()).toEqual([...SAID].map((one) => [...one]).sort());
    expect(report.registers!.unused).toEqual([{ file: 'readme.txt', code: 'file_unused', detail: '' }]);
  });

  it('is on the page, in the Markdown, on the terminal and in the JSON, in both languages', () => {
    const html = renderHtml(reportOf(WRONG));
    const markdown = renderMarkdown(reportOf(WRONG)).replaceAll('\\', '');
    const terminal = registersText(WRONG);
    expect(balanced(html)).toBe('');
    for (const [file, row, column, code] of SAID) {
      const { zh, en } = REGISTER_PROBLEMS[code];
      expect(html).toMatch(
        new RegExp(`<code>${file}</code></td><td>${row}</td><td>${column}</td><td><code>${code}</code>.*${zh}.*${en}`),
      );
      expect(markdown).toContain(`| ${file} | ${row} | ${column} | \`${code}\` ${zh} ${en}`);
      expect(terminal).toContain(`第 ${row} 行 row ${row} ${column}: ${code} ${zh} ${en}`);
    }
    expect(registersJson(WRONG).problems.map((p) => [p.file, p.row, p.column, p.code, p.counts])).toEqual([
      ['domains.csv', 3, '服务领域', 'cell_nothing', false],
      ['period.csv', 2, '开始日期', 'date_serial', true],
      ['period.csv', 3, '开始日期', 'date_ambiguous', false],
      ['readme.txt', undefined, '', 'file_unused', false],
    ]);
  });

  it('that counts nevertheless is told from those that do not', () => {
    for (const text of [registersText(WRONG), renderMarkdown(reportOf(WRONG)), renderHtml(reportOf(WRONG))]) {
      const told = text.split('\n').filter((line) => line.includes('counts nevertheless'));
      expect(told).toHaveLength(1);
      expect(told[0]!.replaceAll('\\', '')).toContain('date_serial');
    }
  });

  it('is told harmlessly, whatever is in the cell', () => {
    const cell = '"<script>alert(1)</script>|`\u001b[31m\u202e"';
    const hostile = reading({ 'domains.csv': `服务领域\n${cell}\n`, '<script>\u001b.txt': '' });
    expect(hostile.registers[0]!.problems).toMatchObject([{ code: 'cell_control' }]);
    const html = renderHtml(reportOf(hostile));
    expect(balanced(html)).toBe('');
    const markdown = renderMarkdown(reportOf(hostile));
    for (const text of [html, markdown, registersText(hostile)]) expect(text).not.toMatch(/(?!\n)\p{Cc}|\u202e/u);
    for (const text of [html, markdown]) expect(text).not.toContain('<script>');
    const row = markdown.split('\n').find((line) => line.includes('cell_control'))!;
    expect(row.replace(/\\./g, '').split('|')).toHaveLength(7);
  });

  it('is one of many: lists that are cut say how many more there are', () => {
    const many = reading({ 'domains.csv': `服务领域\n${'无\n'.repeat(1234)}` });
    expect(registersText(many)).toMatch(/401 more: see --json or the report/);
    const { problems } = registersJson(many);
    expect(problems).toHaveLength(501);
    expect(problems.at(-1)).toMatchObject({ code: 'more', detail: '734' });
    for (const text of [renderMarkdown(reportOf(many)), renderHtml(reportOf(many))]) {
      expect(text.split('\n').find((line) => line.includes(REGISTER_PROBLEMS.more.en))).toContain('734');
    }
    const files = Object.fromEntries(Array.from({ length: 130 }, (_, i) => [`附件/${i}.pdf`, '']));
    expect(registersOf(reading(files)).unused).toHaveLength(101);
    expect(registersText(reading(files))).toMatch(/more .*: 30\n/);
  });

  it('has no chapter where no registers were supplied', () => {
    expect(renderMarkdown(smallReport())).not.toContain('登记表 Registers');
    expect(renderHtml(smallReport())).not.toContain('id="registers"');
  });
});
