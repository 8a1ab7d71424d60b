import type { Report } from '../../model/report.ts';
import { utc } from '../text/moment.ts';
import { oneLine } from '../text/visible.ts';
import { allReasons, margin } from './summary.ts';

const TARGET_COLUMNS = [
  '报告编号 report',
  '合成数据 synthetic',
  '指标 target',
  '条款 clause',
  '名称 title_zh',
  'title_en',
  '必选 mandatory',
  '类别 kind',
  '判定 outcome',
  '规则 rule',
  '度量 metric',
  '比较 comparison',
  '限值 limit',
  '单位 unit',
  '申报值 claimed',
  '申报单位 claimed_unit',
  '取值 choice',
  '实测值 value',
  'U',
  'k',
  'n',
  '裕量 margin',
  '单项判定 requirement_outcome',
  '时长秒 duration_s',
  '样本数 samples',
  '节点数 nodes',
  '证据等级 level',
  '原因 reasons',
  '豁免 waiver',
  '证据 sha256',
  '评估时间 judged_at',
  '控制方关系 relation',
  '控制器密钥持有人 holder',
  '控制器密钥 controller_key',
  '指南已知 guide_known',
];

type Cell = string | number | boolean | undefined;

/**
 * A row per requirement of every target as CSV (RFC 4180, UTF-8 with byte order mark, as spreadsheets in China need
 * it). Numbers are unrounded. Cells that a spreadsheet would take for a formula get an apostrophe before them.
 */
export function renderCsv(report: Report): string {
  const rows: Cell[][] = [];
  for (const verdict of report.verdicts) {
    const reasons = allReasons(verdict)
      .slice(0, 50)
      .map((reason) => (reason.detail ? `${reason.code}: ${reason.detail}` : reason.code))
      .join('; ');
    for (const result of verdict.requirements.length > 0 ? verdict.requirements : [undefined]) {
      rows.push([
        report.number,
        report.synthetic,
        verdict.target,
        verdict.clause,
        verdict.title.zh,
        verdict.title.en,
        verdict.mandatory,
        verdict.kind,
        verdict.outcome,
        verdict.rule,
        result?.metric,
        result?.comparison,
        result?.limit,
        result?.unit,
        verdict.claimed?.value,
        verdict.claimed?.unit,
        result?.choice?.value,
        result?.estimate?.value,
        result?.estimate?.U,
        result?.estimate?.k,
        result?.estimate?.n,
        result && margin(result),
        result?.outcome,
        result?.durationS,
        result?.samples,
        result?.nodes.length,
        result?.level ?? verdict.level,
        reasons,
        verdict.waiver && `${verdict.waiver.approvedBy}, ${utc(verdict.waiver.expiresAt)}`,
        verdict.evidence.slice(0, 50).join(' '),
        utc(report.judgedAt),
        verdict.relation,
        report.controller.holder,
        report.controller.keyId,
        report.guide.known,
      ]);
    }
  }
  return csv(TARGET_COLUMNS, rows);
}

/** A row per node and metric value of every attempt, unrounded: what the folded pages of a fleet leave out. */
export function renderValuesCsv(report: Report): string {
  const header = [
    '节点 node',
    '测试项 benchmark',
    '任务 assignment',
    '尝试 attempt',
    '状态 state',
    '度量 metric',
    '标签 labels',
    '数值 value',
    '单位 unit',
    'U',
    'k',
    'n',
    '已校验 verified',
    '证据等级 level',
    '开始时间 started_at',
    '用时秒 elapsed_s',
    '证据 sha256',
  ];
  const rows: Cell[][] = [];
  for (const attempt of report.attempts) {
    const head = [attempt.node, attempt.benchmark, attempt.assignment, attempt.attempt, attempt.state];
    const tail = [utc(attempt.startedAt), attempt.elapsedS, attempt.sha256];
    if (attempt.metrics.length === 0) rows.push([...head, ...Array<undefined>(9).fill(undefined), ...tail]);
    for (const { metric, labels, estimate, verified, level } of attempt.metrics) {
      const labelText = Object.entries(labels)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => `${name}=${value}`)
        .join(' ');
      const { value, unit, U, k, n } = estimate;
      rows.push([...head, metric, labelText, value, unit, U, k, n, verified, level, ...tail]);
    }
  }
  return csv(header, rows);
}

function csv(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  // Names and units come again in every row of a fleet.
  const known = new Map<Cell, string>();
  const text = (cell: Cell): string => {
    let found = known.get(cell);
    if (found === undefined) {
      found = cellText(cell);
      if (typeof cell === 'string') known.set(cell, found);
    }
    return found;
  };
  const lines = [header, ...rows].map((row) => row.map(text).join(','));
  return `\ufeff${lines.join('\r\n')}\r\n`;
}

/** One cell, quoted where it must be. Exported for its test against hostile text. */
export function cellText(cell: Cell): string {
  if (cell === undefined) return '';
  if (typeof cell === 'number') return Number.isFinite(cell) ? String(cell) : '';
  if (typeof cell === 'boolean') return String(cell);
  const text = oneLine(cell);
  // comparison signs are data of ours; everything else that starts like a formula is disarmed
  const safe = /^\s*[=+\-@＝＋－＠]/.test(text) ? `'${text}` : text;
  return /[",;'\n\r]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
