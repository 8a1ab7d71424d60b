import { hash, type KeyObject, verify } from 'node:crypto';
import { type Certificate, keyIdentifierOf, readCertificate } from './certificates.ts';
import { childrenOf, DerError, type Element, expectTag, readDer, readOid, TAG } from './der.ts';

/** More certificates than a chain has; a bound on the work that a hostile token can cause. */
const MAX_CERTIFICATES = 16;

/** A CMS SignedData (RFC 5652 section 5) with exactly one signer. */
export interface SignedData {
  readonly contentType: string;
  readonly content: Uint8Array;
  readonly certificates: readonly Certificate[];
  readonly signer: SignerInfo;
}

interface SignerInfo {
  /** Issuer and serial number, or a key identifier (RFC 5652 section 5.3). */
  readonly id: Element;
  readonly digestAlgorithm: string;
  readonly signatureAlgorithm: string;
  readonly attributes: Element;
  readonly signature: Uint8Array;
}

/** A signature that does not hold, or one made by algorithms that we do not check (SM2, RSA-PSS, SHA-1 …). */
export class CmsError extends Error {
  readonly kind: 'invalid' | 'unsupported';

  constructor(kind: CmsError['kind'], problem: string) {
    super(problem);
    this.name = 'CmsError';
    this.kind = kind;
  }
}

const SIGNED_DATA = '1.2.840.113549.1.7.2';
const ATTRIBUTE = {
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingCertificate: '1.2.840.113549.1.9.16.2.12',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
} as const;

const DIGESTS: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/** Kind of key and, where the algorithm names one, the digest. `rsaEncryption` leaves it to the digest algorithm. */
const SIGNATURES: Readonly<Record<string, readonly [keyType: string, digest?: string]>> = {
  '1.2.840.113549.1.1.1': ['rsa'],
  '1.2.840.113549.1.1.11': ['rsa', 'sha256'],
  '1.2.840.113549.1.1.12': ['rsa', 'sha384'],
  '1.2.840.113549.1.1.13': ['rsa', 'sha512'],
  '1.2.840.10045.4.3.2': ['ec', 'sha256'],
  '1.2.840.10045.4.3.3': ['ec', 'sha384'],
  '1.2.840.10045.4.3.4': ['ec', 'sha512'],
};

/** Reads a ContentInfo that holds SignedData. Nothing in it is checked yet. Throws DerError. */
export function readSignedData(bytes: Uint8Array): SignedData {
  const [type, wrapped] = childrenOf(readDer(bytes, TAG.sequence));
  if (readOid(type) !== SIGNED_DATA) throw new DerError('no signed data');
  const body = readDer(expectTag(wrapped, TAG.constructed0).content, TAG.sequence);
  const [version, digests, encapsulated, ...rest] = childrenOf(body);
  expectTag(version, TAG.integer);
  expectTag(digests, TAG.set);
  const [contentType, content] = childrenOf(expectTag(encapsulated, TAG.sequence));
  const certificates = rest.find((element) => element.tag === TAG.constructed0);
  const entries = certificates ? childrenOf(certificates) : [];
  if (entries.length > MAX_CERTIFICATES) throw new DerError(`more than ${MAX_CERTIFICATES} certificates`);
  const signers = childrenOf(expectTag(rest.at(-1), TAG.set));
  if (signers.length !== 1) throw new DerError(`${signers.length} signers in place of one`);
  return {
    contentType: readOid(contentType),
    content: readDer(expectTag(content, TAG.constructed0).content, TAG.octetString).content,
    // Entries with other tags are attribute certificates and such (RFC 5652 section 10.2.2), no use here.
    certificates: entries.filter((entry) => entry.tag === TAG.sequence).map((entry) => readCertificate(entry.whole)),
    signer: readSigner(signers[0]!),
  };
}

/**
 * The certificate whose key signed, after checking everything the signature covers: content type and digest of the
 * content (RFC 5652 section 5.6), and the digest of the certificate itself (RFC 5035; without it another certificate for
 * the same key could be slipped in). `more` are certificates known otherwise. Whether the certificate is to be trusted
 * is not looked at. Throws CmsError, or DerError.
 */
