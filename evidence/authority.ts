import { MAX_RESPONSE_BYTES, mismatchOf, readTimestamp, timestampRequest } from './timestamp.ts';

/** What asking an authority gives: its response as received, to be kept; or why there is none. */
export type StampResponse =
  | { readonly ok: true; readonly response: Uint8Array }
  | { readonly ok: false; readonly problem: string };

/** What the edge brings: how to reach a server, and fresh random bytes for this request. */
export interface StampEdge {
  readonly fetch: typeof globalThis.fetch;
  /** 8 to 20 bytes. */
  readonly nonce: Uint8Array;
  readonly signal: AbortSignal;
}

/**
 * Asks a time-stamping authority over HTTP (RFC 3161 section 3.4) to stamp a sha256 digest. A response is given out only
 * if it is a stamp of this digest for this request; whether the authority is to be trusted is `verifyTimestamp`'s to say.
 * Nothing about the run leaves but the digest.
 */
export async function requestStamp(url: string, sha256: string, edge: StampEdge): Promise<StampResponse> {
  let bytes: Uint8Array;
  try {
    const answer = await edge.fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/timestamp-query' },
      body: Buffer.from(timestampRequest(sha256, edge.nonce)),
      // A redirect could lead to a server that nobody configured.
      redirect: 'error',
      signal: edge.signal,
    });
    if (answer.status !== 200) return { ok: false, problem: `the authority answered with status ${answer.status}` };
    bytes = await readBounded(answer);
  } catch (error) {
    return { ok: false, problem: `the authority cannot be asked: ${reasonOf(error)}` };
  }
  try {
    const mismatch = mismatchOf(readTimestamp(bytes), sha256, edge.nonce);
    if (mismatch) return { ok: false, problem: `the authority gave ${mismatch}` };
    return { ok: true, response: bytes };
  } catch (error) {
    return { ok: false, problem: `the authority gave no stamp: ${reasonOf(error)}` };
  }
}

async function readBounded(answer: Response): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of answer.body ?? []) {
    bytes += piece.byteLength;
    if (bytes > MAX_RESPONSE_BYTES) throw new Error(`more than ${MAX_RESPONSE_BYTES} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** `fetch failed` says nothing; its cause does. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}
