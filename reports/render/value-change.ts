import type { Estimate } from '../../model/estimate.ts';
import type { RequirementResult } from '../../model/report.ts';

/**
 * The way a value went. `unclear`: the two differ by no more than their uncertainties together. `gained` and `lost`:
 * only one report has a value. `other`: the two are not about the same thing (unit, no number), so that nothing can be
 * said.
 */
export type Direction = 'better' | 'worse' | 'same' | 'unclear' | 'gained' | 'lost' | 'other' | 'none';

export interface ValueChange {
  readonly metric: string;
  readonly unit: string;
  readonly limit: number;
  readonly before: Estimate | undefined;
  readonly after: Estimate | undefined;
  readonly direction: Direction;
  /** The value of the chosen label that both estimates are of, for example the precision. */
  readonly choice?: string;
  /** Limit, unit or chosen label of the requirement changed. */
  readonly otherTerms: boolean;
}

/**
 * One requirement in two reports. Where another choice is judged than before, the value at the choice before is looked
 * for among the others of the later report: if it is not there any more, it is lost, however good the new choice is.
 */
export function requirementChange(x: RequirementResult | undefined, y: RequirementResult | undefined): ValueChange {
  const was = x?.choice?.value;
  const is = y?.choice?.value;
  if (!x?.estimate || !y?.estimate || was === is) return valueChange(x, y, x?.estimate, y?.estimate);
  const now = was === undefined ? undefined : y.alternatives.find(({ value }) => value === was)?.estimate;
  // Without a choice before, the two values are of different things.
  if (was === undefined) return { ...valueChange(x, y, x.estimate, y.estimate), direction: 'other' };
  return { ...valueChange(x, y, x.estimate, now), choice: was };
}

/** Two values of one requirement, of the whole platform or of one node. */
export function valueChange(
  x: RequirementResult | undefined,
  y: RequirementResult | undefined,
  before: Estimate | undefined,
  after: Estimate | undefined,
): ValueChange {
  const terms = (y ?? x)!;
  const choice = y?.choice?.value ?? x?.choice?.value;
  return {
    metric: terms.metric,
    unit: terms.unit,
    limit: terms.limit,
    before,
    after,
    direction: direction(before, after, terms.comparison),
    ...(choice === undefined ? {} : { choice }),
    otherTerms:
      x !== undefined &&
      y !== undefined &&
      (x.limit !== y.limit || x.unit !== y.unit || x.choice?.value !== y.choice?.value),
  };
}

/** Which way a value went. A value that is not there any more is lost, whatever else changed. */
export function direction(
  before: Estimate | undefined,
  after: Estimate | undefined,
  comparison: '>=' | '<=',
): Direction {
  if (!before) return after ? 'gained' : 'none';
  if (!after) return 'lost';
  const step = after.value - before.value;
  if (before.unit !== after.unit || !Number.isFinite(step)) return 'other';
  if (step === 0) return 'same';
  if (Math.abs(step) <= Math.hypot(before.U, after.U)) return 'unclear';
  return step > 0 === (comparison === '>=') ? 'better' : 'worse';
}
