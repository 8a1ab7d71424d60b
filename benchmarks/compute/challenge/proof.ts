import type { Transcript } from '../../../model/assignment.ts';
import { exact, fromWindows } from '../../../model/estimate.ts';
import type { Check, Finding, Metric } from '../../../model/measurement.ts';
import type { Proof, Surroundings } from '../../benchmark.ts';
import { precisionLabel } from '../precision.ts';
import { recompute } from './audit.ts';
import { auditPlan } from './chain.ts';
import { exactBits, roundOperations, weightBits } from './parameters.ts';
import { ChallengeRaw, type ChallengeResult } from './samples.ts';
import { type Timing, witness } from './witness.ts';

/**
 * Examines chained challenges: recomputes the rows that the last beacon picks and compares their sketches. With the
 * controller's transcript every beacon and every commit must be the recorded one, and the rate is all operations
 * divided by the controller's own time from the first seed to the last sketch: that is evidence level E2.
 */
export const proof: Proof<typeof ChallengeRaw> = {
  id: 'compute.challenge',
  version: '1.0.0',
  raw: ChallengeRaw,
  examine(raw, surroundings) {
    const metrics: Metric[] = [];
    const checks: Check[] = [];
    const findings: Finding[] = [];
    if (surroundings.transcript && surroundings.transcript.exchanges[0]?.beacon !== raw.challenge) {
      const detail = 'the samples do not belong to the challenge of this attempt';
      findings.push({ code: 'stale', detail, weight: 'holds' });
    }
    for (const { precision, detail } of raw.unsupported) {
      findings.push({ code: 'unsupported', detail: `${precision}: ${detail}`, weight: 'informs' });
    }
    for (const result of raw.results) {
      const seen = examineResult(result, surroundings);
      metrics.push(...seen.metrics);
      checks.push(...seen.checks);
      findings.push(...seen.findings);
    }
    if (metrics.length === 0)
      findings.push({ code: 'zero_work', detail: 'no challenge was answered', weight: 'holds' });
    return { metrics, checks, findings };
  },
};

function examineResult(result: ChallengeResult, { settings, transcript }: Surroundings) {
  const { parameters, rounds } = result;
  const metric = 'compute.challenge.rate';
  const labels = { precision: precisionLabel(result.precision), device: result.device, backend: result.backend };
  const what = `${result.precision} on ${result.device} by ${result.backend}`;
  const findings: Finding[] = [];
  const hold = (code: Finding['code'], detail: string) =>
    findings.push({ code, detail: `${what}: ${detail}`, metric, labels, weight: 'holds' });
  const failed = (checks: Check[]) => ({ metrics: [] as Metric[], checks, findings });

  if (rounds.length === 0) {
    hold('zero_work', 'no round was finished');
    return failed([]);
  }
  const inexact = parametersFault(result) ?? easierThanAsked(result, settings);
  if (inexact) {
    hold('evidence_mismatch', inexact);
    return failed([]);
  }
  const wanted = typeof settings.audits === 'number' ? settings.audits : 64;
  const checks = [selfTestCheck(result, what), auditCheck(result, wanted, what)];
  const right = checks.every((check) => check.passed);
  if (!right) hold('incorrect_result', 'recomputed rows differ from what was answered');

  const own = ownTiming(result);
  if (!own) {
    hold('clock_unsound', "the node's own times are not in order");
    return failed(checks);
  }
  const seen = transcript ? witness(result, transcript) : undefined;
  if (seen && 'fault' in seen) hold(seen.code, seen.fault);
  const timing = seen && 'timing' in seen ? seen.timing : own;
  const proven = seen !== undefined && 'timing' in seen && right;

  if (typeof settings.seconds === 'number' && timing.totalS < 0.95 * settings.seconds) {
    hold('too_short', `${timing.totalS.toFixed(2)} s of ${settings.seconds} s`);
  }
  const work = roundOperations(parameters);
  const total = work * rounds.length;
  const rate = total / timing.totalS;
  const ownRate = total / own.totalS;
  if (proven && Math.abs(ownRate / rate - 1) > 0.1) {
    const detail = `${what}: by the node's clock ${((ownRate / rate - 1) * 100).toFixed(0)} % from the controller's`;
    findings.push({ code: 'clock_unsound', detail, metric, labels, weight: 'informs' });
  }
  if (result.emulated) hold('emulated', result.emulated);

  const rates = timing.roundsS.map((seconds) => work / seconds);
  const verified = right && !result.emulated && !(seen && 'fault' in seen);
  const shared = { labels, samples: rounds.length, verified };
  const products = rounds.reduce((sum, round) => sum + round.productNs, 0) / 1e9;
  const { U } = fromWindows(rates, 'op/s');
  return {
    metrics: [
      {
        ...shared,
        metric,
        // All work over all time: a bound from below, whatever happened inside. The rounds only give its spread.
        estimate: { value: rate, unit: 'op/s', U, k: 2, n: rounds.length, method: 'batch_means' },
        durationS: timing.totalS,
        level: proven ? 'E2' : 'E1',
      },
      {
        ...shared,
        metric: 'compute.challenge.ownRate',
        estimate: exact(ownRate, 'op/s', rounds.length, 'exact'),
        durationS: own.totalS,
        level: 'E1',
      },
      {
        ...shared,
        metric: 'compute.challenge.overhead',
        estimate: exact(Math.max(0, 1 - products / timing.totalS), 'ratio', rounds.length, 'exact'),
        durationS: timing.totalS,
        level: 'E1',
      },
    ] satisfies Metric[],
    checks,
    findings,
  };
}

