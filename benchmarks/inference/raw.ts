import { type Static, Type } from 'typebox';
import { SCENARIOS } from './scenario.ts';

const strict = { additionalProperties: false } as const;
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
/** Whole microseconds. */
const Micros = (most: number) => Type.Array(Count, { maxItems: most });
const Seconds = Type.Number({ minimum: 0 });

/** One scenario that was played. */
export const Played = Type.Object(
  {
    scenario: Type.Enum([...SCENARIOS]),
    seconds: Seconds,
    /** Latency of each query in the order of the queries; empty for Offline. */
    latenciesUs: Micros(5_000_000),
    /** Samples answered in each tenth of a second. */
    answered: Type.Array(Count, { maxItems: 100_000 }),
    /** Server: queries a second that were due, and how many; null for the others. */
    rate: Type.Union([Type.Number({ exclusiveMinimum: 0 }), Type.Null()]),
    due: Count,
    /** Answers that were compared with those of the accuracy run, and how many of them differed. */
    compared: Count,
    differed: Count,
  },
  strict,
);
export type PlayedRaw = Static<typeof Played>;

/** Raw samples of `inference.onnx`. */
export const InferenceRaw = Type.Object(
  {
    challenge: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    nullRuns: Type.Array(Played, { maxItems: 4 }),
    models: Type.Array(
      Type.Object(
        {
          model: Type.String(),
          /** Why it could not run here; null if it did. */
          unsupported: Type.Union([Type.String(), Type.Null()]),
          precision: Type.String(),
          sha256: Type.String({ pattern: '^([0-9a-f]{64})?$' }),
          asked: Type.String(),
          /** Nodes that each execution provider really ran. */
          providers: Type.Record(Type.String({ maxLength: 64 }), Count),
          threads: Count,
          /** Operations of one sample by formula; 0 where unknown. */
          operations: Type.Number({ minimum: 0 }),
          /** For each sample: largest difference from the reference, largest answer, and whether all was finite. */
          accuracy: Type.Array(
            Type.Object(
              { error: Type.Number({ minimum: 0 }), scale: Type.Number({ minimum: 0 }), finite: Type.Boolean() },
              strict,
            ),
            { maxItems: 1_024 },
          ),
          /** Smallest difference between the answers to neighbouring samples, over the largest answer. */
          distinct: Type.Number({ minimum: 0 }),
          played: Type.Array(Played, { maxItems: 64 }),
        },
        strict,
      ),
      { maxItems: 32 },
    ),
  },
  strict,
);
export type InferenceRaw = Static<typeof InferenceRaw>;
