import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKeyPair } from '../../../evidence/keys.ts';
import { assayIn } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-usage-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(() => {
  mkdirSync(join(folder, 'folder', 'inside'), { recursive: true });
  writeFileSync(join(folder, 'folder', 'file'), '');
  mkdirSync(join(folder, 'near'));
  writeFileSync(join(folder, 'near', 'domains.csv'), '服务领域\n医疗\n');
  writeFileSync(join(folder, 'near', 'client.csv'), '');
  mkdirSync(join(folder, 'registers'));
  writeFileSync(join(folder, 'registers', 'domains.csv'), '服务领域\n医疗\n醫療\n\u001b[31m红\n');
  writeFileSync(join(folder, 'registers', 'README.txt'), '');
  writeFileSync(join(folder, 'cut.json'), '{"schema":"assay/claims/v1","targets":{');
  writeFileSync(join(folder, 'twice.json'), '{"schema":1,"schema":2}');
  writeFileSync(
    join(folder, 'esc.json'),
    '{"schema":"assay/claims/v1","targets":{"a\\u001b[31m":{"value":1,"unit":"x"}}}',
  );
  writeFileSync(join(folder, 'taken.pem'), 'mine');
  writeFileSync(join(folder, 'packed.zip'), 'PK');
  writeFileSync(join(folder, 'own.key'), generateKeyPair().privatePem);
  spawnSync('mkfifo', [join(folder, 'pipe')]);
});

const SIGN = ['sign', 'folder', '--role', 'reviewer', '--name', 'R', '--key', 'own.key'] as const;

const listing = (): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();

describe('a command that cannot be carried out', () => {
  it.each<[string, string, ...string[]]>([
    ['without a command', 'usage'],
    ['with a command that is none', 'usage', 'measure'],
    ['with an option that is none', 'usage', 'plan', '--fast'],
    ['with a target that is none', 'usage', 'plan', '--target', 'compute.capacty'],
    ['with claims that are cut off', 'json_invalid', 'accept', '--out', 'new', '--claims', 'cut.json'],
    ['with waivers of two readings', 'json_invalid', 'plan', '--waivers', 'twice.json'],
    ['with claims that name a target in control characters', 'claims_invalid', 'plan', '--claims', 'esc.json'],
    ['with a guide that is a pipe', 'file_unreadable', 'plan', '--guide', './pipe'],
    ['with claims that never end', 'file_unreadable', 'plan', '--claims', '/dev/zero'],
    ['with registers that are a file', 'registers_invalid', 'plan', '--registers', 'cut.json'],
    ['with no name of the registers', 'usage', 'plan', '--registers', ''],
    ['with no register among the registers', 'registers_invalid', 'doctor', '--registers', 'folder'],
    ['with a register of nearly the right name', 'registers_invalid', 'accept', '--out', 'new', '--registers', 'near'],
    ['with a storage that is not there', 'storage_unwritable', 'accept', '--out', 'new', '--storage', 'nowhere'],
    ['with a storage that is a file', 'storage_unwritable', 'plan', '--storage', 'cut.json'],
    ['with an output folder that has something in it', 'output_exists', 'accept', '--out', 'folder'],
    ['with an output folder that is a file', 'output_unwritable', 'accept', '--out', 'cut.json'],
    ['with a key that is a pipe', 'file_unreadable', 'accept', '--out', 'new', '--key', 'pipe'],
    ['with a folder that is no bundle', 'bundle_missing', 'verify', 'folder'],
    ['with a bundle that is a file', 'bundle_is_file', 'verify', 'cut.json'],
    ['with a bundle that is packed', 'bundle_packed', 'verify', 'packed.zip'],
    ['with a folder to be signed that is no bundle', 'bundle_missing', ...SIGN],
    [
      'with a folder to be stamped that is no bundle',
      'bundle_missing',
      'stamp',
      'folder',
      '--authority',
      'http://x.example/',
    ],
    ['with a report of what is no bundle', 'bundle_missing', 'report', 'folder', '--out', 'new'],
    ['with a proof that is asked for by no digest', 'digest_invalid', 'verify', 'folder', '--proof', 'zero'],
    ['with a recording that never ends', 'file_unreadable', 'inventory', '--replay', '/dev/zero'],
    ['with a name of keys of which one is taken', 'file_exists', 'keygen', 'taken'],
  ])('%s ends with the code %s and what to do, and leaves nothing behind', (_, code, ...args) => {
    const before = listing();
    const { status, stderr } = assayIn(folder, args);
    expect([status, stderr.split(': ', 2).join(': ')]).toEqual([64, `assay: ${code}`]);
    expect(stderr.trimEnd().split('\n').length).toBeGreaterThanOrEqual(3);
    expect(stderr).toMatch(/[一-龥]/);
    expect(stderr).not.toMatch(/(?!\n)\p{Cc}/u);
    expect(listing()).toEqual(before);
  });
});

