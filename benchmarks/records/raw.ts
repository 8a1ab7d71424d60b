import { type Static, Type } from 'typebox';
import { Histogram } from '../users/latency.ts';
import { Opening } from '../users/opening.ts';

const strict = { additionalProperties: false } as const;
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Counts = (most: number) => Type.Array(Count, { maxItems: most });
const Seconds = Type.Number({ minimum: 0 });
const Hex32 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const Sum = Type.String({ pattern: '^(0|[1-9][0-9]{0,24})$' });
const Planted = Type.Object({ planted: Count, rejected: Count }, strict);

/** Raw samples of `records.simultaneous`. */
export const RecordsRaw = Type.Object(
  {
    challenge: Hex32,
    endpoint: Type.Enum(['built_in', 'external']),
    model: Type.String(),
    users: Type.Integer({ minimum: 1, maximum: 10_000 }),
    lot: Type.Integer({ minimum: 1, maximum: 1_000 }),
    slotMs: Type.Integer({ minimum: 10, maximum: 1_000 }),
    /** One entry for each slot of the hold: least, most and mean of records in flight, and right answers. */
    hold: Type.Object(
      {
        seconds: Seconds,
        min: Counts(864_000),
        max: Counts(864_000),
        mean: Type.Array(Type.Number({ minimum: 0 }), { maxItems: 864_000 }),
        done: Counts(864_000),
      },
      strict,
    ),
    /** Most records on the wire and unanswered at one moment, by the generator. */
    peak: Count,
    /** Records received whole and unanswered, by the service's own gauge. */
    server: Type.Union([
      Type.Object({ min: Count, max: Count, mean: Type.Number({ minimum: 0 }), seconds: Seconds }, strict),
      Type.Null(),
    ]),
    /** The ledger: every record in exactly one of right, lost and corrupt. */
    ledger: Type.Object(
      { admitted: Count, right: Count, lost: Count, twice: Count, corrupt: Count, unexpected: Count },
      strict,
    ),
    /** Sums of CRC-32 over id and right answer of all records admitted, and over what came back. */
    expectedSum: Sum,
    answeredSum: Sum,
    poison: Type.Object({ malformed: Planted, oversize: Planted, not_finite: Planted }, strict),
    /** Lots that each user sent, poison included; they are numbered from 0. */
    lots: Type.Array(Type.Integer({ minimum: 0, maximum: 10_000_000 }), { maxItems: 10_000 }),
    /** Lots in which anything was lost, wrong, twice or unexpected; poison, which must be turned away, is none of them. */
    failedLots: Count,
    failures: Type.Record(Type.String({ pattern: '^[a-z0-9_]{1,32}$' }), Count),
    responses: Histogram,
    generator: Type.Object(
      { loopDelays: Histogram, cpuShare: Type.Number({ minimum: 0 }), cpuSource: Type.Enum(['thread', 'event_loop']) },
      strict,
    ),
    sweep: Type.Array(Type.Object({ batch: Count, records: Count, right: Count, seconds: Seconds }, strict), {
      maxItems: 16,
    }),
    audit: Opening,
  },
  strict,
);
export type RecordsRaw = Static<typeof RecordsRaw>;
