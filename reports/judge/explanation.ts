import type { Requirement, Target } from '../../model/guide.ts';
import type { Finding } from '../../model/measurement.ts';
import type { Reason } from '../../model/report.ts';
import { decide } from './decide.ts';
import type { Folded } from './fold.ts';

/**
 * What a fail owes to libraries that the nodes had to do without. Those without which the limit might have been met
 * come `first` among its reasons: the gain that is usual with them would reach it, nothing is known of that gain, or
 * what they would add is not in the value at all. The others come `after` the limit. No outcome hangs on it.
 */
export function explanations(
  requirement: Pick<Requirement, 'comparison' | 'limit' | 'fold' | 'label'>,
  rule: Target['rule'],
  shown: Pick<Folded, 'estimate' | 'counted'>,
  hampered: readonly Finding[],
): { first: Reason[]; after: Reason[] } {
  const first: Reason[] = [];
  const after: Reason[] = [];
  const added = addedBy(requirement, shown, hampered);
  for (const finding of hampered) {
    const reason: Reason = { code: finding.code, detail: finding.detail };
    if (requirement.comparison === '>=' && explains(finding, requirement, rule, shown, added)) first.push(reason);
    else after.push(reason);
  }
  return { first, after };
}

/** Values of the counted label that a library would add to those that were counted. */
function addedBy(
  { fold, label = '' }: Pick<Requirement, 'fold' | 'label'>,
  { counted }: Pick<Folded, 'counted'>,
  hampered: readonly Finding[],
): ReadonlySet<string> {
  if (fold !== 'distinct') return new Set();
  const named = hampered.flatMap(({ labels }) => labels?.[label] ?? []);
  return new Set(named.filter((value) => !counted.includes(value)));
}

function explains(
  { gain, labels }: Finding,
  requirement: Pick<Requirement, 'comparison' | 'limit' | 'fold' | 'label'>,
  rule: Target['rule'],
  { estimate }: Pick<Folded, 'estimate'>,
  added: ReadonlySet<string>,
): boolean {
  const { value, U } = estimate;
  if (requirement.fold === 'distinct') {
    const own = labels?.[requirement.label ?? ''];
    // Whoever does not say what it would add may add anything.
    if (own !== undefined && !added.has(own)) return false;
    if (own === undefined) return true;
    return decide({ value: value + added.size, U }, requirement, rule).outcome !== 'fail';
  }
  if (gain === undefined) return true;
  return decide({ value: value * gain, U: U * gain }, requirement, rule).outcome !== 'fail';
}
