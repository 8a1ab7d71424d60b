import { canonicalBytes } from '../../evidence/canonical.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import { keyIdOf } from '../../evidence/keys.ts';
import { openStatement } from '../../evidence/statement.ts';
import type { Assignment, Transcript } from '../../model/assignment.ts';
import type { EnvironmentSummary } from '../../model/environment.ts';
import { type Examination, evidenceOf, Measurement } from '../../model/measurement.ts';
import { check } from '../../model/schema.ts';
import { alterations } from './alterations.ts';
import { attemptClockFindings } from './clock.ts';
import { flaw } from './defect.ts';
import { environmentFindings } from './environment.ts';
import { collectEvidence, digestsOf, type Refusal } from './evidence.ts';
import { type Examiner, examine, same, shownBy } from './examination.ts';
import { readEnvironment, summaryOf } from './measuring.ts';

/** What is known of an attempt before its result is looked at. None of it comes from the agent. */
export interface Expectation extends Examiner {
  readonly run: string;
  readonly assignment: Assignment;
  readonly attempt: number;
  /** PEM of the key in the certificate that the node was admitted with. */
  readonly publicKey: string;
  /** Where the node's chain of signed results stands. */
  readonly chain: Chain;
  readonly blob: (sha256: string) => Uint8Array | undefined;
}

/**
 * A node's chain: how many results it has signed in this run, and the sha256 of the last one's payload. Every result
 * that continues the chain is a link of it, also one that is rejected for what it says: none can be left out of a log
 * later.
 */
export interface Chain {
  readonly sequence: number;
  readonly previous: string;
}

export interface Admitted {
  readonly ok: true;
  /** All but the numbers that its agent took from the samples. */
  readonly measurement: Omit<Measurement, 'examination'>;
  /** Examination recomputed here, with the transcript: the one that is judged. */
  readonly examination: Examination;
  /** In what it measured, as far as a report repeats it. */
  readonly environment?: EnvironmentSummary;
  /** sha256 of the signed payload. */
  readonly sha256: string;
}

export interface Refused extends Refusal {
  readonly ok: false;
  /** Digests of all evidence that it names: none where it is no measurement that its node signed. */
  readonly named: readonly string[];
  /**
   * What a measurement says that its node signed for this assignment, for all that speaks against taking it. It can
   * count against the platform only: nobody may talk a bad result away by having it refused.
   */
  readonly shown: () => Shown | undefined;
  /** What is wrong: the record, the numbers in it, or that nothing here can examine its samples. */
  readonly concerns: 'measurement' | 'summary' | 'proof';
  /** Where the chain stands after it: moved on if the node signed it as its next link. */
  readonly chain: Chain;
}

export type Admission = Admitted | Refused;

/** A refused result: what its samples give where they are all here, else the numbers that its node signed. */
export interface Shown {
  readonly measurement: Admitted['measurement'];
  readonly examination: Examination;
  /** sha256 of the signed payload. */
  readonly sha256: string;
}

/** Slack between the agent's clock and the controller's: crystals and scheduling, not lies. */
const CLOCK_SLACK_S = 2;

/**
 * Decides whether a signed result is accepted as the measurement of an attempt: signature, schema, identity, chain,
 * challenge, digests, times, and that the samples really give the numbers that were reported. Pure; the controller
 * asks it once when the result arrives, and a verifier asks it again from the bundle.
 */
export function admit(envelope: unknown, expected: Expectation): Admission {
  const keys = new Map([[keyIdOf(expected.publicKey), expected.publicKey]]);
  const opened = openStatement(envelope, keys, 'measurement');
  if (!opened.ok) {
    const refused = flaw('signature_invalid', opened.problem);
    return { ok: false, ...refused, concerns: 'measurement', chain: expected.chain, ...NOTHING_SHOWN };
  }
  const sha256 = sha256Hex(opened.opened.payload);
  const chain = isNextLink(opened.statement.predicate, expected)
    ? { sequence: expected.chain.sequence + 1, previous: sha256 }
    : expected.chain;
  const shaped = check(Measurement, opened.statement.predicate);
  if (!shaped.ok) {
    const refused = flaw('measurement_malformed', `not a measurement: ${shaped.problems.join('; ')}`);
    return { ok: false, ...refused, concerns: 'measurement', chain, ...NOTHING_SHOWN };
  }
  const refuse = (refused: Refusal, concerns: Refused['concerns'] = 'measurement'): Refused => ({
    ok: false,
    ...refused,
    concerns,
    chain,
    named: digestsOf(shaped.value),
    shown: () => showing(shaped.value, expected, sha256),
  });
  const wrong =
    identityProblem(shaped.value, expected) ??
    subjectProblem(shaped.value, expected, opened.statement.subject) ??
    timeProblem(shaped.value, expected.transcript);
  if (wrong) return refuse(wrong);
  const blobs = collectEvidence(shaped.value, expected.blob);
  if ('code' in blobs) return refuse(blobs);
  const { state, benchmark, version } = shaped.value;
  if (state === 'completed' && !expected.proof(benchmark, version)) {
    return refuse(flaw('proof_unknown', `no proof for ${benchmark} ${version}`), 'proof');
  }
  const environment = readEnvironment(blobs.get(shaped.value.environment?.sha256 ?? ''));
  const conditions = [
    ...environmentFindings(shaped.value.telemetry),
    ...attemptClockFindings(expected.transcript),
    // What did not complete has no number that would have to be held.
    ...(state === 'completed' ? alterations(environment) : []),
  ];
  const examined = examine(shaped.value, expected, blobs, conditions);
  if ('problem' in examined) return refuse(examined, 'summary');
  const summary = environment ? { environment: summaryOf(environment) } : {};
  return { ok: true, measurement: unexamined(shaped.value), examination: examined, ...summary, sha256 };
}

