import { type Static, Type } from 'typebox';
import { Histogram } from './latency.ts';
import { Opening } from './opening.ts';

const strict = { additionalProperties: false } as const;
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Counts = (most: number) => Type.Array(Count, { maxItems: most });
const Seconds = Type.Number({ minimum: 0 });
const Hex32 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const Failures = Type.Record(Type.String({ pattern: '^[a-z0-9_]{1,32}$' }), Count);

/** What the service's own gauge of requests showed over the hold. */
const ServerGauge = Type.Object(
  { min: Count, max: Count, mean: Type.Number({ minimum: 0 }), seconds: Seconds },
  strict,
);

/** Raw samples of `users.concurrent`. Everything that the metrics are made of; nothing is summed up in advance. */
export const UsersRaw = Type.Object(
  {
    challenge: Hex32,
    /** Where the tasks went: the service that comes with Assay, or an endpoint of the platform. */
    endpoint: Type.Enum(['built_in', 'external']),
    model: Type.String(),
    users: Type.Integer({ minimum: 1, maximum: 100_000 }),
    rows: Type.Integer({ minimum: 1, maximum: 256 }),
    slotMs: Type.Integer({ minimum: 10, maximum: 1_000 }),
    /** One entry for each slot of the hold, all generators together: least, most and mean in flight, right answers. */
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
    /** Tasks whose intended start lies in the hold, and which of them failed, by class. */
    started: Count,
    failures: Failures,
    /** Histograms of those tasks: from the intended start, from the wire, and from the one to the other. */
    responses: Histogram,
    services: Histogram,
    lags: Histogram,
    /**
     * Per user: tasks in all (they are numbered from 0), how many of these got no right answer at the time, right answers
     * in the hold, 95th percentile in microseconds.
     */
    tasks: Counts(100_000),
    missed: Counts(100_000),
    held: Counts(100_000),
    p95Us: Counts(100_000),
    /** Answers whose own row turned out wrong when all were worked out again. */
    wrongLater: Count,
    server: Type.Union([ServerGauge, Type.Null()]),
    generators: Type.Array(
      Type.Object(
        {
          loopDelays: Histogram,
          cpuShare: Type.Number({ minimum: 0 }),
          cpuSource: Type.Enum(['thread', 'event_loop']),
        },
        strict,
      ),
      { maxItems: 256 },
    ),
    /** Most open files allowed; null where the system does not say. */
    descriptors: Type.Union([Count, Type.Null()]),
    nullRun: Type.Object(
      { users: Count, seconds: Seconds, done: Counts(864_000), failed: Count, responses: Histogram },
      strict,
    ),
    /** First tasks, before anything else is asked; where none is right, nothing else was. */
    gate: Type.Object(
      { asked: Count, right: Count, failures: Failures, strangerStatus: Count, misshapenStatus: Count },
      strict,
    ),
    pairs: Type.Object({ salted: Counts(20_000), repeated: Counts(20_000), failed: Count }, strict),
    burst: Type.Union([
      Type.Object(
        {
          planned: Count,
          sent: Count,
          right: Count,
          failures: Failures,
          /** From the first to the last request on the wire, seconds. */
          spreadS: Seconds,
          min: Counts(10_000),
          max: Counts(10_000),
        },
        strict,
      ),
      Type.Null(),
    ]),
    /** Tree over all tasks by user and number. */
    audit: Opening,
  },
  strict,
);
export type UsersRaw = Static<typeof UsersRaw>;