/** Why the parameters are not what this precision demands; undefined if they are. */
function parametersFault({ precision, parameters }: ChallengeResult): string | undefined {
  const { n, weightBits: weight, stateBits: state } = parameters;
  if (weight !== weightBits(precision)) return `entries of ${weight} bits are not what ${precision} has to hold`;
  return Math.log2(n) + weight + state - 2 > exactBits(precision)
    ? `sums of ${n} products of ${weight} by ${state} bits are not exact in ${precision}`
    : undefined;
}

/** An accelerator with little memory may take shorter rows than asked, but none so short that products are tabulated. */
const LEAST_LENGTH = 1024;

/**
 * Why the parameters make the work easier than the assignment asked for; undefined if they do not. With very short rows,
 * one-bit states or one matrix, all states could be tabulated once and every layer looked up.
 */
function easierThanAsked(
  { parameters }: ChallengeResult,
  settings: Readonly<Record<string, unknown>>,
): string | undefined {
  const { n, matrices, stateBits: state } = parameters;
  const asked = [settings.size, settings.deviceSize].filter((v) => typeof v === 'number');
  const least = asked.length === 0 ? 0 : Math.min(LEAST_LENGTH, ...asked);
  if (n < least) return `rows of ${n} are shorter than the least that was asked for, ${least}`;
  if (typeof settings.matrices === 'number' && matrices !== settings.matrices) {
    return `${matrices} matrices in place of ${settings.matrices}`;
  }
  return state < 2 ? `states of ${state} bit could be tabulated` : undefined;
}

function selfTestCheck({ selfTest }: ChallengeResult, what: string): Check {
  const detail = `${what}: ${selfTest.wrong} of ${selfTest.rows} rows of the self-test wrong`;
  return { id: 'challenge.selfTest', passed: selfTest.wrong === 0, detail };
}

function auditCheck(result: ChallengeResult, wanted: number, what: string): Check {
  const { parameters, rounds, nonce } = result;
  const sketches = rounds.map(({ sketch }) => Buffer.from(sketch, 'base64'));
  const short = sketches.findIndex((bytes) => bytes.byteLength !== 4 * parameters.m);
  if (short >= 0) {
    return { id: 'challenge.audit', passed: false, detail: `${what}: the sketch of round ${short} is not whole` };
  }
  const plan = auditPlan(parameters, rounds.length, wanted, result.audit);
  const seeds = rounds.map(({ seed }) => seed);
  const right = recompute(parameters, nonce, seeds, plan);
  const wrong = plan.filter(({ round, row }, i) => sketches[round]!.readUInt32LE(4 * row) !== right[i]);
  const at = wrong.slice(0, 5).map(({ round, row }) => `round ${round} row ${row}`);
  const seen = 1 - 0.9 ** plan.length;
  return {
    id: 'challenge.audit',
    passed: plan.length > 0 && wrong.length === 0,
    detail:
      `${what}: ${plan.length - wrong.length} of ${plan.length} recomputed rows right` +
      (at.length > 0 ? `; wrong: ${at.join(', ')}` : '') +
      ` (a tenth left out would be seen with probability ${seen.toFixed(4)})`,
  };
}

/** Times by the node's own clock; undefined where they don't follow each other. */
function ownTiming({ rounds }: ChallengeResult): Timing | undefined {
  const roundsS: number[] = [];
  let last = rounds[0]!.startNs;
  const from = last;
  for (const { startNs, endNs } of rounds) {
    if (startNs < last || endNs <= startNs) return undefined;
    roundsS.push((endNs - startNs) / 1e9);
    last = endNs;
  }
  return { totalS: (last - from) / 1e9, roundsS };
}

/**
 * Rate that several devices prove together, in operations a second: only rounds that began and ended while all of them
 * worked count. 0 where there is no such time: one device that answers for two after each other proves nothing for two.
 */
export function rateTogether(
  parts: readonly { readonly result: ChallengeResult; readonly transcript: Transcript }[],
): number {
  const spans = parts.map(({ result, transcript }) => {
    const seen = witness(result, transcript);
    if ('fault' in seen) return [];
    let at = Date.parse(transcript.issuedAt) / 1000 + seen.fromNs / 1e9;
    return seen.timing.roundsS.map((seconds) => {
      const from = at;
      at += seconds;
      return { from, to: at };
    });
  });
  if (spans.length === 0 || spans.some((rounds) => rounds.length === 0)) return 0;
  const from = Math.max(...spans.map((rounds) => rounds[0]!.from));
  const to = Math.min(...spans.map((rounds) => rounds.at(-1)!.to));
  if (!(to > from)) return 0;
  const work = parts.reduce((sum, { result }, i) => {
    const inside = spans[i]!.filter((round) => round.from >= from && round.to <= to);
    return sum + inside.length * roundOperations(result.parameters);
  }, 0);
  return work / (to - from);
}

/** Least and most that the challenged rate may be of the plain one, for one device at one precision. */
export const AGREEMENT = { least: 0.85, most: 1.2 } as const;

/**
 * Whether the challenged rate and that of plain products of the same device and precision belong together. Small
 * integers let a node answer a float challenge with other units; then the two part. Never true for what is no rate.
 */
export function ratesAgree(challenged: number, plain: number): boolean {
  const ratio = challenged / plain;
  return challenged > 0 && plain > 0 && ratio >= AGREEMENT.least && ratio <= AGREEMENT.most;
}
