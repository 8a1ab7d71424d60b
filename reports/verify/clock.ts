import type { Transcript } from '../../model/assignment.ts';
import {
  type BootReading,
  clocksApart,
  RUN_CLOCK_LIMIT,
  type Stretch,
  stretchBetween,
  WINDOW_CLOCK_LIMIT,
} from '../../model/clock.ts';
import type { Finding } from '../../model/measurement.ts';
import type { LogStamp } from './log-stamp.ts';

/** The controller's clock at the plan and at the end, and what an authority stamped in between. */
export interface RunClock {
  readonly plan?: { readonly at: string; readonly boot?: BootReading };
  readonly end?: { readonly at: string; readonly boot?: BootReading };
  readonly stamps: readonly LogStamp[];
}

/**
 * What the readings of the kernel's counter say of the controller's clock during one attempt. No pair of readings may
 * be further apart than a window of a benchmark may: so no window between any two is. Readings must reach from the
 * first exchange to the end. Whatever fails that holds the whole attempt back.
 */
export function attemptClockFindings({ clock, exchanges }: Transcript): Finding[] {
  const last = clock?.at(-1);
  if (!clock || !last || clock.length < 2)
    return [unsound("the controller's clock was not compared with the kernel's")];
  if (clock.some((reading) => tookS(reading) > MOST_READING_S))
    return [unsound('a reading took too long to say anything')];
  const out = clock.find((reading, at) => at > 0 && !follows(clock[at - 1]!, reading));
  if (out) return [unsound("readings of the kernel's counter are out of order")];
  const end = exchanges.at(-1);
  const [opening] = exchanges;
  if (opening && end && (BigInt(clock[0]!.askedNs) > BigInt(opening.answeredNs) || !endsAfter(last, end.receivedNs))) {
    return [unsound("the kernel's counter was not read from the first exchange to the last")];
  }
  const worst = furthestApart(clock);
  return worst ? [unsound(`in a window of ${describe(worst)}`)] : [];
}

/** A controller gives a reading up after five seconds; a longer one would void the comparison. */
const MOST_READING_S = 6;

const tookS = ({ askedNs, answeredNs }: BootReading): number => Number(BigInt(answeredNs) - BigInt(askedNs)) / 1e9;

const endsAfter = (reading: BootReading, receivedNs: string): boolean =>
  BigInt(reading.answeredNs) >= BigInt(receivedNs);

function follows(before: BootReading, reading: BootReading): boolean {
  return (
    BigInt(reading.answeredNs) >= BigInt(reading.askedNs) &&
    BigInt(reading.askedNs) >= BigInt(before.askedNs) &&
    reading.bootS >= before.bootS
  );
}

/**
 * A stretch between two readings that is further apart than a window may be, if there is one. In one pass: for each
 * reading, the earlier one against which it stands worst is known, since the limit grows linearly with the stretch.
 */
function furthestApart(clock: readonly BootReading[]): Stretch | undefined {
  const { share } = WINDOW_CLOCK_LIMIT;
  /**
   * How far the controller's clock is ahead of the kernel's, less what may have come together since; and the reverse.
   */
  const ahead = (r: BootReading, own: string): number => Number(BigInt(own)) / 1e9 - r.bootS * (1 + share);
  const behind = (r: BootReading, own: string): number => Number(BigInt(own)) / 1e9 - r.bootS * (1 - share);
  let lowest = clock[0]!;
  let highest = clock[0]!;
  for (const reading of clock.slice(1)) {
    for (const from of [lowest, highest]) {
      const stretch = stretchBetween(from, reading);
      if (clocksApart(stretch, WINDOW_CLOCK_LIMIT)) return stretch;
    }
    if (ahead(reading, reading.answeredNs) < ahead(lowest, lowest.answeredNs)) lowest = reading;
    if (behind(reading, reading.askedNs) > behind(highest, highest.askedNs)) highest = reading;
  }
  return undefined;
}

/**
 * What the log says of the controller's clocks over the whole run: monotonic and wall clock beside the kernel's
 * counter, and the wall clock beside the time between two stamps where there are two. A run whose clock was never
 * compared is held back like one whose clock ran wrong.
 */
export function runClockFindings({ plan, end, stamps }: RunClock): Finding[] {
  if (!plan?.boot || !end?.boot)
    return [unsound("the controller's clock was not compared with the kernel's over the run")];
  const findings: Finding[] = [];
  const check = (what: string, stretch: Stretch): void => {
    if (clocksApart(stretch, RUN_CLOCK_LIMIT)) findings.push(unsound(`${what} over the run: ${describe(stretch)}`));
  };
  const monotonic = stretchBetween(plan.boot, end.boot);
  check('monotonic clock', monotonic);
  const wall = secondsBetween(plan.at, end.at);
  check('wall clock', { own: [wall, wall], reference: monotonic.reference });
  const stray = stamps.find((stamp) => !askedInTime(stamp, plan.at));
  if (stray) findings.push(unsound(`the stamp of the ${stray.of} was asked for at ${stray.askedAt}, out of its time`));
  const [first, second] = ['plan', 'log'].map((of) => stamps.find((stamp) => stamp.of === of));
  if (first && second) {
    const between = secondsBetween(first.genTime, second.genTime);
    const step = wholeSeconds(first.genTime) && wholeSeconds(second.genTime) ? 1 : 0;
    check('wall clock, by two time stamps,', {
      own: [secondsBetween(first.at, second.askedAt), secondsBetween(first.askedAt, second.at)],
      reference: [between - step, between + step],
    });
  }
  return findings;
}

/** Longer than any authority is waited for, seconds. */
const MOST_ASKING_S = 60;

/**
 * Whether a stamp was asked for between the plan and its record: any other time would stretch what it is compared with.
 */
function askedInTime({ askedAt, at }: LogStamp, planAt: string): boolean {
  // Times of a log never run backwards; a wall clock that is set right may, by a little.
  const { seconds } = RUN_CLOCK_LIMIT;
  const askedS = secondsBetween(askedAt, at);
  return askedS >= -seconds && askedS <= MOST_ASKING_S && secondsBetween(planAt, askedAt) >= -seconds;
}

/** An authority that tells no fractions may have cut them off. */
const wholeSeconds = (time: string): boolean => time.endsWith('.000Z');

const secondsBetween = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 1000;

function describe({ own, reference }: Stretch): string {
  const middle = ([least, most]: readonly [number, number]): string => ((least + most) / 2).toFixed(2);
  return `${middle(own)} s by the controller's clock, ${middle(reference)} s by the reference`;
}

const unsound = (detail: string): Finding => ({ code: 'clock_unsound', detail, weight: 'holds' });
