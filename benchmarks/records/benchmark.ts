import type { Benchmark, Context } from '../benchmark.ts';
import { sleep, untilAborted } from '../users/abort.ts';
import { commitLeaves } from '../users/answers.ts';
import { clockSince } from '../users/clock.ts';
import { Thread } from '../users/fleet.ts';
import { mergeHistograms } from '../users/latency.ts';
import { RECORD_NETWORK } from '../users/network.ts';
import { markGauges, readGauge } from '../users/server-gauge.ts';
import { packageVersion } from '../users/software.ts';
import { findTarget, type Target } from '../users/target.ts';
import { descriptor, type RecordsSettings } from './descriptor.ts';
import { sweepSteps } from './manifest.ts';
import { proof } from './proof.ts';
import type { RecordsRaw } from './raw.ts';
import type { RecordsCommands } from './shard.ts';
import type { SweepReport } from './sweep.ts';

/** `records.simultaneous`: see the descriptor for what it measures and the proof for what its samples amount to. */
export const benchmark: Benchmark<typeof descriptor.settings, typeof proof.raw> = {
  descriptor,
  proof,
  async run(context) {
    const target = findTarget(context, context.settings, RECORD_NETWORK.model);
    return untilAborted(context.signal, (ends) => measure(context, target, ends));
  },
};

async function measure(
  context: Context<RecordsSettings>,
  target: Target,
  ends: (() => Promise<void>)[],
): Promise<RecordsRaw> {
  const { settings } = context;
  const { users, lot, slotMs } = settings;
  for (const name of ['undici', 'hdr-histogram-js', 'onnxruntime-node']) context.software(name, packageVersion(name));
  context.phase('preconditions');
  const challenge = await context.commit('open', new TextEncoder().encode(JSON.stringify(settings)));
  const epochNs = process.hrtime.bigint();
  const now = clockSince(epochNs);
  const thread = new Thread<RecordsCommands>(new URL('./shard.ts', import.meta.url));
  ends.push(() => thread.end());

  context.phase('manifest');
  await thread.ask('prepare', {
    challenge,
    users,
    lot,
    url: target.url,
    model: target.model,
    tokens: target.tokens,
    slotMs,
    timeoutMs: settings.timeoutS * 1_000,
    epochNs,
  });

  context.phase('warm_up');
  const rampMs = (users / 1_000) * settings.rampSPerThousand * 1_000;
  const unconnected = await thread.ask('connect', { overMs: rampMs });
  const about: About = {
    challenge,
    endpoint: target.identityKey === undefined ? 'external' : 'built_in',
    model: target.model,
    users,
    lot,
    slotMs,
  };
  if (unconnected === users) return { ...about, ...NOTHING, audit: await commitLeaves(context, [], () => true) };
  context.progress(0.2);
  const marked = target.identityKey !== undefined && (await markGauges(target.url, target.identityKey));
  const rampFrom = now() + 20;
  await thread.ask('ramp', { fromMs: rampFrom, rampMs });
  await sleep(rampFrom + rampMs + 500 - now());

  context.phase('measure');
  await context.commit('hold', new Uint8Array());
  const from = Math.ceil((now() + 100) / slotMs) * slotMs;
  const to = from + Math.round((settings.holdS * 1_000) / slotMs) * slotMs;
  await thread.ask('window', { fromMs: from, toMs: to });
  while (now() < to) {
    await sleep(Math.min(1_000, to - now()));
    const share = Math.min(1, Math.max(0, (now() - from) / (to - from)));
    context.progress(0.3 + 0.5 * share, { value: users * lot, unit: 'record', label: 'in flight' });
  }
  await sleep(50);
  await context.commit('held', new Uint8Array());
  const server = marked ? await readGauge(target.url, 'records') : null;

  context.phase('drain');
  const report = await thread.ask('stop', { graceMs: settings.graceS * 1_000 });

  context.phase('sweep');
  const sweep: SweepReport[] = [];
  for (const [batch, records] of sweepSteps(settings.sweepRecords)) {
    sweep.push(await thread.ask('sweep', { batch, records, parallel: 16 }));
  }
  await thread.ask('close', undefined);

  context.phase('proof');
  return {
    ...about,
    hold: { seconds: (to - from) / 1_000, ...report.result.slots },
    peak: report.peak,
    server: server && { min: server.min, max: server.max, mean: server.mean, seconds: server.seconds },
    ledger: { ...report.ledger },
    expectedSum: report.expectedSum,
    answeredSum: report.answeredSum,
    poison: report.poison,
    lots: [...report.lots],
    failedLots: report.failedLots,
    failures: report.result.failures as Record<string, number>,
    responses: report.result.responses,
    generator: report.health,
    sweep,
    audit: await commitLeaves(context, digests(report.leaves), (index) => report.failed[index] === 1),
  };
}

/** What is known before the first lot. */
type About = Pick<RecordsRaw, 'challenge' | 'endpoint' | 'model' | 'users' | 'lot' | 'slotMs'>;

const NO_POISON = { planted: 0, rejected: 0 };

/** A run in which nobody could connect. */
const NOTHING: Omit<RecordsRaw, keyof About | 'audit'> = {
  hold: { seconds: 0, min: [], max: [], mean: [], done: [] },
  peak: 0,
  server: null,
  ledger: { admitted: 0, right: 0, lost: 0, twice: 0, corrupt: 0, unexpected: 0 },
  expectedSum: '0',
  answeredSum: '0',
  poison: { malformed: NO_POISON, oversize: NO_POISON, not_finite: NO_POISON },
  lots: [],
  failedLots: 0,
  failures: {},
  responses: mergeHistograms([]),
  generator: { loopDelays: mergeHistograms([]), cpuShare: 0, cpuSource: 'event_loop' },
  sweep: [],
};

function digests(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: bytes.length / 32 }, (_, i) => bytes.subarray(i * 32, (i + 1) * 32));
}
