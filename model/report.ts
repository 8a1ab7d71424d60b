import { type Static, Type } from 'typebox';
import { Profile } from './assignment.ts';
import { Compute, Inference } from './compute.ts';
import { Estimate } from './estimate.ts';
import { DECISION_RULES, Waiver } from './guide.ts';
import { Inventory } from './inventory.ts';
import { Check, Finding, Phase, Telemetry } from './measurement.ts';
import { EvidenceLevel, Outcome, Overall } from './outcome.ts';
import { ReasonCode } from './reason.ts';
import { Registers } from './register.ts';
import { Text } from './text.ts';

const strict = { additionalProperties: false } as const;

export const Reason = Type.Object({ code: ReasonCode, detail: Type.String() }, strict);
export type Reason = Static<typeof Reason>;

/** One contribution to the uncertainty of a judged value, as expanded uncertainty at k = 2, in the value's unit. */
export const UncertaintyPart = Type.Object(
  { source: Type.Enum(['repeatability', 'between_nodes', 'sampling', 'clock']), U: Type.Number({ minimum: 0 }) },
  strict,
);

/** How one requirement of a target was judged. */
export const RequirementResult = Type.Object(
  {
    metric: Type.String(),
    comparison: Type.Enum(['>=', '<=']),
    limit: Type.Number(),
    unit: Type.String(),
    /** The value that was judged; absent where there is none. */
    estimate: Type.Optional(Estimate),
    uncertainty: Type.Array(UncertaintyPart),
    /** Which value of the `choose` label was judged, and by what rule it was chosen. */
    choice: Type.Optional(
      Type.Object({ label: Type.String(), value: Type.String(), by: Type.Enum(['claim', 'best']) }, strict),
    ),
    /** Folded values of the other choices, best first. */
    alternatives: Type.Array(
      Type.Object({ value: Type.String(), estimate: Estimate, verified: Type.Boolean() }, strict),
    ),
    /** What was counted, for `distinct`. */
    counted: Type.Array(Type.String()),
    /** Estimate divided by limit (for `<=`, limit divided by estimate): 1 is just enough. */
    ratio: Type.Optional(Type.Number()),
    nodes: Type.Array(Type.Object({ node: Type.String(), estimate: Estimate }, strict)),
    durationS: Type.Number({ minimum: 0 }),
    samples: Type.Integer({ minimum: 0 }),
    level: EvidenceLevel,
    outcome: Outcome,
    reasons: Type.Array(Reason),
  },
  strict,
);
export type RequirementResult = Static<typeof RequirementResult>;

/** Outcome of one target. */
export const Verdict = Type.Object(
  {
    target: Type.String(),
    clause: Type.String(),
    title: Text,
    requirement: Text,
    reading: Type.Optional(Text),
    kind: Type.Enum(['measured', 'counted', 'registered']),
    mandatory: Type.Boolean(),
    rule: Type.Enum(DECISION_RULES),
    claimed: Type.Optional(
      Type.Object({ value: Type.Number(), unit: Type.String(), choice: Type.Optional(Type.String()) }, strict),
    ),
    outcome: Outcome,
    reasons: Type.Array(Reason),
    requirements: Type.Array(RequirementResult),
    level: EvidenceLevel,
    waiver: Type.Optional(Waiver),
    /** Digests of the measurements (signed payloads) or registers that this verdict rests on. */
    evidence: Type.Array(Type.String()),
  },
  strict,
);
export type Verdict = Static<typeof Verdict>;

/** A measurement as the report shows it; all from its signed payload and the controller's receipt. */
export const Attempt = Type.Object(
  {
    assignment: Type.String(),
    attempt: Type.Integer(),
    node: Type.String(),
    benchmark: Type.String(),
    version: Type.String(),
    state: Type.String(),
    failure: Type.Optional(Type.Object({ code: ReasonCode, phase: Type.String(), detail: Type.String() }, strict)),
    startedAt: Type.String(),
    elapsedS: Type.Number(),
    settings: Type.Record(Type.String(), Type.Unknown()),
    phases: Type.Array(Phase),
    metrics: Type.Array(
      Type.Object(
        {
          metric: Type.String(),
          labels: Type.Record(Type.String(), Type.String()),
          estimate: Estimate,
          durationS: Type.Number(),
          samples: Type.Integer(),
          verified: Type.Boolean(),
          level: EvidenceLevel,
        },
        strict,
      ),
    ),
    checks: Type.Array(Check),
    findings: Type.Array(Finding),
    telemetry: Type.Array(Telemetry),
    /** How many readings the signed measurement has that are not repeated here: a large run draws a few recordings only. */
    readings: Type.Optional(Type.Integer({ minimum: 1 })),
    /** sha256 of the signed payload. */
    sha256: Type.String(),
    raw: Type.Optional(Type.String()),
  },
  strict,
);
export type Attempt = Static<typeof Attempt>;

/** The only report. Every page is a rendering of it; no number exists only in a rendering. */
export const Report = Type.Object(
  {
    schema: Type.Literal('assay/report/v1'),
    number: Type.String(),
    run: Type.String(),
    synthetic: Type.Boolean(),
    profile: Profile,
    /** The moment the evaluation is made for; waivers and dates are judged at it. */
    judgedAt: Type.String({ format: 'date-time' }),
    period: Type.Object(
      { from: Type.String({ format: 'date-time' }), to: Type.String({ format: 'date-time' }) },
      strict,
    ),
    software: Type.Object({ name: Type.String(), version: Type.String() }, strict),
    platform: Type.Object(
      {
        name: Type.Optional(Type.String()),
        customer: Type.Optional(Type.String()),
        address: Type.Optional(Type.String()),
        location: Type.Optional(Type.String()),
        nodes: Type.Integer(),
        accelerators: Type.Integer(),
      },
      strict,
    ),
    guide: Type.Object(
      {
        id: Type.String(),
        version: Type.String(),
        title: Text,
        document: Type.String(),
        issuer: Text,
        sha256: Type.String(),
      },
      strict,
    ),
    overall: Type.Object(
      {
        outcome: Overall,
        mandatory: Type.Integer(),
        counts: Type.Record(Type.String(), Type.Integer()),
        waived: Type.Integer(),
      },
      strict,
    ),
    verdicts: Type.Array(Verdict),
    attempts: Type.Array(Attempt),
    /** Absent where the run measured none of it. */
    compute: Type.Optional(Compute),
    inference: Type.Optional(Inference),
    /** Absent where none were supplied. */
    registers: Type.Optional(Registers),
    /** What the controller received and did not accept, and why. */
    rejected: Type.Array(
      Type.Object(
        { node: Type.String(), assignment: Type.String(), detail: Type.String(), sha256: Type.String() },
        strict,
      ),
    ),
    /** Conditions on the whole run: cancelled, nodes lost, duplicates over the fleet. */
    findings: Type.Array(Finding),
    inventories: Type.Array(Inventory),
    log: Type.Object({ entries: Type.Integer(), root: Type.String() }, strict),
  },
  strict,
);
export type Report = Static<typeof Report>;
