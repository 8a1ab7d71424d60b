import { type Static, Type } from 'typebox';
import { PRECISIONS } from '../precision.ts';
import { EQUIPMENT, Tried } from '../tried.ts';
import { MOST_AUDITS, MOST_LAYERS, MOST_ROUNDS } from './parameters.ts';

const strict = { additionalProperties: false } as const;
const Hex64 = Type.String({ pattern: '^[0-9a-f]{64}$' });
/** At most 256 bytes in base64: a block of sketches, or the 8 sibling hashes of the largest tree. */
const Base64 = Type.String({ pattern: '^[A-Za-z0-9+/]*={0,2}$', maxLength: 344 });

export const ChallengeResult = Type.Object(
  {
    precision: Type.Enum(PRECISIONS),
    device: Type.String({ minLength: 1 }),
    backend: Type.String({ minLength: 1 }),
    emulated: Type.Optional(Type.String()),
    parameters: Type.Object(
      {
        n: Type.Integer({ minimum: 16, maximum: 32768, multipleOf: 16 }),
        m: Type.Integer({ minimum: 1, maximum: 16384 }),
        layers: Type.Integer({ minimum: 1, maximum: MOST_LAYERS }),
        matrices: Type.Integer({ minimum: 1, maximum: 64 }),
        weightBits: Type.Integer({ minimum: 1, maximum: 30 }),
        stateBits: Type.Integer({ minimum: 1, maximum: 15 }),
      },
      strict,
    ),
    /** A small chain compared whole before the timed part. */
    selfTest: Type.Object({ rows: Type.Integer({ minimum: 1 }), wrong: Type.Integer({ minimum: 0 }) }, strict),
    /** Beacon that the matrices derive from. */
    nonce: Hex64,
    rounds: Type.Array(
      Type.Object(
        {
          /** Beacon that the round derives from. */
          seed: Hex64,
          /** Root over the sketches of all rows, committed to before the next seed came. */
          root: Hex64,
          /** By the node's clock, nanoseconds since this challenge opened. */
          startNs: Type.Integer({ minimum: 0 }),
          endNs: Type.Integer({ minimum: 0 }),
          /** Time that the products alone took. */
          productNs: Type.Number({ minimum: 0 }),
        },
        strict,
      ),
      { maxItems: 2 * MOST_ROUNDS },
    ),
    /** Beacon after the last sketch: picks the rows that are recomputed. */
    audit: Hex64,
    /** The blocks of sketches in which those rows lie, in the order in which they are picked; no others. */
    openings: Type.Array(
      Type.Object(
        {
          /** Sketches of the rows of the block, 32-bit little-endian. */
          sketches: Base64,
          /** Sibling hashes from the leaf upwards, one after the other. */
          path: Base64,
        },
        strict,
      ),
      { maxItems: MOST_AUDITS },
    ),
    /** What the device used from before the first seed until after the last sketch. */
    energy: Type.Optional(
      Type.Object({ joules: Type.Number({ exclusiveMinimum: 0 }), source: Type.Enum(['rapl', 'nvml']) }, strict),
    ),
    /** Why that is not known. */
    unmetered: Type.Optional(Type.String()),
  },
  strict,
);
export type ChallengeResult = Static<typeof ChallengeResult>;

/**
 * Raw samples of compute.challenge. About 230 bytes a round and 900 an opened block: see MOST_ROUNDS for how many
 * rounds there are.
 */
export const ChallengeRaw = Type.Object(
  {
    challenge: Hex64,
    threads: Type.Integer({ minimum: 1 }),
    ...EQUIPMENT,
    engines: Type.Array(Tried),
    unsupported: Type.Array(Type.Object({ precision: Type.Enum(PRECISIONS), detail: Type.String() }, strict)),
    results: Type.Array(ChallengeResult, { maxItems: 1024 }),
  },
  strict,
);
export type ChallengeRaw = Static<typeof ChallengeRaw>;

type Said = Pick<ChallengeResult, 'precision' | 'device' | 'backend' | 'parameters'>;

/**
 * Labels of the commits of one challenge: `open` (its beacon is the nonce), `ready` (the first seed), then the rounds.
 */
export const commitLabels = ({ precision, device }: Pick<Said, 'precision' | 'device'>) => {
  const base = `compute.challenge ${precision} ${device}`;
  return { open: `${base} open`, ready: `${base} ready`, round: `${base} round` };
};

/** Label of the commit by which the nodes wait for each other before the first seeds of a precision. */
export const meetingLabel = (precision: string): string => `compute.challenge ${precision} together`;

/** What `open` commits to: everything that was chosen freely, fixed before the nonce is known. */
export function openingText({ precision, device, backend, parameters }: Said): string {
  const { n, m, layers, matrices, weightBits, stateBits } = parameters;
  return JSON.stringify({ precision, device, backend, n, m, layers, matrices, weightBits, stateBits });
}
