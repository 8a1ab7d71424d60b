import { type Static, Type } from 'typebox';

const Digest = Type.String({ pattern: '^[0-9a-f]{64}$' });

/** Longer than the path of any file in a bundle. */
const MOST_PATH = 4096;

/** Every file of a bundle with its size and digests; what is not here does not belong to it. */
export const Manifest = Type.Object(
  {
    schema: Type.Literal('assay/manifest/v1'),
    run: Type.String(),
    files: Type.Array(
      Type.Object(
        {
          path: Type.String({ minLength: 1, maxLength: MOST_PATH }),
          bytes: Type.Integer({ minimum: 0 }),
          sha256: Digest,
          sm3: Digest,
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);
export type Manifest = Static<typeof Manifest>;

/** What the controller signs after judging: which report, by which log, made from which inputs. */
export const Evaluation = Type.Object(
  {
    schema: Type.Literal('assay/evaluation/v1'),
    run: Type.String(),
    number: Type.String(),
    judgedAt: Type.String({ format: 'date-time' }),
    software: Type.Object({ name: Type.String(), version: Type.String() }, { additionalProperties: false }),
    outcome: Type.String(),
    log: Type.Object({ entries: Type.Integer(), root: Digest }, { additionalProperties: false }),
  },
  { additionalProperties: false },
);
export type Evaluation = Static<typeof Evaluation>;
