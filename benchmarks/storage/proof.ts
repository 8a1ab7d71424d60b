import { createHash } from 'node:crypto';
import type { Transcript } from '../../model/assignment.ts';
import { type Estimate, exact, fromWindows } from '../../model/estimate.ts';
import type { Check, Finding, Metric } from '../../model/measurement.ts';
import type { Proof } from '../benchmark.ts';
import { content, UNIT_BYTES, volumeKey } from './block.ts';
import { disturbed, slope, usableBytes } from './books.ts';
import { examineFio } from './fio-proof.ts';
import { percentileEstimate } from './latency.ts';
import { challengedUnits, undetectedShare } from './positions.ts';
import { epochOf, fillCommit, StorageSamples, type Windows } from './samples.ts';

/** Fewest cold reads that show a 99th percentile with 99 % confidence (LoadGen's rule). */
const P99_READS = 459;
/** How far our own time of the fill may lie under the controller's: a share of it, and what messages take. */
const CLOCK_SHARE = 0.1;
const CLOCK_S = 0.5;

/** Makes metrics of a fill and its challenge. See `descriptor` for what they show and what not. */
export const proof: Proof<typeof StorageSamples> = {
  id: 'storage.volume',
  version: '1.0.0',
  raw: StorageSamples,
  examine(raw, { transcript, evidence, settings }) {
    const checks = [...dataChecks(raw), ...bookChecks(raw)];
    const right = checks.filter((check) => !check.id.startsWith('books')).every((check) => check.passed);
    const booksRight = checks.every((check) => check.passed);
    const order = transcript ? orderCheck(raw, transcript) : undefined;
    if (order) checks.push(order);
    const level = order?.passed ? 'E2' : 'E1';
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
      level,
      ...more,
    });
    const metrics: Metric[] = [
      // What the file system says stays its own word (E1), however well the sample of it came back.
      metric('storage.capacity.attested', exact(usable, 'B', 1, 'exact'), {
        verified: booksRight && proven > 0,
        level: 'E1',
      }),
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
    const findings = [...findingsOf(raw, right, proven, usable), ...fio.findings];
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

function badUnits(raw: StorageSamples): number {
  return Object.values(raw.bad).reduce((total, count) => total + count, 0);
}

function dataChecks(raw: StorageSamples): Check[] {
  const bad = badUnits(raw);
  const kinds = Object.entries(raw.bad).filter(([, count]) => count > 0);
  const chosen = challengedUnits(raw.audit, raw.fill.bytes / UNIT_BYTES, raw.sample.planned);
  const visited = [...chosen.sample, ...chosen.ruler].slice(0, raw.sample.stratified + raw.sample.ruler);
  const places = raw.sample.stratified + raw.sample.ruler;
  return [
    {
      id: 'blocks.right',
      passed: bad === 0 && raw.fill.bytes > 0 && raw.read.bytes > 0,
      detail:
        bad === 0
          ? `${places} challenged units and ${raw.read.bytes} bytes came back as written`
          : `${bad} bad units (${kinds.map(([kind, count]) => `${kind} ${count}`).join(', ')}); ${describe(raw)}`,
    },
    {
      id: 'sample.complete',
      passed: raw.sample.stratified > 0 && raw.sample.stratified === chosen.sample.length && visited.length === places,
      detail: `${raw.sample.stratified} of ${chosen.sample.length} stratified units, ${raw.sample.ruler} of ${chosen.ruler.length} marks of the ruler`,
    },
    {
      id: 'sample.digest',
      passed: bad === 0 && visited.length > 0 && digestOf(raw, visited) === raw.sample.digest,
      detail: 'digest over the challenged units against the data that the challenge gives',
    },
    {
      id: 'sample.timed',
      passed: raw.sample.latenciesNs.length === raw.sample.stratified,
      detail: `${raw.sample.latenciesNs.length} times for ${raw.sample.stratified} reads`,
    },
  ];
}

function describe(raw: StorageSamples): string {
  const first = raw.defects[0];
  if (!first) return 'not described';
  const distance = first.kind === 'alias' ? `, ${first.distance} units away` : '';
  return `the first: unit ${first.unit} ${first.kind}${distance}: ${first.detail}`;
}

function digestOf(raw: StorageSamples, units: readonly number[]): string {
  const key = volumeKey(raw.challenge);
  const unitsPerChunk = raw.chunkBytes / UNIT_BYTES;
  const digest = createHash('sha256');
  const place = Buffer.alloc(8);
  for (const unit of units) {
    place.writeBigUInt64BE(BigInt(unit));
    const epoch = epochOf(raw.fill, Math.floor(unit / unitsPerChunk));
    digest.update(place).update(content(key, { epoch, unit }, UNIT_BYTES));
  }
  return digest.digest('hex');
}

function bookChecks(raw: StorageSamples): Check[] {
  const books = slope(raw.before, raw.after, raw.fill.bytes);
  return [
    {
      id: 'books.slope',
      passed: books.sound,
      detail: `the file system lost ${books.value.toFixed(3)} bytes of free space for each byte written`,
    },
  ];
}

/** The commits came in the right order, say what the samples say, and the controller's own clock allows the times. */
function orderCheck(raw: StorageSamples, transcript: Transcript): Check {
  const id = 'order.committed';
  const no = (detail: string): Check => ({ id, passed: false, detail });
  const [open, filled, read] = transcript.exchanges;
  if (open?.label !== 'open' || filled?.label !== 'filled' || read?.label !== 'read') {
    return no('the commits open, filled and read are not all there');
  }
  if (open.beacon !== raw.challenge || filled.beacon !== raw.audit)
    return no('the samples use other beacons than were given');
  if (filled.commit !== Buffer.from(fillCommit(raw)).toString('base64'))
    return no('the fill is not the one committed to');
  if (read.commit !== Buffer.from(raw.sample.digest, 'hex').toString('base64'))
    return no('the sample is not the one committed to');
  const seconds = Number(BigInt(filled.receivedNs) - BigInt(open.answeredNs)) / 1e9;
  if (raw.fill.seconds < seconds * (1 - CLOCK_SHARE) - CLOCK_S || raw.fill.seconds > seconds) {
    return no(`the fill says ${raw.fill.seconds.toFixed(2)} s, the controller's clock ${seconds.toFixed(2)} s`);
  }
  return {
    id,
    passed: true,
    detail: `commits in order; ${seconds.toFixed(2)} s from challenge to filled by the controller's clock`,
  };
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

function findingsOf(raw: StorageSamples, right: boolean, proven: number, usable: number): Finding[] {
  const findings: Finding[] = [];
  const holds = (code: Finding['code'], detail: string, metric?: string) =>
    findings.push({ code, detail, ...(metric ? { metric } : {}), weight: 'holds' });
  const informs = (code: Finding['code'], detail: string, metric?: string) =>
    findings.push({ code, detail, ...(metric ? { metric } : {}), weight: 'informs' });

  if (raw.volume.volatile === 'yes') holds('volatile_storage', raw.volume.layers.join(' > '));
  if (raw.volume.volatile === 'unknown') holds('volatile_storage', `cannot be told: ${raw.volume.layers.join(' > ')}`);
  if (!right) holds('incorrect_result', describe(raw));
  if (proven === 0) holds('zero_work', 'no byte is proven', 'storage.capacity.attested');
  if (raw.volume.ceilingBytes !== undefined && usable > raw.volume.ceilingBytes * 1.001) {
    const layers = raw.volume.layers.join(' > ');
    holds(
      'implausible',
      `${usable} bytes on layers that can hold ${raw.volume.ceilingBytes}: ${layers}`,
      'storage.capacity.attested',
    );
  }
  const books = slope(raw.before, raw.after, raw.fill.bytes);
  if (!books.sound) {
    const code = disturbed(raw.after, raw.end) ? 'background_load' : 'evidence_mismatch';
    for (const metric of ['storage.capacity.attested', 'storage.capacity.proven', 'storage.capacity.share']) {
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
