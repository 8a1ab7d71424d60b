import { type Static, Type } from 'typebox';
import { Transcript } from './assignment.ts';
import { BootReading } from './clock.ts';

const strict = { additionalProperties: false } as const;
const At = Type.String({ format: 'date-time' });
const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
/** What can be wrong with a result that was received and not accepted: all that a program may decide on. */
export const REJECTION_CODES = [
  'signature_invalid',
  'measurement_malformed',
  'measurement_other',
  'settings_other',
  'state_contradictory',
  'subject_other',
  'time_unsound',
  'evidence_missing',
  'evidence_changed',
  'proof_unknown',
  'samples_invalid',
  'summary_unfounded',
] as const;
export const RejectionCode = Type.Enum(REJECTION_CODES);
export type RejectionCode = Static<typeof RejectionCode>;

/** A DSSE envelope; its own schema is checked where it is opened. */
const Sealed = Type.Unknown();

/**
 * One line of the run's append-only log. The canonical JSON of an entry is a leaf of the Merkle tree,
 * so what the controller saw, in which order, cannot be changed afterwards without changing the root.
 */
export const LogEntry = Type.Union([
  /** The files the run rests on, by digest: guide, and claims, registers, waivers where given. */
  Type.Object(
    {
      kind: Type.Literal('inputs'),
      at: At,
      files: Type.Array(Type.Object({ path: Type.String(), sha256: Sha256 }, strict)),
    },
    strict,
  ),
  /** A node that was admitted, with the key it signs with (PEM) and its inventory (blob). */
  Type.Object(
    { kind: Type.Literal('node'), at: At, node: Type.String(), publicKey: Type.String(), inventory: Sha256 },
    strict,
  ),
  /** The expected set, signed by the controller before anything runs, and the controller's clock at that moment. */
  Type.Object({ kind: Type.Literal('plan'), at: At, envelope: Sealed, clock: Type.Optional(BootReading) }, strict),
  /**
   * What a time-stamping authority (RFC 3161) said of the plan before anything ran, or of the log up to here at the
   * end: the digest it was asked to stamp, when it was asked by the controller's clock, and its response (DER, base64).
   */
  Type.Object(
    {
      kind: Type.Literal('stamp'),
      at: At,
      of: Type.Enum(['plan', 'log']),
      sha256: Sha256,
      askedAt: At,
      response: Type.String({ minLength: 1, maxLength: 360_000, pattern: '^[A-Za-z0-9+/]+={0,2}$' }),
    },
    strict,
  ),
  /** An attempt was sent to its node. */
  Type.Object(
    {
      kind: Type.Literal('issue'),
      at: At,
      node: Type.String(),
      assignment: Type.String(),
      attempt: Type.Integer({ minimum: 1 }),
    },
    strict,
  ),
  /** What passed between controller and agent during an attempt, and the signed measurement it ended with. */
  Type.Object(
    { kind: Type.Literal('measurement'), at: At, node: Type.String(), envelope: Sealed, transcript: Transcript },
    strict,
  ),
  /** Something that was received and not accepted; its bytes are kept as a blob. `detail` is for people only. */
  Type.Object(
    {
      kind: Type.Literal('rejection'),
      at: At,
      node: Type.String(),
      assignment: Type.String(),
      code: RejectionCode,
      /** With `evidence_missing` alone: the digests that the result names and that were not here, sorted. */
      missing: Type.Optional(Type.Array(Sha256, { minItems: 1 })),
      detail: Type.String(),
      sha256: Sha256,
    },
    strict,
  ),
  /** An attempt that will never answer: its node was lost. */
  Type.Object(
    {
      kind: Type.Literal('lost'),
      at: At,
      node: Type.String(),
      assignment: Type.String(),
      attempt: Type.Integer({ minimum: 1 }),
      detail: Type.String(),
    },
    strict,
  ),
  /** The run is over. */
  Type.Object(
    { kind: Type.Literal('end'), at: At, cancelled: Type.Boolean(), clock: Type.Optional(BootReading) },
    strict,
  ),
]);
export type LogEntry = Static<typeof LogEntry>;