/** Most that a run without a benchmark may take, on a machine that does a lot beside it. */
const A_WHOLE_RUN = 600_000;

describe('registers', { timeout: 4 * A_WHOLE_RUN }, () => {
  const lines = [
    /domains\.csv: 3 行：计入 1 行，重复 1 行，不计入 1 行 rows: 3; counted: 1, repeated: 1, not counted: 1/,
    /第 3 行 row 3: duplicate 与前面的行重复 an earlier row is about the same: 醫療 = 2/,
    /第 4 行 row 4 服务领域: cell_control .*\\u\{1b\}\[31m红/,
    /README\.txt: file_unused/,
  ];
  const found = {
    files: [{ file: 'domains.csv', rows: 3, valid: 1, duplicates: 1 }],
    problems: [
      { file: 'domains.csv', row: 3, code: 'duplicate', counts: false, text: { zh: '与前面的行重复' } },
      { file: 'domains.csv', row: 4, column: '服务领域', code: 'cell_control' },
      { file: 'README.txt', code: 'file_unused' },
    ],
    counts: { 'domains.distinct': 1 },
  };

  it.each(['plan', 'doctor'])('are read by %s, row by row, and nothing is measured', (command) => {
    const { status, stdout } = assayIn(folder, [command, '--registers', 'registers'], A_WHOLE_RUN);
    expect(status).toBe(0);
    for (const line of lines) expect(stdout).toMatch(line);
    expect(stdout).not.toMatch(/(?!\n)\p{Cc}/u);
    const json = assayIn(folder, [command, '--registers', 'registers', '--json'], A_WHOLE_RUN);
    expect(JSON.parse(json.stdout).registers).toMatchObject(found);
  });

  it('are said by accept before anything else, and stand in the report', () => {
    const args = ['accept', '--registers', 'registers', '--target', 'service.domains', '--out'];
    const person = assayIn(folder, [...args, 'by-person'], A_WHOLE_RUN);
    for (const line of lines) expect(person.stderr).toMatch(line);
    expect(person.stderr.indexOf('domains.csv')).toBeLessThan(person.stderr.indexOf('plan:'));
    const [first = ''] = assayIn(folder, [...args, 'by-program', '--json'], A_WHOLE_RUN).stdout.split('\n');
    expect(JSON.parse(first)).toMatchObject({ type: 'registers', ...found });
    const bundle = join(folder, 'by-person');
    const report = JSON.parse(readFileSync(join(bundle, 'report.json'), 'utf8'));
    expect(report.registers.files).toMatchObject([{ file: 'domains.csv', problems: [{ row: 3 }, { row: 4 }] }]);
    expect(report.registers.unused).toMatchObject([{ file: 'README.txt' }]);
    for (const page of ['report.html', 'report.md']) {
      const text = readFileSync(join(bundle, page), 'utf8');
      for (const word of ['醫療 = 2', 'cell_control', 'README.txt']) expect(text.replaceAll('\\', '')).toContain(word);
    }
    expect([person.status, assayIn(folder, ['verify', 'by-person'], A_WHOLE_RUN).status]).toEqual([1, 1]);
  });
});
