import type { Benchmark, Context } from '../benchmark.ts';
import { sleep, untilAborted } from './abort.ts';
import { commitAnswers } from './answers.ts';
import { clockSince } from './clock.ts';
import { descriptor, type UsersSettings } from './descriptor.ts';
import { type ShardHandle, startNullServer, startShard } from './fleet.ts';
import { descriptorLimit } from './health.ts';
import { gateTasks } from './knobs.ts';
import { mergeHistograms } from './latency.ts';
import { TASK_NETWORK } from './network.ts';
import { proof } from './proof.ts';
import type { UsersRaw } from './raw.ts';
import { sumOf } from './series.ts';
import { markGauges, readGauge } from './server-gauge.ts';
import type { CrowdReport, ShardTarget } from './shard.ts';
import { addSeries } from './slots.ts';
import { packageVersion } from './software.ts';
import { findTarget, ranges, shardCount, type Target } from './target.ts';

/** `users.concurrent`: see the descriptor for what it measures and the proof for what its samples amount to. */
export const benchmark: Benchmark<typeof descriptor.settings, typeof proof.raw> = {
  descriptor,
  proof,
  async run(context) {
    const target = findTarget(context, context.settings, TASK_NETWORK.model);
    return untilAborted(context.signal, (ends) => measure(context, target, ends));
  },
};

async function measure(
  context: Context<UsersSettings>,
  target: Target,
  ends: (() => Promise<void>)[],
): Promise<UsersRaw> {
  const { settings } = context;
  for (const name of ['undici', 'hdr-histogram-js', 'onnxruntime-node']) context.software(name, packageVersion(name));
  context.phase('preconditions');
  const challenge = await context.commit('open', new TextEncoder().encode(JSON.stringify(settings)));
  const epochNs = process.hrtime.bigint();
  const now = clockSince(epochNs);
  const parts = ranges(settings.users, shardCount(settings.shards, settings.users));
  const shards = parts.map(() => startShard());
  for (const shard of shards) ends.push(() => shard.end());
  const everyone = <T>(ask: (shard: ShardHandle, index: number) => Promise<T>) => Promise.all(shards.map(ask));
  const prepare = (url: string, model: string, isNull: boolean) =>
    everyone((shard, index) => {
      const { first, end } = parts[index]!;
      const shardTarget: ShardTarget = {
        url,
        model,
        tokens: target.tokens.slice(first, end),
        firstUser: first,
        challenge,
        rows: settings.rows,
        slotMs: settings.slotMs,
        thinkMs: settings.thinkMs,
        timeoutMs: settings.timeoutS * 1_000,
        epochNs,
        isNull,
      };
      return shard.ask('prepare', shardTarget);
    });
  const rampMs = (settings.users / 1_000) * settings.rampSPerThousand * 1_000;
  /** A window on the grid of slots, in which every thread takes part; settles when it is over. */
  const window = async (fromMs: number, seconds: number, watch: (share: number) => void) => {
    const from = Math.ceil(fromMs / settings.slotMs) * settings.slotMs;
    const to = from + Math.round((seconds * 1_000) / settings.slotMs) * settings.slotMs;
    await everyone((shard) => shard.ask('window', { fromMs: from, toMs: to }));
    return {
      seconds: (to - from) / 1_000,
      begun: sleep(from - now()),
      over: (async () => {
        while (now() < to) {
          await sleep(Math.min(1_000, to - now()));
          watch(Math.min(1, Math.max(0, (now() - from) / (to - from))));
        }
        // The threads close the window by their own timers, which may come a little later.
        await sleep(50);
      })(),
    };
  };

  context.phase('null_run');
  const nullServer = await startNullServer(settings.rows);
  ends.push(nullServer.end);
  await prepare(nullServer.url, 'null', true);
  await everyone((shard) => shard.ask('connect', { overMs: settings.users / 4 }));
  await everyone((shard) => shard.ask('ramp', { fromMs: now(), rampMs: 300 }));
  const nullWindow = await window(now() + 600, settings.nullS, () => {});
  await nullWindow.over;
  const nullReports = await everyone((shard) => shard.ask('stop', { graceMs: 2_000 }));
  await nullServer.end();

  context.phase('correctness_gate');
  await prepare(target.url, target.model, false);
  const asked = gateTasks(settings.users, parts.length);
  const gate = await shards[0]!.ask('gate', { users: asked });
  const nullRun = nullRunOf(settings.users, nullWindow.seconds, nullReports);
  const about: About = {
    challenge,
    endpoint: target.identityKey === undefined ? 'external' : 'built_in',
    model: target.model,
    users: settings.users,
    rows: settings.rows,
    slotMs: settings.slotMs,
    descriptors: descriptorLimit() ?? null,
    nullRun,
    gate: { asked, ...gate, failures: addFailures([gate.failures]) },
  };
  if (gate.right === 0) return { ...about, ...NOTHING, audit: (await commitAnswers(context, [], [])).audit };

  context.phase('warm_up');
  await everyone((shard) => shard.ask('connect', { overMs: rampMs }));
  context.progress(0.3);
  const rampFrom = now() + 20;
  await everyone((shard) => shard.ask('ramp', { fromMs: rampFrom, rampMs }));
  await sleep(rampFrom + rampMs + settings.settleS * 1_000 - now());

  context.phase('measure');
  await context.commit('hold', new Uint8Array());
  const hold = await window(now() + 100, settings.holdS, (share) =>
    context.progress(0.4 + 0.4 * share, { value: settings.users, unit: 'user', label: 'users' }),
  );
  await hold.begun;
  const marked = target.identityKey !== undefined && (await markGauges(target.url, target.identityKey));
  await hold.over;
  const server = marked ? await readGauge(target.url, 'requests') : null;
  await context.commit('held', new Uint8Array());

  context.phase('drain');
  const reports = await everyone((shard) => shard.ask('stop', { graceMs: settings.graceS * 1_000 }));

  context.phase('cache_check');
  const pairs = await shards[0]!.ask('pairs', { count: settings.cachePairs });

  context.phase('rendezvous');
  const burst = settings.burstUsers > 0 ? await rendezvous(everyone, parts, settings, now) : null;
  await everyone((shard) => shard.ask('close', undefined));

  context.phase('proof');
  const wrong = await everyone((shard) => shard.ask('verify', undefined));
  const { audit, wrongLater, held, missed } = await commitAnswers(context, reports, wrong);
  const results = reports.map((report) => report.result);
  const series = addSeries(results.map((result) => result.slots));
  return {
    ...about,
    hold: { seconds: hold.seconds, ...series },
    started: results.reduce((total, result) => total + result.started, 0),
    failures: addFailures(results.map((result) => result.failures)),
    responses: mergeHistograms(results.map((result) => result.responses)),
    services: mergeHistograms(results.map((result) => result.services)),
    lags: mergeHistograms(results.map((result) => result.lags)),
    tasks: reports.flatMap((report) => report.tasks),
    missed,
    held,
    p95Us: results.flatMap((result) => result.p95Us),
    wrongLater,
    server: server && { min: server.min, max: server.max, mean: server.mean, seconds: server.seconds },
    generators: reports.map((report) => report.health),
    pairs: { salted: [...pairs.salted], repeated: [...pairs.repeated], failed: pairs.failed },
    burst,
    audit,
  };
}

