import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { content, UNIT_BYTES } from '../../../../benchmarks/storage/block.ts';
import { descriptor } from '../../../../benchmarks/storage/descriptor.ts';
import { challengedUnits } from '../../../../benchmarks/storage/positions.ts';
import { proof, provenBytes, sustained, writeCliff } from '../../../../benchmarks/storage/proof.ts';
import { StorageSamples } from '../../../../benchmarks/storage/samples.ts';
import type { Transcript } from '../../../../model/assignment.ts';
import type { Examination } from '../../../../model/measurement.ts';
import { check } from '../../../../model/schema.ts';
import { AUDIT, type Device, honest, KEY, placeOf, SETTINGS, samplesOf, transcriptOf } from './device.ts';

const settings = SETTINGS;
const examine = (
  samples: StorageSamples,
  transcript?: Transcript,
  evidence: Record<string, string> = {},
): Examination =>
  proof.examine(samples, {
    settings,
    transcript,
    evidence: (name) => (evidence[name] === undefined ? undefined : Buffer.from(evidence[name])),
  });
const metric = (examination: Examination, id: string) => examination.metrics.find((one) => one.metric === id);
const held = (examination: Examination, id?: string) =>
  examination.findings
    .filter((finding) => finding.weight === 'holds' && (finding.metric === undefined || finding.metric === id))
    .map((finding) => finding.code);
const good = samplesOf(honest);

/** The good run with so many marks of the ruler read, and the digest that belongs to it. */
function withRuler(marks: number): StorageSamples {
  const { sample, ruler } = challengedUnits(AUDIT, good.fill.bytes / UNIT_BYTES, good.sample.planned);
  const digest = createHash('sha256');
  const place = Buffer.alloc(8);
  for (const unit of [...sample, ...ruler.slice(0, marks)]) {
    place.writeBigUInt64BE(BigInt(unit));
    digest.update(place).update(honest(unit));
  }
  return { ...good, sample: { ...good.sample, ruler: marks, digest: digest.digest('hex') } };
}

describe('an honest run', () => {
  it('fits its own schema and has the metrics that the descriptor names', () => {
    expect(check(StorageSamples, good)).toMatchObject({ ok: true });
    const named = new Set(descriptor.metrics.map((one) => `${one.id} ${one.unit}`));
    const { metrics } = examine(good);
    for (const one of metrics) expect(named).toContain(`${one.metric} ${one.estimate.unit}`);
    expect(metrics.map((one) => one.metric)).toEqual([
      'storage.capacity.attested',
      'storage.capacity.proven',
      'storage.capacity.share',
      'storage.speed.write',
      'storage.speed.read',
      'storage.latency.read.p50',
    ]);
  });

  it('proves every byte that was read back, and leaves out reserved blocks', () => {
    const examination = examine(good);
    expect(metric(examination, 'storage.capacity.proven')?.estimate.value).toBe(8 * 1024 ** 2);
    expect(metric(examination, 'storage.capacity.attested')?.estimate.value).toBe(1e11 - 1e9);
    expect(examination.metrics.every((one) => one.verified)).toBe(true);
    expect(examination.checks.every((one) => one.passed)).toBe(true);
    expect(held(examination)).toEqual([]);
  });

  it('is at level E1 with the controller’s transcript too, with the same numbers: the node keeps the bytes', () => {
    const alone = examine(good);
    const checked = examine(good, transcriptOf(good));
    expect(new Set(checked.metrics.map((one) => one.level))).toEqual(new Set(['E1']));
    expect(checked.metrics).toEqual(alone.metrics);
  });

  it('has attested bytes at E1 even then: they are the file system’s own word', () => {
    expect(metric(examine(good, transcriptOf(good)), 'storage.capacity.attested')?.level).toBe('E1');
  });

  it('counts only what the sample leaves no doubt about where not all was read back', () => {
    const part = { ...good, read: { ...good.read, bytes: 4 * 1024 ** 2 } };
    expect(provenBytes(part)).toBeLessThan(8 * 1024 ** 2);
    expect(provenBytes(part)).toBeGreaterThan(7.5 * 1024 ** 2);
  });
});

