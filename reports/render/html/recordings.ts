import type { Attempt } from '../../../model/report.ts';

/** Most recordings that are drawn; the choice is said on the page. */
const MOST = 12;

/**
 * Recordings that are drawn: of attempts with something wrong first, then one of each benchmark, then the rest; in the
 * order they ran.
 */
export function chooseRecordings(attempts: readonly Attempt[]): Attempt[] {
  const recorded = attempts.filter((attempt) => attempt.telemetry.length > 0);
  const odd = recorded.filter((attempt) => attempt.state !== 'completed' || attempt.findings.length > 0);
  const seen = new Set<string>();
  const firsts = recorded.filter((attempt) => !seen.has(attempt.benchmark) && seen.add(attempt.benchmark));
  const chosen = new Set([...new Set([...odd.slice(0, MOST / 2), ...firsts, ...recorded])].slice(0, MOST));
  return recorded.filter((attempt) => chosen.has(attempt));
}
