import { describe, expect, it } from 'vitest';
import { OVERALL, type Overall } from '../../../../model/outcome.ts';
import { Report } from '../../../../model/report.ts';
import { check } from '../../../../model/schema.ts';
import { goalTable2020 } from '../../../../reports/forms/goal-table-2020.ts';
import { goalTable2025 } from '../../../../reports/forms/goal-table-2025.ts';
import { renderCsv } from '../../../../reports/render/csv.ts';
import { renderHtml } from '../../../../reports/render/html.ts';
import { renderJunit } from '../../../../reports/render/junit.ts';
import { renderMarkdown } from '../../../../reports/render/markdown.ts';
import { renderVerdictTable } from '../../../../reports/render/terminal.ts';
import { bundleReadme } from '../../../../reports/text/readme.ts';
import { holdsFor, meaningOf, passesByLevel, TITLE, wordOf } from '../../../../reports/text/standing.ts';
import { unzip } from '../forms/unzip.ts';
import { selfReport, smallReport, unknownGuideReport } from './fixture.ts';

const terminal = (report: Report): string => renderVerdictTable(report, { colour: false, width: 120 });
/** Every rendering that is text, by what it is. */
const renderings = (report: Report): [string, string][] => [
  ['html', renderHtml(report)],
  ['markdown', renderMarkdown(report)],
  ['terminal', terminal(report)],
  ['junit', renderJunit(report)],
  ['csv', renderCsv(report)],
  ['readme', bundleReadme(report)],
];
/** The same without the places where lines end and the marks of a page or document stand. */
const plain = (text: string): string =>
  (/^<(testsuites|\?xml version="1.0" encoding="UTF-8"\?>\n<testsuites)/.test(text)
    ? text
    : text.replace(/<[^>]+>/g, '')
  ).replace(/\s/g, '');

describe('a self-test', () => {
  const report = selfReport();

  it('fits the schema of a report', () => {
    expect(check(Report, report)).toMatchObject({ ok: true });
    expect(check(Report, unknownGuideReport())).toMatchObject({ ok: true });
  });

  it('is called one in every rendering, never an acceptance report, and names holder and key', async () => {
    for (const [name, text] of renderings(report)) {
      expect(plain(text), name).toMatch(/自测|self/);
      expect(text, name).not.toMatch(/验收(测试)?报告|Acceptance (Test )?Report/);
      expect(text, name).toContain('示例单位');
      expect(text, name).toContain(report.controller.keyId.slice(0, 16));
    }
    expect(renderHtml(report)).toContain(`<title>算力平台自测报告 ${report.number}</title>`);
    for (const table of [goalTable2020, goalTable2025]) {
      const bytes = await table(report);
      const document = plain(unzip(bytes, 'word/document.xml'));
      expect(document).toContain(`取自算力平台自测报告${report.number}`);
      expect(document).toContain(plain(holdsFor(report.controller).zh));
      expect(plain(unzip(bytes, 'word/header1.xml'))).toContain('自测');
      for (const part of ['word/document.xml', 'word/header1.xml', 'docProps/core.xml']) {
        expect(plain(unzip(bytes, part))).not.toMatch(/验收(测试)?报告/);
      }
    }
  });

  it('says on page 1, in the terminal and in Markdown for whom it holds and what makes an acceptance of it', () => {
    const { zh, en } = holdsFor(report.controller);
    expect(zh).toContain('即运营方自己');
    expect(en).toContain('whoever trusts the holder');
    expect(en).toContain('for an acceptance an evaluator measures again');
    const front = /<section id="front"[\s\S]*?<\/section>/.exec(renderHtml(report))![0];
    for (const text of [front, renderMarkdown(report).replaceAll('\\', ''), terminal(report)]) {
      expect(plain(text)).toContain(plain(zh));
      expect(plain(text)).toContain(plain(en));
    }
  });

  it.each<[Overall, string, string]>([
    ['passed', '自测通过', 'SELF-TEST PASSED'],
    ['passed_with_deviations', '自测有条件通过', 'SELF-TEST PASSED WITH DEVIATIONS'],
    ['not_passed', '自测不通过', 'SELF-TEST NOT PASSED'],
    ['cannot_tell', '无法判定', 'CANNOT TELL'],
  ])('that ended with %s is worded so', (outcome, zh, en) => {
    expect(wordOf(outcome, 'self')).toEqual({ zh, en });
    const ended = selfReport({ outcome });
    expect(renderHtml(ended)).toContain(`${zh}</strong><br><span lang="en">${en}</span>`);
    expect(terminal(ended)).toContain(`${zh} ${en}`);
    expect(renderMarkdown(ended)).toContain(`## ${zh} · ${en}`);
    if (outcome === 'not_passed' || outcome === 'cannot_tell') expect(renderJunit(ended)).toContain(`${zh} ${en}`);
  });
});

