import { engineOf } from './engines.ts';
import { readWeights } from './network.ts';
import type { FrameworkRun, PrecisionRun } from './samples.ts';

/**
 * Distance of two sets of weights, over their length, up to which they are one training under two names. Frameworks
 * draw their first weights by generators of their own, so that two trainings end far apart: about 1 or more.
 */
const ONE_TRAINING = 0.01;

/** A result that an earlier one shows to be nothing of its own. */
export interface Twin {
  readonly run: FrameworkRun;
  /** The precision that is no result of its own; undefined: the whole framework is none. */
  readonly precision: PrecisionRun['precision'] | undefined;
  readonly detail: string;
}

/**
 * Results with weights that were there before: of another engine, but for a small distance, which makes one engine out
 * of two names; or of the same framework in another precision, bit for bit. The first one of each kind stays.
 */
export function twinsOf(runs: readonly FrameworkRun[]): Twin[] {
  const twins: Twin[] = [];
  const before: { run: FrameworkRun; one: PrecisionRun; engine: string; weights: Float32Array }[] = [];
  for (const run of runs) {
    const { engine } = engineOf(run.framework, run.backend, run.libraries);
    const own = run.runs.flatMap((one) => {
      const weights = readWeights(one.weights);
      return weights ? [{ run, one, engine, weights }] : [];
    });
    own.forEach((mine, i) => {
      const same = own.slice(0, i).find((earlier) => earlier.one.weights === mine.one.weights);
      if (!same) return;
      const detail = `${run.title}: ${mine.one.precision} has the very weights of ${same.one.precision}`;
      twins.push({ run, precision: mine.one.precision, detail });
    });
    const pair = own
      .flatMap((mine) => before.map((theirs) => ({ mine, theirs })))
      .find(({ mine, theirs }) => theirs.engine !== engine && distance(mine.weights, theirs.weights) <= ONE_TRAINING);
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

/** Length of the difference over the length of the second; 0 for two of zeros. */
function distance(a: Float32Array, b: Float32Array): number {
  let apart = 0;
  let size = 0;
  for (let i = 0; i < b.length; i++) {
    apart += (a[i]! - b[i]!) ** 2;
    size += b[i]! ** 2;
  }
  return apart === 0 ? 0 : Math.sqrt(apart / size);
}
