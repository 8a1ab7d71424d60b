import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKeyPair, keyIdOf, type Signer } from '../../../evidence/keys.ts';
import { generateSm2KeyPair } from '../../../evidence/sm2.ts';
import { timestampRequest } from '../../../evidence/timestamp.ts';
import { AssayError } from '../../../model/errors.ts';
import { type Addendum, addendumBytes, addendumPath } from '../../../reports/release/addendum.ts';
import { readSigner, signBundle, signBundleSm2, stampBundle } from '../../../reports/release/desk.ts';
import { type ReleaseRole, releasePath, signRelease } from '../../../reports/release/release.ts';
import { requirePlaceOfPage, writeSignaturePage } from '../../../reports/release/signature-page.ts';
import { openBundle } from '../../../reports/verify/disk.ts';
import { PATHS } from '../../../reports/verify/layout.ts';
import type { Trust } from '../../../reports/verify/trust.ts';
import type { Verification } from '../../../reports/verify/verify.ts';
import { verifyWhole } from '../../../reports/verify/whole.ts';
import type { SyntheticRun } from '../../bench/report/synthetic.ts';
import { assay } from '../../e2e/program.ts';
import type { MemoryBundle } from '../../tamper/memory-bundle.ts';
import { balanced } from '../../unit/reports/render/wellformed.ts';
import { Authority, hasOpenssl } from '../evidence/authority.ts';
import { person, scratch, small } from './folder.ts';

