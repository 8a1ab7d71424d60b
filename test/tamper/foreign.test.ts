import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { handOver } from '../../controller/handover.ts';
import { canonicalBytes } from '../../evidence/canonical.ts';
import { AssayError } from '../../model/errors.ts';
import { verifyFolder } from '../../reports/verify/desk.ts';
import { openBundle } from '../../reports/verify/disk.ts';
import { PATHS } from '../../reports/verify/layout.ts';
import { verifyBundle } from '../../reports/verify/verify.ts';
import { reopen } from '../bench/report/reopen.ts';
import type { SyntheticRun } from '../bench/report/synthetic.ts';
import { entriesOf, FACTS, madeBundle, signedAnew, textOf, withEntries, withManifest } from './forger.ts';
import { type MemoryBundle, memoryBundle, withFile } from './memory-bundle.ts';

const scratch = mkdtempSync(join(tmpdir(), 'assay-foreign-'));
let bundle: MemoryBundle;
let run: SyntheticRun;
let folder: string;
let turn = 0;
beforeAll(async () => {
  ({ bundle, run } = await madeBundle({
    nodes: 1,
    accelerators: 1,
    windows: 4,
    precisions: ['FP32'],
    readings: 1,
  }));
}, 60_000);
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
beforeEach(() => {
  folder = lay(bundle);
});

function lay(files: MemoryBundle): string {
  const target = join(scratch, String(turn++));
  for (const [path, bytes] of files.files) put(path, bytes, target);
  return target;
}

function put(path: string, bytes: string | Uint8Array = 'x', target = folder): void {
  mkdirSync(dirname(join(target, path)), { recursive: true });
  writeFileSync(join(target, path), bytes);
}

const verify = (target = folder) => verifyFolder({ folder: target, version: FACTS.software.version });
const refusal = async (): Promise<string> => {
  const error: unknown = await verify().catch((e: unknown) => e);
  expect(error).toBeInstanceOf(AssayError);
  return `${(error as AssayError).code}: ${(error as AssayError).message}`;
};

/** What a bundle gathers on its way over a Mac, Windows, a file server and an office program. */
const ADDED = [
  '.DS_Store',
  'evidence/.DS_Store',
  '._report.html',
  'log/._entries.jsonl',
  'Thumbs.db',
  'forms/~$goals-2025.docx',
  'forms/.~lock.goals-2020.docx#',
  'report.html:Zone.Identifier',
  'desktop.ini',
  '.nfs000000000001',
  '@eaDir/report.html/SYNOINDEX_MEDIA_INFO',
  '__MACOSX/bundle/._report.html',
  'System Volume Information/a/b/c/d/e/f/g/h/i/j',
];

describe('files that operating systems add', () => {
  it('change neither outcome nor exit code, and are named as foreign', async () => {
    const before = await verify();
    for (const path of ADDED) put(path);
    const after = await verify();
    expect(after.exit).toBe(before.exit);
    const line = after.text.split('\n').find((one) => one.includes('files and digests'))!;
    expect(line).toContain('ok ');
    expect(line).toContain('不属于证据包');
    expect(line).toContain('not part of the bundle');
    for (const name of ['.DS_Store', '@eaDir/', '__MACOSX/']) expect(line).toContain(name);
    expect(after.text.replace(line, '')).toBe(before.text.replace(before.text.split('\n')[0]!, ''));
    const { foreign } = verifyBundle(openBundle(folder));
    expect(foreign).toHaveLength(ADDED.length);
    expect(foreign).toContain('System Volume Information/');
  });

  it('are never opened', () => {
    for (const path of ADDED) put(path);
    const opened = openBundle(folder);
    for (const path of ADDED) {
      expect([opened.read(path), opened.pieces(path), opened.size(path)], path).toEqual(Array(3).fill(undefined));
    }
  });

  it('are no part of what is handed over, and a release of a bundle with them verifies', async () => {
    const target = join(scratch, 'handed over');
    for (const path of bundle.paths.filter((p) => p.startsWith('evidence/') || p === PATHS.log || p === PATHS.guide)) {
      put(path, bundle.read(path)!, target);
    }
    put('.DS_Store', 'x', target);
    put('evidence/._x', 'x', target);
    await handOver(reopen(target), run.signer, FACTS);
    const handed = memoryBundle(target);
    expect(textOf(handed, PATHS.manifest)).not.toContain('DS_Store');
    expect(verifyBundle(openBundle(target))).toMatchObject({ authentic: true, foreign: ['.DS_Store', 'evidence/._x'] });
  }, 60_000);

  it('hide nothing: another stray file is told beside them, and a link by such a name is refused', async () => {
    for (const path of ADDED) put(path);
    put('notes.txt');
    const { text, exit } = await verify();
    expect(exit).toBe(2);
    expect(text).toContain('notes.txt: 清单中没有此文件，系后来加入 was added');
    rmSync(join(folder, 'notes.txt'));
    symlinkSync('/etc/passwd', join(folder, '._link'));
    expect(await refusal()).toBe('bundle_unreadable: ._link: not a plain file');
  });

  it('are no input and no evidence, whoever lists and signs them', async () => {
    const name = 'registers/._clients.csv';
    const listed = lay(withManifest(withFile(bundle, name, Buffer.from('x'))));
    const told = await verify(listed);
    expect([told.exit, told.text.includes(`${name}: 文件缺失 is missing`)]).toEqual([2, true]);
    const [inputs, ...rest] = entriesOf(bundle);
    if (inputs?.kind !== 'inputs') throw new Error('the first entry names the inputs');
    const files = [
      ...inputs.files,
      { path: name, sha256: '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881' },
    ];
    const named = withFile(withEntries(bundle, [{ ...inputs, files }, ...rest]), name, Buffer.from('x'));
    const signed = lay(await signedAnew(named, run.signer));
    expect((await verify(signed)).exit).toBe(2);
    // Not even where the manifest leaves it out, as the folder does.
    const manifest = JSON.parse(textOf(memoryBundle(signed), PATHS.manifest)) as { files: { path: string }[] };
    expect(manifest.files.map(({ path }) => path)).toContain(name);
    put(PATHS.manifest, canonicalBytes({ ...manifest, files: manifest.files.filter((f) => f.path !== name) }), signed);
    const left = await verify(signed);
    expect([left.exit, left.text.includes(`${name} is missing or not the one the run was made with`)]).toEqual([
      2,
      true,
    ]);
  });
});
