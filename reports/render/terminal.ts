import { OUTCOME_TEXT, type Outcome } from '../../model/outcome.ts';
import { REASONS } from '../../model/reason.ts';
import type { LibraryAdvice, Report, Verdict } from '../../model/report.ts';
import type { Text } from '../../model/text.ts';
import { LABELS } from '../text/catalog.ts';
import { LIBRARIES, libraryCost } from '../text/libraries.ts';
import { overallOf, overallText, partialNotice } from '../text/partial.ts';
import { SENTENCES } from '../text/sentence.ts';
import { holdsFor, judgedBy, passesByLevel, unknownGuide } from '../text/standing.ts';
import { oneLine } from '../text/visible.ts';
import { displayWidth, pad, wrap } from '../text/width.ts';
import { allReasons, countsText, deciding, disturbed, gap, OUTCOME_SIGN } from './summary.ts';

export interface TerminalOptions {
  /** Whether the terminal shows colours. */
  readonly colour: boolean;
  /** Columns of the terminal; less than 60 is taken as 60. */
  readonly width: number;
}

type Paint = (code: string, text: string) => string;

const COLOUR: Record<Outcome, string> = {
  pass: '32',
  fail: '31',
  indeterminate: '33',
  error: '31',
  not_tested: '2',
  not_applicable: '2',
  manual: '33',
};

/** The verdicts as a table for a terminal: outcome, target, measured of required, level; then why, and the whole. */
export function renderVerdictTable(report: Report, options: TerminalOptions): string {
  const width = Math.max(60, Math.min(options.width, 160));
  const paint: Paint = (code, text) => (options.colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const outcomeWidth = 2 + Math.max(...report.verdicts.map((v) => displayWidth(outcomeText(v.outcome))), 8);
  const titles = report.verdicts.map((v) => displayWidth(title(v)));
  const titleWidth = Math.min(Math.max(12, ...titles), Math.floor((width - outcomeWidth - 6) * 0.45));
  const valueWidth = width - outcomeWidth - titleWidth - 6;
  const lines: string[] = [];
  if (report.synthetic) lines.push(paint('31;1', `${LABELS.synthetic.zh}\n${LABELS.synthetic.en}`), '');
  for (const verdict of report.verdicts) {
    const mark = paint(
      COLOUR[verdict.outcome],
      pad(`${OUTCOME_SIGN[verdict.outcome]} ${outcomeText(verdict.outcome)}`, outcomeWidth),
    );
    const names = wrap(title(verdict), titleWidth);
    const values = valueLines(verdict, valueWidth);
    const height = Math.max(names.length, values.length);
    for (let i = 0; i < height; i++) {
      const first = i === 0 ? mark : ' '.repeat(outcomeWidth);
      const level = i === 0 ? verdict.level : '';
      lines.push(`${first} ${pad(names[i] ?? '', titleWidth)}  ${pad(values[i] ?? '', valueWidth)} ${level}`.trimEnd());
    }
  }
  lines.push('', ...overall(report, width, paint), ...libraryLines(report.libraries ?? [], width));
  return `${lines.join('\n')}\n`;
}

function valueLines(verdict: Verdict, width: number): string[] {
  const result = deciding(verdict);
  const lines = result?.estimate ? wrap(oneLine(gap(result).en), width) : [];
  if (verdict.outcome === 'pass') return lines;
  const reason = allReasons(verdict)[0];
  if (!reason) return lines;
  const text = REASONS[reason.code];
  return [...lines, ...wrap(`${text.zh} ${text.en}`, width)];
}

function overall(report: Report, width: number, paint: Paint): string[] {
  const { outcome, judged, partial, passes } = report.overall;
  const { relation } = report.controller;
  const text = overallText(overallOf(report));
  const said = [passesByLevel(passes), holdsFor(report.controller)];
  const marks = report.guide.known ? [] : [unknownGuide(report.guide), ...(judged ? [judgedBy(judged, relation)] : [])];
  const lines = ({ zh, en }: Text): string[] => [...wrap(oneLine(zh), width), ...wrap(oneLine(en), width)];
  const counts = countsText(report);
  const colour = outcome === 'passed' ? '32;1' : outcome === 'not_passed' ? '31;1' : '33;1';
  const busy = disturbed(report);
  return [
    ...marks.flatMap(lines).map((line) => paint('31;1', line)),
    paint(colour, `${text.zh} ${text.en}`),
    ...lines(counts),
    ...(partial ? lines(partialNotice(partial)) : []),
    ...said.flatMap(lines),
    ...(busy ? lines(SENTENCES.busy(busy)) : []),
  ];
}

/** Libraries that are missing or not usable, what each costs and how to get it; nothing where none was missed. */
export function libraryLines(libraries: readonly LibraryAdvice[], width: number): string[] {
  if (libraries.length === 0) return [];
  const { zh, en } = LIBRARIES.heading;
  const indented = (text: string): string[] => wrap(oneLine(text), width - 4).map((line) => `    ${line}`);
  return [
    '',
    `${zh} ${en}`,
    ...libraries.flatMap((one) => {
      const cost = libraryCost(one);
      return [`  ${one.code}`, ...[cost.zh, cost.en, one.install.zh, one.install.en].flatMap(indented)];
    }),
  ];
}

function outcomeText(outcome: Outcome): string {
  return `${OUTCOME_TEXT[outcome].zh} ${OUTCOME_TEXT[outcome].en}`;
}

function title(verdict: Verdict): string {
  const star = verdict.mandatory ? '' : ` (${LABELS.informative.zh} ${LABELS.informative.en})`;
  return oneLine(`${verdict.title.zh} ${verdict.title.en}${star}`);
}
