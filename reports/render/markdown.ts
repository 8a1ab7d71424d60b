import type { ComputeTotal } from '../../model/compute.ts';
import { OUTCOME_TEXT } from '../../model/outcome.ts';
import { REASONS } from '../../model/reason.ts';
import type { Report, Verdict } from '../../model/report.ts';
import type { Text } from '../../model/text.ts';
import { LABELS, PROFILE_TEXT, RULE_TEXT } from '../text/catalog.ts';
import { COMPUTE } from '../text/compute.ts';
import { china, utc } from '../text/moment.ts';
import { overallMeaning, overallOf, overallText, partialNotice, reportTitle } from '../text/partial.ts';
import { LIMITS, VERIFY_STEPS } from '../text/prose.ts';
import { percent, plusMinus, quantity, signedPercent, significant } from '../text/quantity.ts';
import { SENTENCES } from '../text/sentence.ts';
import { holdsFor, judgedBy, KIND, passesByLevel, unknownGuide } from '../text/standing.ts';
import { oneLine } from '../text/visible.ts';
import { registerLines, registerSum } from './registers.ts';
import {
  allReasons,
  claimedText,
  countsText,
  deciding,
  gap,
  limitText,
  margin,
  measuredText,
  OUTCOME_SIGN,
} from './summary.ts';

/**
 * The report as Markdown (GitHub's tables): verdict, every target, what to do, how to verify. For reading in an issue
 * or a terminal.
 */
export function renderMarkdown(report: Report, notice?: Text): string {
  const { overall, platform, guide, controller } = report;
  const title = reportTitle(report);
  const word = overallText(overallOf(report));
  const meaning = overallMeaning(overallOf(report));
  const counts = countsText(report);
  const lines = [
    `# ${title.zh} · ${title.en}`,
    ...(report.synthetic ? [`> **${both(LABELS.synthetic)}**`] : []),
    ...(guide.known ? [] : [`> **${both(unknownGuide(guide))}**`]),
    ...(overall.partial ? [`> **${both(partialNotice(overall.partial))}**`] : []),
    ...(notice ? [`> **${both(notice)}**`] : []),
    `## ${word.zh} · ${word.en}`,
    `${meaning.zh}${counts.zh}${LABELS.onlyItems.zh}`,
    `${meaning.en} ${counts.en} ${LABELS.onlyItems.en}`,
    ...(overall.judged ? [both(judgedBy(overall.judged, controller.relation))] : []),
    both(passesByLevel(overall.passes)),
    both(holdsFor(controller)),
    ...(report.profile === 'quick' ? [both(LABELS.quickNotice)] : []),
    table(
      ['', ''],
      [
        [both(LABELS.number), cell(report.number)],
        [both(LABELS.customer), cell(platform.customer ?? both(LABELS.notStated))],
        [both(LABELS.platform), `${cell(platform.name ?? '')} ${both(SENTENCES.size(platform))}`],
        [
          both(LABELS.guide),
          `${both(guide.title)} · ${cell(guide.document)} · ${cell(guide.id)} ${cell(guide.version)} · sha256 ${cell(guide.sha256)}`,
        ],
        [both(LABELS.period), `${times(report.period.from)} — ${times(report.period.to)}`],
        [both(LABELS.evaluated), times(report.judgedAt)],
        [both(LABELS.profile), both(PROFILE_TEXT[report.profile])],
        [both(LABELS.log), `${report.log.entries} · ${cell(report.log.root)}`],
        [
          both(LABELS.controllerKey),
          `${cell(controller.holder)} · ${both(KIND[controller.relation])} · ${cell(controller.keyId)}`,
        ],
        [both(LABELS.stamps), both(LABELS.notStamped)],
        [both(LABELS.software), cell(`${report.software.name} ${report.software.version}`)],
      ],
    ),
    `## ${both(LABELS.targets)}`,
    table(
      [
        LABELS.target,
        LABELS.clause,
        LABELS.requirement,
        LABELS.claimed,
        LABELS.measured,
        LABELS.margin,
        LABELS.outcome,
        LABELS.level,
        LABELS.evidenceHash,
      ].map(both),
      report.verdicts.flatMap(targetRows),
    ),
    `## ${both(LABELS.actions)}`,
    ...actions(report),
    ...registers(report),
    ...rates(report),
    `## ${both(LABELS.rule)}`,
    ...[...new Set(report.verdicts.map((v) => v.rule))].sort().map((rule) => `- ${both(RULE_TEXT[rule])}`),
    `## ${both(LABELS.verify)}`,
    VERIFY_STEPS.map((step, i) => `${i + 1}. ${both(step)}`).join('\n'),
    `## ${both(LABELS.limits)}`,
    LIMITS.map((limit) => `- ${both(limit)}`).join('\n'),
  ];
  return `${lines.join('\n\n')}\n`;
}

