import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readInputs } from '../../../controller/inputs.ts';
import { builtinGuides, isBuiltin } from '../../../reports/guides/builtin.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-inputs-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, value: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(value));
  return path;
}

const claim = (id: string, claimed: object) =>
  readInputs({ claims: file('claims.json', { schema: 'assay/claims/v1', targets: { [id]: claimed } }) });

describe('claims', () => {
  it('are taken in the unit of the guide', () => {
    const { claims } = claim('compute.capacity', { value: 1.2e16, unit: 'op/s', choice: 'INT8' });
    expect(claims?.targets['compute.capacity']?.choice).toBe('INT8');
  });

  it('in another unit are refused, since they would be passed over in silence', () => {
    expect(() => claim('compute.capacity', { value: 12, unit: 'Pop/s' })).toThrow(/compute\.capacity: .*Pop\/s.*op\/s/);
  });

  it('that choose where there is nothing to choose are refused', () => {
    expect(() => claim('compute.capacity', { value: 1, unit: 'op/s', choice: 'XYZ' })).toThrow(
      expect.objectContaining({
        code: 'claims_invalid',
        message: expect.stringContaining('there is no precision XYZ'),
      }),
    );
    expect(() => claim('users.concurrent', { value: 1000, unit: 'count', choice: 'FP16' })).toThrow(
      /nothing to choose/,
    );
  });

  it('of a target that the guide does not have are refused', () => {
    expect(() => claim('compute.capacty', { value: 1, unit: 'op/s' })).toThrow(/no such target/);
  });
});

describe('waivers', () => {
  it('of a target that the guide does not have are refused', () => {
    const waiver = {
      target: 'compute.capacty',
      reason: 'being extended in spring',
      approvedBy: 'x',
      approvedAt: '2026-01-01T00:00:00Z',
      expiresAt: '2026-02-01T00:00:00Z',
    };
    expect(() => readInputs({ waivers: file('waivers.json', [waiver]) })).toThrow(/compute\.capacty: .*no such target/);
    const known = readInputs({ waivers: file('waivers.json', [{ ...waiver, target: 'compute.capacity' }]) });
    expect([...known.files.keys()]).toContain('waivers.json');
  });
});

describe('a folder of registers', () => {
  let turn = 0;
  /** A folder with one good register and whatever a test adds. */
  const registers = (add: (path: string) => void): ReadonlyMap<string, Uint8Array> => {
    const path = join(folder, `registers-${turn++}`);
    mkdirSync(path);
    writeFileSync(join(path, 'clients.csv'), 'name\n');
    add(path);
    return readInputs({ registers: path }).files;
  };
  const refused = (problem: RegExp) =>
    expect.objectContaining({ code: 'registers_invalid', message: expect.stringMatching(problem) });

  it('is taken with the documents in it, in names of any language', () => {
    const files = registers((path) => {
      mkdirSync(join(path, '附件 1'));
      writeFileSync(join(path, '附件 1', '合同（副本）'.replace(/[（）]/g, '_')), 'x');
      writeFileSync(join(path, 'établissement.csv'.normalize('NFD')), 'x');
    });
    expect([...files.keys()].filter((path) => path.startsWith('registers/'))).toHaveLength(3);
  });

  it.each(['a\u001b[31m.csv', 'a\u202e.csv', 'a:b.csv', 'a\\b.csv', 'a..b.csv', 'a\n.csv'])(
    'is refused with the name %j, which not every reader sees the same, and the name is told harmlessly',
    (name) => {
      const act = () => registers((path) => writeFileSync(join(path, name), ''));
      expect(act).toThrow(refused(/a name in letters/));
      expect(act).not.toThrow(/[\p{Cc}\p{Bidi_Control}]/u);
    },
  );

  it('is refused with a name that is not UTF-8', () => {
    const act = () =>
      registers((path) => writeFileSync(Buffer.concat([Buffer.from(`${path}/a`), Buffer.of(0xff)]), ''));
    expect(act).toThrow(refused(/a name in letters/));
  });

  it('is refused with a link, which would be left out in silence', () => {
    expect(() => registers((path) => symlinkSync('/etc/hostname', join(path, 'ip.csv')))).toThrow(
      refused(/ip\.csv: not a plain file/),
    );
  });

  it('is refused with a pipe, which would be waited for', () => {
    const act = () => registers((path) => spawnSync('mkfifo', [join(path, 'ip.csv')]));
    expect(act).toThrow(refused(/ip\.csv: not a plain file/));
  });

  it('is refused where it is deeper than a bundle can be', () => {
    const act = (depth: number) =>
      registers((path) => {
        const deep = join(path, ...Array.from({ length: depth }, (_, i) => String(i)));
        mkdirSync(deep, { recursive: true });
        writeFileSync(join(deep, 'x'), '');
      });
    expect(() => act(5)).not.toThrow();
    expect(() => act(6)).toThrow(refused(/over 6 folders deep/));
  });

  it('is refused where it has no register', () => {
    const path = join(folder, 'no-registers');
    mkdirSync(path);
    expect(() => readInputs({ registers: path })).toThrow(refused(/no \.csv file/));
    expect(() => readInputs({ registers: join(folder, 'none') })).toThrow(refused(/ENOENT/));
  });

  it('is refused where no file in it is a register, with what is there and what registers are called', () => {
    const path = join(folder, 'other-registers');
    mkdirSync(join(path, 'sub'), { recursive: true });
    for (const name of ['README.txt', '数据.csv', 'sub/clients.csv']) writeFileSync(join(path, name), 'x');
    const act = () => readInputs({ registers: path });
    for (const word of [
      /README\.txt/,
      /数据\.csv/,
      /sub\/clients\.csv/,
      /clients\.csv, paidClients\.csv, domains\.csv/,
    ]) {
      expect(act).toThrow(refused(word));
    }
  });

  it.each<[string, string, RegExp]>([
    ['client.csv', '', /client\.csv is no register; did you mean clients\.csv\? .*是否应为 clients\.csv/],
    ['Domains.csv', '', /did you mean domains\.csv/],
    ['服务领域.csv', '', /服务领域\.csv is no register; did you mean domains\.csv/],
    ['2021.csv', '项目,计划投资,已完成投资\n', /2021\.csv is no register; did you mean investment\.csv/],
    ['domains.xlsx', 'PK', /domains\.xlsx is no register; save it as CSV under the name domains\.csv .*另存为/],
    ['ip.csv.txt', '', /save it as CSV under the name ip\.csv/],
  ])('is refused with %s, which is nearly a register', (name, text, problem) => {
    expect(() => registers((path) => writeFileSync(join(path, name), text))).toThrow(refused(problem));
  });

  it('is taken with files that nothing uses, and they are said', () => {
    const path = join(folder, 'with-more');
    mkdirSync(path);
    writeFileSync(join(path, 'domains.csv'), '服务领域\n医疗\n无\n');
    for (const name of ['README.txt', 'notes.csv']) writeFileSync(join(path, name), 'x');
    const { registers: reading } = readInputs({ registers: path });
    expect(reading?.counts).toEqual({ 'domains.distinct': 1 });
    expect(reading?.unused).toMatchObject([{ file: 'README.txt', code: 'file_unused' }]);
    expect(reading?.registers.map((one) => [one.file, one.problems[0]?.code])).toEqual([
      ['domains.csv', 'cell_nothing'],
      ['notes.csv', 'register_unknown'],
    ]);
  });

  it('is read with the dates of the guide', () => {
    const path = join(folder, 'late');
    mkdirSync(path);
    writeFileSync(join(path, 'period.csv'), '阶段,开始日期,结束日期\n一期,2021/1/5 0:00:00,2022/1/1 0:00:00\n');
    const { registers: reading } = readInputs({ registers: path });
    expect(reading?.registers[0]?.problems).toMatchObject([{ row: 2, column: '结束日期', code: 'out_of_period' }]);
  });

  it('is refused with a register over the limit before it is read', () => {
    const act = () =>
      registers((path) => {
        writeFileSync(join(path, 'ip.csv'), '');
        truncateSync(join(path, 'ip.csv'), 2 ** 30);
      });
    expect(act).toThrow(
      expect.objectContaining({ code: 'file_unreadable', message: expect.stringMatching(/ip\.csv: 1073741824 bytes/) }),
    );
  });
});

