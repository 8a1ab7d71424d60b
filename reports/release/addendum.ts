import { type Static, Type } from 'typebox';
import { canonicalBytes } from '../../evidence/canonical.ts';

const Base64 = Type.String({ minLength: 1, pattern: '^[A-Za-z0-9+/]+={0,2}$' });
const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });

/**
 * Something that is added to a bundle after it was made: a time stamp (RFC 3161), or an SM2 signature beside ours. It
 * holds nothing but what stamp and signature cover: a name beside them could be changed by anybody.
 */
export const Addendum = Type.Union([
  Type.Object(
    {
      schema: Type.Literal('assay/stamp/v1'),
      /** The file that was stamped, and its digest. */
      path: Type.String({ minLength: 1 }),
      sha256: Sha256,
      /** DER of the TimeStampResp; it names the authority. */
      response: Base64,
    },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      schema: Type.Literal('assay/sm2/v1'),
      path: Type.String({ minLength: 1 }),
      /** PEM. Whose it is, only somebody who knows the key can say. */
      publicKey: Type.String(),
      /** DER of the signature over the file's bytes, identity 1234567812345678. */
      signature: Base64,
    },
    { additionalProperties: false },
  ),
]);
export type Addendum = Static<typeof Addendum>;

/** Path of the n-th addendum, from 1. */
export const addendumPath = (n: number): string => `addenda/${String(n).padStart(3, '0')}.json`;

export const addendumBytes = (addendum: Addendum): Uint8Array => canonicalBytes(addendum);
