import { HIGHEST_LEVEL, lowerLevel, type Relation } from '../../model/controller.ts';
import type { EvidenceLevel } from '../../model/outcome.ts';
import type { Admitted } from '../verify/admission.ts';

/**
 * Benchmarks whose numbers an agent cannot make up: what the controller recomputes could only come out of the work
 * itself, done between two readings of the controller's own clock. In the others the challenge shows that somebody
 * answered in order and in time, but the node holds the key, runs the load or names the framework: an agent that lies
 * could pass it. Their numbers are E1, however well the answers fit.
 */
const RECOMPUTED: ReadonlySet<string> = new Set(['compute.challenge']);

/**
 * Attempts with no metric above the level that its kind of proof supports, and none above what the holder of the
 * controller's key can give: whoever draws the beacons knows what will be checked.
 */
export function withLevels(admitted: readonly Admitted[], relation: Relation): Admitted[] {
  return admitted.map((attempt) => {
    const proven: EvidenceLevel = RECOMPUTED.has(attempt.measurement.benchmark) ? 'E2' : 'E1';
    const most = lowerLevel(proven, HIGHEST_LEVEL[relation]);
    const metrics = attempt.examination.metrics.map((m) => {
      const level = lowerLevel(m.level, most);
      return level === m.level ? m : { ...m, level };
    });
    return { ...attempt, examination: { ...attempt.examination, metrics } };
  });
}
