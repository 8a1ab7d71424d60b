import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { AssayError, explain } from '../../../../model/errors.ts';
import { requireBundle } from '../../../../reports/verify/place.ts';

const scratch = mkdtempSync(join(tmpdir(), 'assay-place-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let folder: string;
let turn = 0;
beforeEach(() => {
  folder = join(scratch, String(turn++));
  mkdirSync(folder);
});

const put = (path: string, text = '{}'): string => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
  return join(folder, path);
};
const refusal = (place = folder): AssayError => {
  try {
    requireBundle(place);
  } catch (error) {
    if (error instanceof AssayError) return error;
    throw error;
  }
  throw new Error('it was taken for a bundle');
};
const said = (place = folder): string => `${refusal(place).code}: ${refusal(place).message}`;

describe('a place that is asked to be verified', () => {
  it('is a bundle if it has a manifest, or lost it and has what only bundles have', () => {
    put('manifest.json');
    expect(() => requireBundle(folder)).not.toThrow();
    rmSync(join(folder, 'manifest.json'));
    put('evaluation.dsse.json');
    expect(() => requireBundle(folder)).not.toThrow();
  });

  it('may be an empty folder, or one with something else in it', () => {
    expect(said()).toBe(`bundle_missing: ${folder}: it is empty`);
    put('.DS_Store');
    expect(said()).toBe(`bundle_missing: ${folder}: it is empty`);
    put('photo.jpg');
    expect(said()).toBe(`bundle_missing: ${folder}: no manifest.json in it`);
  });

  it('may be the folder above: the bundles in it are named', () => {
    put('AT-1/manifest.json');
    expect(said()).toBe(`bundle_missing: ${folder}: no manifest.json in it, but in ${join(folder, 'AT-1')}`);
    for (let i = 2; i < 9; i++) put(`AT-${i}/manifest.json`);
    expect(refusal().message).toMatch(/AT-1, .*AT-5 and 3 more$/);
    put('evil\u001b[2J/manifest.json');
    expect(explain(refusal())).not.toContain('\u001b');
  });

  it('may lie in a bundle: that one is named', () => {
    put('manifest.json');
    put('evidence/ab/x');
    for (const part of ['evidence', 'evidence/ab']) {
      expect(said(join(folder, part))).toBe(
        `bundle_missing: ${join(folder, part)}: no manifest.json in it; it is part of the bundle ${folder}`,
      );
    }
  });

  it.each(['bundle.zip', 'bundle.tar.gz', 'bundle.TGZ', 'bundle.7z', 'bundle.rar', 'bundle.tar.zst'])(
    'may be packed: %s',
    (name) => {
      expect(said(put(name))).toBe(`bundle_packed: ${join(folder, name)}`);
      expect(said()).toBe(`bundle_missing: ${folder}: no manifest.json in it; unpack ${name} first`);
      expect(explain(refusal(join(folder, name)))).toMatch(/Unpack it.*\n.*先解压/s);
    },
  );

  it('may be a file of a bundle, or any other file: a folder is asked for', () => {
    const page = put('report.html');
    expect(said(page)).toBe(`bundle_is_file: ${page}`);
    put('manifest.json');
    expect(said(page)).toBe(`bundle_is_file: ${page}: the bundle that it is in is ${folder}`);
    expect(said('/dev/null')).toBe('bundle_is_file: /dev/null');
    execFileSync('mkfifo', [join(folder, 'pipe.zip')]);
    expect(refusal(join(folder, 'pipe.zip')).code).toBe('bundle_is_file');
  });

  it('may not be there, or lead in a circle', () => {
    expect(said(join(folder, 'none'))).toBe(`bundle_unreadable: ${join(folder, 'none')}: ENOENT`);
    symlinkSync('loop', join(folder, 'loop'));
    expect(said(join(folder, 'loop'))).toBe(`bundle_unreadable: ${join(folder, 'loop')}: ELOOP`);
    expect(said(join(put('plain'), 'below'))).toContain('ENOTDIR');
    expect(said(join(folder, 'n'.repeat(300)))).toContain('ENAMETOOLONG');
  });

  it('may be a deep and wide tree that is no bundle: it is not walked', () => {
    mkdirSync(join(folder, ...Array<string>(100).fill('d')), { recursive: true });
    expect(said()).toBe(`bundle_missing: ${folder}: no manifest.json in it`);
  });

  it('whose manifest is a link or a folder goes on to the walk, which refuses it', () => {
    mkdirSync(join(folder, 'manifest.json'));
    expect(() => requireBundle(folder)).not.toThrow();
  });

  it('ends with exit code 64, a code of its own and what to do, in both languages', () => {
    put('x.zip');
    put('y.txt');
    for (const place of [folder, join(folder, 'x.zip'), join(folder, 'y.txt')]) {
      const error = refusal(place);
      expect(error.exit).toBe(64);
      expect(explain(error)).toMatch(
        /^assay: bundle_\w+: .*\n {2}[A-Z].*manifest\.json.*\n {2}\p{Script=Han}.*manifest\.json/u,
      );
    }
  });
});
