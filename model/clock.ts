/**
 * Largest difference in rate between two clocks that run free: a plain crystal may be 50 parts in a million off either
 * way over its temperatures (IEEE 802.3 allows its own clocks ±100). Enters the budget of every quantity with seconds in
 * its unit.
 */
export const CLOCK_TOLERANCE = 1e-4;

/** Seconds by which two readings of one stretch may differ however short it is: timers, rounding, messages. */
const READING_S = 0.05;

/** Most seconds that one clock may show for a stretch of which another showed `seen`. */
export function mostByClock(seen: number): number {
  return seen * (1 + CLOCK_TOLERANCE) + READING_S;
}
