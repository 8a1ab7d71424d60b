import type { Transcript } from '../../../model/assignment.ts';
import type { ReasonCode } from '../../../model/reason.ts';
import { type ChallengeResult, commitLabels, openingText } from './samples.ts';

/** A time on the controller's monotonic clock, nanoseconds since the attempt was issued. */
export interface Span {
  readonly fromNs: number;
  readonly toNs: number;
}

/** What the controller saw of one answer: the whole from the first seed to the last sketch, and its rounds. */
export interface Seen extends Span {
  readonly rounds: readonly Span[];
}

export type Witnessed = Seen | { readonly fault: string; readonly code: ReasonCode };

/**
 * Holds an answer against what the controller recorded: every beacon must be the one it gave, every commit the one it
 * took, in order and without one more or less. Gives the controller's own times, or what does not fit.
 */
export function witness(result: ChallengeResult, transcript: Transcript): Witnessed {
  const fault = (detail: string, code: ReasonCode = 'evidence_mismatch'): Witnessed => ({ fault: detail, code });
  const labels = commitLabels(result);
  const named = (label: string) => transcript.exchanges.filter((exchange) => exchange.label === label);
  const [open, ...openAgain] = named(labels.open);
  const [ready, ...readyAgain] = named(labels.ready);
  const committed = named(labels.round);
  if (!open || !ready) return fault('the controller never opened this challenge', 'stale');
  // A second opening would let a node keep the better of two challenges.
  if (openAgain.length > 0 || readyAgain.length > 0) return fault('the challenge was opened more than once');
  if (Buffer.from(open.commit, 'base64').toString('utf8') !== openingText(result)) {
    return fault('the parameters are not those that were fixed before the nonce');
  }
  if (open.beacon !== result.nonce) return fault('the matrices do not derive from the nonce that was given', 'stale');
  if (result.rounds.length === 0) return fault('no round was answered', 'zero_work');
  if (committed.length !== result.rounds.length) {
    return fault(`${committed.length} rounds were committed to and ${result.rounds.length} are answered for`);
  }
  if (ready.index <= open.index) return fault('the challenge was ready before it was open');
  const rounds: Span[] = [];
  let previous = ready;
  let answeredNs = answered(ready);
  if (answeredNs === undefined) return fault('an answer came before what it answers', 'clock_unsound');
  for (const [r, round] of result.rounds.entries()) {
    const exchange = committed[r]!;
    if (exchange.index <= previous.index) return fault(`round ${r} is out of order`);
    if (round.seed !== previous.beacon) return fault(`the seed of round ${r} is not the beacon before it`, 'stale');
    const root = Buffer.from(round.root, 'hex').toString('base64');
    if (root !== exchange.commit) return fault(`the root of round ${r} is not the one committed to`);
    const span = { fromNs: answeredNs, toNs: Number(exchange.receivedNs) };
    if (!(span.toNs > span.fromNs)) return fault(`round ${r} took no time`, 'clock_unsound');
    rounds.push(span);
    previous = exchange;
    answeredNs = answered(exchange);
    if (answeredNs === undefined) return fault(`round ${r} was answered before it was received`, 'clock_unsound');
  }
  if (result.audit !== previous.beacon) return fault('the audit was not picked by the beacon after the last sketch');
  return { fromNs: rounds[0]!.fromNs, toNs: rounds.at(-1)!.toNs, rounds };
}

/** When a beacon went out; undefined if that was before its commit had come. */
function answered({ receivedNs, answeredNs }: Transcript['exchanges'][number]): number | undefined {
  return BigInt(answeredNs) >= BigInt(receivedNs) ? Number(answeredNs) : undefined;
}
