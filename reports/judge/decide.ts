import type { Estimate } from '../../model/estimate.ts';
import type { Requirement, Target } from '../../model/guide.ts';
import type { Outcome } from '../../model/outcome.ts';
import type { ReasonCode } from '../../model/reason.ts';

export interface Decision {
  readonly outcome: Extract<Outcome, 'pass' | 'fail' | 'indeterminate' | 'error'>;
  readonly reason?: ReasonCode;
}

/**
 * The decision rule: does an estimate meet a limit?
 *
 * `guarded` (ILAC-G8:09/2019 section 4.2.3, guard band w = U): for `>=` pass if x − U ≥ limit, fail if x + U < limit,
 * else indeterminate; mirrored for `<=`. `simple`: x against the limit alone.
 * A value or uncertainty that is not finite, or a negative uncertainty, is an error under either rule.
 */
export function decide(
  estimate: Pick<Estimate, 'value' | 'U'>,
  requirement: Pick<Requirement, 'comparison' | 'limit'>,
  rule: Target['rule'],
): Decision {
  const { value, U } = estimate;
  const { comparison, limit } = requirement;
  if (!Number.isFinite(value) || !Number.isFinite(U) || U < 0 || !Number.isFinite(limit)) {
    return { outcome: 'error', reason: 'implausible' };
  }
  const band = rule === 'guarded' ? U : 0;
  if (comparison === '>=') {
    if (value - band >= limit) return { outcome: 'pass' };
    if (value + band < limit) return { outcome: 'fail', reason: 'below_limit' };
  } else {
    if (value + band <= limit) return { outcome: 'pass' };
    if (value - band > limit) return { outcome: 'fail', reason: 'above_limit' };
  }
  return { outcome: 'indeterminate', reason: 'within_uncertainty' };
}
