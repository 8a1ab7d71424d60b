import { X509Certificate } from 'node:crypto';
import { childrenOf, DerError, type Element, expectTag, readDer, readInteger, readOid, TAG } from './der.ts';

/** An X.509 certificate (RFC 5280) with the parts that Node does not show. */
export interface Certificate {
  readonly x509: X509Certificate;
  /** DER of the issuer's name, and content of the serial number: together they name the certificate. */
  readonly issuer: Uint8Array;
  readonly serial: Uint8Array;
  /** Object identifier of the algorithm it was signed with. */
  readonly signatureAlgorithm: string;
  /** Extensions by object identifier. */
  readonly extensions: ReadonlyMap<string, Extension>;
}

interface Extension {
  readonly critical: boolean;
  readonly value: Uint8Array;
}

const EXTENSION = {
  subjectKeyIdentifier: '2.5.29.14',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
} as const;

const TIME_STAMPING = '1.3.6.1.5.5.7.3.8';

/** SHA-256, SHA-384 and SHA-512 with RSA (RFC 8017) and with ECDSA (RFC 5758). No SHA-1: collisions can be made. */
const SOUND_SIGNATURES: readonly string[] = [
  '1.2.840.113549.1.1.11',
  '1.2.840.113549.1.1.12',
  '1.2.840.113549.1.1.13',
  '1.2.840.10045.4.3.2',
  '1.2.840.10045.4.3.3',
  '1.2.840.10045.4.3.4',
];

/** Reads a certificate from its DER. Throws DerError for what is none. */
export function readCertificate(bytes: Uint8Array): Certificate {
  const [body, algorithm] = childrenOf(readDer(bytes, TAG.sequence));
  const fields = childrenOf(expectTag(body, TAG.sequence));
  // A version field stands first unless it is version 1, which has no extensions and cannot stamp or certify.
  expectTag(fields.shift(), TAG.constructed0);
  const extensions = fields.find((field) => field.tag === TAG.constructed0 + 3);
  let x509: X509Certificate;
  try {
    x509 = new X509Certificate(bytes);
  } catch {
    throw new DerError('a certificate that cannot be read');
  }
  return {
    x509,
    issuer: expectTag(fields[2], TAG.sequence).whole,
    serial: expectTag(fields[0], TAG.integer).content,
    signatureAlgorithm: readOid(childrenOf(expectTag(algorithm, TAG.sequence))[0]),
    extensions: extensions ? readExtensions(extensions) : new Map(),
  };
}

/** All certificates of a PEM text. Throws DerError where there is none, or one that cannot be read. */
export function readPemCertificates(pem: string): Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new DerError('no PEM certificate');
  return blocks.map((block) => readCertificate(Buffer.from(block.replace(/-----[^-]*-----/g, ''), 'base64')));
}

/** The identifier by which a signature may name the certificate's key (RFC 5280 section 4.2.1.2), as hex. */
export function keyIdentifierOf(certificate: Certificate): string | undefined {
  const extension = certificate.extensions.get(EXTENSION.subjectKeyIdentifier);
  return extension && Buffer.from(readDer(extension.value, TAG.octetString).content).toString('hex');
}

/**
 * Whether the key may stamp time and do nothing else: extended key usage critical and time stamping alone (RFC 3161
 * section 2.3). Without this any server certificate of the same authority could make stamps.
 */
export function maySignTime(certificate: Certificate): boolean {
  const usage = certificate.extensions.get(EXTENSION.extendedKeyUsage);
  if (!usage?.critical) return false;
  const purposes = childrenOf(readDer(usage.value, TAG.sequence)).map(readOid);
  return purposes.length === 1 && purposes[0] === TIME_STAMPING;
}

/**
 * Whether a chain leads from the certificate to one of the verifier's anchors (RFC 5280 section 6.1): names, signatures,
 * the right to certify, lengths of path, and every certificate valid at the given moment. Revocation, name constraints
 * and policies are not looked at: that needs a network, or is not used by time-stamping authorities.
 *
 * `others` come from whoever made the token. Each is tried once, so work is bounded whatever they contain.
 */
export function leadsToAnchor(
  certificate: Certificate,
  others: readonly Certificate[],
  anchors: readonly Certificate[],
  at: Date,
): boolean {
  const untried = new Set(others);
  const climb = (child: Certificate, below: number): boolean => {
    if (!isValidAt(child, at)) return false;
    if (anchors.some((anchor) => anchor.x509.raw.equals(child.x509.raw))) return true;
    if (anchors.some((anchor) => isValidAt(anchor, at) && hasIssued(anchor, child, below))) return true;
    for (const parent of untried) {
      if (!hasIssued(parent, child, below)) continue;
      untried.delete(parent);
      if (climb(parent, below + 1)) return true;
    }
    return false;
  };
  return climb(certificate, 0);
}

/** `below` counts the certifying certificates between this parent and the end of the chain. */
function hasIssued(parent: Certificate, child: Certificate, below: number): boolean {
  if (!parent.x509.ca || below > pathLengthOf(parent)) return false;
  if (!SOUND_SIGNATURES.includes(child.signatureAlgorithm) || !child.x509.checkIssued(parent.x509)) return false;
  return child.x509.verify(parent.x509.publicKey);
}

/** RFC 5280 section 4.2.1.9; no limit where none is given. Only asked of one that may certify, so the extension is there. */
function pathLengthOf(certificate: Certificate): number {
  const constraints = certificate.extensions.get(EXTENSION.basicConstraints)!;
  const [, limit] = childrenOf(readDer(constraints.value, TAG.sequence));
  return limit ? Number(readInteger(limit)) : Number.POSITIVE_INFINITY;
}

function isValidAt(certificate: Certificate, at: Date): boolean {
  return certificate.x509.validFromDate <= at && at <= certificate.x509.validToDate;
}

function readExtensions(field: Element): Map<string, Extension> {
  const extensions = new Map<string, Extension>();
  for (const entry of childrenOf(readDer(field.content, TAG.sequence))) {
    const parts = childrenOf(expectTag(entry, TAG.sequence));
    const id = readOid(parts[0]);
    // RFC 5280 section 4.2: no extension twice. Two readers could otherwise each follow another one.
    if (extensions.has(id)) throw new DerError('an extension that occurs twice');
    const critical = parts[1]?.tag === TAG.boolean && parts[1].content[0] === 0xff;
    extensions.set(id, { critical, value: expectTag(parts.at(-1), TAG.octetString).content });
  }
  return extensions;
}
