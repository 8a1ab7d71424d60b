import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFolder, removeFolder, removeLeftovers } from '../../../../benchmarks/storage/leftovers.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'assay-leftovers-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const ID = '0123456789abcdef';

/** A folder as a run leaves it, with some of its manifest changed. */
async function leftBehind(over: object): Promise<string> {
  const folder = await makeFolder(directory, ID);
  const path = join(folder, 'clean-up.json');
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...over }));
  writeFileSync(join(folder, 'part-00000.bin'), 'data');
  return folder;
}

describe('what a dead run left', () => {
  it('is removed when the process is gone', async () => {
    await leftBehind({ started: '1' });
    expect(await removeLeftovers(directory)).toEqual([`assay-storage-${ID}`]);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is removed when the machine was started again, though the process id is in use', async () => {
    await leftBehind({ boot: 'another' });
    expect(await removeLeftovers(directory)).toHaveLength(1);
  });

  it('stays while its process runs', async () => {
    await leftBehind({});
    expect(await removeLeftovers(directory)).toEqual([]);
    expect(readdirSync(directory)).toHaveLength(1);
  });

  it('stays when it is of another host, which cannot be seen from here', async () => {
    await leftBehind({ host: 'elsewhere', started: '1' });
    expect(await removeLeftovers(directory)).toEqual([]);
  });

  it('stays when its manifest is missing or broken', async () => {
    const folder = await leftBehind({ started: '1' });
    writeFileSync(join(folder, 'clean-up.json'), '{"schema": 1}');
    expect(await removeLeftovers(directory)).toEqual([]);
    rmSync(join(folder, 'clean-up.json'));
    expect(await removeLeftovers(directory)).toEqual([]);
    expect(readdirSync(folder)).toEqual(['part-00000.bin']);
  });

  it('is never more than our own files', async () => {
    const folder = await leftBehind({ started: '1' });
    writeFileSync(join(folder, 'thesis.txt'), 'precious');
    mkdirSync(join(directory, 'assay-storage-not-ours'));
    expect(await removeLeftovers(directory)).toEqual([]);
    expect(readdirSync(folder)).toEqual(['thesis.txt']);
    expect(readdirSync(directory)).toContain('assay-storage-not-ours');
  });
});

describe('a folder of a run', () => {
  it('is gone after the run, with its data', async () => {
    const folder = await makeFolder(directory, ID);
    writeFileSync(join(folder, 'part-00000.bin'), 'data');
    writeFileSync(join(folder, 'fio-0.bin'), 'data');
    expect(await removeFolder(folder)).toBe(true);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is never one that was there before', async () => {
    await makeFolder(directory, ID);
    await expect(makeFolder(directory, ID)).rejects.toThrow('EEXIST');
  });
});
