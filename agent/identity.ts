import { Type } from 'typebox';
import { AssayError } from '../model/errors.ts';
import { check } from '../model/schema.ts';
import type { Identity } from './link.ts';

const IdentityFile = Type.Object(
  {
    node: Type.String({ pattern: '^[A-Za-z0-9._-]{1,253}$' }),
    certificatePem: Type.String({ pattern: '^-----BEGIN CERTIFICATE-----' }),
    privateKeyPem: Type.String({ pattern: '^-----BEGIN PRIVATE KEY-----' }),
    authorityPem: Type.String({ pattern: '^-----BEGIN CERTIFICATE-----' }),
  },
  { additionalProperties: false },
);

/** The agent's identity from the bytes of its file. Rejects with `key_invalid`; the message never holds the key. */
export function identityFrom(bytes: Uint8Array, name: string): Identity {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    throw new AssayError('key_invalid', `${name}: not JSON`);
  }
  const identity = check(IdentityFile, value);
  if (!identity.ok) throw new AssayError('key_invalid', `${name}: ${identity.problems.join('; ')}`);
  return identity.value;
}
