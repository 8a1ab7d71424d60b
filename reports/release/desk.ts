import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { requestStamp } from '../../evidence/authority.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import { KeyError, keyIdOf, pemSigner, type Signer } from '../../evidence/keys.ts';
import { signSm2, verifySm2 } from '../../evidence/sm2.ts';
import { AssayError } from '../../model/errors.ts';
import { openBundle } from '../verify/disk.ts';
import { readJson } from '../verify/files.ts';
import { PATHS } from '../verify/layout.ts';
import { Manifest } from '../verify/manifest.ts';
import { requireBundle } from '../verify/place.ts';
import { readPlainFile } from '../verify/plain-file.ts';
import { verifyBundle } from '../verify/verify.ts';
import { type Addendum, addendumBytes, addendumPath } from './addendum.ts';
import { type ReleaseRole, releasePath, signRelease } from './release.ts';

/**
 * A private key from a PEM file, as a signer. Rejects with `file_unreadable` where there is no such file, and with
 * `key_invalid` for one that holds no such key; the message never holds the key.
 */
export function readSigner(path: string): Signer {
  try {
    return pemSigner(Buffer.from(readPlainFile(path, MOST_KEY_BYTES)).toString('utf8'));
  } catch (error) {
    if (error instanceof AssayError) {
      const hint = './assay keygen NAME makes a key 可用此命令生成密钥';
      throw new AssayError(error.code, `${error.message}; ${hint}`, { cause: error });
    }
    if (!(error instanceof KeyError)) throw error;
    throw new AssayError('key_invalid', `${path}: ${error.message}`, { cause: error });
  }
}

const MOST_KEY_BYTES = 65_536;

/** Who signs, with what, when. */
export interface Signing {
  readonly role: ReleaseRole;
  readonly name: string;
  readonly signer: Signer;
  readonly signedAt: string;
}

/**
 * Adds the signature of a reviewer or an approver to a bundle. Only a bundle that verifies is signed; a role signs
 * once, the reviewer first; the same key cannot do both. Gives the path that was written. Rejects with
 * `bundle_not_authentic`, `already_signed`, `not_reviewed`, `already_approved` or `key_reused`.
 */
export async function signBundle(directory: string, { role, name, signer, signedAt }: Signing): Promise<string> {
  requireBundle(directory);
  const bundle = openBundle(directory);
  const verification = verifyBundle(bundle);
  if (!verification.authentic) throw new AssayError('bundle_not_authentic', directory);
  const path = releasePath(role);
  if (bundle.read(path)) throw new AssayError('already_signed', path);
  const reviewed = bundle.read(releasePath('reviewer'));
  if (keyIdOf(Buffer.from(bundle.read(PATHS.controllerKey)!).toString('utf8')) === signer.keyId) {
    throw new AssayError('key_reused', `the controller evaluated with the key ${signer.keyId}`);
  }
  if (role === 'approver' && !reviewed) throw new AssayError('not_reviewed', `no ${releasePath('reviewer')}`);
  if (reviewed && role === 'approver' && verification.releases.some(({ keyId }) => keyId === signer.keyId)) {
    throw new AssayError('key_reused', `the reviewer signed with the key ${signer.keyId}`);
  }
  if (role === 'reviewer' && bundle.read(releasePath('approver'))) {
    throw new AssayError('already_approved', releasePath('approver'));
  }
  const manifest = bundle.read(PATHS.manifest)!;
  const { run } = readJson(manifest, Manifest) as Manifest;
  return write(directory, path, await signRelease({ run, role, name, signedAt }, manifest, reviewed, signer));
}

/** The file that speaks for the whole bundle as far as it has come: approval, review, or the manifest. */
function latest(directory: string): string {
  const candidates = [releasePath('approver'), releasePath('reviewer'), PATHS.manifest];
  return candidates.find((path) => existsSync(join(directory, path))) ?? PATHS.manifest;
}

/** Has the newest signature of a bundle stamped by an RFC 3161 authority; the stamp is added, nothing is changed. */
export async function stampBundle(directory: string, authority: string, signal: AbortSignal): Promise<string> {
  const { path, bytes } = subject(directory);
  const sha256 = sha256Hex(bytes);
  const answer = await requestStamp(authority, sha256, { fetch: globalThis.fetch, nonce: randomBytes(16), signal });
  if (!answer.ok) throw new AssayError('stamp_failed', `${authority}: ${answer.problem}`);
  const response = Buffer.from(answer.response).toString('base64');
  return add(directory, { schema: 'assay/stamp/v1', path, sha256, response });
}

/** Adds an SM2 signature over the newest signature of a bundle, made by openssl with the key in a file. */
export async function signBundleSm2(directory: string, keyPath: string, publicKey: string): Promise<string> {
  const { path, bytes } = subject(directory);
  const signature = await signSm2(keyPath, bytes);
  if (!signature.ok) throw new AssayError('key_invalid', `${keyPath}: ${signature.problem}`);
  const fit = await checkedSm2(publicKey, bytes, signature.value);
  if (!fit.ok) throw new AssayError('key_invalid', `${keyPath} and its public key: ${fit.problem}`);
  return add(directory, {
    schema: 'assay/sm2/v1',
    path,
    publicKey,
    signature: Buffer.from(signature.value).toString('base64'),
  });
}

/** What is added must verify: a private and a public key that are no pair are found here and not by the reader. */
async function checkedSm2(
  publicKey: string,
  bytes: Uint8Array,
  signature: Uint8Array,
): Promise<{ ok: true } | { ok: false; problem: string }> {
  try {
    return await verifySm2(publicKey, bytes, signature);
  } catch (error) {
    if (error instanceof KeyError) return { ok: false, problem: error.message };
    throw error;
  }
}

function subject(directory: string): { path: string; bytes: Uint8Array } {
  requireBundle(directory);
  const path = latest(directory);
  const bytes = openBundle(directory).read(path);
  if (!bytes) throw new AssayError('bundle_unreadable', `${directory}: no ${path}`);
  return { path, bytes };
}

function add(directory: string, addendum: Addendum): string {
  let n = 1;
  while (existsSync(join(directory, addendumPath(n)))) n++;
  return write(directory, addendumPath(n), addendumBytes(addendum));
}

function write(directory: string, path: string, bytes: Uint8Array): string {
  const target = join(directory, path);
  try {
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(`${target}.part`, bytes);
    renameSync(`${target}.part`, target);
  } catch (error) {
    throw new AssayError('output_unwritable', `${target} (${(error as NodeJS.ErrnoException).code})`, { cause: error });
  }
  return path;
}
