import { createHash, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { der, derInteger, TAG } from '../../../evidence/der.ts';
import { sha256Hex } from '../../../evidence/digest.ts';
import { readTimestamp, timestampRequest, verifyTimestamp } from '../../../evidence/timestamp.ts';
import * as make from './stamping.ts';

const digest = sha256Hex('what was stamped');
const root = make.certificate({ name: 'root', ca: true });
const signer = make.certificate({ name: 'stamper', issuer: root, serial: 5, purposes: [make.OID.timeStamping] });
const good: make.StampOptions = { digest, signer };

function problem(options: Partial<make.StampOptions>, anchors = root.pem, nonce?: Uint8Array): string {
  const verdict = verifyTimestamp(make.stamp({ ...good, ...options }), digest, anchors, nonce);
  if (verdict.ok) throw new Error('the stamp was taken');
  return `${verdict.kind}: ${verdict.problem}`;
}

/** A chain from the root down, each made with the options given, and a stamper under the last. */
function chain(...links: make.CertificateOptions[]): { signer: make.Made; certificates: Uint8Array[] } {
  let issuer = root;
  const certificates: Uint8Array[] = [];
  for (const [i, link] of links.entries()) {
    issuer = make.certificate({ name: `link ${i}`, ca: true, issuer, ...link });
    certificates.push(issuer.der);
  }
  const last = make.certificate({ name: 'stamper', issuer, purposes: [make.OID.timeStamping] });
  return { signer: last, certificates: [last.der, ...certificates] };
}

describe('a time stamp', () => {
  it('tells when, by whom, under which policy and over what', () => {
    const nonce = Uint8Array.of(0, 0xab, 0xcd);
    const accuracy = [make.integer(2), der(0x80, Uint8Array.of(1)), der(0x81, Uint8Array.of(10))];
    const response = make.stamp({ ...good, nonce, accuracy, genTime: '20261121041516.25Z' });
    expect(verifyTimestamp(response, digest, root.pem, nonce)).toEqual({
      ok: true,
      authority: 'CN=stamper',
      stamp: {
        genTime: '2026-11-21T04:15:16.250Z',
        accuracyS: expect.closeTo(2.00101, 9),
        serial: '300',
        policy: '1.2.3.4.1',
        imprint: { algorithm: make.OID.sha256, digest },
        nonce: 'abcd',
      },
    });
  });

  it('may come without accuracy, without nonce and granted with modifications', () => {
    const stamp = readTimestamp(make.stamp({ ...good, status: 1 }));
    expect(stamp).toMatchObject({ accuracyS: undefined, nonce: undefined });
    expect(verifyTimestamp(make.stamp({ ...good, status: 1 }), digest, root.pem).ok).toBe(true);
  });

  it('is refused when it answers another request', () => {
    expect(problem({}, root.pem, Uint8Array.of(1))).toBe('invalid: a stamp that answers another request');
    expect(problem({ nonce: Uint8Array.of(2) }, root.pem, Uint8Array.of(1))).toContain('another request');
  });

  it.each([
    ['of something else', { digest: 'a'.repeat(64) }, 'a stamp of something else'],
    ['a refusal', { status: 2 }, 'a refusal with status 2'],
    ['of another kind of content', { infoType: '1.2.3' }, 'signed data that are no time stamp'],
    ['of another version', { infoVersion: 2 }, 'a time stamp of another version'],
    ['no signed data', { signedDataType: '1.2.840.113549.1.7.1' }, 'no signed data'],
    ['by two signers', { signers: 2 }, '2 signers in place of one'],
    ['by nobody', { signers: 0 }, '0 signers in place of one'],
    ['signed by another key', { signWith: make.newKeys() }, 'the signature is wrong'],
    ['over another content type', { contentTypeAttribute: '1.2.3' }, 'another content type'],
    ['without content type', { contentTypeAttribute: null }, 'another content type'],
    ['without its certificate', { certificates: [] }, 'the certificate of the signer is missing'],
    [
      'without the name of its certificate',
      { signingCertificate: null },
      'the signature does not name its certificate',
    ],
    ['with too many certificates', { certificates: Array(17).fill(signer.der) }, 'more than 16 certificates'],
    ['with a broken certificate', { certificates: [make.sequence(make.integer(1))] }, 'tag 0x02 in place of 0x30'],
    [
      'with an attribute that stands twice',
      { attributes: [make.attribute(make.OID.contentType, make.oid(make.OID.tstInfo))] },
      'an attribute without exactly one value',
    ],
    [
      'with an attribute of no value',
      { attributes: [make.attribute('1.2.3')] },
      'an attribute without exactly one value',
    ],
    [
      'with an attribute of two values',
      { attributes: [make.attribute('1.2.3', make.integer(1), make.integer(2))] },
      'an attribute without exactly one value',
    ],
    [
      'with two digest algorithms',
      { digestAlgorithm: '2.16.840.1.101.3.4.2.2' },
      'signature and content have different digests',
    ],
  ] as [string, Partial<make.StampOptions>, string][])('is refused if it is %s', (_what, options, expected) => {
    expect(problem(options)).toContain(expected);
    expect(problem(options)).toContain('invalid');
  });

  it.each([
    '20261121041560Z',
    '20260230000000Z',
    '20261121041516',
    '202611210415Z',
    '20261121041516.Z',
    '2026112104151é',
  ])('is refused with the time %s', (genTime) => {
    expect(problem({ genTime })).toBe('invalid: a time that is none');
  });

  it('is refused if it covers another content than it carries', () => {
    const response = Buffer.from(make.stamp(good));
    response.write('20271121040000Z', response.indexOf('20261121040000Z'));
    expect(verifyTimestamp(response, digest, root.pem)).toMatchObject({ problem: 'another content' });
  });

  it('is not checked, which is not the same as wrong, when made by algorithms we do not have', () => {
    expect(problem({ digestAlgorithm: '1.2.156.10197.1.401' })).toBe(
      'unsupported: digest algorithm 1.2.156.10197.1.401',
    );
    expect(problem({ signatureAlgorithm: '1.2.156.10197.1.501' })).toBe(
      'unsupported: signature algorithm 1.2.156.10197.1.501',
    );
    const sm3 = make.sequence(make.oid('1.2.156.10197.1.401'));
    const named = make.sequence(make.sequence(make.sequence(sm3, make.octets(new Uint8Array(32)))));
    expect(problem({ signingCertificate: make.attribute(make.OID.signingCertificateV2, named) })).toBe(
      'unsupported: digest algorithm 1.2.156.10197.1.401',
    );
  });

  it('is not checked, and nothing is thrown, where reading it fails in a way nobody thought of', () => {
    expect(verifyTimestamp(null as unknown as Uint8Array, digest, root.pem)).toMatchObject({
      ok: false,
      kind: 'unsupported',
      problem: expect.stringContaining('not checked'),
    });
  });

  it('is refused beyond the length any stamp has', () => {
    expect(verifyTimestamp(new Uint8Array(256 * 1024 + 1), digest, root.pem)).toMatchObject({
      problem: 'more than 262144 bytes',
    });
  });

  it('gives a value for arbitrary bytes and for a good stamp with bytes replaced', () => {
    const response = make.stamp(good);
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => !verifyTimestamp(bytes, digest, root.pem).ok),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.nat(response.length - 1), fc.uint8Array({ minLength: 1, maxLength: 4 }), (at, bytes) => {
        const changed = Buffer.from(response);
        changed.set(bytes.subarray(0, response.length - at), at);
        const verdict = verifyTimestamp(changed, digest, root.pem);
        return !verdict.ok || verdict.stamp.imprint.digest === digest;
      }),
      { numRuns: 500 },
    );
  });
});

