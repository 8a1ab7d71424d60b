import { exact, fromWindows } from '../../model/estimate.ts';
import type { Check, Finding, Metric } from '../../model/measurement.ts';
import type { Proof } from '../benchmark.ts';
import { departures, type Knob } from '../departures.ts';
import { answerLeaf, failureLeaf } from '../users/audit.ts';
import { onGrid, targetKnobs } from '../users/knobs.ts';
import { readHistogram } from '../users/latency.ts';
import { OUTPUTS, RECORD_NETWORK } from '../users/network.ts';
import { auditAnswers } from '../users/opening.ts';
import { leastOf, perSecond, sumOf } from '../users/series.ts';
import { timing } from '../users/timing.ts';
import { lotBytes, lotIds, lotRecords, POISONS, poisonOf, recordAnswer, sweepSteps } from './manifest.ts';
import { RecordsRaw } from './raw.ts';

/**
 * What the raw samples of `records.simultaneous` amount to. The peak is the lower of the generator's count (on the
 * wire and unanswered) and the service's own (received whole and unanswered). Numbers are verified when the sums
 * agree, the poison came back as poison and the opened lots are right. All of them are E1: the agent runs the load, and
 * whoever holds the node can answer in the place of its service.
 */
export const proof: Proof<typeof RecordsRaw> = {
  id: 'records.simultaneous',
  version: '1',
  raw: RecordsRaw,
  examine(raw, surroundings) {
    const checks: Check[] = [];
    const findings: Finding[] = [];
    const say = (id: string, passed: boolean, detail: string) => {
      checks.push({ id, passed, detail });
      return passed;
    };
    const hold = (code: Finding['code'], detail: string, metric?: string) =>
      findings.push({ code, detail, weight: 'holds', ...(metric === undefined ? {} : { metric }) });

    const { ledger } = raw;
    const departed = departures(knobs(raw, surroundings.settings));
    if (!say('as_assigned', departed === undefined, departed ?? 'users, lots and times are those of the assignment')) {
      hold('evidence_mismatch', departed!);
    }
    if (sumOf(raw.lots) === 0) {
      hold('zero_work', `no lot was sent: ${raw.users} users could not connect`);
      return { metrics: nothing(raw), checks, findings };
    }
    const missing = wellFormed(raw);
    if (!say('samples_whole', missing === undefined, missing ?? 'every slot, user and record is there')) {
      hold('evidence_missing', missing!);
      return { metrics: [], checks, findings };
    }
    const answered = sumOf(raw.hold.done);
    if (answered === 0) {
      hold('zero_work', 'no record was answered in the hold');
      return { metrics: nothing(raw), checks, findings };
    }

    const shape = { challenge: raw.challenge, users: raw.users, lot: raw.lot };
    const expected = (user: number, n: number, failed: boolean) => {
      if (failed || poisonOf(shape, user, n)) return failureLeaf(user, n);
      const records = lotRecords(shape, user, n);
      const answers = new Float32Array(raw.lot * OUTPUTS);
      records.forEach((k, i) => {
        answers.set(recordAnswer(raw.challenge, k), i * OUTPUTS);
      });
      return answerLeaf(user, n, lotBytes(lotIds(shape, user, n), answers));
    };
    const poisoned = (user: number, n: number) => poisonOf(shape, user, n) !== undefined;
    const claims = { counts: raw.lots, expected, failures: raw.failedLots, turnedAway: poisoned };
    const audit = auditAnswers(raw, claims, surroundings);
    let verified = say('answers_right', audit.right, audit.detail);
    if (!verified) hold('incorrect_result', audit.detail);

    const planned = plannedPoison(raw);
    const poison = POISONS.map((kind) => `${kind} ${raw.poison[kind].rejected} of ${planned[kind]}`).join(', ');
    const exactly = POISONS.every(
      (kind) =>
        planned[kind] > 0 && raw.poison[kind].planted === planned[kind] && raw.poison[kind].rejected === planned[kind],
    );
    verified = say('poison_rejected', exactly, `turned away: ${poison}`) && verified;
    if (!exactly) hold('incorrect_result', `poison was not turned away exactly: ${poison}`);

    const sums = raw.expectedSum === raw.answeredSum;
    verified = say('sums_agree', sums, `CRC-32 sums: ${raw.expectedSum} sent, ${raw.answeredSum} back`) && verified;
    const closed = ledger.lost + ledger.twice + ledger.corrupt + ledger.unexpected === 0;
    const books = `${ledger.admitted} admitted, ${ledger.right} right, ${ledger.lost} lost, ${ledger.twice} twice, ${ledger.corrupt} corrupt, ${ledger.unexpected} unexpected`;
    say('ledger_closes', closed, books);
    if (closed && !sums) hold('evidence_mismatch', 'the ledger closes, and yet the sums differ');

    const clock = timing(surroundings.transcript, raw.hold.seconds);
    if (clock.state === 'disagrees') hold('clock_unsound', clock.detail);
    if (audit.unbound !== undefined) hold('evidence_mismatch', audit.unbound);
    judgeGenerator(raw, say, hold);

    const peak = raw.server ? Math.min(raw.peak, raw.server.max) : raw.peak;
    const ours = `${raw.peak} on the wire and unanswered by the generator's count, least ${leastOf(raw.hold.min)} over the hold`;
    if (raw.server) {
      const both = raw.server.max >= 0.9 * raw.peak;
      say('both_sides_counted', both, `${ours}; ${raw.server.max} received and unanswered by the service's`);
    } else if (raw.endpoint === 'built_in') {
      hold('evidence_missing', `${ours}; the built-in service did not show its count`, 'records.simultaneous.peak');
    } else {
      const detail = `${ours}; the service shows no count of its own to compare with`;
      findings.push({ code: 'unsupported', detail, metric: 'records.simultaneous.peak', weight: 'informs' });
    }

    const metric = (id: string, estimate: Metric['estimate'], samples: number): Metric => ({
      metric: id,
      labels: {},
      estimate,
      durationS: raw.hold.seconds,
      samples,
      verified,
      level: 'E1',
    });
    const count = (id: string, value: number) => metric(id, exact(value, 'count', ledger.admitted), ledger.admitted);
    const metrics: Metric[] = [
      metric('records.simultaneous.peak', exact(peak, 'count', ledger.admitted, 'maximum'), ledger.admitted),
      count('records.answered', ledger.right),
      count('records.lost', ledger.lost),
      count('records.twice', ledger.twice),
      count('records.corrupt', ledger.corrupt),
      count('records.unexpected', ledger.unexpected),
      metric('records.rate', fromWindows(perSecond(raw.hold.done, raw.slotMs), 'record/s'), answered),
    ];
    for (const step of raw.sweep) {
      if (step.right === 0 || step.seconds <= 0) continue;
      const rate = step.right / step.seconds;
      metrics.push({
        metric: 'records.sweep.rate',
        labels: { batch: String(step.batch) },
        // One window says nothing about spread.
        estimate: fromWindows([rate], 'record/s'),
        durationS: step.seconds,
        samples: step.right,
        verified: step.right === step.records,
        level: 'E1',
      });
    }
    return { metrics, checks, findings };
  },
};

