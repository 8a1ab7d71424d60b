import { exact, fromWindows } from '../../../model/estimate.ts';
import type { Check, Finding, Metric } from '../../../model/measurement.ts';
import type { Proof, RowProducts, Surroundings } from '../../benchmark.ts';
import { libraryFindings } from '../advice.ts';
import { PRECISIONS, precisionLabel } from '../precision.ts';
import { recompute } from './audit.ts';
import { type Audit, auditPlan } from './chain.ts';
import { gapsOf } from './gaps.ts';
import { roundOperations } from './parameters.ts';
import { ChallengeRaw, type ChallengeResult } from './samples.ts';
import { openedSketches } from './sketches.ts';
import { parametersFault, type Terms, termsOf } from './terms.ts';
import { commonWindow, roundsInside, type Window } from './window.ts';
import { type Seen, witness } from './witness.ts';

/**
 * Examines chained challenges: recomputes the rows that the last beacon picks and compares their sketches, which must
 * be opened under the roots that were committed to. With the controller's transcript every beacon and every commit must
 * be the recorded one, no challenge that was begun may be left out, and the rate is all operations divided by the
 * controller's own time from the first seed to the last sketch: that is evidence level E2. Devices that answered at one
 * precision must have worked in one window, and only what they finished in it counts; their rates can then be added.
 */
export const proof: Proof<typeof ChallengeRaw> = {
  id: 'compute.challenge',
  version: '1.0.0',
  raw: ChallengeRaw,
  examine(raw, surroundings) {
    const { settings, transcript } = surroundings;
    const metrics: Metric[] = [];
    const checks: Check[] = [];
    const findings: Finding[] = [];
    const stale = transcript !== undefined && transcript.exchanges[0]?.beacon !== raw.challenge;
    if (stale) {
      const detail = 'the samples do not belong to the challenge of this attempt';
      findings.push({ code: 'stale', detail, weight: 'holds' });
    }
    for (const { precision, detail } of raw.unsupported) {
      findings.push({ code: 'unsupported', detail: `${precision}: ${detail}`, weight: 'informs' });
    }
    const terms = termsOf(settings);
    if (!terms) {
      const detail = 'the settings do not say what was asked for';
      return { metrics, checks, findings: [...findings, { code: 'evidence_mismatch', detail, weight: 'holds' }] };
    }
    const counts = Map.groupBy(raw.results, ({ precision, device }) => `${precision} ${device}`);
    const gaps = gapsOf(raw, terms.precisions, transcript);
    for (const { precision, code, detail } of gaps) {
      if (raw.results.some((result) => precision === undefined || result.precision === precision)) continue;
      const where = precision === undefined ? {} : { labels: { precision: labelOf(precision) } };
      findings.push({ code, detail: `${precision ?? 'all'}: ${detail}`, metric: RATE, ...where, weight: 'holds' });
    }
    let wary = false;
    const answers = raw.results.map((result) => {
      const once = counts.get(`${result.precision} ${result.device}`)?.length === 1;
      const answer = inspect(result, once, terms, surroundings, wary);
      wary ||= answer.checks.some(({ passed }) => !passed);
      const own = gaps.filter(({ precision }) => precision === undefined || precision === result.precision);
      for (const { code, detail } of own) answer.hold(code, detail);
      return own.length > 0 ? { ...answer, right: false } : answer;
    });
    const windows = new Map(
      [...Map.groupBy(answers, ({ result }) => result.precision)].flatMap(([precision, own]) => {
        const seen = own.flatMap((answer) => (answer.right && answer.seen ? [answer.seen] : []));
        return seen.length > 0 ? [[precision, commonWindow(seen)] as const] : [];
      }),
    );
    for (const answer of answers) {
      const own = concludeFrom(answer, windows.get(answer.result.precision), terms, surroundings, stale);
      metrics.push(...own);
      checks.push(...answer.checks);
      findings.push(...answer.findings);
    }
    if (metrics.length === 0)
      findings.push({ code: 'zero_work', detail: 'no challenge was answered', weight: 'holds' });
    const asked = [...raw.results, ...raw.unsupported].map(({ precision }) => precision);
    findings.push(...libraryFindings(raw, [...new Set(asked)], raw.results, RATE));
    return { metrics, checks, findings };
  },
};

/** Least share of the longest of their times that devices must all have worked at once, for their rates to be added. */
export const LEAST_OVERLAP = 0.9;

const RATE = 'compute.challenge.rate';

/** The label of a precision that may be none. */
function labelOf(name: string): string {
  const precision = PRECISIONS.find((one) => one === name);
  return precision ? precisionLabel(precision) : name;
}

/** One device's answer at one precision, and what there is to say of it alone. */
interface Answer {
  readonly result: ChallengeResult;
  readonly labels: Readonly<Record<'precision' | 'device' | 'backend', string>>;
  readonly what: string;
  readonly checks: Check[];
  readonly findings: Finding[];
  /** Every recomputed row was right. */
  readonly right: boolean;
  /** What the controller saw of it, if that fits. */
  readonly seen: Seen | undefined;
  hold(code: Finding['code'], detail: string): void;
}

