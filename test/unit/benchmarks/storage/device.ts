import { createHash } from 'node:crypto';
import { content, DEFECTS, defect, UNIT_BYTES, volumeKey } from '../../../../benchmarks/storage/block.ts';
import { descriptor } from '../../../../benchmarks/storage/descriptor.ts';
import { challengedUnits } from '../../../../benchmarks/storage/positions.ts';
import { epochOf, fillCommit, readCommit, type StorageSamples } from '../../../../benchmarks/storage/samples.ts';
import type { Transcript } from '../../../../model/assignment.ts';

export const CHALLENGE = '1a'.repeat(32);
export const AUDIT = '2b'.repeat(32);
const MiB = 1024 ** 2;
const CHUNKS = 8;
const UNITS = (CHUNKS * MiB) / UNIT_BYTES;
export const KEY = volumeKey(CHALLENGE);

/** What such a run was asked to do. */
export const SETTINGS = {
  ...descriptor.profiles.quick,
  fillBytes: CHUNKS * MiB,
  chunkBytes: MiB,
  samples: 100,
  lanes: 4,
  fio: false,
};

/** Reads one unit of the device under test. */
export type Device = (unit: number) => Uint8Array;

/** Two passes were written; the second one reached five of eight chunks. */
const FILL = { epoch: 1, epochChunks: 5 };
export const placeOf = (unit: number) => ({ epoch: epochOf(FILL, Math.floor(unit / 256)), unit });

/** A device that keeps what was written. */
export const honest: Device = (unit) => content(KEY, placeOf(unit), UNIT_BYTES);

/** Samples as a run over this device gives them; every unit is read back once. */
export function samplesOf(device: Device): StorageSamples {
  const { sample, ruler } = challengedUnits(AUDIT, UNITS, 100);
  const bad = Object.fromEntries(DEFECTS.map((kind) => [kind, 0])) as StorageSamples['bad'];
  const defects: StorageSamples['defects'] = [];
  const digest = createHash('sha256');
  const look = (during: 'sample' | 'read', unit: number) => {
    const block = device(unit);
    const found = defect(KEY, placeOf(unit), block);
    if (found) {
      bad[found.kind]++;
      if (defects.length < 512) defects.push({ during, ...found });
    } else if (during === 'sample') {
      const place = Buffer.alloc(8);
      place.writeBigUInt64BE(BigInt(unit));
      digest.update(place).update(block);
    }
  };
  for (const unit of [...sample, ...ruler]) look('sample', unit);
  for (let unit = 0; unit < UNITS; unit++) look('read', unit);
  const books = { blockBytes: 4096, totalBytes: 1e11, fsid: 'f', source: 'stat' as const };
  const windows = { windowS: 0.1, bytes: Array.from({ length: 10 }, (_, i) => 1_300_000 + 1000 * i) };
  return {
    challenge: CHALLENGE,
    audit: AUDIT,
    volume: {
      directory: '/srv/data',
      mountPoint: '/srv',
      fsType: 'xfs',
      source: '/dev/sda',
      identity: 'xfs:uuid:1',
      remote: false,
      volatile: 'no',
      layers: ['xfs on /dev/sda', 'sda'],
      ceilingBytes: 2e11,
    },
    before: { ...books, freeBytes: 5e10, availableBytes: 4.9e10 },
    end: { ...books, freeBytes: 5e10 - CHUNKS * MiB, availableBytes: 4.9e10 - CHUNKS * MiB },
    after: { ...books, freeBytes: 5e10 - CHUNKS * MiB, availableBytes: 4.9e10 - CHUNKS * MiB },
    direct: true,
    cacheDropped: false,
    chunkBytes: MiB,
    lanes: 4,
    files: 4,
    nullRun: { bytes: 1e9, seconds: 0.5 },
    fill: {
      plannedBytes: CHUNKS * MiB,
      bytes: CHUNKS * MiB,
      writtenBytes: 13 * MiB,
      ...FILL,
      seconds: 1,
      syncSeconds: 0.1,
      stoppedBy: 'planned',
      windows,
    },
    sample: {
      latenciesNs: sample.map((_, i) => 50_000 + i),
      planned: 100,
      stratified: sample.length,
      ruler: ruler.length,
      seconds: 0.1,
      digest: digest.digest('hex'),
    },
    read: { bytes: CHUNKS * MiB, seconds: 0.7, windows },
    bad,
    defects,
    fio: { path: '', version: '', sha256: '', runs: [] },
  };
}

/** What the controller wrote down of such a run. */
export function transcriptOf(samples: StorageSamples): Transcript {
  const exchange = (index: number, label: string, commit: Uint8Array, beacon: string, atNs: number) => ({
    index,
    label,
    commit: Buffer.from(commit).toString('base64'),
    beacon,
    receivedNs: String(atNs),
    answeredNs: String(atNs + 1000),
  });
  return {
    schema: 'assay/transcript/v1',
    run: 'r',
    assignment: 'a',
    attempt: 1,
    node: 'n',
    issuedAt: '2026-01-01T00:00:00Z',
    endedAt: '2026-01-01T00:01:00Z',
    exchanges: [
      exchange(0, 'open', Buffer.from('[]'), samples.challenge, 5e8),
      exchange(1, 'filled', fillCommit(samples), samples.audit, 1.6e9),
      exchange(2, 'settled', new Uint8Array(), '3c'.repeat(32), 3.6e9),
      exchange(3, 'sampled', Buffer.from(samples.sample.digest, 'hex'), '4d'.repeat(32), 3.72e9),
      exchange(4, 'reading', new Uint8Array(), '5e'.repeat(32), 5.7e9),
      exchange(5, 'read', readCommit(samples), '6f'.repeat(32), 6.45e9),
    ],
  };
}
