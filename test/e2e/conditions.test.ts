import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assay, ROOT } from './program.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-conditions-'));
  chmodSync(folder, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A run that measures nothing: controller and agent meet all the same. */
const short = (out: string): string[] => ['accept', '--target', 'service.clients', '--out', join(folder, out)];
const has = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const isRoot = process.getuid?.() === 0;
const launcher = join(ROOT, 'assay');
const said = (ran: ReturnType<typeof spawnSync>): string => `${ran.stdout}${ran.stderr}`;

describe('the conditions of a run', () => {
  it('may have proxies in the environment: the fleet does not go through them', async () => {
    const proxy = 'http://127.0.0.1:9';
    const names = ['http_proxy', 'https_proxy', 'grpc_proxy', 'all_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'];
    const env = Object.fromEntries([...names.map((name) => [name, proxy]), ['no_proxy', ''], ['NO_PROXY', '']]);
    const ended = await assay(short('proxied'), { env });
    expect(ended.stderr).not.toContain('connection_failed');
    expect(ended.status).toBe(3);
  });

  it.skipIf(!has('faketime'))('are refused at the start with a clock before 1980 (needs faketime)', () => {
    const ran = spawnSync('faketime', ['1971-01-02 00:00:00', launcher, ...short('old')], { encoding: 'utf8' });
    expect([ran.status, said(ran)]).toEqual([70, expect.stringContaining('clock_wrong')]);
    expect(existsSync(join(folder, 'old'))).toBe(false);
  });

  it.skipIf(!isRoot || !has('unshare'))(
    'are refused at the start without a loopback interface (needs root, unshare)',
    () => {
      const ran = spawnSync('unshare', ['-n', launcher, ...short('alone')], { encoding: 'utf8' });
      expect([ran.status, said(ran)]).toEqual([70, expect.stringMatching(/loopback_down[\s\S]*ip link set lo up/)]);
    },
  );

  it('are said where the working folder was removed', () => {
    const gone = join(folder, 'gone');
    mkdirSync(gone);
    const ran = spawnSync('sh', ['-c', `cd "$1" && rmdir "$1" && exec "$2" --version`, 'sh', gone, launcher], {
      encoding: 'utf8',
    });
    expect([ran.status, said(ran)]).toEqual([70, expect.stringContaining('folder_gone')]);
  });

  it.skipIf(!isRoot || !has('setpriv'))(
    'name who must install where the user may not write (needs root, setpriv)',
    () => {
      const checkout = join(folder, 'checkout');
      mkdirSync(checkout, { mode: 0o755 });
      for (const name of ['assay', 'package-lock.json']) copyFileSync(join(ROOT, name), join(checkout, name));
      const args = ['--reuid=65534', '--regid=65534', '--clear-groups', join(checkout, 'assay'), '--version'];
      const ran = spawnSync('setpriv', args, { encoding: 'utf8', cwd: '/' });
      expect([ran.status, said(ran)]).toEqual([
        70,
        expect.stringMatching(/not_installed[\s\S]*must run \.\/assay once/),
      ]);
      expect(readdirSync(checkout).sort()).toEqual(['assay', 'package-lock.json']);
    },
  );
});

describe('a mistake of a person', () => {
  const cases: [string, string, RegExp, number, string[]][] = [
    [
      'an unknown guide',
      'guide_unknown',
      /gd-2021-compute; did you mean gd-2021-compute\?/,
      64,
      ['accept', '--guide', 'gd-2022-compute'],
    ],
    [
      'an unknown target',
      'usage',
      /did you mean storage\.speed\?[\s\S]*\.\/assay plan --help/,
      64,
      ['plan', '--target', 'storage.sped'],
    ],
    ['an unknown option', 'usage', /\.\/assay verify --help/, 64, ['verify', '--nope', 'x']],
    ['a command that is not there', 'usage', /\.\/assay accept/, 64, ['resume']],
    ['an interpreter that is not there', 'tool_missing', /nosuch/, 64, ['plan', '--python', '/nosuch/python']],
    ['storage in /proc', 'storage_unwritable', /\/proc/, 64, ['plan', '--storage', '/proc']],
    ['a page folder in /proc', 'output_unwritable', /\/proc/, 64, ['report', 'x', '--out', '/proc/x']],
    ['a key in a folder that is not there', 'output_unwritable', /no folder/, 64, ['keygen', '/nosuch/folder/x']],
    ['patience below one', 'usage', /from 1/, 64, ['plan', '--patience', '0.1']],
  ];
  it.each(cases)('%s is %s', async (_, code, text, status, args) => {
    const ended = await assay(args, { cwd: folder });
    expect([ended.status, ended.stderr]).toEqual([status, expect.stringMatching(new RegExp(`^assay: ${code}: `))]);
    expect(ended.stderr).toMatch(text);
    expect(ended.stderr).not.toMatch(/^\s+at /m);
    expect(ended.stderr).not.toContain('--out.');
  });

  it.each([
    ['claims', ['plan', '--claims']],
    ['a guide', ['plan', '--guide']],
    ['a recorded machine', ['inventory', '--replay']],
  ])('broken JSON of %s is named by line and column', async (name, args) => {
    const path = join(folder, `${name.replaceAll(' ', '-')}.json`);
    writeFileSync(path, '{\n  "schema": nonsense\n}\n');
    const ended = await assay([...args, path], { cwd: folder });
    expect([ended.status, ended.stderr]).toEqual([
      64,
      expect.stringMatching(/^assay: json_invalid: .*line 2, column 13/),
    ]);
    expect(ended.stderr).not.toMatch(/^\s+at /m);
  });

  it('pages below a file are refused before anything is rendered', async () => {
    writeFileSync(join(folder, 'file'), '');
    const ended = await assay(['report', join(folder, 'nothing'), '--out', join(folder, 'file', 'x')]);
    expect([ended.status, ended.stderr]).toEqual([64, expect.stringContaining('output_unwritable')]);
  });
});
