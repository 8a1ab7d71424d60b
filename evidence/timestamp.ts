import { type Certificate, leadsToAnchor, maySignTime, readPemCertificates } from './certificates.ts';
import { CmsError, checkSignature, readSignedData, type SignedData } from './cms.ts';
import {
  childrenOf,
  DerError,
  der,
  derInteger,
  type Element,
  expectTag,
  readDer,
  readInteger,
  readOid,
  TAG,
} from './der.ts';

/** What a time-stamping authority says (TSTInfo, RFC 3161 section 2.4.2): these bytes existed at this time. */
export interface Stamp {
  /** UTC, to the millisecond. */
  readonly genTime: string;
  /** How far `genTime` may be off, in seconds, if the authority says so. */
  readonly accuracyS: number | undefined;
  /** Decimal; unique for the authority. */
  readonly serial: string;
  readonly policy: string;
  /** Digest of what was stamped, and its algorithm by object identifier. */
  readonly imprint: { readonly algorithm: string; readonly digest: string };
  /** Hex, without leading zeros; absent if the request had none. */
  readonly nonce: string | undefined;
}

/** A stamp that holds, by whom; or what is wrong; or why it was not checked (which is not the same as wrong). */
export type StampVerdict =
  | { readonly ok: true; readonly stamp: Stamp; readonly authority: string }
  | { readonly ok: false; readonly kind: 'invalid' | 'unsupported'; readonly problem: string };

/** Longer than any stamp; a response from outside beyond it is not looked at. */
export const MAX_RESPONSE_BYTES = 256 * 1024;

const SHA256 = '2.16.840.1.101.3.4.2.1';
const SHA256_ALGORITHM = Buffer.from('300d06096086480165030402010500', 'hex');
const TST_INFO = '1.2.840.113549.1.9.16.1.4';

/**
 * DER of a TimeStampReq (RFC 3161 section 2.4.1) for a sha256 digest in hex: version 1, the nonce (random bytes, so that
 * nobody can answer with an old stamp), and the wish for the authority's certificates, without which a stamp cannot be
 * checked later. The same as `openssl ts -query -digest … -sha256 -cert`.
 */
export function timestampRequest(sha256: string, nonce: Uint8Array): Uint8Array {
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new TypeError('not a sha256 digest of 64 hex digits');
  return der(
    TAG.sequence,
    derInteger(Uint8Array.of(1)),
    der(TAG.sequence, SHA256_ALGORITHM, der(TAG.octetString, Buffer.from(sha256, 'hex'))),
    derInteger(nonce),
    der(TAG.boolean, Uint8Array.of(0xff)),
  );
}

/**
 * Checks a TimeStampResp over the given sha256 digest against the verifier's own authorities (`anchorsPem`: one or more
 * certificates in PEM). Checked are status, content, imprint, nonce (if given, as bytes of the request), the
 * authority's signature, its right to stamp, and its chain as of the time of the stamp. Revocation is not checked.
 *
 * Never throws for any response. Throws DerError for anchors that are no certificates: these are the verifier's own.
 */
export function verifyTimestamp(
  response: Uint8Array,
  sha256: string,
  anchorsPem: string,
  nonce?: Uint8Array,
): StampVerdict {
  const anchors = readPemCertificates(anchorsPem);
  try {
    const { stamp, signed } = open(response);
    const mismatch = mismatchOf(stamp, sha256, nonce);
    if (mismatch) return invalid(mismatch);
    const signer = checkSignature(signed, anchors);
    if (!maySignTime(signer)) return invalid('a certificate that is not for time stamping');
    if (!leadsToAnchor(signer, signed.certificates, anchors, new Date(stamp.genTime))) {
      return invalid('no chain to a trusted authority at the time of the stamp');
    }
    return { ok: true, stamp, authority: nameOf(signer) };
  } catch (error) {
    if (error instanceof DerError) return invalid(error.message);
    if (error instanceof CmsError) return { ok: false, kind: error.kind, problem: error.message };
    // Whatever else may happen inside a parser of hostile bytes, nothing was shown, and the verifier goes on.
    return { ok: false, kind: 'unsupported', problem: `not checked: ${(error as Error).message}` };
  }
}

