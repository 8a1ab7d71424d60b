import type { Benchmark, Context } from '../benchmark.ts';
import { sleep, untilAborted } from '../users/abort.ts';
import { picks } from '../users/audit.ts';
import { clockSince } from '../users/clock.ts';
import { Thread } from '../users/fleet.ts';
import { merklePaths, merkleRoot } from '../users/merkle.ts';
import { RECORD_NETWORK } from '../users/network.ts';
import { markGauges, readGauge } from '../users/server-gauge.ts';
import { packageVersion } from '../users/software.ts';
import { findTarget, type Target } from '../users/target.ts';
import { type RecordsSettings, recordsDescriptor } from './descriptor.ts';
import { recordsProof } from './proof.ts';
import type { RecordsRaw } from './raw.ts';
import type { LedgerReport, RecordsCommands, SweepReport } from './shard.ts';

/** `records.simultaneous`: see the descriptor for what it measures and the proof for what its samples amount to. */
export const recordsBenchmark: Benchmark<typeof recordsDescriptor.settings, typeof recordsProof.raw> = {
  descriptor: recordsDescriptor,
  proof: recordsProof,
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
  if (unconnected === users) throw new Error(`nobody could connect to ${target.url}`);
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
  if (settings.sweepRecords > 0) {
    for (const batch of [1, 10, 100, 1_000]) {
      const records = batch === 1 ? Math.ceil(settings.sweepRecords / 10) : settings.sweepRecords;
      sweep.push(await thread.ask('sweep', { batch, records, parallel: 16 }));
    }
  }
  await thread.ask('close', undefined);

  context.phase('proof');
  return {
    challenge,
    endpoint: target.identityKey === undefined ? 'external' : 'built_in',
    model: target.model,
    users,
    lot,
    slotMs,
    hold: { seconds: (to - from) / 1_000, ...report.result.slots },
    peak: report.peak,
    server: server && { min: server.min, max: server.max, mean: server.mean, seconds: server.seconds },
    ledger: { ...report.ledger },
    expectedSum: report.expectedSum,
    answeredSum: report.answeredSum,
    poison: report.poison,
    lots: [...report.lots],
    failures: report.result.failures as Record<string, number>,
    responses: report.result.responses,
    generator: report.health,
    sweep,
    audit: await commitAnswers(context, report),
  };
}

/** Commits the tree over all lots and opens what the beacon picks. A leaf that stands for no answer says so. */
async function commitAnswers(context: Context<RecordsSettings>, report: LedgerReport): Promise<RecordsRaw['audit']> {
  const all = Buffer.from(report.leaves.buffer, report.leaves.byteOffset, report.leaves.byteLength);
  const leaves = Array.from({ length: all.length / 32 }, (_, i) => all.subarray(i * 32, (i + 1) * 32));
  const root = merkleRoot(leaves);
  const beacon = await context.commit('answers', root);
  const chosen = picks(beacon, leaves.length, context.settings.audits);
  const paths = merklePaths(leaves, chosen);
  return {
    root: Buffer.from(root).toString('hex'),
    leaves: leaves.length,
    beacon,
    opened: chosen.map((index, i) => ({
      leaf: leaves[index]!.toString('hex'),
      failed: report.failed[index] === 1,
      path: paths[i]!.map((hash) => Buffer.from(hash).toString('hex')),
    })),
  };
}