/** What must be as the assignment says. Where no lot was sent, the rest was not done. */
function knobs(raw: RecordsRaw, asked: Readonly<Record<string, unknown>>): Knob[] {
  const first: Knob[] = [...targetKnobs(raw, asked, RECORD_NETWORK.model), ['lot', raw.lot, asked.lot]];
  if (sumOf(raw.lots) === 0) return first;
  const steps = raw.sweep.map(({ batch, records }) => [batch, records]);
  return [
    ...first,
    ['holdS', raw.hold.seconds, onGrid(asked.holdS, raw.slotMs)],
    ['sweepRecords', steps, sweepSteps(Number(asked.sweepRecords))],
  ];
}

/** What a run amounts to in which no record was answered: zeros, for the judge to hold. */
function nothing(raw: RecordsRaw): Metric[] {
  const metric = (id: string, estimate: Metric['estimate']): Metric => {
    const samples = raw.ledger.admitted;
    return { metric: id, labels: {}, estimate, durationS: raw.hold.seconds, samples, verified: false, level: 'E1' };
  };
  return [
    metric('records.simultaneous.peak', exact(0, 'count', 0, 'maximum')),
    metric('records.answered', exact(0, 'count', 0)),
    metric('records.rate', fromWindows([0], 'record/s')),
  ];
}