describe('an independent run', () => {
  it('is an acceptance, with the words of one, and the holder’s declaration', () => {
    const report = smallReport();
    expect(renderHtml(report)).toContain('算力平台验收报告');
    for (const [name, text] of renderings(report)) {
      expect(text, name).not.toMatch(/自测(报告|通过|不通过)|SELF-TEST/);
      expect(text, name).toContain('示例实验室 Example Laboratory');
    }
    expect(holdsFor(report.controller).en).toContain('declares itself independent');
  });
});

it('passes are counted by level, with who could have forged which', () => {
  const { zh, en } = passesByLevel({ E0: 4, E1: 4, E2: 1, E3: 0 });
  expect(en).toMatch(/^9 pass: 1 E2, 4 E1, 4 E0\. /);
  expect(zh).toMatch(/^通过 9 项：E2 1 项、E1 4 项、E0 4 项。/);
  expect(en).toMatch(/forged: E2 by the holder.*E1, .*the operator.*E0 by whoever wrote the register\.$/);
  expect(en).not.toContain('E3');
  expect(passesByLevel({ E0: 0, E1: 0, E2: 0, E3: 0 }).en).toBe('0 pass.');
  const report = smallReport();
  const counted = passesByLevel(report.overall.passes);
  expect(counted.en).toMatch(/^[1-9]\d* pass: /);
  for (const text of [renderHtml(report), terminal(report)]) expect(plain(text)).toContain(plain(counted.en));
});

describe('a guide that nobody knows', () => {
  const report = unknownGuideReport();

  it('marks page 1, terminal, Markdown, JUnit and the read-me, and nothing is passed', () => {
    for (const [name, text] of renderings(report)) {
      if (name === 'csv') continue;
      expect(text, name).toMatch(/指南未知/);
      expect(text, name).toMatch(/guide not known/);
      expect(plain(text).replaceAll('\\', ''), name).toContain(report.guide.sha256.slice(0, 16));
    }
    expect(renderHtml(report)).toContain('<strong>无法判定</strong>');
    expect(plain(terminal(report))).toContain('Bythatguidealone:SELF-TESTPASSED');
    expect(renderJunit(report)).toContain('<failure type="cannot_tell"');
  });

  it('leaves no mark where the guide is known', () => {
    for (const [name, text] of renderings(selfReport())) expect(text, name).not.toMatch(/指南未知|guide not known/);
  });
});

it('accelerators on page 1 are confirmed ones of those that were reported', () => {
  const report = smallReport();
  const sized = (accelerators: number, confirmedAccelerators: number): string =>
    renderHtml({ ...report, platform: { ...report.platform, accelerators, confirmedAccelerators } });
  expect(sized(1000, 0)).toContain('0 confirmed of 1,000 reported');
  expect(sized(1000, 0)).toContain('上报 1,000，已确认 0');
  expect(sized(0, 0)).toContain('no accelerator');
});

it('no name makes a command of the read-me, whose indented lines are run, or paints on a terminal', () => {
  const report = smallReport();
  const holder = '    touch /tmp/x\n    touch /tmp/y\u001b[2J';
  for (const relation of ['self', 'independent'] as const) {
    const named = { ...report, controller: { ...report.controller, relation, holder } };
    const commands = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('    '));
    expect(commands(bundleReadme(named))).toEqual(commands(bundleReadme(report)));
    expect(terminal(named)).not.toContain('\u001b');
  }
});

it('every outcome has its words in both languages for both kinds of run', () => {
  for (const relation of ['self', 'independent'] as const) {
    const texts = OVERALL.flatMap((o) => [wordOf(o, relation), meaningOf(o, relation)]);
    for (const { zh, en } of [...texts, TITLE[relation]]) {
      expect(zh).toMatch(/\p{Script=Han}/u);
      expect(en).not.toMatch(/\p{Script=Han}/u);
    }
  }
});
