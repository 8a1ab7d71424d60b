import type { Text } from '../../model/text.ts';
import type { Caveat, Change, ComparisonResult, Difference } from '../render/difference.ts';
import { whole } from './quantity.ts';

/** What a comparison says in the end. */
export const RESULT_TEXT: Record<ComparisonResult, Text> = {
  not_worse: { zh: '未变差', en: 'NOT WORSE' },
  worse: { zh: '变差', en: 'WORSE' },
  cannot_tell: { zh: '无法比较', en: 'CANNOT TELL' },
};

/** How many targets changed and how, and the result: `3 worse, 2 better, 1 lost`. */
export function comparisonSentence({ counts, nodesGone, passLost }: Difference): Text {
  const parts = COUNTED.filter(([change]) => counts[change] > 0).map(
    ([change, zh, en]): Text => ({
      zh: `${whole(counts[change])} 项${zh}`,
      en: `${whole(counts[change])} ${en}`,
    }),
  );
  if (nodesGone > 0) {
    parts.push({
      zh: `${whole(nodesGone)} 个节点不再参测`,
      en: `${whole(nodesGone)} ${nodesGone === 1 ? 'node' : 'nodes'} gone`,
    });
  }
  if (passLost) parts.push({ zh: '整体不再通过', en: 'the whole no longer passes' });
  if (parts.length === 0) parts.push({ zh: '没有变化', en: 'nothing changed' });
  return { zh: parts.map(({ zh }) => zh).join('、'), en: parts.map(({ en }) => en).join(', ') };
}

const COUNTED: readonly (readonly [Change, string, string])[] = [
  ['worse', '变差', 'worse'],
  ['better', '变好', 'better'],
  ['lost', '数值消失', 'lost'],
  ['gained', '新有数值', 'gained'],
  ['other', '不可比', 'not comparable'],
];

export const CAVEAT_TEXT: Record<Caveat, Text> = {
  other_guide: {
    zh: '两次验收所用指南不同，判定不能直接比较',
    en: 'The two acceptances used different guides; outcomes cannot be compared directly',
  },
  no_common_node: {
    zh: '两次测试没有共同的节点，比较的是不同的机器',
    en: 'No node took part in both runs, so different machines are compared',
  },
  one_is_synthetic: {
    zh: '其中一份是合成数据',
    en: 'One of the two reports is made of synthetic data',
  },
  nothing_compared: {
    zh: '没有一项指标在两次测试中都有数值',
    en: 'No target has a value in both runs',
  },
  other_profile: {
    zh: '两次测试的档位不同：判定在“通过”与“无法判定”之间的变化不计，只比较数值与“未通过”',
    en: 'The profiles differ: outcomes between pass and indeterminate are not compared, only values and fails',
  },
  partial: {
    zh: '至少一份是部分报告：只比较两次都选了的指标',
    en: 'At least one report is partial: only targets that both were asked for are compared',
  },
};
