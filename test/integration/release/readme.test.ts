import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateSm2KeyPair } from '../../../evidence/sm2.ts';
import { signBundle, signBundleSm2, stampBundle } from '../../../reports/release/desk.ts';
import { releasePath } from '../../../reports/release/release.ts';
import { openBundle } from '../../../reports/verify/disk.ts';
import { PATHS } from '../../../reports/verify/layout.ts';
import { verifyWhole } from '../../../reports/verify/whole.ts';
import { type MemoryBundle, memoryBundle } from '../../tamper/memory-bundle.ts';
import { Authority, hasOpenssl } from '../evidence/authority.ts';
import { person, scratch, small } from './folder.ts';

const sm2 = hasOpenssl ? await generateSm2KeyPair() : undefined;
const why = 'skipped: no openssl command here, or one without SM2';

describe.skipIf(!sm2?.ok)(`what README.txt says (${why})`, () => {
  const { folder, lay } = scratch();
  let authority: Authority;
  let bundle: MemoryBundle;
  let whole: MemoryBundle;
  beforeAll(async () => {
    if (!sm2?.ok) return;
    authority = new Authority(['rsa:2048']);
    ({ bundle } = await small());
    const laid = lay(bundle);
    const signedAt = '2026-11-21T03:00:00.000Z';
    await signBundle(laid, { role: 'reviewer', name: '张三', signer: person(), signedAt });
    await signBundle(laid, { role: 'approver', name: '李四', signer: person(), signedAt });
    await stampBundle(laid, await authority.listen(), AbortSignal.timeout(20_000));
    const key = join(folder, 'sm2.key');
    writeFileSync(key, sm2.value.privatePem, { mode: 0o600 });
    await signBundleSm2(laid, key, sm2.value.publicPem);
    whole = memoryBundle(laid);
  }, 60_000);
  afterAll(() => {
    authority?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs the commands of the README that lies in the folder, as they stand. */
  const follow = (laid: string, ca = authority.path('ca.pem')) => {
    const lines = readFileSync(join(laid, PATHS.readme), 'utf8').split('\n');
    const commands = lines.filter((line) => line.startsWith('    ')).map((line) => line.slice(4));
    expect(commands.length).toBeGreaterThan(15);
    for (const command of commands) expect(command).not.toMatch(/\bnode\s+-|\.\/assay|\.mjs/);
    const env = { PATH: process.env.PATH, CA: ca, TMPDIR: folder, LC_ALL: 'C.UTF-8' };
    return spawnSync('sh', ['-eu'], { cwd: laid, input: commands.join('\n'), env, encoding: 'utf8' });
  };

  /** The same text but for its last character. */
  const otherEnd = (found: string): string => `${found.slice(0, -1)}${found.endsWith('x') ? 'y' : 'x'}`;

  it('checks files, signatures, log, a measurement, releases, stamp and SM2 with openssl alone', async () => {
    const laid = lay(whole);
    const { status, stdout, stderr } = follow(laid);
    expect([status, stderr]).toEqual([0, expect.not.stringMatching(/error|fail|no such/i)]);
    expect(`${stdout}${stderr}`).toContain('Verification: OK');
    // Evaluation, checkpoint, measurement, reviewer, approver and SM2.
    expect(stdout.match(/^Verified OK$/gm)).toHaveLength(6);
    // The commands leave the bundle as it was.
    expect((await verifyWhole(openBundle(laid), undefined)).authentic).toBe(true);
  }, 60_000);

  it('works for a bundle that nobody released or stamped', () => {
    const { status, stdout } = follow(lay(bundle));
    expect([status, stdout.match(/^Verified OK$/gm)?.length]).toEqual([0, 3]);
  }, 60_000);

  it.each([
    ['a page', PATHS.html, /DOCTYPE/, 'DOCTYPF'],
    ['the report', PATHS.report, /"synthetic":true/, '"synthetic":false'],
    ["the controller's signature", PATHS.evaluation, /"payload":"e/, '"payload":"f'],
    ['the checkpoint', PATHS.checkpoint, /\n(\d)/, '\n9$1'],
    ['the log', PATHS.log, /"kind":"measurement"/, '"kind":"measuremens"'],
    ['the release', releasePath('approver'), /"payload":"e/, '"payload":"f'],
    ['the stamped file', releasePath('approver'), /$/, ' '],
    ['the stamp', 'addenda/001.json', /"response":"MII.{40}/, otherEnd],
    ['the SM2 signature', 'addenda/002.json', /"signature":".{60}/, otherEnd],
  ])(
    'fails for a bundle in which %s was changed',
    (_, path, find, replacement) => {
      const laid = lay(whole);
      const text = readFileSync(join(laid, path), 'utf8');
      const changed = text.replace(find, replacement as string);
      expect(changed).not.toBe(text);
      writeFileSync(join(laid, path), changed);
      expect(follow(laid).status).not.toBe(0);
    },
    60_000,
  );

  it('fails under another authority', () => {
    const other = new Authority(['rsa:2048']);
    try {
      expect(follow(lay(whole), other.path('ca.pem')).status).not.toBe(0);
    } finally {
      other.close();
    }
  }, 60_000);
});
