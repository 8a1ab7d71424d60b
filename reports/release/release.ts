import { type Static, Type } from 'typebox';
import { canonicalBytes } from '../../evidence/canonical.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import { seal } from '../../evidence/envelope.ts';
import type { Signer } from '../../evidence/keys.ts';
import { PAYLOAD_TYPE, type Subject, statement } from '../../evidence/statement.ts';
import { PATHS } from '../verify/layout.ts';

export const RELEASE_ROLES = ['reviewer', 'approver'] as const;
export type ReleaseRole = (typeof RELEASE_ROLES)[number];

/** What a reviewer or an approver signs: that they stand behind the bundle with this manifest. */
export const Release = Type.Object(
  {
    schema: Type.Literal('assay/release/v1'),
    run: Type.String(),
    role: Type.Enum(RELEASE_ROLES),
    name: Type.String({ minLength: 1, maxLength: 200 }),
    /**
     * PEM of the signing key, so that the signature can be read without a trust file; trusting it is another matter.
     */
    publicKey: Type.String(),
    signedAt: Type.String({ format: 'date-time' }),
  },
  { additionalProperties: false },
);
export type Release = Static<typeof Release>;

/** Path of a role's signature in the bundle. */
export const releasePath = (role: ReleaseRole): string => `release/${role}.dsse.json`;

/**
 * The signed release of one role. The subjects are the manifest, and, for the approver, the reviewer's signature too:
 * the approver signs after the reviewer.
 */
export async function signRelease(
  release: Omit<Release, 'schema' | 'publicKey'>,
  manifest: Uint8Array,
  reviewed: Uint8Array | undefined,
  signer: Signer,
): Promise<Uint8Array> {
  const subjects: Subject[] = [{ name: PATHS.manifest, digest: { sha256: sha256Hex(manifest) } }];
  if (release.role === 'approver' && reviewed) {
    subjects.push({ name: releasePath('reviewer'), digest: { sha256: sha256Hex(reviewed) } });
  }
  const content: Release = { schema: 'assay/release/v1', ...release, publicKey: signer.publicKeyPem };
  return canonicalBytes(await seal(PAYLOAD_TYPE, canonicalBytes(statement(subjects, 'release', content)), [signer]));
}