const { folder, lay } = scratch();
const [reviewer, approver] = [person(), person()] as [Signer, Signer];
const signedAt = '2026-11-21T03:00:00.000Z';
let bundle: MemoryBundle;
let run: SyntheticRun;
let trust: Trust;
beforeAll(async () => {
  ({ bundle, run } = await small());
  trust = {
    schema: 'assay/trust/v1',
    controllers: [{ name: 'laboratory', publicKey: run.signer.publicKeyPem }],
    reviewers: [{ name: '张三', publicKey: reviewer.publicKeyPem }],
    approvers: [{ name: '李四', publicKey: approver.publicKeyPem }],
    stampAuthorities: [],
    guides: [],
  };
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sign = (laid: string, role: ReleaseRole, signer: Signer) =>
  signBundle(laid, { role, name: role === 'reviewer' ? '张三' : '李四', signer, signedAt });
const codeOf = async (action: Promise<unknown>): Promise<string> => {
  const error: unknown = await action.catch((e: unknown) => e);
  return error instanceof AssayError ? error.code : `no coded error: ${String(error)}`;
};
const verified = (laid: string, by?: Trust): Promise<Verification> => verifyWhole(openBundle(laid), by);
const defectsOf = (result: Verification): string =>
  result.steps.flatMap((s) => s.defects.map((d) => `${d.path} ${d.problem}`)).join('\n');
const noteOf = (result: Verification, id: string): string => result.steps.find((s) => s.id === id)?.note?.en ?? '';

describe('keygen, sign, verify', () => {
  it('from the command line release a bundle that a trust file believes', async () => {
    const laid = lay(bundle);
    const keys = ['reviewer', 'approver'].map((name) => join(folder, name));
    for (const key of keys) expect((await assay(['keygen', key])).status).toBe(0);
    for (const [role, name, key] of [
      ['reviewer', '张三', keys[0]!],
      ['approver', '李四', keys[1]!],
    ] as const) {
      const signed = await assay(['sign', laid, '--role', role, '--name', name, '--key', `${key}.key`]);
      const [path, page] = signed.stdout.trim().split('\n');
      expect([signed.status, path, page], signed.stderr).toEqual([0, releasePath(role), `${laid}-signatures.html`]);
      const html = readFileSync(page!, 'utf8');
      expect([html.includes(name), html.includes('not signed')]).toEqual([true, role === 'reviewer']);
    }
    const own: Trust = {
      ...trust,
      reviewers: [{ name: '张三', publicKey: readFileSync(`${keys[0]}.pem`, 'utf8') }],
      approvers: [{ name: '李四', publicKey: readFileSync(`${keys[1]}.pem`, 'utf8') }],
    };
    const file = join(folder, 'trust.json');
    writeFileSync(file, JSON.stringify(own));
    const good = await assay(['verify', laid, '--trust', file]);
    expect([good.status, good.stdout.includes('reviewer 张三; approver 李四')], good.stdout).toEqual([1, true]);
    const ids = Object.fromEntries(
      ['reviewer', 'approver'].map((role, i) => [role, keyIdOf(readFileSync(`${keys[i]}.pem`, 'utf8'))]),
    );
    expect(good.stdout).toMatch(
      new RegExp(`审核 reviewer: 张三, 密钥 key ${ids.reviewer}, \\S+Z \\(\\S+\\), 受信任 trusted`),
    );
    expect(good.stdout).toMatch(new RegExp(`批准 approver: 李四, 密钥 key ${ids.approver}, `));
    const data = JSON.parse((await assay(['verify', laid, '--json'])).stdout);
    expect(data.releases).toMatchObject([
      { role: 'reviewer', name: '张三', keyId: ids.reviewer, signedAt: expect.stringMatching(/Z$/), trusted: false },
      { role: 'approver', name: '李四', keyId: ids.approver, trusted: false },
    ]);
    writeFileSync(file, JSON.stringify({ ...own, reviewers: own.approvers, approvers: own.reviewers }));
    expect((await assay(['verify', laid, '--trust', file])).status).toBe(2);
    const again = await assay(['keygen', keys[0]!]);
    expect([again.status, again.stderr.includes('file_exists')]).toEqual([64, true]);
  }, 600_000);
});

describe('a release', () => {
  it('by both is good, and changing anything afterwards is found', async () => {
    const laid = lay(bundle);
    await sign(laid, 'reviewer', reviewer);
    await sign(laid, 'approver', approver);
    expect((await verified(laid, trust)).authentic).toBe(true);
    writeFileSync(join(laid, PATHS.markdown), 'changed');
    expect(defectsOf(await verified(laid, trust))).toContain('report.md was changed');
  });

  it('is refused twice, by one person for both, after the approval, and of a bundle that does not verify', async () => {
    const laid = lay(bundle);
    await sign(laid, 'reviewer', reviewer);
    expect(await codeOf(sign(laid, 'reviewer', approver))).toBe('already_signed');
    expect(await codeOf(sign(laid, 'approver', reviewer))).toBe('key_reused');
    const unreviewed = lay(bundle);
    expect(await codeOf(sign(unreviewed, 'approver', approver))).toBe('not_reviewed');
    expect(existsSync(join(unreviewed, releasePath('approver')))).toBe(false);
    // As earlier versions let it happen.
    const manifest = bundle.read(PATHS.manifest)!;
    const early = { run: run.plan.run, role: 'approver', name: '李四', signedAt } as const;
    mkdirSync(join(unreviewed, 'release'));
    writeFileSync(join(unreviewed, releasePath('approver')), await signRelease(early, manifest, undefined, approver));
    expect(await codeOf(sign(unreviewed, 'reviewer', reviewer))).toBe('already_approved');
    expect(await codeOf(sign(lay(bundle), 'reviewer', run.signer))).toBe('key_reused');
    const broken = lay(bundle);
    writeFileSync(join(broken, PATHS.html), 'x');
    expect(await codeOf(sign(broken, 'reviewer', reviewer))).toBe('bundle_not_authentic');
  });
});

describe('the key of a release', () => {
  it('that is not there is an unreadable file, with the command that makes one', () => {
    const read = (path: string): AssayError => {
      try {
        readSigner(path);
      } catch (error) {
        return error as AssayError;
      }
      throw new Error(`${path} was read`);
    };
    const missing = read(join(folder, 'none.key'));
    expect([missing.code, missing.message.includes('./assay keygen')]).toEqual(['file_unreadable', true]);
    writeFileSync(join(folder, 'bad.key'), 'no key');
    expect(read(join(folder, 'bad.key')).code).toBe('key_invalid');
  });
});

describe('the signature page', () => {
  const none = { print: () => Promise.reject(new AssayError('tool_missing', 'no Chromium')) };

  it('lies beside the bundle, names everybody who signed, and leaves the bundle as it was', async () => {
    const laid = lay(bundle);
    await sign(laid, 'reviewer', reviewer);
    await sign(laid, 'approver', approver);
    const half = { ...trust, approvers: [] };
    const { paths, missing } = await writeSignaturePage(laid, half, none);
    expect([paths, missing.length]).toEqual([[`${laid}-signatures.html`], 1]);
    const html = readFileSync(paths[0]!, 'utf8');
    expect(balanced(html)).toBe('');
    for (const part of ['张三', '李四', reviewer.keyId, approver.keyId, run.signer.keyId, '2026-11-21T03:00:00Z']) {
      expect(html).toContain(part);
    }
    // The approver is not in the trust file, and has signed all the same.
    expect(html.split('by the trust file that was given').length - 1).toBe(2);
    expect(html).toContain('outside the signatures');
    expect((await verified(laid, trust)).authentic).toBe(true);
    expect((await writeSignaturePage(laid, undefined, none)).paths).toEqual(paths);
  });

  it('takes the place of no other file', async () => {
    const laid = lay(bundle);
    writeFileSync(`${laid}-signatures.html`, 'a page of somebody else');
    const key = join(folder, 'own.key');
    writeFileSync(key, generateKeyPair().privatePem);
    expect(() => requirePlaceOfPage(laid)).toThrow(`${laid}-signatures.html`);
    const answered = await assay(['sign', laid, '--role', 'reviewer', '--name', 'x', '--key', key]);
    expect([answered.status, answered.stderr.includes('output_exists')]).toEqual([64, true]);
    expect(existsSync(join(laid, releasePath('reviewer')))).toBe(false);
  }, 60_000);
});

describe.skipIf(!hasOpenssl)('a time stamp (skipped: no openssl command here)', () => {
  let authority: Authority;
  let other: Authority;
  let url: string;
  beforeAll(async () => {
    [authority, other] = [new Authority(['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']), new Authority(['rsa:2048'])];
    url = await authority.listen();
  }, 60_000);
  afterAll(() => {
    authority?.close();
    other?.close();
  });
  const stamp = (laid: string) => stampBundle(laid, url, AbortSignal.timeout(20_000));
  const believing = (caPem: string): Trust => ({ ...trust, stampAuthorities: [caPem] });

  it('of the newest signature is checked against the authorities of the trust file, and read without one', async () => {
    const laid = lay(bundle);
    expect(await stamp(laid)).toBe('addenda/001.json');
    await sign(laid, 'reviewer', reviewer);
    expect(await stamp(laid)).toBe('addenda/002.json');
    const subjects = [1, 2].map((n) => JSON.parse(readFileSync(join(laid, addendumPath(n)), 'utf8')).path as string);
    expect(subjects).toEqual([PATHS.manifest, releasePath('reviewer')]);
    const good = await verified(laid, believing(authority.caPem));
    expect([good.authentic, good.steps.find((s) => s.id === 'stamps')?.state]).toEqual([true, 'good']);
    expect(noteOf(good, 'stamps')).toContain('by CN=Test Authority');
    const unread = await verified(laid);
    expect([unread.authentic, unread.steps.find((s) => s.id === 'stamps')?.state]).toEqual([true, 'not_checked']);
    expect(noteOf(unread, 'stamps')).toContain('by an authority that was not checked');
    expect(defectsOf(await verified(laid, believing(other.caPem)))).toContain('no chain to a trusted authority');
  }, 60_000);

  it('of another file, of another bundle or with a byte changed is found with and without a trust file', async () => {
    const laid = lay(bundle);
    await stamp(laid);
    const path = join(laid, addendumPath(1));
    const addendum = JSON.parse(readFileSync(path, 'utf8')) as { response: string; sha256: string; path: string };
    const response = Buffer.from(addendum.response, 'base64');
    const put = async (change: object): Promise<string[]> => {
      writeFileSync(path, addendumBytes({ schema: 'assay/stamp/v1', ...addendum, ...change }));
      const results = await Promise.all([verified(laid), verified(laid, believing(authority.caPem))]);
      return results.map(defectsOf);
    };
    for (const text of await put({ path: PATHS.evaluation }))
      expect(text).toContain('stamps another evaluation.dsse.json');
    for (const text of await put({ path: PATHS.html })) expect(text).toContain('speaks for nothing');
    for (const text of await put({ path: '../../etc/passwd' })) expect(text).toContain('speaks for nothing');
    for (const text of await put({ path: releasePath('approver') })) expect(text).toContain('is not here');
    for (const text of await put({ response: addendum.response.replace(/.$/, ' ') }))
      expect(text).toContain('addenda/001.json');
    const time = /\d{4}-\d\d-\d\dT[\d:.]+Z/;
    const stated = time.exec(noteOf(await put({}).then(() => verified(laid)), 'stamps'))?.[0];
    let found = 0;
    let tried = 0;
    for (let at = 0; at < response.length; at += 11) {
      const changed = Uint8Array.from(response);
      changed[at]! ^= 1 << (at % 8);
      tried++;
      const results = await put({ response: Buffer.from(changed).toString('base64') });
      if (results.every((text) => text.includes('addenda/001.json'))) {
        found++;
        continue;
      }
      // Not signed are certificates that nobody needs and the names of algorithms: the stamp is the same, or not
      // checked.
      const note = noteOf(await verified(laid), 'stamps');
      expect(note.includes('was not checked') || time.exec(note)?.[0] === stated, `byte ${at}: ${note}`).toBe(true);
    }
    expect(found).toBeGreaterThan(tried / 2);
  }, 120_000);

  it('is not had from an authority that is not there, refuses or answers for another digest', async () => {
    const laid = lay(bundle);
    expect(await codeOf(stampBundle(laid, 'http://127.0.0.1:1/', AbortSignal.timeout(5000)))).toBe('stamp_failed');
    for (const instead of [
      { status: 500, body: Buffer.from('no') },
      { status: 200, body: Buffer.from('no') },
      {
        status: 200,
        body: other.reply(timestampRequest('0'.repeat(64), Buffer.alloc(8, 1))),
      },
    ]) {
      authority.instead = instead;
      expect(await codeOf(stamp(laid))).toBe('stamp_failed');
    }
    authority.instead = undefined;
    expect((await verified(laid)).authentic).toBe(true);
    expect(openBundle(laid).paths.some((path) => path.startsWith('addenda/'))).toBe(false);
  }, 60_000);
});

const sm2 = hasOpenssl ? await generateSm2KeyPair() : undefined;

describe.skipIf(!sm2?.ok)('an SM2 signature (skipped: no openssl command here, or one without SM2)', () => {
  it('over the newest signature is checked through openssl; with a byte changed it is found', async () => {
    if (!sm2?.ok) return;
    const laid = lay(bundle);
    const key = join(folder, 'sm2.key');
    writeFileSync(key, sm2.value.privatePem, { mode: 0o600 });
    await sign(laid, 'reviewer', reviewer);
    expect(await signBundleSm2(laid, key, sm2.value.publicPem)).toBe('addenda/001.json');
    const good = await verified(laid, trust);
    expect([good.authentic, noteOf(good, 'stamps')]).toEqual([
      true,
      expect.stringContaining('addenda/001.json: the SM2 signature over release/reviewer.dsse.json is good'),
    ]);
    const path = join(laid, addendumPath(1));
    const bytes = readFileSync(path);
    let found = 0;
    for (let at = 3; at < bytes.length; at += 29) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1 << (at % 8);
      writeFileSync(path, changed);
      const result = await verified(laid, trust);
      // A key that is no point of the curve any more cannot be used by openssl: not checked, and said so.
      const told = result.authentic
        ? noteOf(result, 'stamps').includes('the SM2 signature was not checked')
        : defectsOf(result).includes('addenda/001.json');
      expect(told, `byte ${at}`).toBe(true);
      if (!result.authentic) found++;
    }
    expect(found).toBeGreaterThan(bytes.length / 29 / 2);
  }, 60_000);

  it('by another key than the one that stands there, or over something else, is found', async () => {
    if (!sm2?.ok) return;
    const laid = lay(bundle);
    const key = join(folder, 'other.key');
    const other = await generateSm2KeyPair();
    if (!other.ok) throw new Error(other.problem);
    writeFileSync(key, other.value.privatePem, { mode: 0o600 });
    expect(await codeOf(signBundleSm2(laid, key, sm2.value.publicPem))).toBe('key_invalid');
    await signBundleSm2(laid, key, other.value.publicPem);
    const path = join(laid, addendumPath(1));
    const addendum = JSON.parse(readFileSync(path, 'utf8')) as Extract<Addendum, { schema: 'assay/sm2/v1' }>;
    for (const [change, problem] of [
      [{ publicKey: sm2.value.publicPem }, 'the SM2 signature is wrong'],
      [{ publicKey: run.signer.publicKeyPem }, 'names a key that is not an SM2 key'],
      [{ path: PATHS.evaluation }, 'the SM2 signature is wrong'],
      [{ path: PATHS.html }, 'speaks for nothing'],
      [{ signature: 'AAAA' }, 'not a signature in DER'],
    ] as const) {
      writeFileSync(path, addendumBytes({ ...addendum, ...change }));
      expect(defectsOf(await verified(laid))).toContain(
        `addenda/001.json ${problem}`.replace(/ speaks/, ' is about report.html, which speaks'),
      );
    }
    expect(await codeOf(signBundleSm2(laid, join(folder, 'none'), sm2.value.publicPem))).toBe('key_invalid');
    expect(await codeOf(signBundleSm2(laid, key, run.signer.publicKeyPem))).toBe('key_invalid');
  }, 60_000);
});
