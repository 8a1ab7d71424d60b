import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { canonicalBytes } from '../../evidence/canonical.ts';
import { AssayError } from '../../model/errors.ts';
import { verifyFolder } from '../../reports/verify/desk.ts';
import { openBundle } from '../../reports/verify/disk.ts';
import { PATHS } from '../../reports/verify/layout.ts';
import { linesOf } from '../../reports/verify/lines.ts';
import { verifyBundle } from '../../reports/verify/verify.ts';
import { madeBundle, withManifest } from './forger.ts';
import { bundleOf, type MemoryBundle, withFile } from './memory-bundle.ts';

const scratch = mkdtempSync(join(tmpdir(), 'assay-hostile-'));
let bundle: MemoryBundle;
let folder: string;
let turn = 0;
beforeAll(async () => {
  ({ bundle } = await madeBundle({ nodes: 1, accelerators: 1, windows: 4, precisions: ['FP32'], readings: 1 }));
}, 60_000);
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
beforeEach(() => {
  folder = join(scratch, String(turn++));
  for (const [path, bytes] of bundle.files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
});

/** Whether this user may make a device: in most containers nobody may. */
function canMakeDevices(): boolean {
  const path = join(scratch, 'device');
  return spawnSync('mknod', [path, 'c', '1', '5']).status === 0;
}

const verify = (extra: object = {}) => verifyFolder({ folder, version: '0.0.0-test', ...extra });
const refusal = async (extra: object = {}): Promise<string> => {
  const error: unknown = await verify(extra).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(AssayError);
  return `${(error as AssayError).code}: ${(error as AssayError).message}`;
};
/** Runs something that must be quick, and gives the growth of resident memory in MiB. */
async function bounded(action: () => unknown, mostS: number): Promise<number> {
  const [at, before] = [performance.now(), process.memoryUsage().rss];
  await action();
  expect((performance.now() - at) / 1000).toBeLessThan(mostS);
  return (process.memoryUsage().rss - before) / 2 ** 20;
}

describe('a folder that is no plain bundle', () => {
  it('is good as long as it is one', async () => {
    expect(await verify()).toMatchObject({ exit: 1 });
  });

  it('with a link to a file or to a folder, inside or outside, is refused and nothing is read through it', async () => {
    const secret = join(scratch, 'secret');
    writeFileSync(secret, 'secret');
    for (const [name, target] of [
      ['report.md', secret],
      ['extra', scratch],
      ['loop', '.'],
      ['gone', '/nonexistent'],
    ] as const) {
      rmSync(join(folder, name), { force: true });
      symlinkSync(target, join(folder, name));
      expect(await refusal()).toBe(`bundle_unreadable: ${name}: not a plain file`);
      rmSync(join(folder, name));
    }
  });

  it('whose file became a link after it was looked at is refused', () => {
    const opened = openBundle(folder);
    rmSync(join(folder, PATHS.report));
    symlinkSync('/etc/passwd', join(folder, PATHS.report));
    expect(() => opened.read(PATHS.report)).toThrow(AssayError);
    expect(() => [...opened.pieces(PATHS.report)!]).toThrow(AssayError);
    rmSync(join(folder, PATHS.report));
    expect(() => opened.read(PATHS.report)).toThrow('report.json: ENOENT');
  });

  it('with a pipe, also one that takes the place of a file, is refused and never waited for', async () => {
    const opened = openBundle(folder);
    rmSync(join(folder, PATHS.report));
    execFileSync('mkfifo', [join(folder, PATHS.report)]);
    expect(() => opened.read(PATHS.report)).toThrow('report.json: changed while it was read');
    expect(await refusal()).toBe('bundle_unreadable: report.json: not a plain file');
  });

  it.skipIf(!canMakeDevices())('with a device is refused (skipped where none can be made)', async () => {
    execFileSync('mknod', [join(folder, 'zero'), 'c', '1', '5']);
    expect(await refusal()).toBe('bundle_unreadable: zero: not a plain file');
  });

  it('with a socket is refused', async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen(join(folder, 's'), done));
    expect(await refusal()).toBe('bundle_unreadable: s: not a plain file');
    await new Promise((done) => server.close(done));
  });

  it.each(['a\nb', 'a\u001b[2Jb', 'a\u202eb', 'a\\b', 'C:x', 'a\u0085b'])(
    'with the name %j is refused, and the name cannot reach the screen raw',
    async (name) => {
      writeFileSync(join(folder, name), '');
      const text = await refusal();
      expect(text).toMatch(/^bundle_unreadable: .*a name that is not allowed$/);
      expect(text).not.toMatch(/\p{Cc}|\p{Bidi_Control}/u);
    },
  );

  it('with a name that is not UTF-8 is refused', async () => {
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/x`), Uint8Array.of(0xff, 0xfe)]), '');
    expect(await refusal()).toContain('a name that is not allowed');
  });

  it('nested too deep is refused', async () => {
    mkdirSync(join(folder, ...Array<string>(200).fill('d')), { recursive: true });
    expect(await refusal()).toContain('nested too deep');
  });

  it('that is a file, or is not there, or cannot be entered is refused', async () => {
    const plain = join(scratch, 'plain');
    writeFileSync(plain, '');
    expect(await refusal({ folder: plain })).toBe(`bundle_is_file: ${plain}`);
    expect(await refusal({ folder: join(scratch, 'none') })).toContain('ENOENT');
  });

  it.skipIf(process.getuid?.() === 0)(
    'with a file that may not be read is refused (skipped for root, who may)',
    async () => {
      chmodSync(join(folder, PATHS.report), 0);
      expect(await refusal()).toBe('bundle_unreadable: report.json: EACCES');
    },
  );
});

describe('more than a bundle can be', () => {
  const sparse = (path: string, bytes: number): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    const file = openSync(join(folder, path), 'w');
    ftruncateSync(file, bytes);
    closeSync(file);
  };

  it.each([
    ['evidence/ab/huge', 10 * 2 ** 30],
    [PATHS.log, 10 * 2 ** 30],
    [PATHS.report, 10 * 2 ** 30],
    [PATHS.manifest, 100 * 2 ** 20],
    [PATHS.guide, 40 * 2 ** 20],
    ['addenda/001.json', 40 * 2 ** 20],
    [PATHS.controllerKey, 40 * 2 ** 20],
  ])('%s of %d bytes is refused at once, before anything is read', async (path, bytes) => {
    sparse(path, bytes);
    const grown = await bounded(
      async () => expect(await refusal()).toMatch(/bundle_unreadable: .* bytes, more than/),
      2,
    );
    expect(grown).toBeLessThan(100);
  });

  it('many large files that are too much together are refused', async () => {
    for (let i = 0; i < 40; i++) sparse(`evidence/ab/${i}`, 2 ** 30);
    for (let i = 0; i < 40; i++) sparse(`evidence/cd/${i}`, 2 ** 30);
    expect(await refusal()).toMatch(/bundle_unreadable: more than \d+ bytes/);
  });

  it('a hundred thousand empty files are found to be added, and not all of them are printed', async () => {
    mkdirSync(join(folder, 'many'));
    for (let i = 0; i < 100_000; i++) closeSync(openSync(join(folder, 'many', String(i)), 'w'));
    let result: { text: string; exit: number } | undefined;
    const grown = await bounded(async () => {
      result = await verify();
    }, 20);
    expect(result).toMatchObject({ exit: 2 });
    expect(result!.text).toContain('many/0: 清单中没有此文件，系后来加入 was added');
    expect(result!.text).toContain('and 99900 more');
    expect(result!.text.length).toBeLessThan(20_000);
    expect(grown).toBeLessThan(400);
    rmSync(join(folder, 'many'), { recursive: true });
  }, 120_000);

  it('a line of the log without an end is given up, not collected', () => {
    const piece = new Uint8Array(2 ** 20).fill(0x20);
    function* endless(): Generator<Uint8Array> {
      for (let i = 0; i < 1024; i++) yield piece;
    }
    const log = { pieces: () => endless() };
    expect([...linesOf(log, PATHS.log)]).toEqual([{ problem: expect.stringContaining('is longer than') }]);
  });
});

describe('documents made to hurt', () => {
  /** What is found once the manifest, which anybody can write, lists the document; a manifest is what it is. */
  const found = (path: string, text: string | Uint8Array): string => {
    const altered = withFile(bundle, path, Buffer.from(text));
    const result = verifyBundle(path === PATHS.manifest ? altered : withManifest(altered));
    expect(result.authentic).toBe(false);
    return result.steps.flatMap((s) => s.defects.map((d) => `${d.path} ${d.problem}`)).join('\n');
  };
  const deep = '['.repeat(5_000_000);
  const twice = '{"schema":"assay/manifest/v1","run":"a","run":"b","files":[]}';

  it('deep JSON, keys that occur twice and other JSON that two readers could read differently are told', () => {
    for (const path of [
      PATHS.manifest,
      PATHS.evaluation,
      PATHS.guide,
      PATHS.report,
      'release/reviewer.dsse.json',
      'addenda/001.json',
    ]) {
      expect(found(path, deep), path).toContain(path);
      expect(found(path, `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`), path).toContain(path);
      expect(found(path, twice), path).toContain(path);
      expect(found(path, '{"__proto__":{"files":[]}}'), path).toContain(path);
      expect(found(path, Uint8Array.of(0xff, 0xfe, 0x00)), path).toContain(path);
    }
    expect(found(PATHS.manifest, deep)).toContain('nesting too deep');
    expect(found(PATHS.manifest, twice)).toContain('a key that occurs twice');
    expect(found(PATHS.log, `${deep}\n`)).toContain(`${PATHS.log}:1 not strict JSON: nesting too deep`);
  });

  it('paths in the manifest that lead elsewhere open nothing', () => {
    const paths = [
      '../secret',
      '/etc/passwd',
      'evidence/../../secret',
      '..\\secret',
      'C:\\secret',
      './report.json',
      '__proto__',
      '',
    ];
    const files = paths.map((path) => ({ path, bytes: 6, sha256: '0'.repeat(64), sm3: '0'.repeat(64) }));
    mkdirSync(dirname(folder), { recursive: true });
    writeFileSync(join(folder, '..', 'secret'), 'secret');
    const listing = (some: typeof files): Uint8Array =>
      canonicalBytes({ schema: 'assay/manifest/v1', run: 'r', files: some });
    writeFileSync(join(folder, PATHS.manifest), listing(files.filter((f) => f.path !== '')));
    const result = verifyBundle(openBundle(folder));
    const defects = result.steps[0]!.defects.map((d) => `${d.path} ${d.problem}`);
    for (const path of paths.filter((p) => p !== '')) expect(defects).toContain(`${path} is missing`);
    expect(found(PATHS.manifest, listing(files.filter((f) => f.path === '')))).toContain(PATHS.manifest);
  });

  it('a manifest of forty megabytes is read within bounds', async () => {
    const files = Array.from({ length: 250_000 }, (_, i) => ({
      path: `evidence/${i}`,
      bytes: 0,
      sha256: '0'.repeat(64),
      sm3: '0'.repeat(64),
    }));
    const bytes = canonicalBytes({ schema: 'assay/manifest/v1', run: 'r', files });
    expect(bytes.length).toBeGreaterThan(40 * 2 ** 20);
    const grown = await bounded(() => {
      const result = verifyBundle(withFile(bundle, PATHS.manifest, bytes));
      expect(result.steps[0]!.defects.length).toBe(101);
    }, 20);
    expect(grown).toBeLessThan(1200);
  }, 60_000);

  it('names and problems with control characters cannot reach the screen', async () => {
    const evil = 'report.json\u001b[2J\u202e';
    const files = [{ path: evil, bytes: 0, sha256: '0'.repeat(64), sm3: '0'.repeat(64) }];
    writeFileSync(join(folder, PATHS.manifest), canonicalBytes({ schema: 'assay/manifest/v1', run: 'r', files }));
    const { text, exit } = await verify();
    expect(exit).toBe(2);
    expect(text).toContain('report.json?[2J?: 文件缺失 is missing');
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}|\p{Bidi_Control}/u);
  });

  it('an empty bundle, and one of empty files, say what is missing', () => {
    const none = verifyBundle(bundleOf(new Map()));
    expect(none.steps[0]!.defects).toEqual([{ path: PATHS.manifest, code: 'missing', problem: 'is missing' }]);
    const empty = verifyBundle(bundleOf(new Map(bundle.paths.map((path) => [path, new Uint8Array()]))));
    expect(empty.authentic).toBe(false);
  });
});

describe('the trust file', () => {
  const trust = (path: string): string => {
    const own = {
      schema: 'assay/trust/v1',
      controllers: [],
      reviewers: [],
      approvers: [],
      stampAuthorities: [],
      guides: [],
    };
    writeFileSync(path, JSON.stringify(own));
    return path;
  };

  it('that lies in the bundle is refused, by whatever way it is named', async () => {
    const inside = trust(join(folder, 'trust.json'));
    const link = join(scratch, `link-${turn}`);
    symlinkSync(inside, link);
    for (const path of [inside, link, join(folder, 'keys', '..', 'trust.json')]) {
      expect(await refusal({ trust: path })).toContain('trust_invalid: ');
    }
    expect(readFileSync(inside, 'utf8')).toContain('assay/trust/v1');
  });

  it('that is not there or no file is refused with its name; one that trusts nobody trusts nobody', async () => {
    expect(await refusal({ trust: join(scratch, 'none') })).toContain('file_unreadable: ');
    expect(await refusal({ trust: scratch })).toContain('file_unreadable: ');
    expect(await verify({ trust: trust(join(scratch, 'own.json')) })).toMatchObject({ exit: 2 });
  });
});