export function checkSignature(signed: SignedData, more: readonly Certificate[]): Certificate {
  const { signer } = signed;
  const digest = DIGESTS[signer.digestAlgorithm];
  const [keyType, named] = SIGNATURES[signer.signatureAlgorithm] ?? [];
  if (!digest) throw new CmsError('unsupported', `digest algorithm ${signer.digestAlgorithm}`);
  if (!keyType) throw new CmsError('unsupported', `signature algorithm ${signer.signatureAlgorithm}`);
  // RFC 5652 section 5.4 has one digest for the content and the attributes; a second one is a mistake or a trick.
  if (named && named !== digest) throw new CmsError('invalid', 'signature and content have different digests');

  const certificate = [...signed.certificates, ...more].find((candidate) => isNamedBy(candidate, signer.id));
  if (!certificate) throw new CmsError('invalid', 'the certificate of the signer is missing');
  const attributes = readAttributes(signer.attributes);
  const contentType = attributes.get(ATTRIBUTE.contentType);
  if (!contentType || readOid(contentType) !== signed.contentType)
    throw new CmsError('invalid', 'another content type');
  const expected = expectTag(attributes.get(ATTRIBUTE.messageDigest), TAG.octetString).content;
  if (!hash(digest, signed.content, 'buffer').equals(expected)) throw new CmsError('invalid', 'another content');
  checkSigningCertificate(attributes, certificate);

  // RFC 5652 section 5.4: what is signed has the tag of SET OF, not the [0] that stands in the message.
  const bytes = Buffer.from(signer.attributes.whole);
  bytes[0] = TAG.set;
  const key = publicKeyOf(certificate, keyType);
  if (!verify(digest, bytes, key, signer.signature)) throw new CmsError('invalid', 'the signature is wrong');
  return certificate;
}

function publicKeyOf(certificate: Certificate, keyType: string): KeyObject {
  let key: KeyObject;
  try {
    key = certificate.x509.publicKey;
  } catch {
    // For example a point that is not on its curve.
    throw new CmsError('invalid', 'a certificate without a usable key');
  }
  if (key.asymmetricKeyType !== keyType) throw new CmsError('invalid', 'a key of another kind than the signature');
  const { modulusLength = 2048 } = key.asymmetricKeyDetails!;
  if (modulusLength < 2048) throw new CmsError('invalid', `an RSA key of ${modulusLength} bits`);
  return key;
}

/** SigningCertificateV2 (RFC 5035 section 3, SHA-256 unless it says otherwise) or SigningCertificate (RFC 2634, SHA-1). */
function checkSigningCertificate(attributes: ReadonlyMap<string, Element>, certificate: Certificate): void {
  const second = attributes.get(ATTRIBUTE.signingCertificateV2);
  const attribute = second ?? attributes.get(ATTRIBUTE.signingCertificate);
  if (!attribute) throw new CmsError('invalid', 'the signature does not name its certificate');
  const [list] = childrenOf(expectTag(attribute, TAG.sequence));
  const [first] = childrenOf(expectTag(list, TAG.sequence));
  const [head, next] = childrenOf(expectTag(first, TAG.sequence));
  const algorithm = head?.tag === TAG.sequence ? readOid(childrenOf(head)[0]) : undefined;
  const digest = !second ? 'sha1' : algorithm === undefined ? 'sha256' : DIGESTS[algorithm];
  if (!digest) throw new CmsError('unsupported', `digest algorithm ${algorithm}`);
  const named = expectTag(algorithm === undefined ? head : next, TAG.octetString).content;
  if (!hash(digest, certificate.x509.raw, 'buffer').equals(named)) {
    throw new CmsError('invalid', 'the signature names another certificate');
  }
}

function readSigner(element: Element): SignerInfo {
  const [version, id, digest, attributes, algorithm, signature] = childrenOf(expectTag(element, TAG.sequence));
  expectTag(version, TAG.integer);
  return {
    id: id!,
    digestAlgorithm: readOid(childrenOf(expectTag(digest, TAG.sequence))[0]),
    attributes: expectTag(attributes, TAG.constructed0),
    signatureAlgorithm: readOid(childrenOf(expectTag(algorithm, TAG.sequence))[0]),
    signature: expectTag(signature, TAG.octetString).content,
  };
}

/** Attributes by type. Each at most once and with one value (RFC 5652 section 11). */
function readAttributes(element: Element): Map<string, Element> {
  const attributes = new Map<string, Element>();
  for (const entry of childrenOf(element)) {
    const [type, values] = childrenOf(expectTag(entry, TAG.sequence));
    const id = readOid(type);
    const [value, ...more] = childrenOf(expectTag(values, TAG.set));
    if (!value || more.length > 0 || attributes.has(id)) throw new DerError('an attribute without exactly one value');
    attributes.set(id, value);
  }
  return attributes;
}

function isNamedBy(certificate: Certificate, id: Element): boolean {
  if (id.tag === TAG.context0) return keyIdentifierOf(certificate) === Buffer.from(id.content).toString('hex');
  const [issuer, serial] = childrenOf(expectTag(id, TAG.sequence));
  return (
    Buffer.from(certificate.issuer).equals(expectTag(issuer, TAG.sequence).whole) &&
    Buffer.from(certificate.serial).equals(expectTag(serial, TAG.integer).content)
  );
}
