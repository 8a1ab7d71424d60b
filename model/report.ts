import { type Static, Type } from 'typebox';
import { Profile } from './assignment.ts';
import { Compute, Inference } from './compute.ts';
import { Controller, Relation } from './controller.ts';
import { LoadedObject, PolicyLibrary } from './environment.ts';
import { Estimate } from './estimate.ts';
import { DECISION_RULES, Waiver } from './guide.ts';
import { Inventory } from './inventory.ts';
import { RejectionCode } from './log.ts';
import { Check, Finding, Phase, Telemetry } from './measurement.ts';
import { EvidenceLevel, Outcome, Overall } from './outcome.ts';
import { LIBRARY_REASONS, ReasonCode } from './reason.ts';
import { Registers } from './register.ts';
import { Text } from './text.ts';

const strict = { additionalProperties: false } as const;
const nodes = Type.Integer({ minimum: 1 });

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
    /** Who held the controller's key: in a self-test a verdict holds for whoever trusts the party under test. */
    relation: Relation,
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
    /**
     * How many readings the signed measurement has that are not repeated here: a large run draws a few recordings only.
     */
    readings: Type.Optional(Type.Integer({ minimum: 1 })),
    /** sha256 of the signed payload. */
    sha256: Type.String(),
    raw: Type.Optional(Type.String()),
  },
  strict,
);
export type Attempt = Static<typeof Attempt>;

/** A library that nodes had to do without, what that is known to cost, and how to get it. */
export const LibraryAdvice = Type.Object(
  {
    code: Type.Enum(LIBRARY_REASONS),
    /** As its makers call it. */
    library: Type.String(),
    /** What would be measured better, or at all; absent where it is for accelerators. */
    precision: Type.Optional(Type.String()),
    /** What computed in its place; absent where nothing did. */
    used: Type.Optional(Type.String()),
    /** The processor's instructions that it would make use of, or the vendor of the accelerators. */
    target: Type.String(),
    nodes: Type.Array(Type.String()),
    /** How many times the rate is usual with it. */
    gain: Type.Optional(Type.Number()),
    /** Share of the peak that is usual with it and with what was used, and where that is from. */
    usual: Type.Optional(
      Type.Object(
        {
          with: Type.Number(),
          without: Type.Optional(Type.Number()),
          source: Type.String(),
          measuredAt: Type.String(),
        },
        strict,
      ),
    ),
    /** Share of the theoretical peak that this run reached at the precision. */
    reached: Type.Optional(Type.Number()),
    install: Text,
    /** What a node said of it, of the first of them. */
    detail: Type.String(),
  },
  strict,
);
export type LibraryAdvice = Static<typeof LibraryAdvice>;

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
    /** Who held the controller's key, by that party's own declaration in the signed plan, and the key's id. */
    controller: Type.Object({ ...Controller.properties, keyId: Type.String() }, strict),
    platform: Type.Object(
      {
        name: Type.Optional(Type.String()),
        customer: Type.Optional(Type.String()),
        address: Type.Optional(Type.String()),
        location: Type.Optional(Type.String()),
        nodes: Type.Integer(),
        /** Cards that the nodes report, and how many of them answered a challenge; see reports/build/confirmed.ts. */
        accelerators: Type.Integer(),
        confirmedAccelerators: Type.Integer(),
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
        /** It comes with this software. Anybody can write another one, with soft limits and any title. */
        known: Type.Boolean(),
      },
      strict,
    ),
    overall: Type.Object(
      {
        /** `cannot_tell`, whatever the verdicts are, where nobody knows the guide. */
        outcome: Overall,
        /** What the verdicts give by a guide that nobody knows; only there. */
        judged: Type.Optional(Overall),
        mandatory: Type.Integer(),
        counts: Type.Record(Type.String(), Type.Integer()),
        /** Passes among the mandatory targets, by the evidence level that they rest on. */
        passes: Type.Object({ E0: Type.Integer(), E1: Type.Integer(), E2: Type.Integer(), E3: Type.Integer() }, strict),
        waived: Type.Integer(),
        /**
         * Present where the run was about some targets only: `outcome` and all counts are then of these, whatever their
         * kind.
         */
        partial: Type.Optional(
          Type.Object({ asked: Type.Array(Type.String()), of: Type.Integer({ minimum: 1 }) }, strict),
        ),
      },
      strict,
    ),
    verdicts: Type.Array(Verdict),
    attempts: Type.Array(Attempt),
    /** In what it was measured: each file, variable and library of a policy once, with how many nodes had it. */
    environment: Type.Optional(
      Type.Object(
        {
          files: Type.Array(
            Type.Object({ ...Type.Omit(LoadedObject, ['bytes', 'searched']).properties, nodes }, strict),
          ),
          variables: Type.Array(Type.Object({ name: Type.String(), value: Type.String(), nodes }, strict)),
          policy: Type.Array(Type.Object({ ...PolicyLibrary.properties, nodes }, strict)),
        },
        strict,
      ),
    ),
    /** Absent where the run measured none of it. */
    compute: Type.Optional(Compute),
    /** Absent where no library was missed. */
    libraries: Type.Optional(Type.Array(LibraryAdvice)),
    inference: Type.Optional(Inference),
    /** Absent where none were supplied. */
    registers: Type.Optional(Registers),
    /** What the controller received and did not accept, and why. */
    rejected: Type.Array(
      Type.Object(
        {
          node: Type.String(),
          assignment: Type.String(),
          code: RejectionCode,
          /** Digests of the evidence that was missing, where that is why. */
          missing: Type.Optional(Type.Array(Type.String())),
          detail: Type.String(),
          sha256: Type.String(),
        },
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