describe('a cheating device', () => {
  const cheats: [string, Device, string][] = [
    ['gives zeros from somewhere on', (unit) => (unit >= 2000 ? Buffer.alloc(UNIT_BYTES) : honest(unit)), 'zero'],
    ['wraps around', (unit) => honest(unit >= 1000 ? unit - 1000 : unit), 'alias'],
    [
      'drops the second pass in part',
      (unit) => (unit % 97 === 0 ? content(KEY, { epoch: 0, unit }, UNIT_BYTES) : honest(unit)),
      'stale',
    ],
    ['gives short blocks', (unit) => (unit === 5 ? honest(unit).subarray(0, 512) : honest(unit)), 'error'],
    [
      'flips one bit of one block',
      (unit) => {
        const block = Buffer.from(honest(unit));
        if (unit === 2047) block[4095]! ^= 1;
        return block;
      },
      'corrupt',
    ],
  ];
  it.each(cheats)('that %s is caught and told', (_, device, kind) => {
    const samples = samplesOf(device);
    const examination = examine(samples, transcriptOf(samples));
    expect(samples.bad[kind as keyof StorageSamples['bad']]).toBeGreaterThan(0);
    expect(examination.checks.find((one) => one.id === 'blocks.right')?.passed).toBe(false);
    expect(examination.metrics.every((one) => !one.verified)).toBe(true);
    expect(held(examination)).toContain('incorrect_result');
  });

  it('that wraps around is told with the exact modulus', () => {
    const examination = examine(samplesOf((unit) => content(KEY, placeOf(unit % 1500), UNIT_BYTES)));
    expect(examination.findings[0]?.detail).toContain('-1500 units away');
  });

  it('has at most its good bytes proven', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2047 }), (from) => {
        const samples = samplesOf((unit) => (unit >= from ? Buffer.alloc(UNIT_BYTES) : honest(unit)));
        expect(provenBytes(samples)).toBeLessThanOrEqual(from * UNIT_BYTES);
      }),
      { numRuns: 8 },
    );
  });
});

