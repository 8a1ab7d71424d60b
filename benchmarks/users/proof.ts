import { exact, fromWindows, median } from '../../model/estimate.ts';
import type { Check, Finding, Metric } from '../../model/measurement.ts';
import type { Proof } from '../benchmark.ts';
import { departures, type Knob } from '../departures.ts';
import { answerLeaf, failureLeaf } from './audit.ts';
import { gateTasks, mostShards, onGrid, targetKnobs } from './knobs.ts';
import { type LatencyView, readHistogram } from './latency.ts';
import { TASK_NETWORK } from './network.ts';
import { auditAnswers } from './opening.ts';
import { UsersRaw } from './raw.ts';
import { greatestOf, leastOf, perSecond, sumOf } from './series.ts';
import { Reference } from './task.ts';
import { timing } from './timing.ts';
import { wellFormed } from './whole.ts';

/** Limits of a sound generator (methods: generator health). */
const GENERATOR = { lagP99S: 0.01, loopDelayP99S: 0.02, cpuShare: 0.8, nullReserve: 1.25 } as const;

/**
 * What the raw samples of `users.concurrent` amount to. The least in flight is the least of all slots, in which every
 * event was seen; identities are users that got a right answer in the hold. Numbers are verified when the opened
 * tasks are right and the gate was passed. All of them are E1: the agent runs the load, and whoever holds the node can
 * answer in the place of its service.
 */
export const proof: Proof<typeof UsersRaw> = {
  id: 'users.concurrent',
  version: '1',
  raw: UsersRaw,
  examine(raw, surroundings) {
    const checks: Check[] = [];
    const findings: Finding[] = [];
    const say = (id: string, passed: boolean, detail: string) => {
      checks.push({ id, passed, detail });
      return passed;
    };
    const hold = (code: Finding['code'], detail: string, metric?: string) =>
      findings.push({ code, detail, weight: 'holds', ...(metric === undefined ? {} : { metric }) });

    const departed = departures(knobs(raw, surroundings.settings));
    if (!say('as_assigned', departed === undefined, departed ?? 'users, tasks and times are those of the assignment')) {
      hold('evidence_mismatch', departed!);
    }
    const { gate } = raw;
    if (gate.right === 0) {
      const detail = `none of ${gate.asked} first tasks got a right answer: ${classes(gate.failures)}`;
      say('gate', false, detail);
      hold('incorrect_result', detail);
      return { metrics: nothing(raw), checks, findings };
    }

    const responses = readHistogram(raw.responses);
    const services = readHistogram(raw.services);
    const lags = readHistogram(raw.lags);
    const sound = wellFormed(raw, responses);
    if (!say('samples_whole', sound === undefined, sound ?? 'every slot, user and histogram is there')) {
      hold('evidence_missing', sound!);
      return { metrics: [], checks, findings };
    }
    if (!responses || !services || !lags) throw new Error('unreachable: well-formed samples have histograms');

    const failed = sumOf(Object.values(raw.failures)) + raw.wrongLater;
    const answered = sumOf(raw.hold.done);
    if (answered === 0) {
      hold('zero_work', 'no task was answered in the hold');
      return { metrics: nothing(raw), checks, findings };
    }

    const reference = new Reference(TASK_NETWORK, raw.challenge);
    const expected = (user: number, number: number, missed: boolean) =>
      missed ? failureLeaf(user, number) : answerLeaf(user, number, reference.answer('hold', user, number, raw.rows));
    const claims = { counts: raw.tasks, expected, failures: sumOf(raw.missed) };
    const audit = auditAnswers(raw, claims, surroundings);
    let verified = say('answers_right', audit.right, audit.detail);
    verified =
      say('gate', gate.asked > 0 && gate.right === gate.asked, `${gate.right} of ${gate.asked} first answers right`) &&
      verified;
    if (!verified) hold('incorrect_result', audit.right ? 'the gate was not passed' : audit.detail);
    const refused = gate.strangerStatus === 401 || gate.strangerStatus === 403;
    if (!say('stranger_refused', refused, `an unknown credential got status ${gate.strangerStatus}`)) {
      hold('incorrect_result', 'the service answers whoever asks: identities are not told apart', 'users.identities');
    }
    const misshapen = gate.misshapenStatus >= 400 && gate.misshapenStatus < 500;
    say('misshapen_refused', misshapen, `a wrong shape got status ${gate.misshapenStatus}`);

    const clock = timing(surroundings.transcript, raw.hold.seconds);
    if (clock.state === 'disagrees') hold('clock_unsound', clock.detail);
    if (audit.unbound !== undefined) hold('evidence_mismatch', audit.unbound);

    judgeGenerator(raw, lags, answered / raw.hold.seconds, say, hold);
    const inform: Hold = (code, detail, metric) =>
      findings.push({ code, detail, weight: 'informs', ...(metric === undefined ? {} : { metric }) });
    judgeService(raw, services, answered, say, hold, inform);

    const metric = (id: string, estimate: Metric['estimate'], samples: number): Metric => ({
      metric: id,
      labels: {},
      estimate,
      durationS: raw.hold.seconds,
      samples,
      verified,
      level: 'E1',
    });
    const identities = raw.held.filter((count) => count > 0).length;
    const metrics: Metric[] = [
      metric('users.inflight.min', exact(leastOf(raw.hold.min), 'count', answered, 'minimum'), answered),
      metric('users.identities', exact(identities, 'count', answered), answered),
      metric('users.error.share', shareOf(failed, raw.started), raw.started),
      metric('users.latency.p99', percentileOf(responses, 0.99), responses.count),
      metric('users.fairness.jain', exact(jain(raw.held), 'ratio', raw.users, 'exact'), answered),
      metric('users.rate', fromWindows(perSecond(raw.hold.done, raw.slotMs), 'task/s'), answered),
    ];
    if (raw.burst) {
      const most = greatestOf(raw.burst.max);
      const inTime = raw.burst.spreadS <= 1 && raw.burst.right === raw.burst.planned;
      say(
        'burst_whole',
        inTime,
        `${raw.burst.right} of ${raw.burst.planned} right, sent within ${raw.burst.spreadS.toFixed(3)} s`,
      );
      metrics.push({
        ...metric('users.burst.inflight', exact(most, 'count', raw.burst.sent, 'maximum'), raw.burst.sent),
        durationS: raw.burst.spreadS,
        verified: verified && inTime,
      });
    }
    const worst = greatestOf(raw.p95Us) / 1e6;
    say('worst_user', true, `the slowest user's 95th percentile was ${worst.toFixed(3)} s`);
    return { metrics, checks, findings };
  },
};