/** Whether each lot was to be poison is worked out one by one, so there must not be endlessly many. */
const MOST_LOTS = 50_000_000;

function wellFormed(raw: RecordsRaw): string | undefined {
  const { min, max, mean, done } = raw.hold;
  const slots = Math.round((raw.hold.seconds * 1_000) / raw.slotMs);
  if (slots < 1 || [min, max, mean, done].some((series) => series.length !== slots))
    return 'slots of the hold are missing';
  const most = raw.users * raw.lot;
  if (most === 0 || raw.peak > most) return 'more records in flight than users can have';
  if (max.some((value, slot) => value > raw.peak || min[slot]! > value))
    return 'a slot has more in flight than the peak';
  if (raw.lots.length !== raw.users) return 'users are missing';
  if (sumOf(raw.lots) > MOST_LOTS) return 'more lots than anyone sends';
  if (raw.server && raw.server.max > most) return 'the service counts more records than there are';
  const { ledger } = raw;
  if (ledger.right + ledger.lost + ledger.corrupt !== ledger.admitted) return 'the ledger has records in no set';
  const bad = ledger.lost + ledger.twice + ledger.corrupt + ledger.unexpected;
  if (raw.failedLots > bad) return 'more lots failed than there are bad records';
  if (ledger.lost + ledger.corrupt > raw.failedLots * raw.lot)
    return 'the lots that failed have fewer records than are bad';
  const planted = POISONS.reduce((total, kind) => total + raw.poison[kind].planted, 0);
  if ((sumOf(raw.lots) - planted) * raw.lot !== ledger.admitted) return 'the ledger has not the records of all lots';
  if (sumOf(done) > ledger.right + ledger.corrupt) return 'the slots have more answers than the ledger';
  if (!readHistogram(raw.responses) || !readHistogram(raw.generator.loopDelays)) return 'a histogram cannot be read';
  return undefined;
}

/** How many lots of each kind of poison there are among those that were sent. */
function plannedPoison(raw: RecordsRaw): Record<(typeof POISONS)[number], number> {
  const planned = { malformed: 0, oversize: 0, not_finite: 0 };
  raw.lots.forEach((count, user) => {
    for (let n = 0; n < count; n++) {
      const kind = poisonOf(raw, user, n);
      if (kind) planned[kind]++;
    }
  });
  return planned;
}

/** The generator's own health; the limits are those of the users benchmark. */
function judgeGenerator(
  raw: RecordsRaw,
  say: (id: string, passed: boolean, detail: string) => boolean,
  hold: (code: Finding['code'], detail: string, metric?: string) => void,
): void {
  const delay = readHistogram(raw.generator.loopDelays)!.at(0.99);
  const { cpuShare } = raw.generator;
  const detail = `held up ${delay.toFixed(4)} s at p99, ${(cpuShare * 100).toFixed(0)} % of a core`;
  const sound = delay <= 0.02 && cpuShare <= 0.8;
  // A generator that is too slow makes the rate too low; what it counted stays what it counted.
  if (!say('generator_sound', sound, detail)) hold('tool_saturated', detail, 'records.rate');
}