describe('samples that say more than was done', () => {
  it('are not verified with another digest, other positions or a missing part of the sample', () => {
    const forged: StorageSamples[] = [
      { ...good, sample: { ...good.sample, digest: '0'.repeat(64) } },
      { ...good, audit: 'ff'.repeat(32) },
      { ...good, challenge: 'ff'.repeat(32) },
      { ...good, sample: { ...good.sample, stratified: 40 } },
      { ...good, sample: { ...good.sample, stratified: 0, ruler: 0, latenciesNs: [] } },
      { ...good, sample: { ...good.sample, latenciesNs: good.sample.latenciesNs.slice(1) } },
      { ...good, read: { ...good.read, bytes: 0 } },
      { ...good, fill: { ...good.fill, bytes: 0 } },
      { ...good, read: { ...good.read, bytes: good.fill.bytes + 4096 } },
      { ...good, fill: { ...good.fill, plannedBytes: good.fill.bytes - 1024 ** 2 } },
      { ...good, fill: { ...good.fill, writtenBytes: good.fill.writtenBytes * 10 } },
      // The marks of the ruler were left out, though there was time for them.
      withRuler(0),
      withRuler(good.sample.ruler - 1),
    ];
    for (const samples of forged) {
      const examination = examine(samples);
      expect(examination.metrics.every((one) => !one.verified)).toBe(true);
      expect(held(examination)).not.toEqual([]);
    }
  });

  it('prove no capacity where time kept the run from the ruler and from reading all back', () => {
    const late = withRuler(3);
    const part = { ...late, sample: { ...late.sample, seconds: settings.sampleMaxSeconds } };
    const whole = examine(part);
    expect(whole.checks.every((one) => one.passed)).toBe(true);
    expect(held(whole, 'storage.capacity.proven')).toEqual([]);
    const examination = examine({ ...part, read: { ...part.read, bytes: part.fill.bytes - 1024 ** 2 } });
    for (const id of ['attested', 'proven', 'share']) {
      expect(held(examination, `storage.capacity.${id}`)).toEqual(['too_few_samples']);
    }
    expect(held(examination, 'storage.speed.read')).toEqual([]);
  });

  it('are implausible with reads that no call can make so fast, or that took longer than there was time', () => {
    const quick = good.sample.latenciesNs.map((ns, i) => (i === 40 ? 999 : ns));
    for (const sample of [
      { ...good.sample, latenciesNs: quick },
      { ...good.sample, seconds: 0.001 },
    ]) {
      const examination = examine({ ...good, sample });
      expect(held(examination, 'storage.latency.read.p50')).toEqual(['implausible']);
      expect(held(examination, 'storage.latency.read.p99')).toEqual(['implausible']);
      expect(held(examination, 'storage.speed.read')).toEqual([]);
    }
  });

  it.each<[string, Partial<StorageSamples>, object]>([
    ['fewer units to be read than were asked', {}, { samples: 688 }],
    ['no word on how many units to read', {}, { samples: undefined }],
    ['endlessly many units', { sample: { ...good.sample, planned: Number.MAX_SAFE_INTEGER } }, {}],
    ['less to fill than was asked', {}, { fillBytes: 64 * 1024 ** 2 }],
    ['another share of the free space', {}, { maxFreeShare: 0.0001 }],
    ['other chunks', {}, { chunkBytes: 4 * 1024 ** 2 }],
    ['other windows', {}, { windowSeconds: 1 }],
    ['other lanes', {}, { lanes: 8 }],
    ['O_DIRECT where the cache was wanted', {}, { direct: false }],
  ])('are held when they tell of %s', (_, over, changed) => {
    const examination = proof.examine(
      { ...good, ...over },
      { settings: { ...settings, ...changed }, transcript: undefined, evidence: () => undefined },
    );
    expect(examination.checks.find((one) => one.id === 'as_assigned')?.passed).toBe(false);
    expect(held(examination)).toContain('evidence_mismatch');
  });

  it('stay at E1 and are held when the transcript tells another story', () => {
    const right = transcriptOf(good);
    const change = (index: number, over: object): Transcript => ({
      ...right,
      exchanges: right.exchanges.map((one) => (one.index === index ? { ...one, ...over } : one)),
    });
    const stories = [
      { ...right, exchanges: right.exchanges.slice(0, 5) },
      { ...right, exchanges: [...right.exchanges, right.exchanges[5]!] },
      { ...right, exchanges: [] },
      change(0, { beacon: '00'.repeat(32) }),
      change(1, { beacon: '00'.repeat(32) }),
      change(1, { commit: Buffer.from('[1]').toString('base64') }),
      change(1, { label: 'full' }),
      change(3, { commit: '' }),
      change(5, { commit: '' }),
      // the controller's clock saw nine seconds of filling where the samples say one
      change(1, { receivedNs: String(9.5e9) }),
      // and cannot have seen less than the samples say
      change(1, { receivedNs: String(6e8) }),
      // nor of the sample
      change(3, { receivedNs: String(7e9) }),
      change(3, { receivedNs: String(3.62e9) }),
      // nor of the reading
      change(5, { receivedNs: String(9e9) }),
      change(5, { receivedNs: String(6e9) }),
    ];
    for (const story of stories) {
      const examination = examine(good, story);
      expect(metric(examination, 'storage.speed.write')?.level).toBe('E1');
      expect(held(examination)).toContain('evidence_mismatch');
    }
  });

  it('may be a little longer than by the controller, as much as two clocks go apart, and no longer', () => {
    const long = { ...good, fill: { ...good.fill, seconds: 300 } };
    const filled = (seconds: number): Transcript => {
      const right = transcriptOf(long);
      const later = (ns: string, index: number) =>
        String(Number(ns) + (index === 0 ? 0 : Math.round(seconds * 1e9 - 1.1e9 + 1000)));
      const exchanges = right.exchanges.map((one) => ({
        ...one,
        receivedNs: later(one.receivedNs, one.index),
        answeredNs: later(one.answeredNs, one.index),
      }));
      return { ...right, exchanges };
    };
    // A node whose clock is 20, then 100 parts in a million fast.
    for (const seen of [300, 300 / (1 + 20e-6), 300 / (1 + 100e-6)]) {
      expect(held(examine(long, filled(seen)))).toEqual([]);
    }
    for (const seen of [300 / (1 + 300e-6), 299, 150]) {
      expect(held(examine(long, filled(seen)))).toContain('evidence_mismatch');
    }
  });

  it('do not pass as fast where the stalls were between the windows', () => {
    const windows = { windowS: 1, bytes: [100, 100, 100, 100] };
    expect(sustained(windows, 400, 8)?.value).toBe(50);
    expect(sustained(windows, 0, 8)).toBeUndefined();
    expect(sustained(windows, 400, 0)).toBeUndefined();
    expect(sustained({ windowS: 1, bytes: [] }, 400, 0.5)).toMatchObject({ value: 800, U: 800 });
  });
});

