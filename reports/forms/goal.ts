import { OUTCOME_TEXT } from '../../model/outcome.ts';
import type { Report, Verdict } from '../../model/report.ts';
import { claimedText, limitText, measuredText } from '../render/summary.ts';

/** Second-level indicators of the 2020 form, under the first-level one they belong to. */
export const SECOND_LEVEL = {
  quantity: { first: 'output', zh: '数量指标', en: 'quantity' },
  quality: { first: 'output', zh: '质量指标', en: 'quality' },
  timeliness: { first: 'output', zh: '时效指标', en: 'timeliness' },
  cost: { first: 'output', zh: '成本指标', en: 'cost' },
  social: { first: 'benefit', zh: '社会效益指标', en: 'social benefit' },
  economic: { first: 'benefit', zh: '经济效益指标', en: 'economic benefit' },
  environmental: { first: 'benefit', zh: '环境效益指标', en: 'environmental benefit' },
  lasting: { first: 'benefit', zh: '可持续影响指标', en: 'lasting effect' },
  satisfaction: { first: 'benefit', zh: '服务对象满意度指标', en: 'satisfaction of those served' },
} as const satisfies Record<string, { first: 'output' | 'benefit'; zh: string; en: string }>;

export type SecondLevel = keyof typeof SECOND_LEVEL;

/** One line of a goal table: what was to be reached, what was measured, and how it was judged. */
export interface Goal {
  readonly target: string;
  readonly level: SecondLevel;
  readonly name: string;
  readonly goal: string;
  readonly measured: string;
  readonly verdict: string;
  /** First sha256 of the evidence, or an empty text. */
  readonly evidence: string;
  /** The guide itself names a number. */
  readonly quantified: boolean;
}

/** By the beginning of a target's id; what is not named here counts as quantity. */
const LEVELS: readonly (readonly [string, SecondLevel])[] = [
  ['storage.speed', 'quality'],
  ['interface.', 'quality'],
  ['edge.', 'quality'],
  ['monitoring.', 'quality'],
  ['data.quality', 'quality'],
  ['project.period', 'timeliness'],
  ['project.invested', 'cost'],
  ['service.', 'social'],
  ['solutions.', 'social'],
  ['teams.', 'social'],
  ['domestic.', 'lasting'],
];

/** The report's targets as lines of a goal table, in the guide's order. */
export function goals(report: Report): Goal[] {
  return report.verdicts.map((verdict) => ({
    target: verdict.target,
    level: LEVELS.find(([start]) => verdict.target.startsWith(start))?.[1] ?? 'quantity',
    name: verdict.title.zh,
    goal: goalText(verdict),
    measured: measuredOf(verdict),
    verdict: OUTCOME_TEXT[verdict.outcome].zh,
    evidence: verdict.evidence[0] ?? '',
    quantified: /[0-9０-９]/.test(verdict.requirement.zh),
  }));
}

/** What the guide asks, and what was claimed where something was. */
function goalText(verdict: Verdict): string {
  const claimed = claimedText(verdict);
  return claimed ? `${verdict.requirement.zh}（申报 ${claimed}）` : verdict.requirement.zh;
}

function measuredOf(verdict: Verdict): string {
  const values = verdict.requirements
    .filter((result) => result.estimate !== undefined)
    .map((result) => {
      const at = result.choice ? `（${result.choice.value}）` : '';
      const name = verdict.requirements.length > 1 ? `${result.metric}：` : '';
      return `${name}${measuredText(result)}${at}${verdict.requirements.length > 1 ? `（${limitText(result)}）` : ''}`;
    });
  return values.length > 0 ? values.join('\n') : '无测量值';
}