function inspect(
  result: ChallengeResult,
  once: boolean,
  terms: Terms,
  { transcript, products }: Surroundings,
  wary: boolean,
): Answer {
  const labels = { precision: precisionLabel(result.precision), device: result.device, backend: result.backend };
  const what = `${result.precision} on ${result.device} by ${result.backend}`;
  const findings: Finding[] = [];
  const hold: Answer['hold'] = (code, detail) =>
    findings.push({ code, detail: `${what}: ${detail}`, metric: RATE, labels, weight: 'holds' });
  const checks: Check[] = [];
  const answer = { result, labels, what, checks, findings, hold };
  if (result.rounds.length === 0) {
    hold('zero_work', 'no round was finished');
    return { ...answer, right: false, seen: undefined };
  }
  if (!once) {
    hold('duplicate_device', 'it answers more than once');
    return { ...answer, right: false, seen: undefined };
  }
  const fault = parametersFault(result, terms);
  if (fault) {
    hold('evidence_mismatch', fault);
    return { ...answer, right: false, seen: undefined };
  }
  const witnessed = transcript && witness(result, transcript);
  const seen = witnessed && 'rounds' in witnessed ? witnessed : undefined;
  if (witnessed && 'fault' in witnessed) hold(witnessed.code, witnessed.fault);
  checks.push(selfTestCheck(result, what));
  // What does not fit the controller's record is worth no recomputing, which costs more than making it up does.
  let opened = false;
  if (!transcript || seen) {
    const plan = auditPlan(result.parameters, result.rounds.length, terms.audits, result.audit);
    const sketches = openedSketches(result, plan);
    opened = !('fault' in sketches);
    if ('fault' in sketches) hold('evidence_mismatch', sketches.fault);
    else checks.push(auditCheck(result, lotsOf(plan, wary), sketches, what, products));
  }
  const wrong = checks.some((check) => !check.passed);
  if (wrong) hold('incorrect_result', 'recomputed rows differ from what was answered');
  return { ...answer, right: opened && !wrong, seen };
}

/** Metrics of one answer within the window that its precision has; adds to its findings. */
function concludeFrom(
  answer: Answer,
  window: Window | undefined,
  terms: Terms,
  { transcript }: Surroundings,
  stale: boolean,
): Metric[] {
  const { result, labels, what, checks, findings, right, seen, hold } = answer;
  if (checks.length === 0) return [];
  const own = ownTiming(result);
  if (!own) {
    hold('clock_unsound', "the node's own times are not in order");
    return [];
  }
  const work = roundOperations(result.parameters);
  const total = work * result.rounds.length;
  const ownRate = total / own.totalS;
  const whole = seen ? (seen.toNs - seen.fromNs) / 1e9 : own.totalS;
  if (right && seen && Math.abs((ownRate * whole) / total - 1) > 0.1) {
    const detail = `${what}: by the node's clock ${(((ownRate * whole) / total - 1) * 100).toFixed(0)} % from the controller's`;
    findings.push({ code: 'clock_unsound', detail, metric: RATE, labels, weight: 'informs' });
  }
  const together = window !== undefined && window.overlap >= LEAST_OVERLAP;
  const counted = right && seen && together ? roundsInside(seen, window) : undefined;
  if (right && window && !together) {
    const share = `${(window.overlap * 100).toFixed(0)} % of the longest of their times`;
    hold('not_simultaneous', `all devices worked at once during ${share}, ${LEAST_OVERLAP * 100} % are asked for`);
  }
  if (counted?.length === 0) {
    hold('zero_work', 'no round was finished in the window of all devices');
    return [];
  }
  if (result.emulated) hold('emulated', result.emulated);

  const roundsS = counted?.map(({ fromNs, toNs }) => (toNs - fromNs) / 1e9) ?? own.roundsS;
  const durationS = counted && window ? (window.toNs - window.fromNs) / 1e9 : whole;
  if (durationS < 0.95 * terms.seconds) hold('too_short', `${durationS.toFixed(2)} s of ${terms.seconds} s`);
  const proven = counted !== undefined && !stale;
  const { U } = fromWindows(
    roundsS.map((seconds) => work / seconds),
    'op/s',
  );
  const shared = { labels, samples: roundsS.length, verified: right && !result.emulated };
  const products = result.rounds.reduce((sum, round) => sum + round.productNs, 0) / 1e9;
  const metrics: Metric[] = [
    {
      ...shared,
      metric: RATE,
      // All work over all time: a bound from below, whatever happened inside. The rounds only give its spread.
      estimate: {
        value: (work * roundsS.length) / durationS,
        unit: 'op/s',
        U,
        k: 2,
        n: roundsS.length,
        method: 'batch_means',
      },
      durationS,
      level: proven ? 'E2' : 'E1',
    },
    {
      ...shared,
      metric: 'compute.challenge.ownRate',
      estimate: exact(ownRate, 'op/s', result.rounds.length, 'exact'),
      durationS: own.totalS,
      level: 'E1',
    },
    {
      ...shared,
      metric: 'compute.challenge.overhead',
      estimate: exact(Math.max(0, 1 - products / whole), 'ratio', result.rounds.length, 'exact'),
      durationS: whole,
      level: 'E1',
    },
  ];
  metrics.push(...efficiency(answer, { ...shared, durationS: whole, level: 'E1' }));
  if (proven && window && transcript) {
    // Where the window lies among those of other attempts and nodes: they were issued by the same controller.
    const opened = Date.parse(transcript.issuedAt) / 1000 + window.fromNs / 1e9;
    const estimate = exact(opened, 's', 1, 'exact');
    metrics.push({ ...shared, metric: 'compute.challenge.opened', estimate, durationS, level: 'E1' });
  }
  return metrics;
}

