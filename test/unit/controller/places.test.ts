import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requireRoom, requireStorage } from '../../../controller/storage-room.ts';
import { createRunDirectory } from '../../../controller/store/run-directory.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-places-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const now = () => new Date(0);

describe('room for a bundle', () => {
  it('is asked for before anything runs, also for a folder that is not there yet', () => {
    expect(() => requireRoom(join(folder, 'a', 'b'), 1)).not.toThrow();
    expect(() => requireRoom(join(folder, 'a', 'b'), 1e30)).toThrow(expect.objectContaining({ code: 'no_space' }));
    expect(existsSync(join(folder, 'a'))).toBe(false);
  });
});

describe('the storage under test', () => {
  it('must be a folder that is there, or the disk above it would be measured in its place', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => requireStorage(folder)).not.toThrow();
    for (const path of [join(folder, 'none'), join(folder, 'file'), join(folder, 'file', 'x')]) {
      expect(() => requireStorage(path), path).toThrow(expect.objectContaining({ code: 'storage_unwritable' }));
    }
  });
});

describe('a run directory', () => {
  it.skipIf(!existsSync('/proc/self'))('is refused at once where no folder can be made (needs /proc)', () => {
    expect(() => createRunDirectory('/proc/assay-run', now)).toThrow(
      expect.objectContaining({ code: 'output_unwritable' }),
    );
  });

  it('is refused for a name that is too long', () => {
    expect(() => createRunDirectory(join(folder, 'a'.repeat(300)), now)).toThrow(
      expect.objectContaining({ code: 'output_unwritable' }),
    );
  });

  it('leaves no half of a file that could not be written', () => {
    const directory = createRunDirectory(join(folder, 'run'), now);
    expect(() => directory.writeFile('log', 'a folder has this name')).toThrow();
    directory.close();
    expect(readdirSync(join(folder, 'run'))).toEqual(['log']);
  });
});
