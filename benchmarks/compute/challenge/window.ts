import type { Seen, Span } from './witness.ts';

/** The time in which all devices worked: from the latest start to the earliest end. */
export interface Window extends Span {
  /** Its share of the longest of their times; 0 where they never all worked at once. */
  readonly overlap: number;
}

/**
 * The common window of devices that answered in one attempt, by the controller's clock. Throws on none at all.
 */
export function commonWindow(devices: readonly Span[]): Window {
  if (devices.length === 0) throw new Error('no device, no window');
  const fromNs = Math.max(...devices.map((one) => one.fromNs));
  const toNs = Math.min(...devices.map((one) => one.toNs));
  const longest = Math.max(...devices.map((one) => one.toNs - one.fromNs));
  const overlap = (toNs - fromNs) / longest;
  return { fromNs, toNs, overlap: overlap > 0 ? overlap : 0 };
}

/**
 * Rounds of one device that began and ended inside the window. What is divided by the whole window is then a bound from
 * below of what all devices did at once: a device that answers for two after each other gains nothing by it.
 */
export function roundsInside({ rounds }: Seen, window: Span): Span[] {
  return rounds.filter((round) => round.fromNs >= window.fromNs && round.toNs <= window.toNs);
}
