import { describe, expect, it } from 'vitest';
import { requestStamp } from '../../../evidence/authority.ts';
import { sha256Hex } from '../../../evidence/digest.ts';
import { timestampRequest } from '../../../evidence/timestamp.ts';
import * as make from './stamping.ts';

const digest = sha256Hex('what was stamped');
const nonce = Uint8Array.of(0, 7, 9);
const signer = make.certificate({ name: 'stamper', purposes: [make.OID.timeStamping] });
const stamped = make.stamp({ digest, signer, nonce });

/** An authority that answers so, without a network. */
function ask(answer: () => Response, sha256 = digest) {
  const asked: { url: unknown; init: RequestInit | undefined }[] = [];
  const fetch = async (url: unknown, init?: RequestInit) => {
    asked.push({ url, init });
    return answer();
  };
  const signal = new AbortController().signal;
  return {
    asked,
    result: requestStamp('http://tsa.test/', sha256, { fetch: fetch as typeof globalThis.fetch, nonce, signal }),
  };
}

describe('requestStamp', () => {
  it('posts the request of RFC 3161 and gives the response to the byte', async () => {
    const { asked, result } = ask(() => new Response(stamped as Uint8Array<ArrayBuffer>));
    expect(await result).toEqual({ ok: true, response: Buffer.from(stamped) });
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({
      url: 'http://tsa.test/',
      init: {
        method: 'POST',
        headers: { 'content-type': 'application/timestamp-query' },
        redirect: 'error',
        body: Buffer.from(timestampRequest(digest, nonce)),
      },
    });
  });

  it.each([
    ['an error', () => new Response('busy', { status: 503 }), 'the authority answered with status 503'],
    ['another success', () => new Response('', { status: 202 }), 'the authority answered with status 202'],
    ['no body', () => new Response(null), 'the authority gave no stamp: 0 elements in place of one'],
    ['a page', () => new Response('<html>'), 'the authority gave no stamp'],
    ['too much', () => new Response(new Uint8Array(262_145)), 'cannot be asked: more than 262144 bytes'],
    ['a stamp of something else', () => new Response(made({ digest: 'a'.repeat(64) })), 'a stamp of something else'],
    ['an old stamp', () => new Response(made({ nonce: Uint8Array.of(1) })), 'a stamp that answers another request'],
    ['a stamp without nonce', () => new Response(made({ nonce: undefined })), 'a stamp that answers another request'],
  ])('gives a problem for an authority that answers with %s', async (_what, answer, problem) => {
    expect(await ask(answer).result).toEqual({ ok: false, problem: expect.stringContaining(problem) });
  });

  it('gives a problem with its cause for an authority that cannot be reached', async () => {
    const refused = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') });
    const gone = ask(() => {
      throw refused;
    });
    expect(await gone.result).toEqual({
      ok: false,
      problem: 'the authority cannot be asked: fetch failed: connect ECONNREFUSED',
    });
  });
});

function made(change: { digest?: string; nonce?: Uint8Array | undefined }): Uint8Array<ArrayBuffer> {
  const { nonce: other, ...rest } = { digest, nonce, ...change };
  return make.stamp({ ...rest, signer, ...(other ? { nonce: other } : {}) }) as Uint8Array<ArrayBuffer>;
}
