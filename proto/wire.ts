import { Type } from 'typebox';
import type { Assignment } from '../model/assignment.ts';
import { check } from '../model/schema.ts';
import type { ControllerMessage, WireEnvelope } from './fleet.ts';

/** The parts of an envelope, as the DSSE JSON form has them; whoever opens it checks them. */
export interface SealedParts {
  readonly payloadType: string;
  /** Standard base64. */
  readonly payload: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

/** Envelope in DSSE's JSON form -> wire message. */
export function envelopeToWire(envelope: SealedParts): WireEnvelope {
  return {
    payloadType: envelope.payloadType,
    payload: Buffer.from(envelope.payload, 'base64'),
    signatures: envelope.signatures.map((s) => ({ keyId: s.keyid, signature: Buffer.from(s.sig, 'base64') })),
  };
}

/** Wire message -> envelope in DSSE's JSON form. Nothing is checked but the shape the wire guarantees. */
export function envelopeFromWire(wire: WireEnvelope | undefined): SealedParts {
  return {
    payloadType: wire?.payloadType ?? '',
    payload: (wire?.payload ?? Buffer.alloc(0)).toString('base64'),
    signatures: (wire?.signatures ?? []).map((s) => ({
      keyid: s.keyId ?? '',
      sig: (s.signature ?? Buffer.alloc(0)).toString('base64'),
    })),
  };
}

/** What an agent is asked to do, as it stands in the plan, with the number of the attempt. */
export interface Order {
  readonly run: string;
  readonly assignment: string;
  readonly attempt: number;
  readonly benchmark: string;
  readonly version: string;
  readonly settings: Record<string, unknown>;
  readonly timeoutS: number;
}

/** Assignment of the plan -> wire message. */
export function assignmentToWire(
  run: string,
  assignment: Assignment,
  attempt: number,
): NonNullable<ControllerMessage['assignment']> {
  return {
    run,
    id: assignment.id,
    benchmark: assignment.benchmark,
    version: assignment.version,
    attempt,
    settings: Buffer.from(JSON.stringify(assignment.settings)),
    expectedSeconds: assignment.expectedS,
    timeoutSeconds: assignment.timeoutS,
  };
}

const OrderSchema = Type.Object({
  run: Type.String({ minLength: 1 }),
  assignment: Type.String({ pattern: '^[A-Za-z0-9._-]{1,128}$' }),
  attempt: Type.Integer({ minimum: 1 }),
  benchmark: Type.String({ minLength: 1 }),
  version: Type.String({ minLength: 1 }),
  settings: Type.Record(Type.String(), Type.Unknown()),
  timeoutS: Type.Number({ exclusiveMinimum: 0, maximum: 1e6 }),
});

/** Wire message -> order, or what is wrong with it. */
export function orderFromWire(
  wire: NonNullable<ControllerMessage['assignment']>,
): { ok: true; value: Order } | { ok: false; problems: string[] } {
  let settings: unknown;
  try {
    settings = JSON.parse((wire.settings ?? Buffer.alloc(0)).toString('utf8'));
  } catch {
    return { ok: false, problems: ['settings are not JSON'] };
  }
  return check(OrderSchema, {
    run: wire.run,
    assignment: wire.id,
    attempt: wire.attempt,
    benchmark: wire.benchmark,
    version: wire.version,
    settings,
    timeoutS: wire.timeoutSeconds,
  });
}
