import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { patience } from '../../../commands/arguments.ts';
import { interpreterOf } from '../../../controller/interpreter.ts';
import { nearest } from '../../../controller/nearest.ts';
import { makePlan } from '../../../controller/planner.ts';
import { requireClock, requireLoopback, timeOfNewFile } from '../../../controller/preconditions.ts';
import { requireStorage } from '../../../controller/storage-room.ts';
import { requireNewFile, requireWritableFolder } from '../../../reports/build/folder.ts';
import { builtinGuides } from '../../../reports/guides/builtin.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-before-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const code = (expected: string) => expect.objectContaining({ code: expected });

describe('the clock before a run', () => {
  const now = new Date('2026-11-30T12:00:00Z');
  it('is good where a new file is of the same time', () => {
    expect(() => requireClock(now, new Date('2026-11-30T12:00:02Z'))).not.toThrow();
    expect(() => requireClock(new Date(), timeOfNewFile())).not.toThrow();
  });

  it.each([
    ['before 1980', new Date('1971-01-02T00:00:00Z'), new Date('1971-01-02T00:00:00Z')],
    ['a day before the files', now, new Date('2026-12-01T12:00:00Z')],
    ['a day after the files', now, new Date('2026-11-29T12:00:00Z')],
  ])('is refused %s', (_, clock, file) => {
    expect(() => requireClock(clock, file)).toThrow(code('clock_wrong'));
  });
});

describe('the loopback interface', () => {
  it('must have its address', () => {
    expect(() => requireLoopback()).not.toThrow();
    expect(() => requireLoopback({})).toThrow(code('loopback_down'));
  });
});

describe('a place for output', () => {
  it('may be a folder that is not there yet, and nothing is left of the trial', () => {
    requireWritableFolder(join(folder, 'a', 'b'));
    requireNewFile(join(folder, 'new'));
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is refused below a file, and a file in a folder that is not there', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => requireWritableFolder(join(folder, 'file'))).toThrow(code('output_unwritable'));
    expect(() => requireWritableFolder(join(folder, 'file', 'x'))).toThrow(code('output_unwritable'));
    expect(() => requireNewFile(join(folder, 'none', 'x'))).toThrow(code('output_unwritable'));
    expect(() => requireNewFile(join(folder, 'file'))).toThrow(code('file_exists'));
  });

  it.skipIf(!existsSync('/proc/self'))('is refused at once in /proc, for output and for storage (needs /proc)', () => {
    expect(() => requireWritableFolder('/proc/x')).toThrow(code('output_unwritable'));
    expect(() => requireWritableFolder('/proc')).toThrow(code('output_unwritable'));
    expect(() => requireStorage('/proc')).toThrow(code('storage_unwritable'));
  });
});

describe('an interpreter that was named', () => {
  it('must be a program of this machine', () => {
    expect(interpreterOf('sh -c x')).toEqual(['sh', '-c', 'x']);
    mkdirSync(join(folder, 'python'));
    for (const words of ['/nosuch/python', 'no-such-program-anywhere', join(folder, 'python'), '', ' ']) {
      expect(() => interpreterOf(words), words).toThrow(code('tool_missing'));
    }
  });
});

describe('patience', () => {
  const { guide, sha256 } = builtinGuides()[0]!;
  const wish = {
    run: 'r',
    createdAt: '2026-11-30T12:00:00.000Z',
    guide,
    guideSha256: sha256,
    profile: 'quick',
    controller: { relation: 'self', holder: 'operator' },
    nodes: ['n'],
    settings: {},
    only: [],
    edge: [],
    beside: [],
    repeats: 1,
    synthetic: false,
  } as const;

  it('raises every time limit and changes nothing else', () => {
    const [usual, patient] = [makePlan(wish), makePlan({ ...wish, patience: 3 })];
    expect(usual.assignments.length).toBeGreaterThan(3);
    expect(patient.assignments.map(({ timeoutS }) => timeoutS)).toEqual(usual.assignments.map((a) => 3 * a.timeoutS));
    const rest = ({ timeoutS: _, ...more }: (typeof usual.assignments)[number]) => more;
    expect(patient.assignments.map(rest)).toEqual(usual.assignments.map(rest));
  });

  it('is a factor from 1 on: less would cut measurements short', () => {
    expect(patience('3')).toBe(3);
    for (const text of ['0.5', '0', '-1', 'x', '', '1e9', 'NaN', 'Infinity'])
      expect(() => patience(text), text).toThrow();
  });
});

describe('the name that was meant', () => {
  it.each([
    ['gd-2021-computer', 'gd-2021-compute'],
    ['gd-2022-compute', 'gd-2021-compute'],
    ['GD-2021-COMPUTE', 'gd-2021-compute'],
    ['gd-2021', 'gd-2021-compute'],
    ['gd-2022', 'gd-2021-compute'],
    ['gd', undefined],
    ['something-else-altogether', undefined],
  ])('of %s is %s', (typed, meant) => {
    expect(nearest(typed, ['gd-2021-compute', 'other'])).toBe(meant);
  });
});
