import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { type Signer, verifySignature } from './keys.ts';

const strict = { additionalProperties: false } as const;

/** More signatures than anybody needs; a bound on the work that a hostile envelope can cause. */
const MAX_SIGNATURES = 32;

/** A DSSE envelope (Dead Simple Signing Envelope v1, envelope.md). `payload` and `sig` are standard base64. */
export const Envelope = Type.Object(
  {
    payloadType: Type.String({ minLength: 1 }),
    payload: Type.String(),
    signatures: Type.Array(
      Type.Object({ keyid: Type.String({ pattern: '^[0-9a-f]{64}$' }), sig: Type.String({ minLength: 1 }) }, strict),
      { minItems: 1, maxItems: MAX_SIGNATURES },
    ),
  },
  strict,
);
export type Envelope = Static<typeof Envelope>;

const validator = Compile(Envelope);

/** What opening gives: the bytes that were signed and by which of the given keys, or why not. */
export type Opened =
  | {
      readonly ok: true;
      readonly payload: Uint8Array;
      readonly payloadType: string;
      /** Key ids whose signature is good, each once, sorted. Whether these are enough is the caller's to say. */
      readonly signedBy: string[];
      /** Key ids that the caller gave no key for; their signatures say nothing. */
      readonly unknown: string[];
    }
  | { readonly ok: false; readonly problem: string };

/**
 * Pre-authentication encoding (DSSE protocol.md): `DSSEv1 <bytes of type> <type> <bytes of payload> <payload>`.
 * The lengths keep an attacker from moving bytes between type and payload under one signature.
 */
export function pae(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = Buffer.from(payloadType, 'utf8');
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${type.length} `, 'utf8'),
    type,
    Buffer.from(` ${payload.byteLength} `, 'utf8'),
    payload,
  ]);
}

/** Signs a payload with every given signer. Throws for no signer, for too many, and for one key given twice. */
export async function seal(payloadType: string, payload: Uint8Array, signers: readonly Signer[]): Promise<Envelope> {
  if (signers.length === 0 || signers.length > MAX_SIGNATURES) throw new Error(`${signers.length} signers`);
  if (new Set(signers.map((signer) => signer.keyId)).size < signers.length) throw new Error('one key signs twice');
  const bytes = pae(payloadType, payload);
  const signatures = await Promise.all(
    signers.map(async (signer) => ({
      keyid: signer.keyId,
      sig: Buffer.from(await signer.sign(bytes)).toString('base64'),
    })),
  );
  return { payloadType, payload: Buffer.from(payload).toString('base64'), signatures };
}

/**
 * Opens an envelope with the verifier's own keys, `publicKeys` by key id. Never throws: the whole envelope may come
 * from an attacker. The payload is given out only if at least one of these keys signed it, and none of them badly: a
 * wrong signature under a known key is tampering to be told, although the protocol would allow to skip it.
 *
 * `keyid` is outside the signature. It only picks the key to try; an attacker who changes it turns a good signature
 * into a bad or an unknown one, never into somebody else's.
 */
export function open(envelope: unknown, publicKeys: ReadonlyMap<string, string>): Opened {
  if (!validator.Check(envelope)) return { ok: false, problem: 'not a DSSE envelope' };
  const payload = strictBase64(envelope.payload);
  if (!payload) return { ok: false, problem: 'the payload is not strict base64' };
  const bytes = pae(envelope.payloadType, payload);
  const signedBy = new Set<string>();
  const unknown = new Set<string>();
  for (const { keyid, sig } of envelope.signatures) {
    const publicPem = publicKeys.get(keyid);
    if (publicPem === undefined) {
      unknown.add(keyid);
      continue;
    }
    const signature = strictBase64(sig);
    if (!signature) return { ok: false, problem: `the signature of ${keyid} is not strict base64` };
    if (!verifySignature(publicPem, bytes, signature)) {
      return { ok: false, problem: `the signature of ${keyid} is wrong` };
    }
    signedBy.add(keyid);
  }
  if (signedBy.size === 0) return { ok: false, problem: 'no signature by a known key' };
  return {
    ok: true,
    payload,
    payloadType: envelope.payloadType,
    signedBy: [...signedBy].sort(),
    unknown: [...unknown].sort(),
  };
}

/**
 * Bytes of standard base64 with padding (RFC 4648 section 4), or undefined. Node's own decoder skips what it does not
 * know and ignores left-over bits, so many texts give the same bytes (RFC 4648 section 12): only the one that these
 * bytes encode to is taken. DSSE would have readers take the URL alphabet too; we never write it, so it is refused.
 */
export function strictBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  // Left-over bits are in the last four characters; all others have none. A long text is not written a second time.
  const end = text.slice(-4);
  return Buffer.from(end, 'base64').toString('base64') === end ? Buffer.from(text, 'base64') : undefined;
}
