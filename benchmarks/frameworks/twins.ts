import { engineOf } from './engines.ts';
import { alike, type Canon, canonOf } from './likeness.ts';
import { readWeights } from './network.ts';
import type { FrameworkRun, PrecisionRun } from './samples.ts';

/**
 * Difference of two networks, over their size, up to which they are one training under two names. Frameworks draw their
 * first weights by generators of their own, so that two trainings end far apart, in any order of units: about 0.9.
 */
const ONE_TRAINING = 0.1;
/** The same up to which they are one training in two precisions: two that begin alike differ by their rounding. */
const ONE_RESULT = 1e-9;

/** A result that an earlier one shows to be nothing of its own. */
export interface Twin {
  readonly run: FrameworkRun;
  /** The precision that is no result of its own; undefined: the whole framework is none. */
  readonly precision: PrecisionRun['precision'] | undefined;
  readonly detail: string;
}

/**
 * Results with weights that were there before: of another engine, but for a small distance, which makes one engine out
 * of two names; or of the same framework in another precision, to the bit. The order of the hidden units and how
 * each is scaled make no difference to what a network answers, and none here. The first one of each kind stays.
 */
export function twinsOf(runs: readonly FrameworkRun[]): Twin[] {
  const twins: Twin[] = [];
  const before: { run: FrameworkRun; one: PrecisionRun; engine: string; canon: Canon }[] = [];
  for (const run of runs) {
    const engine = engineOf(run.framework, run.backend);
    const own = run.runs.flatMap((one) => {
      const weights = readWeights(one.weights);
      return weights ? [{ run, one, engine, canon: canonOf(weights) }] : [];
    });
    own.forEach((mine, i) => {
      const same = own.slice(0, i).find((earlier) => alike(mine.canon, earlier.canon, ONE_RESULT));
      if (!same) return;
      const detail = `${run.title}: ${mine.one.precision} has the very weights of ${same.one.precision}`;
      twins.push({ run, precision: mine.one.precision, detail });
    });
    const pair = own
      .flatMap((mine) => before.map((theirs) => ({ mine, theirs })))
      .find(({ mine, theirs }) => theirs.engine !== engine && alike(mine.canon, theirs.canon, ONE_TRAINING));
    if (pair) {
      const { mine, theirs } = pair;
      const weights = `${theirs.run.title} in ${theirs.one.precision}`;
      const detail = `${run.title} in ${mine.one.precision} has the weights of ${weights}: one training under two names`;
      twins.push({ run, precision: undefined, detail });
    }
    before.push(...own);
  }
  return twins;
}