/**
 * All operations of the answer over all the energy that its device took for them, by the meter that was read. The
 * energy is the node's word, so an answer that is itself held back has none.
 */
function efficiency(
  { result, labels, what, findings }: Answer,
  shared: Pick<Metric, 'durationS' | 'verified' | 'level'>,
): Metric[] {
  const metric = 'compute.challenge.efficiency';
  const { energy, unmetered, rounds, parameters } = result;
  if (unmetered !== undefined) {
    findings.push({ code: 'no_meter', detail: `${what}: ${unmetered}`, metric, labels, weight: 'informs' });
  }
  if (!energy || unmetered !== undefined || findings.some(({ weight }) => weight === 'holds')) return [];
  const estimate = exact((roundOperations(parameters) * rounds.length) / energy.joules, 'op/J', 1, 'exact');
  return [{ ...shared, metric, labels: { ...labels, meter: energy.source }, samples: rounds.length, estimate }];
}

function selfTestCheck({ selfTest }: ChallengeResult, what: string): Check {
  const detail = `${what}: ${selfTest.wrong} of ${selfTest.rows} rows of the self-test wrong`;
  return { id: 'challenge.selfTest', passed: selfTest.wrong === 0, detail };
}

/** Rows that are judged first. If one of them is wrong, nothing is said of the others. */
const FIRST_AUDITS = 4;

/**
 * Rows that are recomputed together: all, since two lots would make every matrix twice, and read it more often. Once an
 * answer of the same node was wrong, the first ones alone, so that many wrong answers cost little.
 */
export function lotsOf(plan: readonly Audit[], wary: boolean): readonly (readonly Audit[])[] {
  const lots = wary ? [plan.slice(0, FIRST_AUDITS), plan.slice(FIRST_AUDITS)] : [plan];
  return lots.filter((lot) => lot.length > 0);
}

/** `sketches` are those that the node answered for the rows of all lots. */
function auditCheck(
  result: ChallengeResult,
  lots: readonly (readonly Audit[])[],
  sketches: readonly number[],
  what: string,
  products?: RowProducts,
): Check {
  const faults: (string | undefined)[] = [];
  for (const lot of lots) {
    if (faults.some((fault) => fault !== undefined)) break;
    const right = recomputed(result, lot, products);
    const from = faults.length;
    for (const [i, { round, row }] of lot.entries()) {
      faults.push(sketches[from + i] === right[i] ? undefined : `round ${round} row ${row}`);
    }
  }
  const first = faults.slice(0, FIRST_AUDITS);
  const judged = first.some((fault) => fault !== undefined) ? first : faults;
  const looked = judged.length;
  const wrong = judged.filter((fault) => fault !== undefined);
  const seen = 1 - 0.9 ** looked;
  return {
    id: 'challenge.audit',
    passed: looked > 0 && looked === lots.flat().length && wrong.length === 0,
    detail:
      `${what}: ${looked - wrong.length} of ${looked} recomputed rows right` +
      (wrong.length > 0 ? `; wrong: ${wrong.slice(0, 5).join(', ')}` : '') +
      ` (a tenth left out would be seen with probability ${seen.toFixed(4)})`,
  };
}

/** By answer: what came out for the rows of a lot, by all that they were recomputed from. */
const known = new WeakMap<ChallengeResult, Map<string, readonly number[]>>();

/** Who admits a measurement examines it with the transcript and without: what both recompute is recomputed once. */
function recomputed(result: ChallengeResult, lot: readonly Audit[], products?: RowProducts): readonly number[] {
  const { parameters, rounds, nonce } = result;
  const from = JSON.stringify([parameters, nonce, lot.map(({ round, row }) => [rounds[round]?.seed, row])]);
  const own = known.get(result) ?? new Map<string, readonly number[]>();
  known.set(result, own);
  const found = own.get(from);
  if (found) return found;
  const seeds = rounds.map(({ seed }) => seed);
  const right = recompute(parameters, nonce, seeds, lot, products);
  own.set(from, right);
  return right;
}

/** Times by the node's own clock; undefined where they don't follow each other. */
function ownTiming({ rounds }: ChallengeResult): { totalS: number; roundsS: number[] } | undefined {
  const roundsS: number[] = [];
  let last = rounds[0]!.startNs;
  const from = last;
  for (const { startNs, endNs } of rounds) {
    if (!(startNs >= last && endNs > startNs)) return undefined;
    roundsS.push((endNs - startNs) / 1e9);
    last = endNs;
  }
  return { totalS: (last - from) / 1e9, roundsS };
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
