import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateSm2KeyPair, signSm2, verifySm2 } from '../../../evidence/sm2.ts';

const made = await generateSm2KeyPair();
const bytes = Buffer.from('DSSEv1 4 type 7 payload');

describe.skipIf(!made.ok)('SM2 by openssl (skipped where openssl is missing or has no SM2)', () => {
  if (!made.ok) return;
  const { privatePem, publicPem } = made.value;
  let folder: string;
  let key: string;
  let signature: Uint8Array;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'assay-sm2-test-'));
    key = join(folder, 'key.pem');
    await writeFile(key, privatePem, { mode: 0o600 });
    const signed = await signSm2(key, bytes);
    if (!signed.ok) throw new Error(signed.problem);
    signature = signed.value;
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('verifies what it signed, over these bytes only and by this key only', async () => {
    expect(await verifySm2(publicPem, bytes, signature)).toEqual({ ok: true });
    expect(await verifySm2(publicPem, Buffer.from('other'), signature)).toMatchObject({ kind: 'invalid' });
    const other = await generateSm2KeyPair();
    expect(other.ok && (await verifySm2(other.value.publicPem, bytes, signature))).toMatchObject({ kind: 'invalid' });
  });

  it('refuses a signature with any byte changed', async () => {
    for (let i = 0; i < signature.length; i += 5) {
      const changed = Uint8Array.from(signature);
      changed[i]! ^= 1;
      expect(await verifySm2(publicPem, bytes, changed), `byte ${i}`).toMatchObject({ ok: false, kind: 'invalid' });
    }
  });

  it('does not interoperate with the SM2 of Node, which signs with an empty identity', async () => {
    const nodes = sign('sm3', bytes, createPrivateKey(privatePem));
    const publicKey = createPublicKey(publicPem);
    expect(verify('sm3', bytes, publicKey, nodes)).toBe(true);
    expect(verify('sm3', bytes, publicKey, signature)).toBe(false);
    expect(await verifySm2(publicPem, bytes, nodes)).toMatchObject({ ok: false, kind: 'invalid' });
  });

  it('says what is wrong with a key that cannot be used', async () => {
    expect(await signSm2(join(folder, 'missing.pem'), bytes)).toMatchObject({ ok: false });
  });
});
