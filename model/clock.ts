import { type Static, Type } from 'typebox';

/**
 * Largest difference in rate between two clocks that run free: a plain crystal may be 50 parts in a million off either
 * way over its temperatures (IEEE 802.3 allows its own clocks ±100). Enters the budget of every quantity with seconds
 * in its unit.
 */
export const CLOCK_TOLERANCE = 1e-4;

/** Seconds by which two readings of one stretch may differ however short it is: timers, rounding, messages. */
const READING_S = 0.05;

/** Most seconds that one clock may show for a stretch of which another showed `seen`. */
export function mostByClock(seen: number): number {
  return seen * (1 + CLOCK_TOLERANCE) + READING_S;
}

/**
 * A reading of the kernel's boot time counter, made in another process between two readings of the controller's
 * monotonic clock. Nanoseconds as decimal strings; seconds to the hundredth, as /proc/uptime gives them.
 */
export const BootReading = Type.Object(
  {
    askedNs: Type.String({ pattern: '^-?[0-9]{1,20}$' }),
    answeredNs: Type.String({ pattern: '^-?[0-9]{1,20}$' }),
    bootS: Type.Number({ minimum: 0 }),
  },
  { additionalProperties: false },
);
export type BootReading = Static<typeof BootReading>;

/** A stretch of time by two clocks, each as an interval that holds the true difference of its readings, seconds. */
export interface Stretch {
  readonly own: readonly [least: number, most: number];
  readonly reference: readonly [least: number, most: number];
}

/** What two clocks may be apart: a share of the reference's stretch, and seconds. */
export interface ClockLimit {
  readonly share: number;
  readonly seconds: number;
}

/** Over a whole run: stamps are read over a network, and their time is often told in whole seconds. */
export const RUN_CLOCK_LIMIT: ClockLimit = { share: 0.02, seconds: 2 };
/** Over a window in which a benchmark is timed. */
export const WINDOW_CLOCK_LIMIT: ClockLimit = { share: 0.02, seconds: 0.1 };

/** Whether two clocks are certainly further apart over a stretch than is allowed. Not a number is apart. */
export function clocksApart({ own, reference }: Stretch, limit: ClockLimit): boolean {
  const room = Math.max(0, reference[1]) * limit.share + limit.seconds;
  const apart = Math.max(own[0] - reference[1], reference[0] - own[1]);
  return !(apart <= room);
}

/** Resolution of /proc/uptime, seconds. */
const BOOT_STEP_S = 0.01;

/** What lies between two readings by the controller's monotonic clock and by the kernel's counter. */
export function stretchBetween(from: BootReading, to: BootReading): Stretch {
  const seconds = (ns: bigint): number => Number(ns) / 1e9;
  const boot = to.bootS - from.bootS;
  return {
    own: [seconds(BigInt(to.askedNs) - BigInt(from.answeredNs)), seconds(BigInt(to.answeredNs) - BigInt(from.askedNs))],
    reference: [boot - BOOT_STEP_S, boot + BOOT_STEP_S],
  };
}
