import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { AssayError } from '../../model/errors.ts';
import { type Disk, openBundle } from '../../reports/verify/disk.ts';
import type { Ended } from '../bench/verify/child.ts';
import { hostileBundles, layFiles } from '../bench/verify/hostile-bundles.ts';

const CHILD = resolve(import.meta.dirname, '../bench/verify/child.ts');
const scratch = mkdtempSync(join(tmpdir(), 'assay-stopping-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const { honest, cases } = await hostileBundles();

/** How verifying a folder ends in a process with a heap of 500 MB; a process that runs out of it prints nothing. */
function ended(folder: string): Ended {
  const { stdout, stderr } = spawnSync(process.execPath, ['--max-old-space-size=500', CHILD, folder], {
    encoding: 'utf8',
  });
  rmSync(folder, { recursive: true, force: true });
  if (stdout === '') throw new Error(stderr.slice(-2000));
  return JSON.parse(stdout) as Ended;
}

const honestBytes = [...honest.files.values()].reduce((total, bytes) => total + bytes.byteLength, 0);

describe('a bundle that is made to hurt', () => {
  it('is not the honest one, which is read whole and more than once', () => {
    const folder = join(scratch, 'honest');
    layFiles(folder, honest);
    const found = ended(folder);
    expect([found.code, found.what]).toEqual(['', 'not_passed']);
    expect(found.bytes).toBeGreaterThan(honestBytes);
  });

  it.each(cases)('ends at once, within 500 MB, with few bytes read: $name', async ({ lay, ends, mostBytes }) => {
    const folder = join(scratch, 'bundle');
    await lay(folder, 0.2);
    const found = ended(folder);
    expect(ends, found.what).toContain(found.code);
    // Every file of the honest bundle may be read three times: for its digest, for what is in it, and to be compared.
    expect(found.bytes).toBeLessThanOrEqual(mostBytes + 3 * honestBytes + 2 ** 20);
    expect(found.entries).toBeLessThan(1000);
  });

  it('may have names without end: they are not read to it', () => {
    let asked = 0;
    const file = { isDirectory: () => false, isFile: () => true, size: 0 };
    const disk: Disk = {
      opendirSync: () => ({ readSync: () => ({ name: `f${asked++}` }), closeSync: () => {} }),
      lstatSync: () => file,
      openSync: () => {
        throw new Error('a file was opened');
      },
      fstatSync: () => file,
      readSync: () => 0,
      closeSync: () => {},
    };
    expect(() => openBundle('/nowhere', disk)).toThrow(AssayError);
    expect(asked).toBe(300_001);
  });
});