/** What is known before the first task of the measurement. */
type About = Pick<
  UsersRaw,
  'challenge' | 'endpoint' | 'model' | 'users' | 'rows' | 'slotMs' | 'descriptors' | 'nullRun' | 'gate'
>;

/** A run that ended at the gate. */
const NOTHING: Omit<UsersRaw, keyof About | 'audit'> = {
  hold: { seconds: 0, min: [], max: [], mean: [], done: [] },
  started: 0,
  failures: {},
  responses: mergeHistograms([]),
  services: mergeHistograms([]),
  lags: mergeHistograms([]),
  tasks: [],
  missed: [],
  held: [],
  p95Us: [],
  wrongLater: 0,
  server: null,
  generators: [],
  pairs: { salted: [], repeated: [], failed: 0 },
  burst: null,
};

function nullRunOf(users: number, seconds: number, reports: readonly CrowdReport[]): UsersRaw['nullRun'] {
  const results = reports.map((report) => report.result);
  return {
    users,
    seconds,
    done: addSeries(results.map((result) => result.slots)).done,
    failed: sumOf(results.flatMap((result) => Object.values(result.failures))),
    responses: mergeHistograms(results.map((result) => result.responses)),
  };
}

/** All burst users submit at one agreed moment, over all threads. */
async function rendezvous(
  everyone: <T>(ask: (shard: ShardHandle, index: number) => Promise<T>) => Promise<T[]>,
  parts: readonly { first: number; end: number }[],
  settings: UsersSettings,
  now: () => number,
): Promise<UsersRaw['burst']> {
  const atMs = Math.ceil((now() + 500) / settings.slotMs) * settings.slotMs;
  const planned = Math.min(settings.burstUsers, settings.users);
  const reports = await everyone((shard, index) => {
    const { first, end } = parts[index]!;
    const users = Math.max(0, Math.min(end, planned) - first);
    return shard.ask('burst', { atMs, graceMs: settings.graceS * 1_000, users });
  });
  const sent = reports.filter((report) => report.sent > 0);
  // With several threads only the sum of the least values is sure to have been in flight at one moment.
  const joint = addSeries(reports.map((report) => report.series));
  const { min, max } = reports.length === 1 ? joint : { min: joint.min, max: joint.min };
  return {
    planned,
    sent: sumOf(reports.map((report) => report.sent)),
    right: sumOf(reports.map((report) => report.right)),
    failures: addFailures(reports.map((report) => report.failures)),
    spreadS:
      sent.length === 0
        ? 0
        : (Math.max(...sent.map((report) => report.lastWireMs)) -
            Math.min(...sent.map((report) => report.firstWireMs))) /
          1_000,
    min,
    max,
  };
}

function addFailures(parts: readonly Partial<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const part of parts) {
    for (const [failure, count] of Object.entries(part)) total[failure] = (total[failure] ?? 0) + (count ?? 0);
  }
  return total;
}
