import { sha256Hex } from '../../evidence/digest.ts';
import type { RejectionCode } from '../../model/log.ts';
import { evidenceOf } from '../../model/measurement.ts';
import { type Flaw, flaw } from './defect.ts';

/** What keeps a result from being accepted. */
export interface Refusal extends Flaw<RejectionCode> {
  /** With `evidence_missing`: the digests that are not here, sorted, each once. */
  readonly missing?: readonly string[];
}

type Named = Parameters<typeof evidenceOf>[0];

/** Digests of all evidence that a measurement names, sorted, each once. */
export function digestsOf(m: Named): string[] {
  return [...new Set(evidenceOf(m).map(({ sha256 }) => sha256))].sort();
}

/**
 * The bytes of every piece of evidence by their digest, each of the length and digest that were signed; or what is
 * wrong with them.
 */
export function collectEvidence(
  m: Named,
  blob: (sha256: string) => Uint8Array | undefined,
): ReadonlyMap<string, Uint8Array> | Refusal {
  const blobs = new Map<string, Uint8Array>();
  const missing = digestsOf(m).filter((sha256) => {
    const bytes = blob(sha256);
    if (bytes) blobs.set(sha256, bytes);
    return !bytes;
  });
  const refs = evidenceOf(m);
  if (missing.length > 0) {
    const { name, sha256 } = refs.find((ref) => missing.includes(ref.sha256))!;
    const more = missing.length > 1 ? ` and ${missing.length - 1} more` : '';
    return { ...flaw('evidence_missing', `evidence ${name} (${sha256})${more} is missing`), missing };
  }
  for (const ref of refs) {
    const bytes = blobs.get(ref.sha256)!;
    if (bytes.byteLength !== ref.bytes || sha256Hex(bytes) !== ref.sha256) {
      return flaw('evidence_changed', `evidence ${ref.name} is not the bytes that were signed`);
    }
  }
  return blobs;
}
