import type { Report } from '../../model/report.ts';
import { type Cell, grid, pack, paragraph, provenance } from './document.ts';
import { type Goal, goals } from './goal.ts';

const WIDTHS = [1300, 900, 2500, 3500, 3500, 1100, 1800];
const HEAD = ['指标类型', '序号', '指标名称', '指标值', '实测值', '判定', '证据（sha256 前 16 位）'];
/** Empty lines that are left for the applicant's own goals in each part. */
const OPEN_LINES = 2;

/**
 * Goal table of the notice 粤工信信软函〔2025〕32号, annex 2 (项目绩效目标表), as a .docx: quantitative and qualitative
 * indicators, numbered, with name and value, and beside them what was measured, the verdict and the evidence. A target is
 * quantitative if the guide itself names a number, else qualitative.
 */
export function goalTable2025(report: Report): Promise<Uint8Array> {
  const all = goals(report);
  const title = '项目绩效目标表';
  return pack(report, `${title} ${report.number}`, [
    paragraph(title, { bold: true, centre: true, size: 32 }),
    paragraph('（粤工信信软函〔2025〕32号 附件2，附实测值、判定与证据）', { centre: true, size: 18 }),
    paragraph(''),
    grid(
      [2600, 4700, 2600, 4700],
      [
        [
          { text: '项目名称', bold: true, centre: true },
          report.platform.name === undefined ? { text: '', open: true } : { text: report.platform.name },
          { text: '申报单位', bold: true, centre: true },
          report.platform.customer === undefined ? { text: '', open: true } : { text: report.platform.customer },
        ],
      ],
      0,
    ),
    paragraph(''),
    grid(
      WIDTHS,
      [
        HEAD.map((text) => ({ text })),
        ...part(
          '定量指标',
          all.filter((goal) => goal.quantified),
        ),
        ...part(
          '定性指标',
          all.filter((goal) => !goal.quantified),
        ),
      ],
      1,
    ),
    paragraph(''),
    ...provenance(report),
  ]);
}

function part(name: string, list: readonly Goal[]): Cell[][] {
  const rows: Cell[][] = list.map((goal, i) => [
    { text: String(i + 1), centre: true },
    { text: goal.name },
    { text: goal.goal },
    { text: goal.measured, small: goal.measured.length > 60 },
    { text: goal.verdict, centre: true, bold: true },
    { text: goal.evidence.slice(0, 16) || '—', centre: true, small: true },
  ]);
  for (let i = 0; i < OPEN_LINES; i++) {
    rows.push([
      { text: String(list.length + i + 1), centre: true },
      { text: '', open: true },
      { text: '', open: true },
      { text: '—', centre: true },
      { text: '—', centre: true },
      { text: '—', centre: true },
    ]);
  }
  rows[0] = [{ text: name, bold: true, centre: true, rows: rows.length }, ...rows[0]!];
  return rows;
}
