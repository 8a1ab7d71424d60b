import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { der, derInteger, TAG } from '../../../evidence/der.ts';

/** Makes certificates and time stamps by hand, right ones and wrong ones, where `openssl ts` makes only right ones. */

export function oid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((number) => {
    const groups = [number & 0x7f];
    for (let left = Math.floor(number / 128); left > 0; left = Math.floor(left / 128))
      groups.unshift(0x80 | (left & 0x7f));
    return groups;
  });
  return der(TAG.oid, Uint8Array.from(bytes));
}

export const sequence = (...parts: Uint8Array[]) => der(TAG.sequence, ...parts);
export const set = (...parts: Uint8Array[]) => der(TAG.set, ...parts);
export const octets = (bytes: Uint8Array) => der(TAG.octetString, bytes);
export const integer = (value: number) => derInteger(Uint8Array.of(value >> 8, value & 0xff));
export const explicit = (number: number, ...parts: Uint8Array[]) => der(TAG.constructed0 + number, ...parts);
const TRUE = der(TAG.boolean, Uint8Array.of(0xff));
export const time = (text: string) => der(TAG.generalizedTime, Buffer.from(text));

export const OID = {
  ecdsaSha256: '1.2.840.10045.4.3.2',
  sha256: '2.16.840.1.101.3.4.2.1',
  tstInfo: '1.2.840.113549.1.9.16.1.4',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingCertificate: '1.2.840.113549.1.9.16.2.12',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
  timeStamping: '1.3.6.1.5.5.7.3.8',
} as const;

export interface Keys {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}
export const newKeys = (namedCurve = 'prime256v1'): Keys => generateKeyPairSync('ec', { namedCurve });

export interface CertificateOptions {
  name?: string;
  issuer?: { name: string; keys: Keys };
  keys?: Keys;
  serial?: number;
  from?: string;
  to?: string;
  ca?: boolean;
  pathLength?: number;
  purposes?: string[];
  purposesCritical?: boolean;
  keyIdentifier?: string;
  signatureAlgorithm?: string;
  digest?: string;
  extensions?: Uint8Array[];
  version?: Uint8Array[];
  publicKeyInfo?: Uint8Array;
}

export interface Made {
  readonly name: string;
  readonly keys: Keys;
  readonly der: Uint8Array;
  readonly pem: string;
  readonly issuerName: string;
  readonly serial: number;
}

export const nameOf = (name: string) => sequence(set(sequence(oid('2.5.4.3'), der(TAG.utf8String, Buffer.from(name)))));

export function extension(id: string, critical: boolean, value: Uint8Array): Uint8Array {
  return sequence(oid(id), ...(critical ? [TRUE] : []), octets(value));
}

/** A certificate; without `issuer` it signs itself. */
export function certificate(options: CertificateOptions): Made {
  const { name = 'authority', keys = newKeys(), serial = 1, purposes, keyIdentifier } = options;
  const issuer = options.issuer ?? { name, keys };
  const algorithm = sequence(oid(options.signatureAlgorithm ?? OID.ecdsaSha256));
  const length = options.pathLength === undefined ? [] : [integer(options.pathLength)];
  const extensions = [
    ...(options.ca ? [extension('2.5.29.19', true, sequence(TRUE, ...length))] : []),
    ...(purposes ? [extension('2.5.29.37', options.purposesCritical ?? true, sequence(...purposes.map(oid)))] : []),
    ...(keyIdentifier ? [extension('2.5.29.14', false, octets(Buffer.from(keyIdentifier, 'hex')))] : []),
    ...(options.extensions ?? []),
  ];
  const body = sequence(
    ...(options.version ?? [explicit(0, integer(2))]),
    integer(serial),
    algorithm,
    nameOf(issuer.name),
    sequence(time(options.from ?? '20250101000000Z'), time(options.to ?? '20350101000000Z')),
    nameOf(name),
    options.publicKeyInfo ?? keys.publicKey.export({ type: 'spki', format: 'der' }),
    ...(extensions.length > 0 ? [explicit(3, sequence(...extensions))] : []),
  );
  const signature = sign(options.digest ?? 'sha256', body, issuer.keys.privateKey);
  const whole = sequence(body, algorithm, der(TAG.bitString, Uint8Array.of(0), signature));
  const base64 = Buffer.from(whole).toString('base64');
  const pem = `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
  return { name, keys, der: whole, pem, issuerName: issuer.name, serial };
}

export interface StampOptions {
  digest: string;
  signer: Made;
  certificates?: Uint8Array[];
  genTime?: string;
  nonce?: Uint8Array;
  accuracy?: Uint8Array[];
  infoVersion?: number;
  infoType?: string;
  status?: number;
  contentTypeAttribute?: string | null;
  attributes?: Uint8Array[];
  signingCertificate?: Uint8Array | null;
  id?: Uint8Array;
  digestAlgorithm?: string;
  signatureAlgorithm?: string;
  signWith?: Keys;
  signers?: number;
  signedDataType?: string;
}

export const attribute = (type: string, ...values: Uint8Array[]) => sequence(oid(type), set(...values));
export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

/** A TimeStampResp. */
export function stamp(options: StampOptions): Uint8Array {
  const { signer, digest } = options;
  const info = sequence(
    integer(options.infoVersion ?? 1),
    oid('1.2.3.4.1'),
    sequence(sequence(oid(OID.sha256)), octets(Buffer.from(digest, 'hex'))),
    integer(300),
    time(options.genTime ?? '20261121040000Z'),
    ...(options.accuracy ? [sequence(...options.accuracy)] : []),
    ...(options.nonce ? [derInteger(options.nonce)] : []),
  );
  const infoType = options.infoType ?? OID.tstInfo;
  const named =
    options.signingCertificate === undefined
      ? attribute(OID.signingCertificateV2, sequence(sequence(sequence(octets(sha256(signer.der))))))
      : options.signingCertificate;
  const typed = options.contentTypeAttribute === undefined ? infoType : options.contentTypeAttribute;
  const attributes = Buffer.concat([
    ...(typed === null ? [] : [attribute(OID.contentType, oid(typed))]),
    attribute(OID.messageDigest, octets(sha256(info))),
    ...(named === null ? [] : [named]),
    ...(options.attributes ?? []),
  ]);
  const signature = sign('sha256', set(attributes), (options.signWith ?? signer.keys).privateKey);
  const signerInfo = sequence(
    integer(1),
    options.id ?? sequence(nameOf(signer.issuerName), integer(signer.serial)),
    sequence(oid(options.digestAlgorithm ?? OID.sha256)),
    explicit(0, attributes),
    sequence(oid(options.signatureAlgorithm ?? OID.ecdsaSha256)),
    octets(signature),
  );
  const certificates = options.certificates ?? [signer.der];
  const signedData = sequence(
    integer(3),
    set(sequence(oid(OID.sha256))),
    sequence(oid(infoType), explicit(0, octets(info))),
    ...(certificates.length > 0 ? [explicit(0, ...certificates)] : []),
    set(...Array<Uint8Array>(options.signers ?? 1).fill(signerInfo)),
  );
  return sequence(
    sequence(integer(options.status ?? 0)),
    sequence(oid(options.signedDataType ?? '1.2.840.113549.1.7.2'), explicit(0, signedData)),
  );
}
