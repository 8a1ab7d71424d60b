import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requestStamp } from '../../../evidence/authority.ts';
import { sha256Hex } from '../../../evidence/digest.ts';
import { readTimestamp, timestampRequest, verifyTimestamp } from '../../../evidence/timestamp.ts';
import { Authority, hasOpenssl } from './authority.ts';

const digest = sha256Hex('what was stamped');
const other = sha256Hex('something else');

describe.skipIf(!hasOpenssl)('a stamp by `openssl ts` (skipped where openssl is not installed)', () => {
  describe.each([
    ['RSA', ['rsa:2048']],
    ['ECDSA P-256', ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']],
    ['ECDSA P-384', ['ec', '-pkeyopt', 'ec_paramgen_curve:secp384r1']],
  ])('with %s keys', (_name, keyArgs) => {
    let authority: Authority;
    let nonce: Buffer;
    let response: Buffer;
    beforeAll(() => {
      authority = new Authority(keyArgs);
      nonce = randomBytes(16);
      response = authority.reply(timestampRequest(digest, nonce));
    });
    afterAll(() => authority.close());

    it('is verified, and by openssl too', () => {
      const verdict = verifyTimestamp(response, digest, authority.caPem, nonce);
      expect(verdict).toMatchObject({
        ok: true,
        authority: 'CN=Test Authority',
        stamp: { policy: '1.2.3.4.1', serial: '2', accuracyS: 1.5001, imprint: { digest } },
      });
      if (!verdict.ok) return;
      expect(Math.abs(Date.parse(verdict.stamp.genTime) - Date.now())).toBeLessThan(60_000);
      expect(BigInt(`0x${verdict.stamp.nonce}`)).toBe(BigInt(`0x${nonce.toString('hex')}`));
      expect(authority.accepts(response, digest)).toBe(true);
    });

    it('is refused for something else, for another request and under another authority', () => {
      expect(verifyTimestamp(response, other, authority.caPem)).toMatchObject({ problem: 'a stamp of something else' });
      expect(verifyTimestamp(response, digest, authority.caPem, randomBytes(16))).toMatchObject({
        problem: 'a stamp that answers another request',
      });
      const stranger = new Authority(keyArgs);
      expect(verifyTimestamp(response, digest, stranger.caPem)).toMatchObject({
        kind: 'invalid',
        problem: 'no chain to a trusted authority at the time of the stamp',
      });
      expect(authority.accepts(response, digest, stranger.caPem)).toBe(false);
      stranger.close();
    });

    it('is refused with any bit changed, or tells the same as before', () => {
      const good = verifyTimestamp(response, digest, authority.caPem);
      const accepted: number[] = [];
      for (let bit = 0; bit < response.length * 8; bit += 3) {
        const changed = Uint8Array.from(response);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        const verdict = verifyTimestamp(changed, digest, authority.caPem);
        if (verdict.ok) {
          expect(verdict).toEqual(good);
          accepted.push(bit >> 3);
        }
      }
      // What is not signed: status, versions and the set of digests around the signature, and certificates not needed.
      expect(new Set(accepted).size).toBeLessThan(response.length * 0.55);
    });

    it('is refused cut short at any place', () => {
      for (let length = 0; length < response.length; length++) {
        expect(verifyTimestamp(response.subarray(0, length), digest, authority.caPem).ok).toBe(false);
      }
    });
  });

  it('is not made with a certificate whose purpose is not critical', () => {
    // openssl will not even make one. That such a stamp is refused is shown in the unit tests, with one made by hand.
    const authority = new Authority(['rsa:2048'], 'timeStamping');
    expect(() => authority.reply(timestampRequest(digest, randomBytes(8)))).toThrow();
    authority.close();
  });

  it('makes the same request as `openssl ts -query`', () => {
    const authority = new Authority(['rsa:2048']);
    authority.run('ts', '-query', '-digest', digest, '-sha256', '-cert', '-out', authority.path('theirs.tsq'));
    const theirs = readFileSync(authority.path('theirs.tsq'));
    // Version and imprint come first, then 8 random bytes, then the wish for certificates.
    const text = authority.run('ts', '-query', '-in', authority.path('theirs.tsq'), '-text').toString();
    const nonce = Buffer.from(/Nonce: 0x([0-9A-F]+)/.exec(text)![1]!, 'hex');
    expect(Buffer.from(timestampRequest(digest, nonce)).equals(theirs)).toBe(true);
    authority.close();
  });

  it('for a digest by another algorithm is refused', () => {
    const authority = new Authority(['rsa:2048']);
    writeFileSync(authority.path('data'), 'what was stamped');
    authority.run('ts', '-query', '-data', authority.path('data'), '-sha512', '-cert', '-out', authority.path('q.tsq'));
    const response = authority.reply(readFileSync(authority.path('q.tsq')));
    expect(verifyTimestamp(response, digest, authority.caPem)).toMatchObject({
      kind: 'invalid',
      problem: 'an imprint by 2.16.840.1.101.3.4.2.3',
    });
    authority.close();
  });

  it('by an authority with RSA-SHA512 signatures and certificates named by SHA-1 is verified', () => {
    const authority = new Authority(['rsa:3072'], 'critical,timeStamping', 'ess_cert_id_alg = sha1');
    const config = readFileSync(authority.path('authority.cnf'), 'utf8');
    writeFileSync(authority.path('authority.cnf'), config.replace('signer_digest = sha256', 'signer_digest = sha512'));
    const response = authority.reply(timestampRequest(digest, randomBytes(8)));
    expect(verifyTimestamp(response, digest, authority.caPem)).toMatchObject({ ok: true });
    authority.close();
  });
});

describe.skipIf(!hasOpenssl)('requestStamp (skipped where openssl is not installed)', () => {
  let authority: Authority;
  let url: string;
  beforeAll(async () => {
    authority = new Authority(['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']);
    url = await authority.listen();
  });
  afterAll(() => authority.close());

  const edge = () => ({ fetch: globalThis.fetch, nonce: randomBytes(16), signal: AbortSignal.timeout(10_000) });

  it('brings a stamp from a real authority over HTTP', async () => {
    const asked = await requestStamp(url, digest, edge());
    expect(asked.ok && verifyTimestamp(asked.response, digest, authority.caPem)).toMatchObject({ ok: true });
    expect(asked.ok && readTimestamp(asked.response).imprint.digest).toBe(digest);
  });

  it.each([
    ['an error page', { status: 503, body: Buffer.from('busy') }, 'status 503'],
    ['what is no stamp', { status: 200, body: Buffer.from('<html>') }, 'gave no stamp'],
    ['a refusal', { status: 200, body: Buffer.from('30053003020102', 'hex') }, 'a refusal with status 2'],
    ['too much', { status: 200, body: Buffer.alloc(300 * 1024) }, 'more than 262144 bytes'],
    ['nothing', { status: 200, body: Buffer.alloc(0) }, 'gave no stamp'],
  ])('gives a problem for an authority that answers with %s', async (_what, instead, problem) => {
    authority.instead = instead;
    expect(await requestStamp(url, digest, edge())).toEqual({ ok: false, problem: expect.stringContaining(problem) });
    authority.instead = undefined;
  });

  it('gives a problem for a stamp of something else and for an old one', async () => {
    const old = authority.reply(timestampRequest(digest, randomBytes(16)));
    authority.instead = { status: 200, body: old };
    expect(await requestStamp(url, digest, edge())).toMatchObject({
      problem: expect.stringContaining('another request'),
    });
    expect(await requestStamp(url, other, edge())).toMatchObject({
      problem: expect.stringContaining('something else'),
    });
    authority.instead = undefined;
  });

  it('gives a problem for an authority that cannot be reached, moves on or takes too long', async () => {
    expect(await requestStamp('http://127.0.0.1:1/', digest, edge())).toMatchObject({
      problem: expect.stringContaining('cannot be asked'),
    });
    expect(await requestStamp(`${url}moved`, digest, edge())).toMatchObject({
      problem: expect.stringContaining('cannot be asked'),
    });
    const late = { ...edge(), signal: AbortSignal.abort(new Error('too late')) };
    expect(await requestStamp(url, digest, late)).toMatchObject({ problem: expect.stringContaining('too late') });
  });
});
