import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { type CanonicalError, canonicalBytes, parseStrict } from './canonical.ts';
import { type Opened, open } from './envelope.ts';

const strict = { additionalProperties: false } as const;

export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';

/** Type of the payload in the envelope (in-toto attestation framework, envelope.md). */
export const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/** What a statement can say of its subjects. A change of meaning gets a new URI, never a new meaning of an old one. */
export const PREDICATES = {
  /** The expected set, signed before anything runs. */
  plan: 'https://assay.dev/plan/v2',
  /** What passed between agent and controller, by the controller's clock. */
  transcript: 'https://assay.dev/transcript/v1',
  /** What one attempt yielded, by the agent. */
  measurement: 'https://assay.dev/measurement/v1',
  /** The report as judged, by the controller. */
  evaluation: 'https://assay.dev/evaluation/v1',
  /** The bundle as released, by reviewer and approver. */
  release: 'https://assay.dev/release/v1',
} as const;
export type Predicate = keyof typeof PREDICATES;

/** A thing that a statement is about: bytes by their digests. */
export const Subject = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    digest: Type.Object(
      {
        sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
        sm3: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
      },
      strict,
    ),
  },
  strict,
);
export type Subject = Static<typeof Subject>;

/** An in-toto Statement v1 (statement.md of the attestation framework). The predicate's own schema is its reader's. */
export const Statement = Type.Object(
  {
    _type: Type.Literal(STATEMENT_TYPE),
    subject: Type.Array(Subject, { minItems: 1 }),
    predicateType: Type.Enum(Object.values(PREDICATES)),
    predicate: Type.Record(Type.String(), Type.Unknown()),
  },
  strict,
);
export type Statement = Static<typeof Statement>;

const validator = Compile(Statement);

/** What reading a statement gives: the statement, or why the bytes are none. */
export type ReadStatement =
  | { readonly ok: true; readonly statement: Statement }
  | { readonly ok: false; readonly problem: string };

/** A statement of the given kind; `canonicalBytes` of it is the payload to seal. Subjects have names of their own. */
export function statement(subjects: readonly Subject[], predicate: Predicate, content: object): Statement {
  return {
    _type: STATEMENT_TYPE,
    subject: [...subjects],
    predicateType: PREDICATES[predicate],
    predicate: content as Record<string, unknown>,
  };
}

/**
 * The statement in a payload. Refuses, as a value and never by a throw: bytes that are no strict JSON, bytes that are
 * not canonical (so that a statement and its digest are one to one), unknown members, and two subjects of one name (of
 * which a signer could have meant the first and a verifier read the second).
 */
export function readStatement(payload: Uint8Array): ReadStatement {
  let value: unknown;
  try {
    value = parseStrict(payload);
  } catch (error) {
    return { ok: false, problem: `not strict JSON: ${(error as CanonicalError).message}` };
  }
  if (!validator.Check(value)) return { ok: false, problem: 'not an in-toto statement of ours' };
  if (!Buffer.from(canonicalBytes(value)).equals(payload)) return { ok: false, problem: 'not canonical JSON' };
  if (new Set(value.subject.map((subject) => subject.name)).size < value.subject.length) {
    return { ok: false, problem: 'two subjects of one name' };
  }
  return { ok: true, statement: value };
}

/** What opening a signed statement gives. */
export type OpenedStatement =
  | { readonly ok: true; readonly statement: Statement; readonly opened: Opened & { ok: true } }
  | { readonly ok: false; readonly problem: string };

/**
 * Opens an envelope and reads the one kind of statement that is expected in it. A good signature over another kind is
 * refused: whoever may sign a measurement must not get it taken for a release.
 */
export function openStatement(
  envelope: unknown,
  publicKeys: ReadonlyMap<string, string>,
  predicate: Predicate,
): OpenedStatement {
  const opened = open(envelope, publicKeys);
  if (!opened.ok) return opened;
  if (opened.payloadType !== PAYLOAD_TYPE) return { ok: false, problem: `payload of type ${opened.payloadType}` };
  const read = readStatement(opened.payload);
  if (!read.ok) return read;
  if (read.statement.predicateType !== PREDICATES[predicate]) {
    return { ok: false, problem: `a ${read.statement.predicateType} statement in place of a ${predicate}` };
  }
  return { ok: true, statement: read.statement, opened };
}