/** Reads what a TimeStampResp says, believing nothing. Throws DerError for what is none and for a refusal. */
export function readTimestamp(response: Uint8Array): Stamp {
  return open(response).stamp;
}

/** Why a stamp is not the answer to a request for this digest, if it is not. Without `nonce` any request will do. */
export function mismatchOf(stamp: Stamp, sha256: string, nonce?: Uint8Array): string | undefined {
  if (stamp.imprint.algorithm !== SHA256) return `an imprint by ${stamp.imprint.algorithm}`;
  if (stamp.imprint.digest !== sha256) return 'a stamp of something else';
  if (nonce && stamp.nonce !== hexNumber(nonce)) return 'a stamp that answers another request';
  return undefined;
}

function open(response: Uint8Array): { stamp: Stamp; signed: SignedData } {
  if (response.byteLength > MAX_RESPONSE_BYTES) throw new DerError(`more than ${MAX_RESPONSE_BYTES} bytes`);
  const [info, token] = childrenOf(readDer(response, TAG.sequence));
  const status = readInteger(childrenOf(expectTag(info, TAG.sequence))[0]);
  // RFC 3161 section 2.4.2: granted, and granted with modifications, which the caller sees in the stamp.
  if (status !== 0n && status !== 1n) throw new DerError(`a refusal with status ${status}`);
  const signed = readSignedData(expectTag(token, TAG.sequence).whole);
  if (signed.contentType !== TST_INFO) throw new DerError('signed data that are no time stamp');
  return { stamp: readInfo(readDer(signed.content, TAG.sequence)), signed };
}

function readInfo(info: Element): Stamp {
  const [version, policy, imprint, serial, time, ...optional] = childrenOf(info);
  if (readInteger(version) !== 1n) throw new DerError('a time stamp of another version');
  const [algorithm, digest] = childrenOf(expectTag(imprint, TAG.sequence));
  const accuracy = optional.find((element) => element.tag === TAG.sequence);
  const nonce = optional.find((element) => element.tag === TAG.integer);
  return {
    genTime: readTime(time),
    accuracyS: accuracy && readAccuracy(accuracy),
    serial: String(readInteger(serial)),
    policy: readOid(policy),
    imprint: {
      algorithm: readOid(childrenOf(expectTag(algorithm, TAG.sequence))[0]),
      digest: Buffer.from(expectTag(digest, TAG.octetString).content).toString('hex'),
    },
    nonce: nonce && readInteger(nonce).toString(16),
  };
}

/** Seconds, milliseconds [0] and microseconds [1], each optional. */
function readAccuracy(accuracy: Element): number {
  let seconds = 0;
  for (const { tag, content } of childrenOf(accuracy)) {
    const scale = tag === TAG.integer ? 1 : tag === TAG.context0 ? 1e-3 : 1e-6;
    seconds += scale * Number(readInteger({ tag: TAG.integer, content, whole: content }));
  }
  return seconds;
}

/** GeneralizedTime in UTC, as RFC 3161 section 2.4.2 restricts it. */
function readTime(element: Element | undefined): string {
  const text = Buffer.from(expectTag(element, TAG.generalizedTime).content).toString('latin1');
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,9}))?Z$/.exec(text);
  if (!parts) throw new DerError('a time that is none');
  const [, year, month, day, hour, minute, second, fraction = ''] = parts;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.padEnd(3, '0').slice(0, 3)}Z`;
  // Date turns the 31st of a short month into the next month; a stamp must not move.
  const date = new Date(iso);
  if (Number.isNaN(date.getTime()) || date.toISOString() !== iso) throw new DerError('a time that is none');
  return iso;
}

function hexNumber(bytes: Uint8Array): string {
  return BigInt(`0x0${Buffer.from(bytes).toString('hex')}`).toString(16);
}

function nameOf(certificate: Certificate): string {
  return certificate.x509.subject.split('\n').join(', ');
}

function invalid(problem: string): StampVerdict {
  return { ok: false, kind: 'invalid', problem };
}
