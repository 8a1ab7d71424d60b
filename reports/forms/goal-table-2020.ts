import type { Report } from '../../model/report.ts';
import { type Cell, grid, pack, paragraph, provenance } from './document.ts';
import { type Goal, goals, SECOND_LEVEL, type SecondLevel } from './goal.ts';

const WIDTHS = [1000, 1500, 2100, 3300, 3700, 1100, 1900];
const HEAD = ['一级指标', '二级指标', '三级指标', '目标值', '实测值', '判定', '证据（sha256 前 16 位）'];

/** Least number of third-level indicators with a number that the notice asks for. */
export const LEAST_QUANTIFIED = 3;

/**
 * Goal table of the notice 粤工信数字产业函〔2020〕712号, annex 7 (项目绩效目标表), as a .docx: three levels of indicators
 * with the target, and beside them what was measured, the verdict and the evidence. Levels that the report says nothing
 * of stay open for the applicant; social and economic benefit, which must be filled, are marked so.
 */
export function goalTable2020(report: Report): Promise<Uint8Array> {
  const all = goals(report);
  const title = '项目绩效目标表';
  const quantified = all.filter((goal) => goal.quantified).length;
  return pack(report, `${title} ${report.number}`, [
    paragraph(title, { bold: true, centre: true, size: 32 }),
    paragraph('（粤工信数字产业函〔2020〕712号 附件7，附实测值、判定与证据）', { centre: true, size: 18 }),
    paragraph(''),
    grid(
      [2600, 4700, 2600, 4700],
      [
        [label('项目名称'), value(report.platform.name), label('申报单位'), value(report.platform.customer)],
        [label('项目类别'), value(report.guide.title.zh), label('建设地点'), value(report.platform.location)],
        [label('绩效总目标'), { text: '', open: true, columns: 3 }],
      ],
      0,
    ),
    paragraph(''),
    grid(WIDTHS, [HEAD.map((text) => ({ text })), ...body(all)], 1),
    paragraph(''),
    paragraph(
      `已量化的三级指标 ${quantified} 项（要求不少于 ${LEAST_QUANTIFIED} 项）。社会效益指标与经济效益指标为必填。`,
      { size: 17 },
    ),
    ...provenance(report),
  ]);
}

function body(all: readonly Goal[]): Cell[][] {
  const levels = Object.keys(SECOND_LEVEL) as SecondLevel[];
  const rows: Cell[][] = [];
  for (const [first, name] of [
    ['output', '产出指标'],
    ['benefit', '效益指标'],
  ] as const) {
    const groups = levels
      .filter((level) => SECOND_LEVEL[level].first === first)
      .map((level) => ({ level, goals: all.filter((goal) => goal.level === level) }));
    const height = groups.reduce((sum, group) => sum + Math.max(1, group.goals.length), 0);
    let begun = false;
    for (const group of groups) {
      const must = group.level === 'social' || group.level === 'economic';
      const head: Cell = {
        text: `${SECOND_LEVEL[group.level].zh}${must ? '（必填）' : ''}`,
        centre: true,
        rows: Math.max(1, group.goals.length),
      };
      const lines = group.goals.length > 0 ? group.goals.map(line) : [OPEN_LINE];
      for (const [i, cells] of lines.entries()) {
        const row: Cell[] = i === 0 ? [head, ...cells] : cells;
        rows.push(begun ? row : [{ text: name, bold: true, centre: true, rows: height }, ...row]);
        begun = true;
      }
    }
  }
  return rows;
}

const OPEN_LINE: Cell[] = [
  { text: '', open: true },
  { text: '', open: true },
  { text: '—', centre: true },
  { text: '—', centre: true },
  { text: '—', centre: true },
];

function line(goal: Goal): Cell[] {
  return [
    { text: goal.name },
    { text: goal.goal },
    { text: goal.measured, small: goal.measured.length > 60 },
    { text: goal.verdict, centre: true, bold: true },
    { text: goal.evidence.slice(0, 16) || '—', centre: true, small: true },
  ];
}

function label(text: string): Cell {
  return { text, bold: true, centre: true };
}

function value(text: string | undefined): Cell {
  return text === undefined ? { text: '', open: true } : { text };
}