describe('the certificate of a stamp', () => {
  const sha1 = (bytes: Uint8Array) => createHash('sha1').update(bytes).digest();
  const v1 = (hash: Uint8Array) =>
    make.attribute(make.OID.signingCertificate, make.sequence(make.sequence(make.sequence(make.octets(hash)))));
  const v2 = (algorithm: string, hash: Uint8Array) =>
    make.attribute(
      make.OID.signingCertificateV2,
      make.sequence(make.sequence(make.sequence(make.sequence(make.oid(algorithm)), make.octets(hash)))),
    );

  it('may be named by SHA-1, as old authorities do, or by a stated digest', () => {
    const sha512 = createHash('sha512').update(signer.der).digest();
    for (const signingCertificate of [v1(sha1(signer.der)), v2('2.16.840.1.101.3.4.2.3', sha512)]) {
      expect(verifyTimestamp(make.stamp({ ...good, signingCertificate }), digest, root.pem).ok).toBe(true);
    }
  });

  it('must be the one that is named, even where another has the same key', () => {
    const twin = make.certificate({
      name: 'stamper',
      issuer: root,
      serial: 5,
      keys: signer.keys,
      purposes: [make.OID.timeStamping],
      to: '20400101000000Z',
    });
    expect(problem({ certificates: [twin.der] })).toBe('invalid: the signature names another certificate');
    expect(problem({ signingCertificate: v1(sha1(twin.der)) })).toContain('names another certificate');
  });

  it('may be found by its key identifier', () => {
    const named = make.certificate({
      name: 'stamper',
      issuer: root,
      purposes: [make.OID.timeStamping],
      keyIdentifier: 'abcd',
    });
    const id = (hex: string) => der(TAG.context0, Buffer.from(hex, 'hex'));
    expect(verifyTimestamp(make.stamp({ ...good, signer: named, id: id('abcd') }), digest, root.pem).ok).toBe(true);
    expect(problem({ signer: named, id: id('abce') })).toContain('certificate of the signer is missing');
    expect(problem({ id: id('abcd') })).toContain('certificate of the signer is missing');
  });

  it('may be known to the verifier and left out of the stamp', () => {
    const response = make.stamp({ ...good, certificates: [] });
    expect(verifyTimestamp(response, digest, `${root.pem}${signer.pem}`).ok).toBe(true);
    expect(verifyTimestamp(response, digest, signer.pem).ok).toBe(true);
  });

  it.each([
    ['no purpose', {}],
    ['a purpose that is not critical', { purposes: [make.OID.timeStamping], purposesCritical: false }],
    ['another purpose', { purposes: ['1.3.6.1.5.5.7.3.1'] }],
    ['a second purpose', { purposes: [make.OID.timeStamping, '1.3.6.1.5.5.7.3.1'] }],
  ] as [string, make.CertificateOptions][])('is refused with %s', (_what, options) => {
    const other = make.certificate({ name: 'stamper', issuer: root, ...options });
    expect(problem({ signer: other })).toBe('invalid: a certificate that is not for time stamping');
  });

  it('is refused if its key is of another kind, too short or unusable', () => {
    const spki = (pair: { publicKey: import('node:crypto').KeyObject }) =>
      pair.publicKey.export({ type: 'spki', format: 'der' });
    const rsa = spki(generateKeyPairSync('rsa', { modulusLength: 1024 }));
    const withKey = (publicKeyInfo: Uint8Array) =>
      make.certificate({ name: 'stamper', issuer: root, purposes: [make.OID.timeStamping], publicKeyInfo });
    expect(problem({ signer: withKey(rsa) })).toBe('invalid: a key of another kind than the signature');
    expect(problem({ signer: withKey(rsa), signatureAlgorithm: '1.2.840.113549.1.1.1' })).toBe(
      'invalid: an RSA key of 1024 bits',
    );
    const off = Buffer.from(spki(make.newKeys()));
    off.fill(1, 27);
    expect(problem({ signer: withKey(off) })).toBe('invalid: a certificate without a usable key');
  });

  it('is refused if it or the stamp is no certificate of version 3 or has an extension twice', () => {
    const old = make.certificate({ name: 'stamper', issuer: root, version: [] });
    expect(problem({ signer: old })).toContain('in place of 0xa0');
    const purpose = make.extension('2.5.29.37', true, make.sequence(make.oid(make.OID.timeStamping)));
    const twice = make.certificate({ name: 'stamper', issuer: root, extensions: [purpose, purpose] });
    expect(problem({ signer: twice })).toBe('invalid: an extension that occurs twice');
    const bare = make.certificate({ name: 'stamper', issuer: root });
    expect(problem({ signer: bare })).toContain('not for time stamping');
    const odd = make.certificate({ name: 'stamper', issuer: root, publicKeyInfo: make.sequence() });
    expect(problem({ signer: odd })).toBe('invalid: a certificate that cannot be read');
  });
});

