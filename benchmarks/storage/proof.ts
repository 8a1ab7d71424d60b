import { type Estimate, exact, fromWindows } from '../../model/estimate.ts';
import type { Finding, Metric } from '../../model/measurement.ts';
import type { Proof } from '../benchmark.ts';
import { departures, type Knob } from '../departures.ts';
import { UNIT_BYTES } from './block.ts';
import { disturbed, plannedFill, slope, usableBytes } from './books.ts';
import { badUnits, bookChecks, dataChecks, firstDefect } from './checks.ts';
import { examineFio } from './fio-proof.ts';
import { percentileEstimate } from './latency.ts';
import { orderOf } from './order.ts';
import { challengedUnits, undetectedShare } from './positions.ts';
import { StorageSamples, type Windows } from './samples.ts';

/** Fewest cold reads that show a 99th percentile with 99 % confidence (LoadGen's rule). */
const P99_READS = 459;
/** No call that reads 4 KiB comes back sooner: the copy and the way into the kernel alone take about that long. */
const LEAST_READ_NS = 1_000;

const CAPACITIES = ['storage.capacity.attested', 'storage.capacity.proven', 'storage.capacity.share'];

/** Makes metrics of a fill and its challenge. See `descriptor` for what they show and what not. */
export const proof: Proof<typeof StorageSamples> = {
  id: 'storage.volume',
  version: '1.0.0',
  raw: StorageSamples,
  examine(raw, { transcript, evidence, settings }) {
    // Other strata than were asked for are held below; there may be too many of them to draw.
    const strata = raw.sample.planned === settings.samples ? raw.sample.planned : 0;
    const chosen = challengedUnits(raw.audit, raw.fill.bytes / UNIT_BYTES, strata);
    const checks = [...dataChecks(raw, settings, chosen), ...bookChecks(raw)];
    const right = checks.filter((check) => !check.id.startsWith('books')).every((check) => check.passed);
    const booksRight = checks.every((check) => check.passed);
    const departed = departures(knobs(raw, settings));
    const asAssigned = departed ?? 'what was filled and asked is what the assignment says';
    checks.push({ id: 'as_assigned', passed: departed === undefined, detail: asAssigned });
    const order = transcript ? orderOf(raw, transcript) : undefined;
    if (order) checks.push({ id: 'order.committed', passed: order.passed, detail: order.detail });
    const fio = examineFio(raw.fio, { evidence, direct: raw.direct, wanted: settings.fio !== false });
    const labels = { volume: raw.volume.identity, filesystem: raw.volume.fsType };

    const proven = provenBytes(raw);
    const usable = usableBytes(raw.before);
    const samples = raw.sample.stratified + raw.sample.ruler;
    const metric = (id: string, estimate: Estimate, more: Partial<Metric>): Metric => ({
      metric: id,
      labels,
      estimate,
      durationS: 0,
      samples,
      verified: right,
      // What keeps the bytes and gives them back is the node's own word.
      level: 'E1',
      ...more,
    });
    const metrics: Metric[] = [
      metric('storage.capacity.attested', exact(usable, 'B', 1, 'exact'), { verified: booksRight && proven > 0 }),
      metric('storage.capacity.proven', exact(proven, 'B', samples), {
        durationS: raw.fill.seconds + raw.read.seconds,
      }),
    ];
    if (usable > 0) metrics.push(metric('storage.capacity.share', exact(proven / usable, '1', samples), {}));
    const speeds = [
      ['storage.speed.write', raw.fill.windows, raw.fill.writtenBytes, raw.fill.seconds],
      ['storage.speed.read', raw.read.windows, raw.read.bytes, raw.read.seconds],
    ] as const;
    for (const [id, windows, bytes, seconds] of speeds) {
      const estimate = sustained(windows, bytes, seconds);
      if (estimate) metrics.push(metric(id, estimate, { durationS: seconds, samples: estimate.n }));
    }
    const latencies = raw.sample.latenciesNs.map((ns) => ns / 1e9);
    for (const [id, p, least] of [
      ['storage.latency.read.p50', 0.5, 44],
      ['storage.latency.read.p99', 0.99, P99_READS],
    ] as const) {
      if (latencies.length < least) continue;
      const estimate = percentileEstimate(latencies, p, 's');
      metrics.push(metric(id, estimate, { durationS: raw.sample.seconds, samples: latencies.length }));
    }
    const findings = [...findingsOf(raw, { right, proven, usable, marks: chosen.ruler.length }), ...fio.findings];
    if (departed !== undefined) findings.push({ code: 'evidence_mismatch', detail: departed, weight: 'holds' });
    if (order && !order.passed) findings.push({ code: 'evidence_mismatch', detail: order.detail, weight: 'holds' });
    return {
      metrics: [...metrics, ...fio.metrics.map((one) => ({ ...one, labels }))],
      checks: [...checks, ...fio.checks],
      findings,
    };
  },
};

