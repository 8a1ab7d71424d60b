/** Power of a whole machine at a moment of the machine's monotonic clock. */
export interface PowerReading {
  readonly atNs: number;
  readonly watts: number;
}

/** Time between two readings that leaves too much unknown. */
const LARGEST_GAP_NS = 5e9;
const FEWEST = 3;

/**
 * Joules from `fromNs` to `toNs` by the trapezoidal rule, the first and the last reading held to the ends; or why the
 * readings do not tell: too few, out of order, or too long without one. As rankings of efficient systems ask, the whole
 * phase is covered or there is no result.
 */
export function energyOf(readings: readonly PowerReading[], fromNs: number, toNs: number): number | string {
  const inside = readings.filter(({ atNs }) => atNs >= fromNs && atNs <= toNs);
  if (inside.length < FEWEST) return `${inside.length} readings of power are too few`;
  let joules = 0;
  let at = fromNs;
  let watts = inside[0]!.watts;
  for (const next of [...inside, { atNs: toNs, watts: inside.at(-1)!.watts }]) {
    if (next.atNs < at) return 'readings of power are out of order';
    if (next.atNs - at > LARGEST_GAP_NS)
      return `${((next.atNs - at) / 1e9).toFixed(1)} s passed without a reading of power`;
    joules += (((watts + next.watts) / 2) * (next.atNs - at)) / 1e9;
    at = next.atNs;
    watts = next.watts;
  }
  return joules > 0 && Number.isFinite(joules) ? joules : 'the readings of power are no energy';
}