/** What must be as the assignment says. Where the gate was not passed, the rest was not done. */
function knobs(raw: UsersRaw, asked: Readonly<Record<string, unknown>>): Knob[] {
  const { users, rows, slotMs, pairs, burst } = raw;
  const first: Knob[] = [...targetKnobs(raw, asked, TASK_NETWORK.model), ['rows', rows, asked.rows]];
  if (raw.gate.right === 0) return first;
  const submitting = Math.min(Number(asked.burstUsers), users);
  const shards = raw.generators.length;
  return [
    ...first,
    ['holdS', raw.hold.seconds, onGrid(asked.holdS, slotMs)],
    ['nullS', raw.nullRun.seconds, onGrid(asked.nullS, slotMs)],
    ['users of the null run', raw.nullRun.users, asked.users],
    ['cachePairs', (pairs.salted.length + pairs.repeated.length + pairs.failed) / 2, asked.cachePairs],
    ['burstUsers', burst?.planned ?? 0, submitting],
    // Left to the node it is one thread for every so many users, or fewer where it has few cores.
    [
      'shards',
      shards,
      asked.shards === 0 ? Math.min(shards, mostShards(users)) : Math.min(Number(asked.shards), users),
    ],
    ['first tasks of the gate', raw.gate.asked, gateTasks(Number(asked.users), shards)],
  ];
}

/** What a run amounts to in which nothing was done rightly: zeros, for the judge to hold. */
function nothing(raw: UsersRaw): Metric[] {
  const metric = (id: string, estimate: Metric['estimate']): Metric => {
    const samples = raw.gate.asked + raw.started;
    return { metric: id, labels: {}, estimate, durationS: raw.hold.seconds, samples, verified: false, level: 'E1' };
  };
  return [
    metric('users.inflight.min', exact(0, 'count', 0, 'minimum')),
    metric('users.identities', exact(0, 'count', 0)),
    metric('users.error.share', shareOf(1, 1)),
    metric('users.rate', fromWindows([0], 'task/s')),
  ];
}

const classes = (failures: Readonly<Record<string, number>>): string =>
  Object.entries(failures)
    .map(([failure, count]) => `${failure} ${count}`)
    .join(', ') || 'nothing was asked';

type Say = (id: string, passed: boolean, detail: string) => boolean;
type Hold = (code: Finding['code'], detail: string, metric?: string) => void;