/**
 * Bytes that the run proves: all that were read back and right; of the rest what the sample leaves no doubt about at
 * 99.9 %. With any bad block only what was read and right.
 */
export function provenBytes(raw: StorageSamples): number {
  const bad = badUnits(raw);
  const read = Math.max(0, Math.min(raw.read.bytes, raw.fill.bytes) - bad * UNIT_BYTES);
  if (bad > 0 || raw.sample.stratified === 0) return read;
  return Math.floor(read + (raw.fill.bytes - read) * (1 - undetectedShare(raw.sample.stratified)));
}

/** A rate that counts its stalls: the median of the windows, but never more than all bytes over all the time. */
export function sustained(windows: Windows, bytes: number, seconds: number): Estimate | undefined {
  if (!(bytes > 0 && seconds > 0)) return undefined;
  const overall = bytes / seconds;
  const estimate = fromWindows(
    windows.bytes.map((part) => part / windows.windowS),
    'B/s',
  );
  if (estimate.n < 2) return { value: overall, unit: 'B/s', U: overall, k: 2, n: 1, method: 'batch_means' };
  return { ...estimate, value: Math.min(estimate.value, overall) };
}

/** What must be as the assignment says. How much was to be filled follows from it and from the books before. */
function knobs(raw: StorageSamples, asked: Readonly<Record<string, unknown>>): Knob[] {
  const limit = (name: string) => Number(asked[name]);
  const limits = {
    fillBytes: limit('fillBytes'),
    fillShare: limit('fillShare'),
    maxFreeShare: limit('maxFreeShare'),
    chunkBytes: limit('chunkBytes'),
  };
  return [
    ['chunkBytes', raw.chunkBytes, asked.chunkBytes],
    ['samples', raw.sample.planned, asked.samples],
    ['bytes to fill', raw.fill.plannedBytes, plannedFill(raw.before, limits)],
    ['windowSeconds of the fill', raw.fill.windows.windowS, asked.windowSeconds],
    ['windowSeconds of the reading', raw.read.windows.windowS, asked.windowSeconds],
    ...(asked.lanes === 0 ? [] : [['lanes', raw.lanes, asked.lanes] as const]),
    ...(raw.direct ? [['direct', true, asked.direct] as const] : []),
  ];
}

interface Result {
  /** The data checks passed. */
  readonly right: boolean;
  readonly proven: number;
  readonly usable: number;
  /** Marks of the ruler that the challenge has. */
  readonly marks: number;
}

