import type { Transcript } from '../../../model/assignment.ts';
import type { ReasonCode } from '../../../model/reason.ts';
import { type ChallengeResult, commitLabels, openingText } from './samples.ts';

/** How long a challenge took, whole and round by round, in seconds. */
export interface Timing {
  readonly totalS: number;
  readonly roundsS: readonly number[];
}

export type Witnessed =
  | { readonly timing: Timing; readonly fromNs: number; readonly toNs: number }
  | { readonly fault: string; readonly code: ReasonCode };

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
  const rounds = named(labels.round);
  if (!open || !ready) return fault('the controller never opened this challenge', 'stale');
  // A second opening would let a node keep the better of two challenges.
  if (openAgain.length > 0 || readyAgain.length > 0) return fault('the challenge was opened more than once');
  if (Buffer.from(open.commit, 'base64').toString('utf8') !== openingText(result)) {
    return fault('the parameters are not those that were fixed before the nonce');
  }
  if (open.beacon !== result.nonce) return fault('the matrices do not derive from the nonce that was given', 'stale');
  if (rounds.length !== result.rounds.length) {
    return fault(`${rounds.length} rounds were committed to and ${result.rounds.length} are answered for`);
  }
  const roundsS: number[] = [];
  let previous = ready;
  if (ready.index <= open.index) return fault('the challenge was ready before it was open');
  for (const [r, round] of result.rounds.entries()) {
    const exchange = rounds[r]!;
    if (exchange.index <= previous.index) return fault(`round ${r} is out of order`);
    if (round.seed !== previous.beacon) return fault(`the seed of round ${r} is not the beacon before it`, 'stale');
    if (round.sketch !== exchange.commit) return fault(`the sketch of round ${r} is not the one committed to`);
    const spentNs = Number(BigInt(exchange.receivedNs) - BigInt(previous.answeredNs));
    if (!(spentNs > 0)) return fault(`round ${r} took no time`, 'clock_unsound');
    roundsS.push(spentNs / 1e9);
    previous = exchange;
  }
  if (result.audit !== previous.beacon) return fault('the audit was not picked by the beacon after the last sketch');
  const fromNs = Number(BigInt(ready.answeredNs));
  const toNs = Number(BigInt(previous.receivedNs));
  return { timing: { totalS: (toNs - fromNs) / 1e9, roundsS }, fromNs, toNs };
}
