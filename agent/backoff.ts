const FIRST_MS = 250;
const LONGEST_MS = 30_000;

/**
 * How long to wait before dialling again, milliseconds: doubles from 250 ms to 30 s with every failure in a row, spread
 * over the upper half by `random` (0 to 1), so that a fleet that lost its controller does not come back all at once.
 */
export function retryDelayMs(failures: number, random: number): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 16));
  return full / 2 + (full / 2) * Math.min(1, Math.max(0, random));
}
