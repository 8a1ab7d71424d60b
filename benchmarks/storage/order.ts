import type { Transcript } from '../../model/assignment.ts';
import { mostByClock } from '../../model/clock.ts';
import { fillCommit, readCommit, type StorageSamples } from './samples.ts';

/**
 * Commits of a run in their order. What is timed lies between two of them, and nothing else but what the controller's
 * clock may see too: waiting for the books and dropping caches have places of their own.
 */
export const COMMITS = ['open', 'filled', 'settled', 'sampled', 'reading', 'read'] as const;

/** How far our own time of a stretch may lie under the controller's: a share of it, and what messages may take. */
const CLOCK_SHARE = 0.1;
const CLOCK_S = 2;

/** Whether the transcript bears out the samples. */
export interface Order {
  readonly passed: boolean;
  readonly detail: string;
}

/**
 * The commits came in the right order, say what the samples say, and the controller's own clock allows the times of
 * filling, of the sample and of reading: a shorter time than it took would flatter the rate.
 */
export function orderOf(raw: StorageSamples, { exchanges }: Transcript): Order {
  const no = (detail: string): Order => ({ passed: false, detail });
  const labels = exchanges.map((exchange) => exchange.label);
  if (labels.join() !== COMMITS.join()) return no(`the commits are ${labels.join(', ') || 'none'}`);
  const of = (label: (typeof COMMITS)[number]) => exchanges[COMMITS.indexOf(label)]!;
  const [open, filled, sampled, read] = [of('open'), of('filled'), of('sampled'), of('read')];
  if (open.beacon !== raw.challenge || filled.beacon !== raw.audit)
    return no('the samples use other beacons than were given');
  if (filled.commit !== base64(fillCommit(raw))) return no('the fill is not the one committed to');
  if (sampled.commit !== base64(Buffer.from(raw.sample.digest, 'hex')))
    return no('the sample is not the one committed to');
  if (read.commit !== base64(readCommit(raw))) return no('the reading is not the one committed to');
  const stretches = [
    ['the fill', raw.fill.seconds, between(open, filled)],
    ['the sample', raw.sample.seconds, between(of('settled'), sampled)],
    ['the reading', raw.read.seconds, between(of('reading'), read)],
  ] as const;
  for (const [what, said, seen] of stretches) {
    if (said < seen * (1 - CLOCK_SHARE) - CLOCK_S || said > mostByClock(seen)) {
      return no(`${what} says ${said.toFixed(2)} s, the controller's clock ${seen.toFixed(2)} s`);
    }
  }
  const times = stretches.map(([what, , seen]) => `${what} ${seen.toFixed(2)} s`).join(', ');
  return { passed: true, detail: `commits in order; by the controller's clock ${times}` };
}

type Exchange = Transcript['exchanges'][number];

/** Seconds from the answer to one commit to the coming of another. */
function between(from: Exchange, to: Exchange): number {
  return Number(BigInt(to.receivedNs) - BigInt(from.answeredNs)) / 1e9;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
