import { type LatencyView, readHistogram } from './latency.ts';
import type { UsersRaw } from './raw.ts';
import { sumOf } from './series.ts';

/** What is missing or does not fit together, if anything. */
export function wellFormed(raw: UsersRaw, responses: LatencyView | undefined): string | undefined {
  const slots = Math.round((raw.hold.seconds * 1_000) / raw.slotMs);
  const { min, max, mean, done } = raw.hold;
  if (slots < 1 || min.length !== slots || max.length !== slots || mean.length !== slots || done.length !== slots)
    return 'slots of the hold are missing';
  if (mean.some((value, slot) => value < min[slot]! - 0.001 || value > max[slot]! + 0.001)) {
    return 'a slot has a mean outside its least and greatest value';
  }
  if (max.some((most) => most > raw.users)) return 'a slot has more tasks in flight than there are users';
  if ([raw.tasks, raw.missed, raw.held, raw.p95Us].some((counts) => counts.length !== raw.users)) {
    return 'users are missing';
  }
  if (raw.held.some((count, user) => count + raw.missed[user]! > raw.tasks[user]!)) {
    return 'a user has more answers and failures than tasks';
  }
  if (sumOf(Object.values(raw.failures)) > sumOf(raw.missed)) return 'more tasks failed in the hold than in all';
  if (raw.generators.length === 0) return 'no generator tells how it fared';
  if (sumOf(raw.held) + raw.wrongLater < sumOf(done)) return 'users have fewer answers than the slots';
  if (sumOf(raw.tasks) !== raw.audit.leaves) return 'the tree of answers has not one leaf for each task';
  if (!responses || !readHistogram(raw.services) || !readHistogram(raw.lags)) return 'a histogram cannot be read';
  if (responses.count !== raw.started) return 'the histogram has not one entry for each task';
  const failed = sumOf(Object.values(raw.failures));
  if (failed > raw.started) return 'more tasks failed than were started';
  // A user has one task under way at a time: one may be answered that was started before, and one after.
  if (sumOf(done) > 0 && Math.abs(sumOf(done) + failed - raw.started) > raw.users) {
    return `${sumOf(done)} tasks were answered and ${failed} failed of ${raw.started} that were started`;
  }
  if (raw.burst) return wholeBurst(raw.burst);
  return undefined;
}

/** What does not fit together of a rendezvous, if anything: nobody sends twice in it. */
function wholeBurst({ planned, sent, right, max }: NonNullable<UsersRaw['burst']>): string | undefined {
  if (max.length === 0) return 'the slots of the rendezvous are missing';
  if (sent > planned) return 'more tasks were sent at the rendezvous than there were users for it';
  if (right > sent) return 'more tasks of the rendezvous were answered than were sent';
  if (max.some((most) => most > sent)) return 'a slot of the rendezvous has more tasks in flight than were sent';
  return undefined;
}
