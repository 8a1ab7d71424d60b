import type { Transcript } from '../../model/assignment.ts';
import { mostByClock } from '../../model/clock.ts';

/** Whether the controller's clock bears out how long the agent says the hold was. */
export interface Timing {
  readonly state: 'unknown' | 'agrees' | 'disagrees';
  readonly detail: string;
}

/**
 * The agent commits `hold` before the hold and `held` after it; what it calls the hold must lie between the two. The
 * rate is answers over that time, so a hold that is said shorter than it was would flatter it: it may be at most a
 * fifth, and two seconds, shorter. It cannot have been longer, but for the rates of the two clocks.
 */
export function timing(transcript: Transcript | undefined, seconds: number): Timing {
  if (!transcript) return { state: 'unknown', detail: 'there is no transcript here' };
  const begin = transcript.exchanges.find((exchange) => exchange.label === 'hold');
  const end = transcript.exchanges.find((exchange) => exchange.label === 'held');
  if (!begin || !end || end.index <= begin.index) {
    return { state: 'disagrees', detail: 'the transcript does not show the hold' };
  }
  const measured = Number(BigInt(end.receivedNs) - BigInt(begin.answeredNs)) / 1e9;
  const detail = `the hold took ${seconds.toFixed(3)} s by the agent, ${measured.toFixed(3)} s by the controller`;
  const fits = seconds <= mostByClock(measured) && measured <= seconds * 1.2 + 2;
  return { state: fits ? 'agrees' : 'disagrees', detail };
}
