import { type Static, Type } from 'typebox';
import { EvidenceLevel } from './outcome.ts';
import { Text } from './text.ts';

const strict = { additionalProperties: false } as const;

/** How a value and its uncertainty meet a limit: with a guard band of U (default), or plainly. */
export const DECISION_RULES = ['guarded', 'simple'] as const;

/** How the values of many devices, nodes and attempts become the one that is judged. */
export const FOLDS = [
  /** the values of all nodes added up */
  'sum',
  /** the lowest of all nodes */
  'minimum',
  /** the highest of all nodes */
  'maximum',
  /** how many distinct values of a label have a verified, non-zero metric */
  'distinct',
] as const;

/** One thing a target asks of one metric. The first requirement of a target is its headline. */
export const Requirement = Type.Object(
  {
    metric: Type.String({ minLength: 1 }),
    fold: Type.Enum(FOLDS),
    /** Only metrics with these labels count. */
    where: Type.Optional(Type.Record(Type.String(), Type.String())),
    /** For `distinct`: the label that is counted. */
    label: Type.Optional(Type.String()),
    /** Fold within each value of this label, then judge the claimed one, or else the best verified one. */
    choose: Type.Optional(Type.String()),
    comparison: Type.Enum(['>=', '<=']),
    limit: Type.Number(),
    unit: Type.String(),
  },
  strict,
);
export type Requirement = Static<typeof Requirement>;

/** What evidence is enough for a pass. Unmet: a pass becomes indeterminate, a clear fail stays a fail. */
export const Sufficiency = Type.Object(
  {
    minDurationS: Type.Optional(Type.Number({ minimum: 0 })),
    minSamples: Type.Optional(Type.Integer({ minimum: 1 })),
    /** Share of the planned nodes that must have a valid measurement, 0 to 1. */
    minNodeShare: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    /** Completed runs on different seeds. */
    minRepeats: Type.Optional(Type.Integer({ minimum: 1 })),
    level: EvidenceLevel,
  },
  strict,
);

const Limitless = {
  id: Type.String({ pattern: '^[a-z][A-Za-z0-9]*(\\.[a-z][A-Za-z0-9]*)+$' }),
  clause: Type.String(),
  title: Text,
};

/** A target that a benchmark or a count of real things decides. */
export const MeasuredTarget = Type.Object(
  {
    ...Limitless,
    kind: Type.Enum(['measured', 'counted']),
    mandatory: Type.Boolean(),
    requirement: Text,
    /** How we read the guide where it is silent or unclear. */
    reading: Type.Optional(Text),
    rule: Type.Enum(DECISION_RULES),
    requirements: Type.Array(Requirement, { minItems: 1 }),
    sufficiency: Sufficiency,
  },
  strict,
);

/** A target that is counted from a register that the operator supplies. */
export const RegisteredTarget = Type.Object(
  {
    ...Limitless,
    kind: Type.Literal('registered'),
    mandatory: Type.Boolean(),
    requirement: Text,
    reading: Type.Optional(Text),
    rule: Type.Enum(DECISION_RULES),
    /** Which register (file name without .csv) and which count of it; see reports/registers. */
    register: Type.String(),
    count: Type.String(),
    requirements: Type.Array(Requirement, { minItems: 1, maxItems: 1 }),
    sufficiency: Sufficiency,
  },
  strict,
);

export const Target = Type.Union([MeasuredTarget, RegisteredTarget]);
export type Target = Static<typeof Target>;

/** A document's targets as data. */
export const Guide = Type.Object(
  {
    schema: Type.Literal('assay/guide/v1'),
    id: Type.String({ pattern: '^[a-z0-9][a-z0-9-]*$' }),
    version: Type.String(),
    title: Text,
    document: Type.Object({ number: Type.String(), issued: Type.String(), issuer: Text, annex: Text }, strict),
    /** Whether an approved waiver may turn "not passed" into "passed with deviations". */
    allowsWaivers: Type.Boolean(),
    /** Dates and other readings the targets refer to. */
    facts: Type.Optional(Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()]))),
    targets: Type.Array(Target, { minItems: 1 }),
  },
  strict,
);
export type Guide = Static<typeof Guide>;

/** What the operator says the platform has. */
export const Claims = Type.Object(
  {
    schema: Type.Literal('assay/claims/v1'),
    platform: Type.Optional(
      Type.Object(
        {
          name: Type.Optional(Type.String()),
          customer: Type.Optional(Type.String()),
          address: Type.Optional(Type.String()),
          location: Type.Optional(Type.String()),
        },
        strict,
      ),
    ),
    targets: Type.Record(
      Type.String(),
      Type.Object(
        {
          value: Type.Number(),
          unit: Type.String(),
          /** Value of the requirement's `choose` label, for example the precision. */
          choice: Type.Optional(Type.String()),
        },
        strict,
      ),
    ),
  },
  strict,
);
export type Claims = Static<typeof Claims>;

/** An approved mark on a fail. Never changes the outcome. */
export const Waiver = Type.Object(
  {
    target: Type.String(),
    reason: Type.String({ minLength: 10 }),
    approvedBy: Type.String({ minLength: 1 }),
    approvedAt: Type.String({ format: 'date-time' }),
    expiresAt: Type.String({ format: 'date-time' }),
  },
  strict,
);
export type Waiver = Static<typeof Waiver>;
