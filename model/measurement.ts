import { type Static, Type } from 'typebox';
import { Estimate } from './estimate.ts';
import { Unread } from './inventory.ts';
import { EvidenceLevel } from './outcome.ts';
import { ReasonCode } from './reason.ts';

const strict = { additionalProperties: false } as const;

/** Raw bytes by their digest. */
export const EvidenceRef = Type.Object(
  {
    /** What it is, for people: `samples.json`, `fio.stdout` … */
    name: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$' }),
    mediaType: Type.String(),
    sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    bytes: Type.Integer({ minimum: 0 }),
  },
  strict,
);
export type EvidenceRef = Static<typeof EvidenceRef>;

/**
 * One value that a benchmark yields: which metric, of what (labels), how sure, over how long, from how many samples.
 */
export const Metric = Type.Object(
  {
    metric: Type.String({ minLength: 1 }),
    /** For example `precision`, `device`, `framework`, `language`. */
    labels: Type.Record(Type.String(), Type.String()),
    estimate: Estimate,
    /** Time measured over, seconds; 0 where a duration means nothing. */
    durationS: Type.Number({ minimum: 0 }),
    samples: Type.Integer({ minimum: 0 }),
    /** The outputs behind this very number were checked and right. */
    verified: Type.Boolean(),
    /** How far this number is proven. */
    level: EvidenceLevel,
  },
  strict,
);
export type Metric = Static<typeof Metric>;

/** One correctness check and how it went. */
export const Check = Type.Object({ id: Type.String(), passed: Type.Boolean(), detail: Type.String() }, strict);
export type Check = Static<typeof Check>;

/**
 * A reason not to take metrics at face value. Without `metric` it concerns all of them, else those with these labels.
 */
export const Finding = Type.Object(
  {
    code: ReasonCode,
    detail: Type.String(),
    metric: Type.Optional(Type.String()),
    labels: Type.Optional(Type.Record(Type.String(), Type.String())),
    /** How many times the value would usually be without this condition, where that is known: 2 is twice as much. */
    gain: Type.Optional(Type.Number({ minimum: 1 })),
    /**
     * `holds`: keeps the metric from passing, and whatever it would be part of. `excludes`: the metric is no part of
     * anything, and what is left is judged without it. `informs`: is shown only.
     */
    weight: Type.Enum(['holds', 'excludes', 'informs']),
  },
  strict,
);
export type Finding = Static<typeof Finding>;

/** What a benchmark's proof makes of raw evidence: recomputed by agent, controller and verifier alike. */
export const Examination = Type.Object(
  { metrics: Type.Array(Metric), checks: Type.Array(Check), findings: Type.Array(Finding) },
  strict,
);
export type Examination = Static<typeof Examination>;

/** How an attempt ended. Only `completed` can carry metrics that count. */
export const ATTEMPT_STATES = ['completed', 'failed', 'timed_out', 'cancelled', 'unsupported'] as const;

export const Phase = Type.Object(
  { name: Type.String(), startedAt: Type.String({ format: 'date-time' }), durationS: Type.Number({ minimum: 0 }) },
  strict,
);

/** One reading of the node's own state while it worked. */
export const Telemetry = Type.Object(
  {
    atS: Type.Number(),
    /** Share of all cores that was busy, 0 to 1. */
    cpuBusy: Type.Optional(Type.Number()),
    /** Share that processes outside the agent's own tree took, 0 to 1. */
    cpuOther: Type.Optional(Type.Number()),
    cpuSteal: Type.Optional(Type.Number()),
    cpuClockMHz: Type.Optional(Type.Number()),
    memoryUsedBytes: Type.Optional(Type.Number()),
    devices: Type.Optional(
      Type.Array(
        Type.Object(
          {
            id: Type.String(),
            powerW: Type.Optional(Type.Number()),
            temperatureC: Type.Optional(Type.Number()),
            clockMHz: Type.Optional(Type.Number()),
            utilization: Type.Optional(Type.Number()),
            throttleReasons: Type.Optional(Type.Array(Type.String())),
          },
          strict,
        ),
      ),
    ),
    /** What the benchmark said of itself at this time, for people to look at: nothing is judged by it. */
    figure: Type.Optional(
      Type.Object(
        { value: Type.Number(), unit: Type.String({ maxLength: 16 }), label: Type.String({ maxLength: 64 }) },
        strict,
      ),
    ),
    /** What should have been read from here on and is not, and why; told once, in the first sample that lacks it. */
    unread: Type.Optional(Type.Array(Unread)),
  },
  strict,
);
export type Telemetry = Static<typeof Telemetry>;

/** What one attempt yields. Signed by the agent; `raw` is the evidence that `examination` is recomputed from. */
export const Measurement = Type.Object(
  {
    schema: Type.Literal('assay/measurement/v1'),
    run: Type.String(),
    assignment: Type.String(),
    attempt: Type.Integer({ minimum: 1 }),
    node: Type.String(),
    benchmark: Type.String(),
    version: Type.String(),
    /** Per agent, from 1, without gaps. */
    sequence: Type.Integer({ minimum: 1 }),
    /** sha256 of this agent's previous signed payload; empty for the first. */
    previous: Type.String({ pattern: '^([0-9a-f]{64})?$' }),
    /** Beacon of commit 0; empty if the work never opened. */
    challenge: Type.String({ pattern: '^([0-9a-f]{64})?$' }),
    settings: Type.Record(Type.String(), Type.Unknown()),
    state: Type.Enum(ATTEMPT_STATES),
    /** Why it did not complete. */
    failure: Type.Optional(Type.Object({ code: ReasonCode, phase: Type.String(), detail: Type.String() }, strict)),
    startedAt: Type.String({ format: 'date-time' }),
    endedAt: Type.String({ format: 'date-time' }),
    /** Wall time on the agent's monotonic clock, seconds. */
    elapsedS: Type.Number({ minimum: 0 }),
    phases: Type.Array(Phase),
    raw: Type.Optional(EvidenceRef),
    evidence: Type.Array(EvidenceRef),
    /** In what its processes measured: an `Environment` as JSON. A measurement without it does not pass. */
    environment: Type.Optional(EvidenceRef),
    examination: Examination,
    telemetry: Type.Array(Telemetry),
    software: Type.Array(Type.Object({ name: Type.String(), version: Type.String() }, strict)),
  },
  strict,
);
export type Measurement = Static<typeof Measurement>;

/** All bytes that a measurement rests on; each is a signed subject of it. */
export const evidenceOf = ({ raw, evidence, environment }: Pick<Measurement, 'raw' | 'evidence' | 'environment'>) =>
  [raw, ...evidence, environment].filter((ref) => ref !== undefined);
