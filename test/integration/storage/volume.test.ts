import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { content, volumeKey } from '../../../benchmarks/storage/block.ts';
import { StorageSamples } from '../../../benchmarks/storage/samples.ts';
import { check } from '../../../model/schema.ts';
import { attempt, scratch } from './attempt.ts';

const MiB = 1024 ** 2;
let place: ReturnType<typeof scratch>;
beforeEach(() => {
  place = scratch();
});
afterEach(() => place.remove());

/** The data files of the run that is going on. */
function dataFiles(): string[] {
  const folder = readdirSync(place.path).find((name) => name.startsWith('assay-storage-'))!;
  return readdirSync(join(place.path, folder))
    .filter((name) => name.startsWith('part-'))
    .sort()
    .map((name) => join(place.path, folder, name));
}

/** Puts bytes into a file behind the benchmark's back, down to the disk. */
function meddle(path: string, bytes: Uint8Array, offset: number): void {
  const fd = openSync(path, 'r+');
  writeSync(fd, bytes, 0, bytes.length, offset);
  fsyncSync(fd);
  closeSync(fd);
}

function bytesOf(path: string, offset: number, length: number): Buffer {
  const fd = openSync(path, 'r');
  const bytes = Buffer.alloc(length);
  readSync(fd, bytes, 0, length, offset);
  closeSync(fd);
  return bytes;
}

describe('storage.volume on a real directory', () => {
  it('fills, reads back, verifies at E2 and leaves nothing', async () => {
    const { samples, examination, left } = await attempt(place.path, {
      settings: { fillMinSeconds: 60, maxPasses: 2, maxWriteBytes: 1e9 },
    });
    expect(check(StorageSamples, JSON.parse(JSON.stringify(samples)))).toMatchObject({ ok: true });
    expect(samples.fill).toMatchObject({ bytes: 16 * MiB, writtenBytes: 32 * MiB, epoch: 1, epochChunks: 16 });
    expect(samples.read.bytes).toBe(16 * MiB);
    expect(examination.checks.filter((one) => !one.passed)).toEqual([]);
    const proven = examination.metrics.find((one) => one.metric === 'storage.capacity.proven');
    expect(proven).toMatchObject({ verified: true, level: 'E1', estimate: { value: 16 * MiB } });
    expect(examination.metrics.find((one) => one.metric === 'storage.latency.read.p99')?.samples).toBe(688);
    expect(left).toEqual([]);
  });

  it('reads from the storage and not from the cache where there is no O_DIRECT', async () => {
    const { samples, examination } = await attempt(place.path, { settings: { direct: false } });
    expect(samples).toMatchObject({ direct: false, cacheDropped: true });
    expect(samples.read.fetchedBytes).toBeGreaterThan(0.9 * samples.read.bytes);
    expect(examination.findings.filter((one) => one.code === 'cached')).toHaveLength(3);
    expect(examination.checks.filter((one) => !one.passed)).toEqual([]);
  });

  it('keeps the key of its data off the storage', async () => {
    let text = '';
    await attempt(place.path, {
      onCommit: (label) => {
        if (label !== 'filled') return;
        const folder = join(place.path, readdirSync(place.path)[0]!);
        text = readFileSync(join(folder, 'clean-up.json'), 'utf8');
      },
    });
    expect(Object.keys(JSON.parse(text)).sort()).toEqual(['boot', 'host', 'pid', 'schema', 'started']);
  });

  it.each([
    ['zeroes blocks', 'zero', (files: string[]) => meddle(files[1]!, Buffer.alloc(MiB), 2 * MiB)],
    ['gives other blocks', 'alias', (files: string[]) => meddle(files[0]!, bytesOf(files[1]!, 0, MiB), MiB)],
    ['flips a byte', 'corrupt', (files: string[]) => meddle(files[0]!, Buffer.from([1, 2, 3]), 7 * MiB + 4097)],
    ['loses the end of a file', 'error', (files: string[]) => truncateSync(files[1]!, 7 * MiB + 4096)],
  ] as const)('catches a storage that %s after the fill', async (_, kind, cheat) => {
    const { samples, examination, left } = await attempt(place.path, {
      onCommit: (label) => label === 'filled' && cheat(dataFiles()),
    });
    expect(samples.bad[kind]).toBeGreaterThan(0);
    expect(examination.metrics.every((one) => !one.verified)).toBe(true);
    expect(examination.findings).toContainEqual(expect.objectContaining({ code: 'incorrect_result', weight: 'holds' }));
    expect(left).toEqual([]);
  });

  it('catches a storage that drops the second pass of a block', async () => {
    let challenge = '';
    const { samples } = await attempt(place.path, {
      settings: { fillMinSeconds: 60, maxPasses: 2, maxWriteBytes: 1e9 },
      onBeacon: (label, beacon) => {
        if (label === 'open') challenge = beacon;
      },
      onCommit: (label) => {
        if (label !== 'filled') return;
        meddle(dataFiles()[0]!, content(volumeKey(challenge), { epoch: 0, unit: 0 }, 4096), 0);
      },
    });
    expect(samples.bad.stale).toBeGreaterThan(0);
  });

  it('removes what a dead run left behind, before it looks at the free space', async () => {
    const folder = join(place.path, 'assay-storage-0123456789abcdef');
    mkdirSync(folder);
    writeFileSync(join(folder, 'part-00000.bin'), Buffer.alloc(4096));
    const dead = { schema: 'assay/storage-clean-up/v1', host: hostname(), boot: 'x', pid: 1, started: '1' };
    writeFileSync(join(folder, 'clean-up.json'), JSON.stringify(dead));
    expect((await attempt(place.path)).left).toEqual([]);
  });

  it.each(['fill', 'sample', 'read'])('leaves nothing when it is cancelled in phase %s', async (phase) => {
    const abort = new AbortController();
    const run = attempt(place.path, {
      settings: { fillBytes: 256 * MiB },
      signal: abort.signal,
      onPhase: (name) => {
        if (name === phase) setTimeout(() => abort.abort(), 20);
      },
    });
    await expect(run).rejects.toThrow();
    expect(readdirSync(place.path)).toEqual([]);
  });

  it('stops filling when its time is up and says so', async () => {
    const { samples, examination } = await attempt(place.path, {
      settings: { fillBytes: 2048 * MiB, fillMaxSeconds: 0.3 },
    });
    expect(samples.fill.stoppedBy).toBe('time');
    expect(samples.fill.bytes).toBeLessThan(2048 * MiB);
    expect(samples.read.bytes).toBe(samples.fill.bytes);
    expect(examination.findings.map((one) => one.code)).toContain('too_short');
  });
});

describe('a directory that cannot be tested', () => {
  it.each([
    ['is not there', () => join(place.path, 'nowhere')],
    [
      'is a file',
      () => {
        writeFileSync(join(place.path, 'file'), '');
        return join(place.path, 'file');
      },
    ],
    ['is no absolute path', () => 'data'],
  ])('is refused when it %s', async (_, make) => {
    await expect(attempt(make())).rejects.toMatchObject({ code: 'storage_unwritable' });
  });

  it('is refused when not one chunk fits', async () => {
    await expect(attempt(place.path, { settings: { maxFreeShare: 1e-9 } })).rejects.toMatchObject({ code: 'no_space' });
    expect(readdirSync(place.path)).toEqual([]);
  });
});