function targetRows(verdict: Verdict): string[][] {
  const results = verdict.requirements.length > 0 ? verdict.requirements : [undefined];
  return results.map((result, i) => {
    const share = result && margin(result);
    return [
      i === 0 ? `${both(verdict.title)}${verdict.mandatory ? '' : ` (${both(LABELS.informative)})`}` : '',
      i === 0 ? cell(verdict.clause) : '',
      result
        ? `${cell(limitText(result))}${results.length > 1 ? ` ${cell(result.metric)}` : ''}`
        : both(verdict.requirement),
      i === 0 ? cell(claimedText(verdict) || '—') : '',
      result ? cell(`${measuredText(result)}${result.choice ? ` @ ${result.choice.value}` : ''}`) : '—',
      share === undefined ? '—' : signedPercent(share),
      i === 0 ? `${OUTCOME_SIGN[verdict.outcome]} ${both(OUTCOME_TEXT[verdict.outcome])}` : '',
      i === 0 ? verdict.level : '',
      i === 0 ? cell(verdict.evidence[0]?.slice(0, 12) ?? '—') : '',
    ];
  });
}

function actions(report: Report): string[] {
  const open = report.verdicts.filter((verdict) => verdict.outcome !== 'pass');
  if (open.length === 0) return [both(LABELS.allPass)];
  return open.map((verdict) => {
    const result = deciding(verdict);
    const reasons = allReasons(verdict)
      .slice(0, 10)
      .map((reason) => {
        const text = REASONS[reason.code];
        return `  - \`${reason.code}\` ${both(text)}${reason.detail ? ` — ${cell(reason.detail)}` : ''}\n    ${both(text.todo)}`;
      });
    const head = `- ${OUTCOME_SIGN[verdict.outcome]} **${both(verdict.title)}** ${cell(verdict.clause)} · ${both(OUTCOME_TEXT[verdict.outcome])}${result ? ` · ${both(gap(result))}` : ''}`;
    return [head, ...reasons].join('\n');
  });
}

/** What became of each register, and a row for everything that is wrong with it. */
function registers({ registers: supplied }: Report): string[] {
  if (!supplied) return [];
  const { registerFile, registerRow, registerColumn, registerReason, registerCell } = LABELS;
  const rows = registerLines(supplied).map(({ file, row, column, code, text, detail, counts }) => [
    cell(file),
    row === undefined ? '—' : String(row),
    cell(column || '—'),
    `\`${code}\` ${both(text)}${counts ? ` (${both(LABELS.registerCounts)})` : ''}`,
    cell(detail),
  ]);
  const header = [registerFile, registerRow, registerColumn, registerReason, registerCell].map(both);
  return [
    `## ${both(LABELS.registers)}`,
    supplied.files.map((one) => `- ${cell(one.file)}: ${both(registerSum(one))}`).join('\n'),
    ...(rows.length > 0 ? [table(header, rows)] : []),
  ];
}

/** A line for each precision; kinds of device, the slowest ones and networks stand on the page. */
function rates({ compute }: Report): string[] {
  if (!compute) return [];
  const total = (sum: ComputeTotal | undefined): string => {
    if (!sum?.estimate) return '—';
    return `${plusMinus(sum.estimate)} ${sum.level}${sum.counts ? '' : ` (${both(COMPUTE.notCounted)})`}`;
  };
  const header = [
    COMPUTE.precision,
    LABELS.claimed,
    COMPUTE.required,
    COMPUTE.timed,
    COMPUTE.challenged,
    COMPUTE.ratio,
    COMPUTE.peakShare,
  ];
  const rows = compute.precisions.map((one) => [
    `${cell(one.precision || '—')}${one.judged ? ` (${both(COMPUTE.judged)})` : ''}`,
    one.claimed === undefined ? '—' : quantity(one.claimed, 'op/s'),
    one.required === undefined ? '—' : `≥ ${quantity(one.required, 'op/s')}`,
    total(one.measured),
    total(one.challenged),
    one.agreement ? significant(one.agreement.ratio, 4) : '—',
    one.peak ? percent(one.peak.share) : '—',
  ]);
  return [`## ${both(COMPUTE.byPrecision)}`, table(header.map(both), rows)];
}

function both(text: Text): string {
  return `${cell(text.zh)} ${cell(text.en)}`;
}

function times(iso: string): string {
  return `${cell(utc(iso))} (${cell(china(iso))})`;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Text that stays one cell and is taken literally: no markup, links, HTML or line breaks from outside. */
function cell(text: string): string {
  return oneLine(text).replace(/[\\`*_{}[\]<>|#~!]/g, (c) => (c === '<' ? '&lt;' : `\\${c}`));
}
