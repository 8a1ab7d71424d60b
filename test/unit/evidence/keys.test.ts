import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../../../evidence/digest.ts';
import { generateKeyPair, KeyError, keyIdOf, pemSigner, verifySignature } from '../../../evidence/keys.ts';

const pair = generateKeyPair();
const signer = pemSigner(pair.privatePem);
const message = Buffer.from('message');
const signature = await signer.sign(message);

function otherKey(type: 'ec' | 'rsa' | 'ed25519', options: object = {}) {
  return generateKeyPairSync(type as 'ec', {
    ...(options as { namedCurve: string }),
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

const others = {
  'P-384': otherKey('ec', { namedCurve: 'secp384r1' }),
  secp256k1: otherKey('ec', { namedCurve: 'secp256k1' }),
  RSA: otherKey('rsa', { modulusLength: 2048 }),
  Ed25519: otherKey('ed25519'),
  'P-256 with explicit parameters': otherKey('ec', { namedCurve: 'prime256v1', paramEncoding: 'explicit' }),
};

/** The same public key with a compressed point (RFC 5480 section 2.2), which OpenSSL reads as well. */
function compressed(publicPem: string): string {
  const der = createPublicKey(publicPem).export({ type: 'spki', format: 'der' });
  const point = Buffer.concat([Buffer.of(2 + (der.at(-1)! & 1)), der.subarray(27, 59)]);
  const head = Buffer.from('3039301306072a8648ce3d020106082a8648ce3d030107032200', 'hex');
  const base64 = Buffer.concat([head, point]).toString('base64');
  return `-----BEGIN PUBLIC KEY-----\n${base64}\n-----END PUBLIC KEY-----\n`;
}

describe('a signer', () => {
  it('makes signatures that its public key verifies, over these bytes only', async () => {
    expect(verifySignature(signer.publicKeyPem, message, signature)).toBe(true);
    expect(verifySignature(signer.publicKeyPem, Buffer.from('Message'), signature)).toBe(false);
    expect(verifySignature(generateKeyPair().publicPem, message, signature)).toBe(false);
  });

  it('is named by the sha256 of its SubjectPublicKeyInfo', () => {
    const der = createPublicKey(pair.publicPem).export({ type: 'spki', format: 'der' });
    expect(signer.keyId).toBe(sha256Hex(der));
    expect(keyIdOf(pair.publicPem)).toBe(signer.keyId);
    expect(signer.publicKeyPem).toBe(pair.publicPem);
  });

  it('shows nothing of its private key', () => {
    expect(JSON.stringify(signer)).not.toContain('PRIVATE');
    expect(Object.keys(signer).sort()).toEqual(['keyId', 'publicKeyPem', 'sign']);
  });

  it('hands on what goes wrong in signing', async () => {
    await expect(pemSigner(pair.privatePem).sign('text' as unknown as Uint8Array)).resolves.toBeInstanceOf(Uint8Array);
    await expect(async () => signer.sign(1 as unknown as Uint8Array)).rejects.toThrow(TypeError);
  });
});

describe('a key that is not ECDSA P-256', () => {
  it.each(Object.entries(others))('is refused as signer, as key id and in verification: %s', (_name, other) => {
    expect(() => pemSigner(other.privateKey)).toThrow(KeyError);
    expect(() => keyIdOf(other.publicKey)).toThrow(KeyError);
    const digest = _name === 'Ed25519' ? null : 'sha256';
    const good = sign(digest, message, other.privateKey);
    expect(verifySignature(other.publicKey, message, good)).toBe(false);
  });

  it('is not got round by writing the same point in short, which would give one key two names', () => {
    const short = compressed(pair.publicPem);
    expect(createPublicKey(short).equals(createPublicKey(pair.publicPem))).toBe(true);
    expect(() => keyIdOf(short)).toThrow('uncompressed');
    expect(verifySignature(short, message, signature)).toBe(false);
  });

  it('is refused when it is a private key, a locked one without its passphrase, or no key', () => {
    expect(() => keyIdOf(pair.privatePem)).toThrow('no PEM public key');
    expect(verifySignature(pair.privatePem, message, signature)).toBe(false);
    expect(() => keyIdOf('-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n')).toThrow('cannot be read');
    expect(() => pemSigner('')).toThrow(KeyError);
    expect(() => pemSigner(pair.publicPem)).toThrow(KeyError);
    const locked = generateKeyPairSync('ec', {
      namedCurve: 'prime256v1',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' },
    });
    expect(() => pemSigner(locked.privateKey)).toThrow('without a passphrase');
    expect(() => pemSigner(locked.privateKey, 'wrong')).toThrow('with this passphrase');
    expect(pemSigner(locked.privateKey, 'secret').publicKeyPem).toBe(locked.publicKey);
  });
});

describe('verifySignature', () => {
  it('refuses a signature with any single bit changed', () => {
    for (let bit = 0; bit < signature.length * 8; bit++) {
      const changed = Uint8Array.from(signature);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(verifySignature(pair.publicPem, message, changed), `bit ${bit}`).toBe(false);
    }
  });

  it('refuses a signature cut short, lengthened, or as bare r and s', () => {
    expect(verifySignature(pair.publicPem, message, signature.slice(0, -1))).toBe(false);
    expect(verifySignature(pair.publicPem, message, Buffer.concat([signature, Buffer.of(0)]))).toBe(false);
    const bare = sign('sha256', message, { key: pair.privatePem, dsaEncoding: 'ieee-p1363' });
    expect(verifySignature(pair.publicPem, message, bare)).toBe(false);
  });

  it('is false for arbitrary input and never throws', () => {
    fc.assert(
      fc.property(fc.string(), fc.uint8Array(), fc.uint8Array(), (pem, bytes, wrong) => {
        expect(verifySignature(pem, bytes, wrong)).toBe(false);
        expect(verifySignature(pair.publicPem, bytes, wrong)).toBe(false);
      }),
    );
    expect(verifySignature(undefined as unknown as string, message, signature)).toBe(false);
    expect(verifySignature(pair.publicPem, message, null as unknown as Uint8Array)).toBe(false);
  });

  it('still knows every key after more keys than it remembers', () => {
    for (let i = 0; i < 4100; i++) expect(keyIdOf(pair.publicPem + '\n'.repeat(i))).toBe(signer.keyId);
    expect(verifySignature(pair.publicPem, message, signature)).toBe(true);
  });
});
