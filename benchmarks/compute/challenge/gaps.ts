import type { Transcript } from '../../../model/assignment.ts';
import type { ReasonCode } from '../../../model/reason.ts';
import { type ChallengeRaw, commitLabels, meetingLabel } from './samples.ts';

/** Something that is not in the samples, or not as it has to be: with a precision it touches that one alone, else all. */
export interface Gap {
  readonly precision: string | undefined;
  readonly code: ReasonCode;
  readonly detail: string;
}

/**
 * What the samples keep back. A node knows from the last beacon which rows are recomputed: if it could leave out an answer
 * that would be found wrong, the others would stand. So every challenge that the controller's record shows begun must be
 * answered for, and every precision that was asked for be answered or said to be unsupported, one of the two.
 */
export function gapsOf(raw: ChallengeRaw, asked: readonly string[], transcript: Transcript | undefined): Gap[] {
  const gaps: Gap[] = [];
  const answered = new Set<string>(raw.results.map(({ precision }) => precision));
  const unsupported = new Set<string>(raw.unsupported.map(({ precision }) => precision));
  for (const precision of new Set(asked)) {
    if (answered.has(precision) && unsupported.has(precision)) {
      gaps.push({ precision, code: 'evidence_mismatch', detail: 'it is answered and said to be unsupported' });
    } else if (!answered.has(precision) && !unsupported.has(precision)) {
      gaps.push({ precision, code: 'evidence_missing', detail: 'it was asked for and is not answered' });
    }
  }
  for (const precision of answered) {
    if (asked.includes(precision)) continue;
    gaps.push({ precision, code: 'evidence_mismatch', detail: 'it is answered and was not asked for' });
  }
  const known = new Set([
    ...asked.map(meetingLabel),
    ...raw.results.flatMap((one) => Object.values(commitLabels(one))),
  ]);
  const begun = new Set<string>();
  // The first commit opens the attempt; whatever label it has, the controller fixed its place.
  for (const { label } of transcript?.exchanges.slice(1) ?? []) {
    if (!known.has(label)) begun.add(label.replace(/ [^ ]*$/, ''));
  }
  for (const base of begun) {
    const [, named] = base.split(' ');
    const precision = named !== undefined && (asked.includes(named) || answered.has(named)) ? named : undefined;
    gaps.push({ precision, code: 'evidence_missing', detail: `“${base}” was begun and is not answered for` });
  }
  return gaps;
}
