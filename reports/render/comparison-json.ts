import type { Report } from '../../model/report.ts';
import { comparisonSentence } from '../text/comparison.ts';
import type { Difference } from './difference.ts';

/**
 * A comparison for a program (`assay/comparison/v1`): the result that the exit code stands for, the counts and the
 * sentence, what keeps the two reports from being compared whole, then every target and every node with a change.
 */
export function comparisonJson(before: Report, after: Report, difference: Difference): string {
  const { result, counts, caveats, targets, unasked, nodes, nodesCompared, nodesGone, passLost } = difference;
  const content = {
    schema: 'assay/comparison/v1',
    result,
    sentence: comparisonSentence(difference),
    counts,
    caveats,
    before: headOf(before),
    after: headOf(after),
    targets,
    unasked,
    nodesCompared,
    nodesGone,
    passLost,
    nodes,
  };
  return JSON.stringify(content, null, 2);
}

function headOf({ number, judgedAt, guide, profile, synthetic, overall, platform }: Report) {
  const { id, version, sha256 } = guide;
  return { number, judgedAt, guide: { id, version, sha256 }, profile, synthetic, overall, nodes: platform.nodes };
}
