import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { AssayError } from '../model/errors.ts';

/** Before this no certificate, archive or form can be made: many formats count from 1980. */
const EARLIEST = Date.UTC(1980, 0, 1);
/** A clock and the one that stamps files are the same on one machine; a file server's may be a little off. */
const MOST_APART_MS = 10 * 60_000;

/**
 * Rejects with `clock_wrong` where the clock shows a time before 1980, or one far from the time that the system gives a
 * file which is made now. Hours of measuring would otherwise end in files that nobody can sign or read.
 */
export function requireClock(now: Date, fileTime: Date): void {
  if (!(now.getTime() >= EARLIEST)) throw new AssayError('clock_wrong', `the clock shows ${now.toISOString()}`);
  if (!(Math.abs(now.getTime() - fileTime.getTime()) <= MOST_APART_MS)) {
    const times = `the clock shows ${now.toISOString()}, and a file made now has the time ${fileTime.toISOString()}`;
    throw new AssayError('clock_wrong', times);
  }
}

/** The time that the system gives to a file that is made now, in the folder for temporary files. */
export function timeOfNewFile(): Date {
  const folder = mkdtempSync(join(tmpdir(), 'assay-clock-'));
  try {
    const path = join(folder, 'now');
    writeFileSync(path, '');
    return statSync(path).mtime;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Rejects with `loopback_down` where this machine has no address 127.0.0.1: controller and agent of one machine speak
 * over it, and without it the agent would be waited for in vain.
 */
export function requireLoopback(interfaces = networkInterfaces()): void {
  const addresses = Object.values(interfaces).flatMap((all) => all ?? []);
  if (addresses.some(({ address }) => address === '127.0.0.1')) return;
  throw new AssayError('loopback_down', 'no interface has the address 127.0.0.1');
}
