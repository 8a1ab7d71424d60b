import { OUTCOME_TEXT } from '../../model/outcome.ts';
import { CAVEAT_TEXT, comparisonSentence, RESULT_TEXT } from '../text/comparison.ts';
import { plusMinus } from '../text/quantity.ts';
import { oneLine } from '../text/visible.ts';
import type { Difference, TargetChange } from './difference.ts';

/** A comparison for a terminal: the sentence in front, what keeps it from being whole, and the targets that changed. */
export function comparisonText(difference: Difference): string {
  const { result, caveats, targets } = difference;
  const { zh, en } = comparisonSentence(difference);
  const lines = [`${RESULT_TEXT[result].zh} ${RESULT_TEXT[result].en}`, zh, en];
  for (const caveat of caveats) lines.push(`! ${CAVEAT_TEXT[caveat].zh}`, `  ${CAVEAT_TEXT[caveat].en}`);
  const loud = targets.filter(({ change }) => change !== 'same' && change !== 'unclear');
  if (loud.length > 0) lines.push('', ...loud.map(line));
  return `${lines.join('\n')}\n`;
}

function line({ change, target, title, before, after, values }: TargetChange): string {
  const outcomes = [before, after].map((outcome) => (outcome ? OUTCOME_TEXT[outcome].en : '—')).join(' → ');
  const moved = values
    .filter(({ direction }) => !['same', 'unclear', 'none'].includes(direction))
    .map(({ metric, limit, ...value }) => {
      const [was, is] = [value.before, value.after].map((one) => (one ? plusMinus(one, limit) : '—'));
      return `; ${metric}${value.choice === undefined ? '' : ` @ ${value.choice}`} ${was} → ${is} ${value.direction}`;
    });
  return oneLine(`${change} ${target} ${title.zh} ${title.en}: ${outcomes}${moved.join('')}`);
}
