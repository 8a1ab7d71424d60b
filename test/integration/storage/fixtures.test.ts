import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attempt, scratch } from './attempt.ts';

const MiB = 1024 ** 2;

/** Why these tests cannot run here; empty if they can. */
function obstacle(): string {
  if (process.getuid?.() !== 0) return 'needs root';
  const probe = scratch();
  try {
    if (spawnSync('mount', ['-t', 'tmpfs', 'none', probe.path]).status !== 0) return 'needs the right to mount';
    spawnSync('umount', [probe.path]);
    if (spawnSync('mkfs.ext4', ['-V']).status !== 0) return 'needs mkfs.ext4 (e2fsprogs)';
    return spawnSync('losetup', ['-f']).status === 0 ? '' : 'needs a loop device';
  } finally {
    probe.remove();
  }
}
const why = obstacle();

let place: ReturnType<typeof scratch>;
let mounted: string[] = [];
beforeEach(() => {
  place = scratch();
});
afterEach(() => {
  for (const path of mounted.reverse()) execFileSync('umount', [path]);
  mounted = [];
  place.remove();
});

function mount(name: string, ...words: string[]): string {
  const path = join(place.path, name);
  mkdirSync(path);
  execFileSync('mount', [...words, path]);
  mounted.push(path);
  return path;
}

function image(path: string, bytes: number): string {
  writeFileSync(path, '');
  truncateSync(path, bytes);
  const options = ['-q', '-F', '-O', '^has_journal', '-E', 'lazy_itable_init=1,nodiscard', path];
  execFileSync('mkfs.ext4', options, { stdio: 'ignore' });
  return path;
}

describe.skipIf(why !== '')(`storage made for the test${why && ` (skipped: ${why})`}`, () => {
  it('does not count when it is a tmpfs', async () => {
    const { samples, examination } = await attempt(mount('t', '-t', 'tmpfs', '-o', 'size=64m', 'none'));
    expect(samples.volume).toMatchObject({ fsType: 'tmpfs', volatile: 'yes' });
    expect(examination.findings).toContainEqual(expect.objectContaining({ code: 'volatile_storage', weight: 'holds' }));
  });

  it('does not count when it is a disk image in memory, and claims more than can be behind it', async () => {
    const memory = mount('t', '-t', 'tmpfs', '-o', 'size=96m', 'none');
    const directory = mount('m', '-o', 'loop', image(join(memory, 'a.img'), 1024 * MiB));
    const { samples, examination } = await attempt(directory, { settings: { maxFreeShare: 0.02 } });
    expect(samples.volume.volatile).toBe('yes');
    expect(samples.volume.layers.join(' ')).toContain('(sparse)');
    const holds = examination.findings.filter((one) => one.weight === 'holds').map((one) => one.code);
    expect(holds).toContain('volatile_storage');
    expect(holds).toContain('implausible');
  });

  it('counts when it is a disk image on a disk, without the reserved blocks', async () => {
    const directory = mount('m', '-o', 'loop', image(join(place.path, 'a.img'), 256 * MiB));
    const { samples, examination } = await attempt(directory);
    expect(samples.volume).toMatchObject({ fsType: 'ext4', volatile: 'no' });
    const attested = examination.metrics.find((one) => one.metric === 'storage.capacity.attested');
    expect(attested?.estimate.value).toBeLessThan(samples.before.totalBytes);
    expect(examination.checks.filter((one) => !one.passed)).toEqual([]);
  });

  it('fails clearly when a file system promises space that is not there', async () => {
    const memory = mount('t', '-t', 'tmpfs', '-o', 'size=24m', 'none');
    const directory = mount('m', '-o', 'loop', image(join(memory, 'a.img'), 1024 * MiB));
    const run = attempt(directory, { settings: { fillBytes: 64 * MiB, maxFreeShare: 0.5 } });
    await expect(run).rejects.toMatchObject({ code: expect.stringMatching(/^(storage_failed|no_space)$/) });
  });

  it('fails clearly when it is mounted to be read only', async () => {
    const directory = mount('m', '-o', 'loop,ro', image(join(place.path, 'a.img'), 64 * MiB));
    await expect(attempt(directory)).rejects.toMatchObject({ code: 'storage_unwritable' });
  });

  it('does not count when it is an overlay over a tmpfs', async ({ skip }) => {
    const memory = mount('t', '-t', 'tmpfs', '-o', 'size=64m', 'none');
    for (const name of ['lower', 'upper', 'work']) mkdirSync(join(memory, name));
    const options = `lowerdir=${memory}/lower,upperdir=${memory}/upper,workdir=${memory}/work`;
    const path = join(place.path, 'o');
    mkdirSync(path);
    if (spawnSync('mount', ['-t', 'overlay', '-o', options, 'overlay', path]).status !== 0) {
      skip('this kernel has no overlay');
    }
    mounted.push(path);
    const { samples } = await attempt(path);
    expect(samples.volume).toMatchObject({ fsType: 'overlay', volatile: 'yes' });
  });
});