describe('a guide file', () => {
  const { guide } = builtinGuides()[0]!;
  const taken = (name: string, change: object) => readInputs({ guide: file(name, { ...guide, ...change }) }).guide;

  it('under the id of a built-in guide with anything else in it is refused at the start', () => {
    const softer = guide.targets.map((target) => ({ ...target, mandatory: false }));
    for (const change of [
      { targets: softer },
      { version: '9' },
      { allowsWaivers: true },
      { title: guide.document.annex },
    ]) {
      expect(() => taken('foreign.json', change)).toThrow(
        expect.objectContaining({ code: 'guide_foreign', exit: 64, message: expect.stringContaining('foreign.json') }),
      );
    }
  });

  it('that is the built-in one is the built-in one, and one with an id of its own is taken as nobody’s', () => {
    expect(isBuiltin(taken('same.json', {}).sha256)).toBe(true);
    expect(isBuiltin(taken('own.json', { id: 'own-guide' }).sha256)).toBe(false);
  });
});

describe('a guide, claims or waivers', () => {
  it.each<[string, string, string]>([
    ['cut off', '{"schema":', 'json_invalid'],
    ['with a key twice', '{"schema":1,"schema":2}', 'json_invalid'],
    ['with a number that no double is', '{"a":1e999}', 'json_invalid'],
    ['with an integer of too many digits', '{"a":123456789012345678901234567890}', 'json_invalid'],
    ['nested without end', '['.repeat(100_000), 'json_invalid'],
    ['with half a character', '{"a":"\\ud800"}', 'json_invalid'],
    ['that are empty', '', 'json_invalid'],
    ['of another kind', 'true', '_invalid'],
  ])('%s are refused with a code', (_, text, code) => {
    const path = join(folder, 'hostile.json');
    writeFileSync(path, text);
    const matching = expect.objectContaining({ code: expect.stringContaining(code) });
    for (const option of ['guide', 'claims', 'waivers']) {
      expect(() => readInputs({ [option]: path }), option).toThrow(matching);
    }
  });

  it('that are no file are refused and not waited for', () => {
    const pipe = join(folder, 'pipe');
    spawnSync('mkfifo', [pipe]);
    for (const path of [pipe, folder, '/dev/zero', join(folder, 'none')]) {
      for (const option of ['guide', 'claims', 'waivers']) {
        expect(() => readInputs({ [option]: path })).toThrow(expect.objectContaining({ code: 'file_unreadable' }));
      }
    }
  });
});
