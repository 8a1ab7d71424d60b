import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKeyPair, KeyError } from '../../../evidence/keys.ts';
import { openssl } from '../../../evidence/openssl.ts';
import { generateSm2KeyPair, signSm2, sm2KeyIdOf, verifySm2 } from '../../../evidence/sm2.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assay-openssl-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A script in the place of openssl. */
async function program(name: string, script: string): Promise<{ program: string; timeoutMs: number }> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return { program: path, timeoutMs: 5000 };
}

describe('a run of openssl', () => {
  it('gives exit code and both outputs, and hands the input on', async () => {
    const settings = await program('echoes', 'cat; echo "$1" >&2; exit 3');
    const run = await openssl(['a; echo b'], Buffer.from('input'), settings);
    expect(run).toEqual({ ran: true, code: 3, stdout: Buffer.from('input'), stderr: 'a; echo b\n' });
  });

  it('survives a program that does not read its input', async () => {
    const run = await openssl([], Buffer.alloc(4_000_000), await program('deaf', 'exec 0<&-; exit 0'));
    expect(run).toMatchObject({ ran: true, code: 0 });
  });

  it('is a problem, not a throw, where the program is missing', async () => {
    expect(await openssl([], undefined, { program: join(folder, 'missing') })).toMatchObject({
      ran: false,
      problem: expect.stringContaining('ENOENT'),
    });
  });

  it('is a problem where the program takes too long, and then it is gone', async () => {
    const settings = { ...(await program('sleeps', 'exec sleep 60')), timeoutMs: 100 };
    expect(await openssl([], undefined, settings)).toMatchObject({ ran: false });
  });

  it('is a problem where the program floods its output', async () => {
    const settings = await program('floods', 'exec yes');
    expect(await openssl([], undefined, settings)).toMatchObject({ ran: false });
  });
});

/** Made by openssl 3.0 over the bytes `assay`, with the identity 1234567812345678. */
const PUBLIC = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoEcz1UBgi0DQgAE7g4a1tcnoe3ILbYHh2qmke+a8R9B
d/xNmLRAM9rN6E/6p1frrh4m45RxFGRuCwrCOcNcEjwJgMZxuEqPzPz4+g==
-----END PUBLIC KEY-----
`;
const SIGNATURE = Buffer.from(
  'MEUCIQDd+hxqsClYpNykyzc4Z0ONz+aKN8+PG6+hDkqum5y6FgIgRCkxET7PhxSSF1QJPXeQwjLTeP2cqHBH2YI7gv5/I2k=',
  'base64',
);
const bytes = Buffer.from('assay');

describe('an SM2 signature is good only if openssl says so by words and by exit code', () => {
  it.each([
    ['good by both', 'echo "Verified OK"', { ok: true }],
    ['good by words only', 'echo "Verified OK"; exit 1', { ok: false, kind: 'unsupported' }],
    ['good by exit code only', 'exit 0', { ok: false, kind: 'unsupported' }],
    ['not checked, among good words', 'echo "Verified OK"; echo more', { ok: false, kind: 'unsupported' }],
    ['bad', 'echo "Verification failure"; exit 1', { ok: false, kind: 'invalid' }],
    ['bad in itself', 'echo "Error verifying data" >&2; exit 1', { ok: false, kind: 'invalid' }],
    ['not checked for want of SM2', 'echo "unknown curve" >&2; exit 1', { ok: false, kind: 'unsupported' }],
  ])('%s', async (name, script, verdict) => {
    expect(await verifySm2(PUBLIC, bytes, SIGNATURE, await program(name.replaceAll(' ', '-'), script))).toMatchObject(
      verdict,
    );
  });

  it('and is not checked, which is not the same as bad, where openssl is missing', async () => {
    expect(await verifySm2(PUBLIC, bytes, SIGNATURE, { program: join(folder, 'missing') })).toMatchObject({
      kind: 'unsupported',
    });
  });

  it.each([
    ['empty', ''],
    ['no DER', '00ff'],
    ['one number', '3003020101'],
    ['three numbers', '3009020101020101020101'],
    ['zero', '3006020100020101'],
    ['negative', '30060201ff020101'],
    ['too large', `3026020101022101${'00'.repeat(32)}`],
    ['no number', '3004050005 00'.replace(' ', '')],
  ])('and is bad without asking openssl if it is %s', async (_what, hex) => {
    const never = await program('never', 'echo "Verified OK"');
    expect(await verifySm2(PUBLIC, bytes, Buffer.from(hex, 'hex'), never)).toMatchObject({
      kind: 'invalid',
      problem: 'not a signature in DER',
    });
  });
});

describe('an SM2 key', () => {
  it('is named by the sha256 of its SubjectPublicKeyInfo', () => {
    expect(sm2KeyIdOf(PUBLIC)).toBe('faf9bb1a5dc2e26f5d28d55950e39aabf1205ed664f4c47d58eb2d30c3c28da3');
  });

  it.each([
    ['nothing', ''],
    ['a private key', PUBLIC.replaceAll('PUBLIC', 'PRIVATE')],
    ['something before it', `x\n${PUBLIC}`],
    ['something after it', `${PUBLIC}x`],
    ['characters that are no base64', PUBLIC.replace('M', '!')],
    ['a byte missing', PUBLIC.replace('MFkw', 'MFk')],
    ['a key on P-256', generateKeyPair().publicPem],
    ['a key with bytes too many', PUBLIC.replace(/\n(.*)==\n-/, '\n$1AA\n-')],
  ])('is refused as %s', async (_what, pem) => {
    expect(() => sm2KeyIdOf(pem)).toThrow(KeyError);
    await expect(verifySm2(pem, bytes, SIGNATURE)).rejects.toThrow(KeyError);
  });

  it('is made in two steps, the public key from the private one', async () => {
    const made = await program('makes', 'test "$1" = genpkey && echo private || sed s/private/public/');
    expect(await generateSm2KeyPair(made)).toEqual({
      ok: true,
      value: { privatePem: 'private\n', publicPem: 'public\n' },
    });
  });

  it('is not made, and nothing is signed, where openssl fails; the problem says why', async () => {
    const failing = await program('fails', 'echo "Algorithm SM2 not found" >&2; exit 1');
    const problem = 'openssl: Algorithm SM2 not found';
    expect(await generateSm2KeyPair(failing)).toEqual({ ok: false, problem });
    expect(await signSm2('key.pem', bytes, failing)).toEqual({ ok: false, problem });
    const half = await program('half', 'test "$1" = genpkey && echo key || exit 1');
    expect(await generateSm2KeyPair(half)).toEqual({ ok: false, problem: 'openssl: no message' });
    const talking = await program('talks', 'echo signature; exit 1');
    expect(await signSm2('key.pem', bytes, talking)).toMatchObject({ ok: false });
    const silent = await program('silent', 'exit 0');
    expect(await signSm2('key.pem', bytes, silent)).toEqual({ ok: false, problem: 'openssl: no message' });
    const missing = { program: join(folder, 'missing') };
    expect(await signSm2('key.pem', bytes, missing)).toMatchObject({ problem: expect.stringContaining('ENOENT') });
  });
});
