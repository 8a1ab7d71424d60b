import type { Admitted } from '../verify/admission.ts';

/**
 * Benchmarks whose numbers an agent cannot make up: what the controller recomputes could only come out of the work
 * itself, done between two readings of the controller's own clock. In the others the challenge shows that somebody
 * answered in order and in time, but the node holds the key, runs the load or names the framework: an agent that lies
 * could pass it. Their numbers are E1, however well the answers fit.
 */
const PROVEN: ReadonlySet<string> = new Set(['compute.challenge']);

/** Attempts with no metric above the level that its kind of proof supports. */
export function withLevels(admitted: readonly Admitted[]): Admitted[] {
  return admitted.map((attempt) => {
    if (PROVEN.has(attempt.measurement.benchmark)) return attempt;
    const metrics = attempt.examination.metrics.map((m) => (m.level === 'E2' ? { ...m, level: 'E1' as const } : m));
    return { ...attempt, examination: { ...attempt.examination, metrics } };
  });
}
