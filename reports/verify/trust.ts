import { type Static, Type } from 'typebox';
import { readPemCertificates } from '../../evidence/certificates.ts';
import { keyIdOf } from '../../evidence/keys.ts';
import { AssayError } from '../../model/errors.ts';
import { check } from '../../model/schema.ts';
import { parseWritten } from './written-json.ts';

const strict = { additionalProperties: false } as const;
const Party = Type.Object({ name: Type.String({ minLength: 1 }), publicKey: Type.String() }, strict);

/** Whom a verifier believes. It is the verifier's own file and never part of a bundle. */
export const Trust = Type.Object(
  {
    schema: Type.Literal('assay/trust/v1'),
    /** Controllers whose evaluation is accepted. */
    controllers: Type.Array(Party),
    reviewers: Type.Array(Party),
    approvers: Type.Array(Party),
    /** Certificates (PEM) of time-stamping authorities. */
    stampAuthorities: Type.Array(Type.String()),
    /** sha256 of guides that are accepted beside those this software knows. */
    guides: Type.Array(Type.String({ pattern: '^[0-9a-f]{64}$' })),
  },
  strict,
);
export type Trust = Static<typeof Trust>;

/** Reads a trust file. Rejects with `trust_invalid`; a key that is none, or one given to two roles, is refused. */
export function readTrust(bytes: Uint8Array, name: string): Trust {
  const trust = check(Trust, parseWritten(bytes, name, 'trust_invalid'));
  if (!trust.ok) throw new AssayError('trust_invalid', `${name}: ${trust.problems.join('; ')}`);
  const seen = new Map<string, string>();
  for (const role of ['controllers', 'reviewers', 'approvers'] as const) {
    for (const party of trust.value[role]) {
      const id = idOf(party.publicKey, `${name}: ${role}: ${party.name}`);
      const other = seen.get(id);
      // Reviewing and approving one's own work is what the roles exist to prevent.
      if (other) throw new AssayError('trust_invalid', `${name}: one key is both ${other} and ${role}: ${party.name}`);
      seen.set(id, `${role}: ${party.name}`);
    }
  }
  for (const pem of trust.value.stampAuthorities) {
    try {
      readPemCertificates(pem);
    } catch (error) {
      throw new AssayError('trust_invalid', `${name}: stampAuthorities: ${(error as Error).message}`);
    }
  }
  return trust.value;
}

function idOf(publicKey: string, where: string): string {
  try {
    return keyIdOf(publicKey);
  } catch (error) {
    throw new AssayError('trust_invalid', `${where}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Keys of one role by key id. */
export function keysOf(parties: Trust['reviewers']): ReadonlyMap<string, string> {
  return new Map(parties.map((p) => [keyIdOf(p.publicKey), p.publicKey]));
}