describe('the chain of a stamp', () => {
  const none = 'invalid: no chain to a trusted authority at the time of the stamp';

  it('may have links between', () => {
    const { signer: deep, certificates } = chain({}, {}, {});
    expect(verifyTimestamp(make.stamp({ digest, signer: deep, certificates }), digest, root.pem).ok).toBe(true);
    const shuffled = [certificates[2]!, certificates[0]!, certificates[3]!, certificates[1]!];
    expect(verifyTimestamp(make.stamp({ digest, signer: deep, certificates: shuffled }), digest, root.pem).ok).toBe(
      true,
    );
  });

  it.each([
    ['a link missing', () => ({ ...chain({}), certificates: chain({}).certificates.slice(0, 1) })],
    ['a link that may not certify', () => chain({ ca: false })],
    ['a link that has expired', () => chain({ to: '20260101000000Z' })],
    ['a link that is not yet valid', () => chain({ from: '20300101000000Z' })],
    ['more links than one of them allows', () => chain({ pathLength: 0 }, {})],
    ['a link signed by SHA-1', () => chain({ signatureAlgorithm: '1.2.840.10045.4.1', digest: 'sha1' })],
    ['a link signed by somebody else of that name', () => chain({ issuer: { name: 'root', keys: make.newKeys() } })],
    ['a link from elsewhere', () => chain({ issuer: { name: 'elsewhere', keys: make.newKeys() } })],
  ])('is refused with %s', (_what, links) => {
    const { signer: end, certificates } = links();
    const verdict = verifyTimestamp(
      make.stamp({ digest, signer: end, certificates: [end.der, ...certificates.slice(1)] }),
      digest,
      root.pem,
    );
    expect(verdict.ok ? 'taken' : `${verdict.kind}: ${verdict.problem}`).toBe(none);
  });

  it('allows as many links as the path length says', () => {
    const { signer: end, certificates } = chain({ pathLength: 1 }, { pathLength: 0 });
    expect(verifyTimestamp(make.stamp({ digest, signer: end, certificates }), digest, root.pem).ok).toBe(true);
  });

  it('is refused when the stamp was made before or after its certificates were valid', () => {
    for (const genTime of ['20250101000000Z', '20350101000000Z']) {
      expect(verifyTimestamp(make.stamp({ ...good, genTime }), digest, root.pem).ok).toBe(true);
    }
    expect(problem({ genTime: '20241231235959Z' })).toBe(none);
    expect(problem({ genTime: '20350101000001Z' })).toBe(none);
    expect(problem({ genTime: '20360101000000Z' })).toBe(none);
  });

  it('is refused when the anchor has expired, even if the signer has not', () => {
    const expired = make.certificate({ name: 'root', ca: true, keys: root.keys, to: '20260101000000Z' });
    expect(problem({}, expired.pem)).toBe(none);
  });

  it('ends at none of the certificates that the stamp brings itself', () => {
    const own = make.certificate({ name: 'own root', ca: true });
    const end = make.certificate({ name: 'stamper', issuer: own, purposes: [make.OID.timeStamping] });
    expect(problem({ signer: end, certificates: [end.der, own.der] })).toBe(none);
  });

  it('does not run in circles', () => {
    const [a, b] = [make.newKeys(), make.newKeys()];
    const first = make.certificate({ name: 'a', keys: a, ca: true, issuer: { name: 'b', keys: b } });
    const second = make.certificate({ name: 'b', keys: b, ca: true, issuer: { name: 'a', keys: a } });
    const end = make.certificate({ name: 'stamper', issuer: first, purposes: [make.OID.timeStamping] });
    expect(problem({ signer: end, certificates: [end.der, first.der, second.der] })).toBe(none);
  });

  it('is refused, not thrown, where a link has a key that cannot be used', () => {
    const broken = Buffer.from(root.keys.publicKey.export({ type: 'spki', format: 'der' }));
    broken.fill(1, 27);
    const link = make.certificate({ name: 'link', ca: true, issuer: root, publicKeyInfo: broken });
    const end = make.certificate({
      name: 'stamper',
      issuer: { name: 'link', keys: make.newKeys() },
      purposes: [make.OID.timeStamping],
    });
    expect(problem({ signer: end, certificates: [end.der, link.der] })).toBe(none);
  });

  it('needs anchors that are certificates, and says so by a throw', () => {
    const response = make.stamp(good);
    expect(() => verifyTimestamp(response, digest, '')).toThrow('no PEM certificate');
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    expect(() => verifyTimestamp(response, digest, broken)).toThrow();
  });
});

describe('timestampRequest', () => {
  it('is the DER of RFC 3161 section 2.4.1', () => {
    expect(Buffer.from(timestampRequest('ab'.repeat(32), Uint8Array.of(0xff))).toString('hex')).toBe(
      `303d0201013031300d060960864801650304020105000420${'ab'.repeat(32)}020200ff0101ff`,
    );
  });

  it('takes nothing but a sha256 digest', () => {
    for (const wrong of ['', 'AB'.repeat(32), 'ab'.repeat(31)]) {
      expect(() => timestampRequest(wrong, Uint8Array.of(1))).toThrow(TypeError);
    }
  });

  it('writes a nonce of zeros as the number zero', () => {
    expect(derInteger(new Uint8Array(4))).toEqual(derInteger(Uint8Array.of(0)));
  });
});
