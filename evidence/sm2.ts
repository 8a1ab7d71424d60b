import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { childrenOf, readDer, readInteger, TAG } from './der.ts';
import { sha256Hex } from './digest.ts';
import { strictBase64 } from './envelope.ts';
import { KeyError } from './keys.ts';
import { type OpensslSettings, openssl } from './openssl.ts';

/**
 * SM2 signatures (GB/T 32918.2-2016) with SM3, beside the ECDSA signature and never in its place, for readers who must
 * see a national algorithm.
 *
 * Through the openssl command line: an SM2 signature covers an identity of the signer, by GB/T 35276-2017 the 16 bytes
 * `1234567812345678` where nothing else is agreed, and Node has no way to set it. It signs with an empty identity, which
 * nobody else accepts.
 */
const IDENTITY = ['-sigopt', 'distid:1234567812345678'];

/** A good signature; or a bad one; or none that could be checked here, which is not the same as bad. */
export type Sm2Verdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly kind: 'invalid' | 'unsupported'; readonly problem: string };

/** What openssl gave, or why there is nothing. */
export type Sm2Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

/** A new SM2 key pair in PEM (PKCS#8 and SubjectPublicKeyInfo). */
export async function generateSm2KeyPair(
  settings?: OpensslSettings,
): Promise<Sm2Result<{ privatePem: string; publicPem: string }>> {
  const made = await output(['genpkey', '-algorithm', 'SM2'], undefined, settings);
  if (!made.ok) return made;
  const shown = await output(['pkey', '-pubout'], made.value, settings);
  if (!shown.ok) return shown;
  return { ok: true, value: { privatePem: made.value.toString(), publicPem: shown.value.toString() } };
}

/** Signature in DER of these bytes by the private key in a file. The key itself never passes through here. */
export async function signSm2(
  privateKeyPath: string,
  bytes: Uint8Array,
  settings?: OpensslSettings,
): Promise<Sm2Result<Uint8Array>> {
  return output(['dgst', '-sm3', '-sign', privateKeyPath, ...IDENTITY], bytes, settings);
}

/**
 * Checks a signature in DER. Never throws for any signature and bytes: these come from outside. Throws KeyError if
 * `publicPem` is no SM2 key, which is the verifier's own.
 */
export async function verifySm2(
  publicPem: string,
  bytes: Uint8Array,
  signature: Uint8Array,
  settings?: OpensslSettings,
): Promise<Sm2Verdict> {
  sm2KeyIdOf(publicPem);
  if (!isSignature(signature)) return { ok: false, kind: 'invalid', problem: 'not a signature in DER' };
  const folder = await mkdtemp(join(tmpdir(), 'assay-sm2-'));
  try {
    const [key, file] = [join(folder, 'key.pem'), join(folder, 'signature')];
    await writeFile(key, publicPem);
    await writeFile(file, signature);
    const run = await openssl(['dgst', '-sm3', '-verify', key, '-signature', file, ...IDENTITY], bytes, settings);
    if (!run.ran) return { ok: false, kind: 'unsupported', problem: run.problem };
    const said = run.stdout.toString('latin1');
    // Both the exit code and the words: neither alone may turn a run that checked nothing into a good signature.
    if (run.code === 0 && said.trim() === 'Verified OK') return { ok: true };
    if (said.includes('Verification failure') || run.stderr.includes('Error verifying data')) {
      return { ok: false, kind: 'invalid', problem: 'the SM2 signature is wrong' };
    }
    return { ok: false, kind: 'unsupported', problem: `openssl did not check: ${firstLine(run.stderr)}` };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** SubjectPublicKeyInfo of an SM2 key up to its point: id-ecPublicKey, curve 1.2.156.10197.1.301, uncompressed. */
const SPKI_SM2 = Buffer.from('3059301306072a8648ce3d020106082a811ccf5501822d03420004', 'hex');

/** The name of a public SM2 key: sha256 of its SubjectPublicKeyInfo in DER, hex. Throws KeyError if it is none. */
export function sm2KeyIdOf(publicPem: string): string {
  // Read here and not by Node: builds without SM2 cannot, and a verifier must name the key all the same.
  const body = /^-----BEGIN PUBLIC KEY-----\n([A-Za-z0-9+/=\n]+)-----END PUBLIC KEY-----\n$/.exec(publicPem)?.[1];
  const spki = strictBase64((body ?? '').replaceAll('\n', ''));
  const head = spki && Buffer.from(spki.subarray(0, SPKI_SM2.length));
  if (spki?.length !== SPKI_SM2.length + 64 || !head?.equals(SPKI_SM2)) throw new KeyError('not an SM2 public key');
  return sha256Hex(spki);
}

/** Two positive integers of at most 256 bits (GB/T 35276-2017 clause 7.3). */
function isSignature(signature: Uint8Array): boolean {
  try {
    const numbers = childrenOf(readDer(signature, TAG.sequence)).map(readInteger);
    return numbers.length === 2 && numbers.every((number) => number > 0n && number < 1n << 256n);
  } catch {
    return false;
  }
}

async function output(
  args: readonly string[],
  input: Uint8Array | undefined,
  settings: OpensslSettings | undefined,
): Promise<Sm2Result<Buffer>> {
  const run = await openssl(args, input, settings);
  if (!run.ran) return { ok: false, problem: run.problem };
  if (run.code !== 0 || run.stdout.length === 0) return { ok: false, problem: `openssl: ${firstLine(run.stderr)}` };
  return { ok: true, value: run.stdout };
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] || 'no message';
}
