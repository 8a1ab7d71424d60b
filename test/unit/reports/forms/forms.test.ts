import { describe, expect, it } from 'vitest';
import type { Report } from '../../../../model/report.ts';
import { goals } from '../../../../reports/forms/goal.ts';
import { goalTable2020 } from '../../../../reports/forms/goal-table-2020.ts';
import { goalTable2025 } from '../../../../reports/forms/goal-table-2025.ts';
import { smallReport } from '../render/fixture.ts';
import { fleetReport } from '../render/fleet-fixture.ts';
import { balanced } from '../render/wellformed.ts';
import { unzip } from './unzip.ts';

/** Rows of all tables, cells as plain text, and how many grid columns each row fills. */
function rows(xml: string): { cells: string[]; width: number }[] {
  return [...xml.matchAll(/<w:tr>([\s\S]*?)<\/w:tr>/g)].map(([, row]) => {
    const cells = [...row!.matchAll(/<w:tc>([\s\S]*?)<\/w:tc>/g)].map((m) => m[1]!);
    return {
      cells: cells.map((cell) => [...cell.matchAll(/<w:t(?: [^>]*)?>([^<]*)<\/w:t>/g)].map((m) => m[1]).join('|')),
      width: cells.reduce((sum, cell) => sum + Number(/<w:gridSpan w:val="(\d+)"/.exec(cell)?.[1] ?? 1), 0),
    };
  });
}

describe('goals', () => {
  it('are quantified where the guide names a number', () => {
    const byTarget = new Map(goals(smallReport()).map((goal) => [goal.target, goal]));
    expect(byTarget.get('compute.capacity')).toMatchObject({ quantified: true, level: 'quantity', verdict: '未通过' });
    expect(byTarget.get('compute.capacity')!.measured).toBe('0.0001542 ± 0.0000023 Peta-ops（FP32）');
    expect(byTarget.get('compute.capacity')!.goal).toContain('申报 12 Peta-ops (FP32)');
    expect(byTarget.get('storage.speed')).toMatchObject({ quantified: false, level: 'quality' });
    expect(byTarget.get('project.period')!.level).toBe('timeliness');
    expect(byTarget.get('service.clients')).toMatchObject({ level: 'social', measured: '无测量值', verdict: '未测' });
  });
});

describe.each([
  [
    '2020',
    goalTable2020,
    [
      '产出指标',
      '效益指标',
      '数量指标',
      '质量指标',
      '时效指标',
      '成本指标',
      '社会效益指标（必填）',
      '经济效益指标（必填）',
      '环境效益指标',
      '可持续影响指标',
      '服务对象满意度指标',
    ],
  ],
  ['2025', goalTable2025, ['定量指标', '定性指标']],
] as const)('the goal table of %s', (_, table, headings) => {
  it('has every target once with value, verdict and evidence, under the headings of the notice', async () => {
    const report = smallReport();
    const xml = unzip(await table(report), 'word/document.xml');
    expect(balanced(xml)).toBe('');
    const all = rows(xml);
    const texts = all.flatMap((row) => row.cells);
    for (const heading of headings) expect(texts.filter((text) => text === heading)).not.toEqual([]);
    for (const goal of goals(report)) {
      const row = all.filter(({ cells }) => cells.includes(goal.name) && cells.includes(goal.verdict));
      expect(row).toHaveLength(1);
      // A unit's hyphen is one at which word processors do not break.
      expect(row[0]!.cells).toContain(goal.measured.replaceAll('\n', '|').replaceAll('-ops', '\u2011ops'));
      if (goal.evidence) expect(row[0]!.cells).toContain(goal.evidence.slice(0, 16));
    }
    expect(xml).toContain(report.log.root);
  });

  it('fills the same number of columns in every row of a table', async () => {
    const xml = unzip(await table(smallReport()), 'word/document.xml');
    for (const [, one] of xml.matchAll(/<w:tbl>([\s\S]*?)<\/w:tbl>/g)) {
      const columns = one!.match(/<w:gridCol /g)!.length;
      for (const row of rows(one!)) expect(row.width).toBe(columns);
    }
  });

  it('survives hostile names and is marked when data are synthetic', async () => {
    const small = fleetReport(2, 1);
    const report: Report = { ...small, platform: { ...small.platform, name: '<w:p/>&\u0000\u202e' } };
    const bytes = await table(report);
    expect(balanced(unzip(bytes, 'word/document.xml'))).toBe('');
    expect(unzip(bytes, 'word/document.xml')).toContain('&lt;w:p/&gt;&amp;\\u{0}\\u{202e}');
    expect(unzip(bytes, 'word/header1.xml')).toContain('SYNTHETIC DATA');
  });
});
