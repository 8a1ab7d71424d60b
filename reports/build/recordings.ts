import type { Attempt } from '../../model/report.ts';
import { chooseRecordings } from '../render/html/recordings.ts';

/**
 * Attempts with the telemetry of the recordings that are drawn alone, and of the others how many readings there are: in a large run it
 * is most of the evidence, and nothing of the rest stands on a page. The log has all of it, signed.
 */
export function withRecordings(attempts: readonly Attempt[]): Attempt[] {
  const drawn = new Set(chooseRecordings(attempts));
  return attempts.map((attempt) =>
    attempt.telemetry.length === 0 || drawn.has(attempt)
      ? attempt
      : { ...attempt, telemetry: [], readings: attempt.telemetry.length },
  );
}
