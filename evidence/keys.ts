import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { promisify } from 'node:util';
import { sha256Hex } from './digest.ts';

/**
 * What can sign: a key file now, a PKCS#11 token or a key service later. Signatures are ECDSA over P-256 with SHA-256
 * (FIPS 186-5), in DER (RFC 3279 section 2.2.3). Nothing else of the key leaves it.
 */
export interface Signer {
  /** `keyIdOf` its public key. */
  readonly keyId: string;
  readonly publicKeyPem: string;
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/** A key that is not ECDSA P-256, or no key at all. Never holds any of its text: it may be a private one. */
export class KeyError extends Error {
  constructor(problem: string) {
    super(problem);
    this.name = 'KeyError';
  }
}

/** A new key pair: the private key as PKCS#8, the public key as SubjectPublicKeyInfo, both PEM. */
export function generateKeyPair(): { privatePem: string; publicPem: string } {
  const pair = generateKeyPairSync('ec', {
    namedCurve: 'prime256v1',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return { privatePem: pair.privateKey, publicPem: pair.publicKey };
}

/** A signer with the private key of a PEM text (PKCS#8 or SEC 1, encrypted or not). Throws KeyError for any other key. */
export function pemSigner(privatePem: string, passphrase?: string): Signer {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: privatePem, format: 'pem', passphrase });
  } catch {
    throw new KeyError(
      `no private key that can be read with${passphrase === undefined ? 'out a' : ' this'} passphrase`,
    );
  }
  const publicKeyPem = createPublicKey(key).export({ type: 'spki', format: 'pem' }) as string;
  return {
    keyId: keyIdOf(publicKeyPem),
    publicKeyPem,
    sign: (bytes) => signAside('sha256', bytes, key),
  };
}

/** In a thread of its own: whoever signs thousands of measurements keeps answering meanwhile. */
const signAside = promisify(sign) as (algorithm: string, bytes: Uint8Array, key: KeyObject) => Promise<Buffer>;

/** The name of a public key: sha256 of its SubjectPublicKeyInfo in DER, hex. Throws KeyError if it is not P-256. */
export function keyIdOf(publicPem: string): string {
  return known(publicPem).id;
}

/**
 * Whether `signature` (DER) is the key's over these bytes. False, never a throw, for a wrong key type, a malformed key
 * or a malformed signature: all three arguments may come from an attacker.
 *
 * ECDSA signatures are malleable: from one (r, s) anybody makes a second, (r, n - s), over the same bytes. So a
 * signature names who signed, and never identifies a document.
 */
export function verifySignature(publicPem: string, bytes: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify('sha256', bytes, known(publicPem).key, signature);
  } catch {
    return false;
  }
}

/**
 * SubjectPublicKeyInfo of a P-256 key up to its point: id-ecPublicKey, the named curve prime256v1 (RFC 5480 section
 * 2.1.1.1) and the mark of an uncompressed point. The lengths in it leave room for nothing but that point.
 */
const SPKI_P256 = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');

interface Known {
  readonly id: string;
  readonly key: KeyObject;
}

/** Reading a PEM costs as much as half a verification, and a run has thousands of signatures by few keys. */
const recent = new Map<string, Known>();
const RECENT_KEYS = 4096;

function known(publicPem: string): Known {
  const found = recent.get(publicPem);
  if (found) return found;
  const fresh = readPublic(publicPem);
  if (recent.size === RECENT_KEYS) recent.clear();
  recent.set(publicPem, fresh);
  return fresh;
}

function readPublic(publicPem: string): Known {
  // createPublicKey would also take a certificate or a private key; in a trust file either is a mistake to be told.
  if (!publicPem.startsWith('-----BEGIN PUBLIC KEY-----')) throw new KeyError('no PEM public key');
  let key: KeyObject;
  try {
    key = createPublicKey(publicPem);
  } catch {
    throw new KeyError('a public key that cannot be read');
  }
  const der = key.export({ type: 'spki', format: 'der' });
  // One key has many encodings (compressed point, curve by explicit parameters). With more than one of them allowed,
  // a signer could appear under two ids and count as two people; explicit parameters may even name a curve of its own.
  if (!der.subarray(0, SPKI_P256.length).equals(SPKI_P256)) {
    throw new KeyError('not an ECDSA P-256 key with an uncompressed point');
  }
  return { id: sha256Hex(der), key };
}
