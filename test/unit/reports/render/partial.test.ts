import { expect, it } from 'vitest';
import { outcomeWord } from '../../../../model/outcome.ts';
import type { Report } from '../../../../model/report.ts';
import { renderHtml } from '../../../../reports/render/html.ts';
import { renderJunit } from '../../../../reports/render/junit.ts';
import { renderMarkdown } from '../../../../reports/render/markdown.ts';
import { renderVerdictTable } from '../../../../reports/render/terminal.ts';
import { verificationJson, verificationText } from '../../../../reports/text/verification.ts';
import { smallReport } from './fixture.ts';
import { balanced } from './wellformed.ts';

const whole = smallReport();
const asked = ['compute.precisions', 'edge.realtime'];
const partial: Report = {
  ...whole,
  verdicts: whole.verdicts
    .filter(({ target }) => asked.includes(target))
    .map((verdict) => ({ ...verdict, outcome: 'pass', reasons: [] })),
  overall: {
    outcome: 'passed',
    mandatory: 2,
    counts: { pass: 2 },
    passes: { E0: 0, E1: 2, E2: 0, E3: 0 },
    waived: 0,
    partial: { asked, of: whole.verdicts.length },
  },
};
const OF = `${asked.length} of ${whole.verdicts.length} targets`;

it('a partial report says so on page 1, in Markdown, in the terminal and in JUnit, in both languages', () => {
  const html = renderHtml(partial);
  expect(balanced(html)).toBe('');
  const terminal = renderVerdictTable(partial, { colour: false, width: 100 });
  const markdown = renderMarkdown(partial).replaceAll('\\', '');
  for (const text of [html, markdown, terminal.replaceAll('\n', ' ')]) {
    expect(text).toContain(`partial, ${OF}`);
    expect(text).toContain('PARTIAL, 2 OF 18 TARGETS: PASSED');
    expect(text).toContain('部分（2/18 项）：通过');
    expect(text).toContain('不是整体验收结论');
    for (const target of asked) expect(text).toContain(target);
  }
  for (const text of [html, markdown]) {
    expect(text).not.toContain('算力平台验收报告');
    expect(text).not.toContain('The platform meets every mandatory requirement');
    expect(text).toContain('does not accept the platform');
  }
  const junit = renderJunit(partial);
  expect(junit).toContain('<property name="partial" value="compute.precisions edge.realtime"/>');
});

it('a whole report says nothing of parts', () => {
  for (const text of [renderHtml(whole), renderMarkdown(whole), renderJunit(whole)]) {
    expect(text).not.toMatch(/PARTIAL|部分报告|name="partial/);
  }
});

it('what the controller signs and what a verifier prints of a partial run is never the word of a whole one', () => {
  expect([outcomeWord(partial.overall), outcomeWord(whole.overall)]).toEqual(['partial_passed', whole.overall.outcome]);
  const result = {
    authentic: true,
    outcome: 'passed',
    partial: { asked, of: 18 },
    releases: [],
    steps: [],
  } as const;
  const text = verificationText(result, '0.1.0');
  expect(text).toContain('PARTIAL, 2 OF 18 TARGETS: PASSED');
  expect(text).toContain(`partial, ${OF} (compute.precisions, edge.realtime)`);
  expect(JSON.parse(verificationJson(result, '0.1.0')).partial).toEqual({ asked, of: 18 });
});

it('an informative target that was asked for turns the whole red where it is no pass', () => {
  const failed: Report = {
    ...partial,
    verdicts: partial.verdicts.map((v) => (v.target === 'edge.realtime' ? { ...v, outcome: 'fail' } : v)),
    overall: { ...partial.overall, outcome: 'not_passed' },
  };
  expect(renderJunit(failed)).toContain('<failure type="fail"');
  expect(renderJunit(failed)).not.toContain('<skipped');
});