const NOTHING_SHOWN = { named: [], shown: () => undefined } as const;

/** A run has thousands of these: what the agent made of the samples is not kept beside what was made of them here. */
function unexamined({ examination: _, ...measurement }: Measurement): Admitted['measurement'] {
  return measurement;
}

function showing(m: Measurement, expected: Expectation, sha256: string): Shown | undefined {
  const { run, assignment, blob } = expected;
  const asked = m.run === run && m.node === assignment.node && m.assignment === assignment.id;
  if (!asked || m.benchmark !== assignment.benchmark || m.state !== 'completed') return undefined;
  const blobs = collectEvidence(m, blob);
  const examination = shownBy(m, expected, 'code' in blobs ? undefined : blobs);
  return { measurement: unexamined(m), examination, sha256 };
}

/** Whether a node signed this as the next result of this run, whatever else is in it. */
function isNextLink(signed: Readonly<Record<string, unknown>>, { run, assignment, chain }: Expectation): boolean {
  return (
    signed.run === run &&
    signed.node === assignment.node &&
    signed.sequence === chain.sequence + 1 &&
    signed.previous === chain.previous
  );
}

function identityProblem(m: Measurement, expected: Expectation): Refusal | undefined {
  const { assignment, attempt, run, chain, transcript } = expected;
  const pairs: [string, unknown, unknown][] = [
    ['run', m.run, run],
    ['node', m.node, assignment.node],
    ['assignment', m.assignment, assignment.id],
    ['attempt', m.attempt, attempt],
    ['benchmark', m.benchmark, assignment.benchmark],
    ['version', m.version, assignment.version],
    ['sequence', m.sequence, chain.sequence + 1],
    ['previous', m.previous, chain.previous],
    ['challenge', m.challenge, transcript.exchanges[0]?.beacon ?? ''],
  ];
  for (const [what, is, must] of pairs)
    if (is !== must) return flaw('measurement_other', `${what} is ${String(is)}, expected ${String(must)}`);
  if (!same(m.settings, assignment.settings))
    return flaw('settings_other', 'the settings are not those of the assignment');
  if (m.state === 'completed' && m.failure) return flaw('state_contradictory', 'a completed attempt with a failure');
  if (m.state === 'completed' && !m.raw) return flaw('state_contradictory', 'a completed attempt without samples');
  if (m.state !== 'completed' && !m.failure)
    return flaw('state_contradictory', `an attempt that ${m.state} without a reason`);
  return undefined;
}

function subjectProblem(
  m: Measurement,
  expected: Expectation,
  subjects: readonly { name: string; digest: { sha256: string } }[],
): Refusal | undefined {
  const { assignment, attempt, run } = expected;
  const { id, benchmark, version, settings, timeoutS } = assignment;
  const order = { run, assignment: id, attempt, benchmark, version, settings, timeoutS };
  const must = new Map([[`order/${id}/${attempt}`, sha256Hex(canonicalBytes(order))]]);
  for (const ref of evidenceOf(m)) {
    if (must.has(ref.name)) return flaw('subject_other', `two pieces of evidence are named ${ref.name}`);
    must.set(ref.name, ref.sha256);
  }
  if (subjects.length !== must.size) return flaw('subject_other', 'the signed subjects are not the evidence');
  for (const { name, digest } of subjects) {
    if (must.get(name) !== digest.sha256)
      return flaw('subject_other', `the signed subject ${name} is not the evidence of that name`);
  }
  return undefined;
}

function timeProblem(m: Measurement, transcript: Transcript): Refusal | undefined {
  // A leap second fits the format and is no moment to compute with: what cannot be compared must not pass for sound.
  const times = [m.startedAt, m.endedAt, transcript.issuedAt, transcript.endedAt, ...m.phases.map((p) => p.startedAt)];
  const lost = times.find((time) => !Number.isFinite(Date.parse(time)));
  if (lost !== undefined) return flaw('time_unsound', `${lost} is no moment to compute with`);
  if (!(Date.parse(m.startedAt) <= Date.parse(m.endedAt))) return flaw('time_unsound', 'it ended before it started');
  const windowS = (Date.parse(transcript.endedAt) - Date.parse(transcript.issuedAt)) / 1000;
  if (!(m.elapsedS <= windowS * 1.01 + CLOCK_SLACK_S)) {
    return flaw(
      'time_unsound',
      `it took ${m.elapsedS} s by the agent, but only ${windowS} s by the controller's clock`,
    );
  }
  const phases = m.phases.reduce((total, phase) => total + phase.durationS, 0);
  if (!(phases <= m.elapsedS * 1.01 + CLOCK_SLACK_S))
    return flaw('time_unsound', 'its phases took longer than the whole');
  return undefined;
}
