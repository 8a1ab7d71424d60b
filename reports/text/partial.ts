import type { Relation } from '../../model/controller.ts';
import type { Overall } from '../../model/outcome.ts';
import type { Report } from '../../model/report.ts';
import type { Text } from '../../model/text.ts';
import { whole } from './quantity.ts';
import { meaningOf, TITLE, TITLE_PARTIAL, wordOf } from './standing.ts';

/** Which targets of how many a partial run was about. */
export type Partial = NonNullable<Report['overall']['partial']>;

/** An outcome, whether it is of the whole guide, and in whose hands the controller's key was. */
export interface OverallOf {
  readonly outcome: Overall;
  readonly partial?: Partial | undefined;
  readonly relation: Relation;
}

/** The same of a report. */
export const overallOf = ({ overall, controller }: Report): OverallOf => ({
  outcome: overall.outcome,
  partial: overall.partial,
  relation: controller.relation,
});

/** The word in the box on page 1; that of a partial run never reads as an acceptance. */
export function overallText({ outcome, partial, relation }: OverallOf): Text {
  const text = wordOf(outcome, relation);
  if (!partial) return text;
  const { asked, of } = partial;
  return {
    zh: `部分（${whole(asked.length)}/${whole(of)} 项）：${text.zh}`,
    en: `PARTIAL, ${whole(asked.length)} OF ${whole(of)} TARGETS: ${text.en}`,
  };
}

/** What the outcome means in one plain sentence, or two for a partial run. */
export function overallMeaning({ outcome, partial, relation }: OverallOf): Text {
  if (!partial) return meaningOf(outcome, relation);
  const meaning = ASKED_MEANING[outcome];
  const rest = unasked(partial);
  return { zh: `${meaning.zh}${rest.zh}`, en: `${meaning.en} ${rest.en}` };
}

/** The mark that every page of a partial report bears, with the targets by their ids. */
export function partialNotice({ asked, of }: Partial): Text {
  return {
    zh: `部分报告：指南共 ${whole(of)} 项指标，本次只选 ${whole(asked.length)} 项（${asked.join('、')}）；不是整体验收结论`,
    en: `PARTIAL REPORT: partial, ${whole(asked.length)} of ${whole(of)} targets (${asked.join(', ')}); not an acceptance of the whole`,
  };
}

/** Title of the report. */
export const reportTitle = ({ overall, controller }: Report): Text =>
  (overall.partial ? TITLE_PARTIAL : TITLE)[controller.relation];

const ASKED_MEANING: Record<Overall, Text> = {
  passed: { zh: '所选指标均达到要求。', en: 'All targets that were asked for are met.' },
  passed_with_deviations: {
    zh: '除已批准豁免的项目外，所选指标达到要求。',
    en: 'The targets that were asked for are met but for those with an approved waiver.',
  },
  not_passed: { zh: '所选指标中有未达到要求的。', en: 'Not every target that was asked for is met.' },
  cannot_tell: {
    zh: '现有证据不足以判定所选指标。',
    en: 'The evidence at hand does not decide the targets that were asked for.',
  },
};

function unasked({ asked, of }: Partial): Text {
  const rest = of - asked.length;
  return {
    zh: `指南其余 ${whole(rest)} 项指标没有判定，不能据此认为平台通过验收。`,
    en: `The other ${whole(rest)} targets of the guide were not judged, so this does not accept the platform.`,
  };
}
