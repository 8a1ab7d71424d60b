import type { LogEntry } from '../../model/log.ts';
import type { Admission, Shown } from './admission.ts';
import { type Flaw, flaw } from './defect.ts';

export type RejectionEntry = Extract<LogEntry, { kind: 'rejection' }>;

/** A result that the controller did not accept, as replay found it borne out. */
export interface Rejected
  extends Pick<RejectionEntry, 'node' | 'assignment' | 'code' | 'missing' | 'detail' | 'sha256'> {
  readonly attempt: number;
  /** What its node signed for the assignment all the same. */
  readonly shown: Shown | undefined;
}

/**
 * What is wrong with a rejection; undefined where it is borne out. `admission` is what replay makes of the rejected
 * bytes where the evidence is hidden that the entry calls missing. Whoever runs the controller must not drop a result
 * because of what it says: the entry's code must be what is wrong with it, and its missing digests those that it names.
 */
export function rejectionFlaw(entry: RejectionEntry, admission: Admission): Flaw | undefined {
  const { assignment, code, missing = [] } = entry;
  if (admission.ok) return flaw('rejection_unfounded', `${assignment} was rejected, and nothing is wrong with it`);
  const { problem } = admission;
  if (admission.code !== code) {
    // What was removed since speaks for itself: its digests are in the bytes that were signed.
    return admission.code === 'evidence_missing'
      ? flaw('evidence_missing', `what was rejected of ${assignment}: ${problem}`)
      : flaw('rejection_unproven', `${assignment} was rejected as ${code}, and is ${admission.code}: ${problem}`);
  }
  const lacking = admission.missing ?? [];
  return missing.length === lacking.length && missing.every((sha256, at) => sha256 === lacking[at])
    ? undefined
    : flaw('rejection_unproven', `${assignment} was rejected for other evidence than is missing: ${problem}`);
}

/**
 * Evidence that a rejection calls missing and that is here: it can only have come since, with a later result that names
 * it. Without one it was here all the time.
 */
export class LateEvidence {
  readonly #awaited = new Map<string, string>();

  /**
   * The log says of these digests, all of which are here, that they were missing when a result of an assignment came.
   */
  await(digests: readonly string[], assignment: string): void {
    for (const sha256 of digests) if (!this.#awaited.has(sha256)) this.#awaited.set(sha256, assignment);
  }

  /** A later result names these. */
  brought(digests: readonly string[]): void {
    if (this.#awaited.size > 0) for (const sha256 of digests) this.#awaited.delete(sha256);
  }

  /** The first that no later result names. */
  get flaw(): Flaw | undefined {
    for (const [sha256, assignment] of this.#awaited) {
      const why = 'is here, and no later result brought it';
      return flaw('rejection_unfounded', `${assignment} was rejected for want of evidence ${sha256}, which ${why}`);
    }
    return undefined;
  }
}