function judgeGenerator(raw: UsersRaw, lags: LatencyView, rate: number, say: Say, hold: Hold): void {
  const problems: string[] = [];
  if (!(lags.at(0.99) <= GENERATOR.lagP99S)) problems.push(`starts were ${lags.at(0.99).toFixed(4)} s late at p99`);
  raw.generators.forEach((generator, index) => {
    const delay = readHistogram(generator.loopDelays)?.at(0.99) ?? Number.NaN;
    if (!(delay <= GENERATOR.loopDelayP99S)) problems.push(`thread ${index} was held up ${delay.toFixed(4)} s at p99`);
    if (!(generator.cpuShare <= GENERATOR.cpuShare)) {
      problems.push(`thread ${index} used ${(generator.cpuShare * 100).toFixed(0)} % of a core`);
    }
  });
  if (raw.descriptors !== null && raw.descriptors < 2 * raw.users + 200) {
    problems.push(`only ${raw.descriptors} files may be open`);
  }
  const nullRate = raw.nullRun.seconds > 0 ? sumOf(raw.nullRun.done) / raw.nullRun.seconds : 0;
  if (!(nullRate >= GENERATOR.nullReserve * rate)) {
    problems.push(
      `${nullRate.toFixed(0)} tasks/s against a server that does nothing, ${rate.toFixed(0)} against the service`,
    );
  }
  const detail =
    problems.length > 0
      ? problems.join('; ')
      : `sound; ${nullRate.toFixed(0)} tasks/s against a server that does nothing`;
  if (!say('generator_sound', problems.length === 0, detail)) hold('tool_saturated', detail);
}

function judgeService(
  raw: UsersRaw,
  services: LatencyView,
  answered: number,
  say: Say,
  hold: Hold,
  inform: Hold,
): void {
  const mean = sumOf(raw.hold.mean) / raw.hold.mean.length;
  if (raw.server) {
    const apart = Math.abs(raw.server.mean - mean) / mean;
    const detail = `mean in flight ${raw.server.mean.toFixed(1)} by the service's own gauge, ${mean.toFixed(1)} by ours; least ${raw.server.min}`;
    if (!say('server_agrees', apart <= 0.02, detail)) hold('evidence_mismatch', detail, 'users.inflight.min');
  } else if (raw.endpoint === 'built_in') {
    hold('evidence_missing', 'the built-in service did not show its count', 'users.inflight.min');
  } else {
    inform('unsupported', 'the service shows no count of its own to compare with', 'users.inflight.min');
  }
  // Little's law, N = X · R: holds for any steady queue, so it shows counts or times that were made up.
  const little = (answered / raw.hold.seconds) * services.meanS;
  const off = Math.abs(little - mean) / mean;
  const law = `rate × mean time gives ${little.toFixed(1)} tasks in flight, counted were ${mean.toFixed(1)}`;
  if (!say('littles_law', off <= 0.1, law)) hold('implausible', law);
  const { salted, repeated } = raw.pairs;
  const ratio = salted.length >= 10 && repeated.length >= 10 ? median(repeated) / median(salted) : Number.NaN;
  const cache = `a repeated task takes ${ratio.toFixed(3)} of the time of a new one`;
  if (!say('not_cached', ratio >= 0.9, cache)) hold(Number.isNaN(ratio) ? 'evidence_missing' : 'cached', cache);
}

/** Jain's index (Jain, Chiu, Hawe 1984): 1 when all users get the same, 1/n when one gets all. */
function jain(shares: readonly number[]): number {
  const squares = shares.reduce((total, share) => total + share * share, 0);
  return squares === 0 ? 0 : sumOf(shares) ** 2 / (shares.length * squares);
}

/** Share of failures; U reaches to the upper end of Wilson's interval at z = 2 (Wilson 1927). */
function shareOf(failed: number, all: number): Metric['estimate'] {
  const p = all > 0 ? Math.min(1, failed / all) : 1;
  const z2 = 4;
  const upper =
    all > 0 ? (p + z2 / (2 * all) + Math.sqrt(z2 * ((p * (1 - p)) / all + z2 / (4 * all * all)))) / (1 + z2 / all) : 1;
  return { value: p, unit: 'ratio', U: Math.max(0, upper - p), k: 2, n: all, method: 'count' };
}

/** Percentile with U from the order statistics two standard deviations of the rank to either side. */
function percentileOf(view: LatencyView, p: number): Metric['estimate'] {
  const value = view.at(p);
  const width = 2 * Math.sqrt((p * (1 - p)) / view.count);
  const U = Math.max(view.at(Math.min(1, p + width)) - value, value - view.at(p - width), value * 0.001);
  return { value, unit: 's', U, k: 2, n: view.count, method: 'percentile' };
}