describe('storage that does not count', () => {
  it('is held when it lives in memory, or may', () => {
    for (const volatile of ['yes', 'unknown'] as const) {
      expect(held(examine({ ...good, volume: { ...good.volume, volatile } }))).toContain('volatile_storage');
    }
  });

  it('is implausible when the file system is larger than what it lies on', () => {
    const samples = { ...good, volume: { ...good.volume, ceilingBytes: 9e10 } };
    expect(held(examine(samples), 'storage.capacity.attested')).toContain('implausible');
  });

  it('is held when the books do not follow the data', () => {
    const after = { ...good.before, freeBytes: good.before.freeBytes - 1e9 };
    const lost = { ...good, after, end: after };
    const examination = examine(lost);
    expect(held(examination, 'storage.capacity.attested')).toContain('evidence_mismatch');
    expect(metric(examination, 'storage.capacity.attested')?.verified).toBe(false);
    expect(held(examination, 'storage.speed.read')).toEqual([]);
  });

  it('is held with the right reason when somebody else moved the books', () => {
    const after = { ...good.before, freeBytes: good.before.freeBytes - 1e9 };
    const end = { ...after, freeBytes: after.freeBytes - 1e8 };
    expect(held(examine({ ...good, after, end }), 'storage.capacity.attested')).toEqual(['background_load']);
  });

  it('is held for reading where a cache may have answered', () => {
    const cached = examine({ ...good, direct: false, cacheDropped: false });
    expect(held(cached, 'storage.speed.read')).toContain('cached');
    expect(held(cached, 'storage.speed.write')).toEqual([]);
    const dropped = examine({ ...good, direct: false, cacheDropped: true });
    expect(held(dropped, 'storage.speed.read')).toEqual([]);
    expect(dropped.findings.map((one) => one.code)).toContain('cached');
  });

  it('is held for reading where O_DIRECT was taken and the cache answered all the same', () => {
    const cached = examine({ ...good, read: { ...good.read, fetchedBytes: 1000 } });
    expect(held(cached, 'storage.latency.read.p99')).toContain('cached');
    const remote = { ...good.volume, remote: true };
    expect(
      held(examine({ ...good, volume: remote, read: { ...good.read, fetchedBytes: 0 } }), 'storage.speed.read'),
    ).toEqual([]);
    expect(
      held(examine({ ...good, read: { ...good.read, fetchedBytes: good.read.bytes } }), 'storage.speed.read'),
    ).toEqual([]);
  });
});

describe('what fio adds', () => {
  const run = {
    point: 'read',
    argv: ['fio'],
    exitCode: 0,
    signal: null,
    stdout: 'fio-read.stdout',
    stderr: 'fio-read.stderr',
  };
  const io = { io_bytes: 1e9, total_ios: 954, runtime: 1000, bw_bytes: 1e9, bw_samples: 5, bw_mean: 1e6, bw_dev: 1e4 };
  const text = JSON.stringify({ 'fio version': 'fio-3.33', jobs: [{ error: 0, read: io }] });
  const withFio = (over: object = {}) => ({
    ...good,
    fio: { path: '/usr/bin/fio', version: 'fio-3.33', sha256: 'a'.repeat(64), runs: [{ ...run, ...over }] },
  });
  const wanted = (samples: StorageSamples, evidence: Record<string, string>) =>
    proof.examine(samples, {
      settings: { ...settings, fio: true },
      transcript: undefined,
      evidence: (name) => (evidence[name] === undefined ? undefined : Buffer.from(evidence[name])),
    });

  it('is read from the kept output and is never called verified', () => {
    const one = metric(wanted(withFio(), { 'fio-read.stdout': text }), 'storage.fio.read');
    expect(one).toMatchObject({ verified: false, level: 'E1', estimate: { value: 1e9, unit: 'B/s' } });
  });

  it('is absent when it failed, lied or its output is gone, and ours stays', () => {
    for (const [over, evidence] of [
      [{ exitCode: 1 }, { 'fio-read.stdout': text }],
      [{ exitCode: null, signal: 'SIGKILL' }, { 'fio-read.stdout': text }],
      [{}, {}],
      [{}, { 'fio-read.stdout': text.slice(0, 50) }],
      [{}, { 'fio-read.stdout': text.replace('"error":0', '"error":5') }],
    ] as const) {
      const examination = wanted(withFio(over), evidence);
      expect(metric(examination, 'storage.fio.read')).toBeUndefined();
      expect(examination.findings.map((one) => one.code)).toContain('parse_error');
      expect(metric(examination, 'storage.speed.read')?.verified).toBe(true);
    }
  });

  it('is missed with the way to install it, which takes nothing from our numbers', () => {
    const examination = wanted(good, {});
    const finding = examination.findings.find((one) => one.code === 'tool_missing');
    expect(finding).toMatchObject({ weight: 'informs', detail: expect.stringContaining('apt-get install fio') });
    expect(held(examination)).toEqual([]);
  });
});

describe('a write cliff', () => {
  const windows = (bytes: number[]) => ({ windowS: 1, bytes });
  it('is told when the worst stretch lies under 0.8 of the median', () => {
    expect(writeCliff(windows([...Array(20).fill(100), ...Array(10).fill(60)]))).toContain('write cliff');
    expect(writeCliff(windows(Array(30).fill(100)))).toBeUndefined();
    expect(writeCliff(windows([100, 1]))).toBeUndefined();
  });
});
