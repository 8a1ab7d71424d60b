import { type Static, type TSchema, Type } from 'typebox';

const strict = { additionalProperties: false } as const;

function read<S extends TSchema>(value: S) {
  return Type.Union([
    Type.Object({ ok: Type.Literal(true), value }, strict),
    Type.Object({ ok: Type.Literal(false), missing: Type.Boolean(), why: Type.String() }, strict),
  ]);
}

const RecordedRun = Type.Object(
  {
    status: Type.Enum(['exited', 'not_found', 'timed_out', 'too_large', 'failed']),
    exit: Type.Union([Type.Integer(), Type.Null()]),
    stdout: Type.String(),
    stderr: Type.String(),
    path: Type.Optional(Type.String()),
    files: Type.Optional(Type.Record(Type.String(), Type.String())),
    why: Type.Optional(Type.String()),
  },
  strict,
);

/**
 * A recorded machine: every command output and every file that taking its inventory read, so that the same code can
 * run again without the machine. Version 1; a reader refuses every other version.
 */
export const Recording = Type.Object(
  {
    schema: Type.Literal('assay/recording/v1'),
    recordedAt: Type.String({ format: 'date-time' }),
    /** What kind of machine it is and where the outputs come from, for people. */
    about: Type.Optional(Type.String()),
    platform: Type.Optional(Type.String()),
    /** Serial numbers, UUIDs, addresses and names were replaced by pseudonyms. */
    masked: Type.Boolean(),
    commands: Type.Array(
      Type.Object({ program: Type.String(), args: Type.Array(Type.String()), ran: RecordedRun }, strict),
    ),
    files: Type.Record(Type.String(), read(Type.String())),
    directories: Type.Record(Type.String(), read(Type.Array(Type.String()))),
    links: Type.Record(Type.String(), read(Type.String())),
    /**
     * Documents of the helper processes: `host` (systeminformation), `nvidia-smi`, the management libraries `nvml`, `ixml`,
     * `hgml`, `brml` and `mtml`, `backends` (doctor only).
     */
    documents: Type.Record(Type.String(), read(Type.Unknown())),
  },
  strict,
);
export type Recording = Static<typeof Recording>;

/** The growing part of a recording. */
export type RecordingDraft = Pick<Recording, 'commands' | 'files' | 'directories' | 'links' | 'documents'>;