function findingsOf(raw: StorageSamples, { right, proven, usable, marks }: Result): Finding[] {
  const findings: Finding[] = [];
  const holds = (code: Finding['code'], detail: string, metric?: string) =>
    findings.push({ code, detail, ...(metric ? { metric } : {}), weight: 'holds' });
  const informs = (code: Finding['code'], detail: string, metric?: string) =>
    findings.push({ code, detail, ...(metric ? { metric } : {}), weight: 'informs' });

  if (raw.volume.volatile === 'yes') holds('volatile_storage', raw.volume.layers.join(' > '));
  if (raw.volume.volatile === 'unknown') holds('volatile_storage', `cannot be told: ${raw.volume.layers.join(' > ')}`);
  if (!right) holds('incorrect_result', firstDefect(raw));
  if (proven === 0) holds('zero_work', 'no byte is proven', 'storage.capacity.attested');
  if (raw.volume.ceilingBytes !== undefined && usable > raw.volume.ceilingBytes * 1.001) {
    const layers = raw.volume.layers.join(' > ');
    holds(
      'implausible',
      `${usable} bytes on layers that can hold ${raw.volume.ceilingBytes}: ${layers}`,
      'storage.capacity.attested',
    );
  }
  if (raw.sample.ruler < marks && raw.read.bytes < raw.fill.bytes) {
    // The sample alone does not see storage that begins again at its first byte.
    const detail = `${raw.sample.ruler} of ${marks} marks of the ruler were read, and not all was read back`;
    for (const metric of CAPACITIES) holds('too_few_samples', detail, metric);
  }
  const quickest = raw.sample.latenciesNs.reduce((least, ns) => Math.min(least, ns), Number.POSITIVE_INFINITY);
  const together = raw.sample.latenciesNs.reduce((total, ns) => total + ns, 0) / 1e9;
  for (const metric of ['storage.latency.read.p50', 'storage.latency.read.p99']) {
    if (quickest < LEAST_READ_NS) holds('implausible', `a cold read of ${UNIT_BYTES} bytes in ${quickest} ns`, metric);
    if (together > raw.sample.seconds) {
      holds(
        'implausible',
        `reads of ${together.toFixed(3)} s in all within ${raw.sample.seconds.toFixed(3)} s`,
        metric,
      );
    }
  }
  const books = slope(raw.before, raw.after, raw.fill.bytes);
  if (!books.sound) {
    const code = disturbed(raw.after, raw.end) ? 'background_load' : 'evidence_mismatch';
    for (const metric of CAPACITIES) {
      holds(code, `${books.value.toFixed(3)} bytes of free space lost for each byte written`, metric);
    }
  }
  if (raw.before.source !== 'stat') {
    holds(
      'evidence_missing',
      'the fundamental block size could not be read: stat is missing',
      'storage.capacity.attested',
    );
  }
  const cache = cacheDoubt(raw);
  for (const metric of ['storage.speed.read', 'storage.latency.read.p50', 'storage.latency.read.p99']) {
    if (cache) (cache.holds ? holds : informs)('cached', cache.detail, metric);
  }
  if (raw.fill.stoppedBy === 'time') {
    informs('too_short', `the fill was stopped after ${raw.fill.bytes} of ${raw.fill.plannedBytes} bytes`);
  }
  const harness = raw.nullRun.bytes / raw.nullRun.seconds;
  for (const [id, bytes, seconds] of [
    ['storage.speed.write', raw.fill.writtenBytes, raw.fill.seconds],
    ['storage.speed.read', raw.read.bytes, raw.read.seconds],
  ] as const) {
    // A floor and no more: what is under test may be faster than we can make and compare data.
    if (bytes / seconds > 0.7 * harness) {
      informs(
        'tool_saturated',
        `${(bytes / seconds / 1e9).toFixed(2)} GB/s of ${(harness / 1e9).toFixed(2)} GB/s that the lanes can make`,
        id,
      );
    }
  }
  const cliff = writeCliff(raw.fill.windows);
  if (cliff) informs('spread', cliff, 'storage.speed.write');
  return findings;
}

/**
 * Whether a cache of this machine may have answered. O_DIRECT passes it by, but some file systems take the flag and
 * buffer all the same: there the kernel's own count of what it fetched tells. Remote ones are not in that count.
 */
function cacheDoubt(raw: StorageSamples): { holds: boolean; detail: string } | undefined {
  const { fetchedBytes, bytes } = raw.read;
  const counted = fetchedBytes !== undefined && !raw.volume.remote && raw.volume.volatile === 'no';
  if (counted && fetchedBytes < 0.9 * bytes) {
    return { holds: true, detail: `only ${fetchedBytes} of ${bytes} bytes that were read came from the storage` };
  }
  if (raw.direct) return undefined;
  return raw.cacheDropped
    ? { holds: false, detail: 'no O_DIRECT here; the kernel was told to drop its cache before reading' }
    : { holds: true, detail: 'no O_DIRECT here and the cache could not be dropped' };
}

/** Words for a write rate whose worst minute (or third, in shorter runs) is under 0.8 of the median. */
export function writeCliff(windows: Windows): string | undefined {
  const rates = windows.bytes;
  const length = Math.min(Math.ceil(60 / windows.windowS), Math.floor(rates.length / 3));
  if (length < 3) return undefined;
  const middle = [...rates].sort((a, b) => a - b)[rates.length >> 1]!;
  let worst = Number.POSITIVE_INFINITY;
  for (let from = 0; from + length <= rates.length; from++) {
    let total = 0;
    for (let i = from; i < from + length; i++) total += rates[i]!;
    worst = Math.min(worst, total / length);
  }
  return worst < 0.8 * middle
    ? `write cliff: ${(worst / windows.windowS / 1e6).toFixed(0)} MB/s over the worst ${(length * windows.windowS).toFixed(1)} s, median ${(middle / windows.windowS / 1e6).toFixed(0)} MB/s`
    : undefined;
}
