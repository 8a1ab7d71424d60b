import { createHash, getHashes, hash } from 'node:crypto';
import { Sm3 } from './sm3.ts';

/** SHA-256 (FIPS 180-4) of bytes, or of the UTF-8 of a text, as 64 lower-case hex digits. */
export function sha256Hex(bytes: Uint8Array | string): string {
  return hash('sha256', bytes);
}

/** SM3 (GB/T 32905-2016) of bytes, or of the UTF-8 of a text, as 64 lower-case hex digits. */
export function sm3Hex(bytes: Uint8Array | string): string {
  return startSm3().update(bytes).digest('hex');
}

/** A digest that is fed piece by piece. Once `digest` was asked for, it takes no more. */
export interface RunningDigest {
  update(bytes: Uint8Array | string): RunningDigest;
  digest(encoding: 'hex'): string;
}

/** Starts a SHA-256. */
export function startSha256(): RunningDigest {
  return createHash('sha256');
}

/**
 * Starts an SM3: OpenSSL's where Node has it, else our own. Some builds leave SM3 out (system libraries in FIPS mode,
 * `no-sm3`), and a verifier must not depend on how its Node was built.
 */
export function startSm3(available: readonly string[] = HASHES): RunningDigest {
  return available.includes('sm3') ? createHash('sm3') : new Sm3();
}

const HASHES = getHashes();

/** What identifies a file's content: both digests in hex, and its length. */
export interface FileDigest {
  readonly sha256: string;
  readonly sm3: string;
  readonly bytes: number;
}
