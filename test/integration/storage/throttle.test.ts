import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mountOf, readMounts } from '../../../benchmarks/storage/mounts.ts';
import { attempt, scratch } from './attempt.ts';

const MiB = 1024 ** 2;
const RATE = 32 * MiB;
const CONTROLLER = '/sys/fs/cgroup/blkio';
const own = join(CONTROLLER, `assay-test-${process.pid}`);

/** Makes a control group with a slow disk in it. */
function slowDisk(): void {
  const device = mountOf(readMounts(readFileSync('/proc/self/mountinfo', 'utf8')), tmpdir())?.device ?? '';
  mkdirSync(own);
  for (const way of ['read', 'write']) {
    writeFileSync(join(own, `blkio.throttle.${way}_bps_device`), `${device} ${RATE}\n`);
  }
}

function leave(): void {
  try {
    rmdirSync(own);
  } catch {
    // it was not made
  }
}

/** Why this machine can't slow a disk down; empty if it can. */
function obstacle(): string {
  try {
    slowDisk();
    return '';
  } catch (error) {
    return `needs root and the blkio control group of version 1: ${(error as NodeJS.ErrnoException).code}`;
  } finally {
    leave();
  }
}
const why = obstacle();

describe.skipIf(why !== '')(`a disk of known speed${why && ` (skipped: ${why})`}`, () => {
  it('is measured at that speed, within 10 %, in both directions', { timeout: 60_000 }, async () => {
    slowDisk();
    const before = /^\d+:[^:]*\bblkio\b[^:]*:(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/';
    writeFileSync(join(own, 'cgroup.procs'), String(process.pid));
    const place = scratch();
    try {
      const { examination } = await attempt(place.path, {
        settings: { fillBytes: 128 * MiB, samples: 64, windowSeconds: 0.1 },
      });
      for (const id of ['storage.speed.write', 'storage.speed.read']) {
        const value = examination.metrics.find((one) => one.metric === id)?.estimate.value ?? 0;
        expect(value / RATE, id).toBeGreaterThan(0.9);
        expect(value / RATE, id).toBeLessThan(1.1);
      }
    } finally {
      writeFileSync(join(CONTROLLER, before, 'cgroup.procs'), String(process.pid));
      leave();
      place.remove();
    }
  });
});
