import { type Static, Type } from 'typebox';
import { BootReading } from './clock.ts';
import { Controller } from './controller.ts';
import { ReasonCode } from './reason.ts';

const strict = { additionalProperties: false } as const;

export const PROFILES = ['quick', 'standard', 'full'] as const;
/** `quick`: minutes, can fail a target but not pass one that asks for more time. `standard`. `full`: soak. */
export const Profile = Type.Enum(PROFILES);
export type Profile = (typeof PROFILES)[number];

/** A benchmark with its settings, for one node. Part of the expected set. */
export const Assignment = Type.Object(
  {
    id: Type.String({ pattern: '^[A-Za-z0-9._-]{1,128}$' }),
    node: Type.String({ minLength: 1 }),
    benchmark: Type.String({ minLength: 1 }),
    version: Type.String({ minLength: 1 }),
    /** Ids of the metrics it is expected to yield; a missing one is a gap, not a pass. */
    metrics: Type.Array(Type.String()),
    /** Every knob with its effective value; the benchmark's own schema checks it. */
    settings: Type.Record(Type.String(), Type.Unknown()),
    expectedS: Type.Number({ minimum: 0 }),
    timeoutS: Type.Number({ exclusiveMinimum: 0 }),
    /** Upper bound of what it writes to the storage under test, in bytes. */
    writesBytes: Type.Number({ minimum: 0 }),
    repeats: Type.Integer({ minimum: 1 }),
  },
  strict,
);
export type Assignment = Static<typeof Assignment>;

/** What will be run, fixed before anything runs: the expected set. */
export const Plan = Type.Object(
  {
    schema: Type.Literal('assay/plan/v2'),
    run: Type.String({ pattern: '^[A-Za-z0-9._-]{1,128}$' }),
    createdAt: Type.String({ format: 'date-time' }),
    guide: Type.Object({ id: Type.String(), version: Type.String(), sha256: Type.String() }, strict),
    profile: Profile,
    /** Whose word the results are: decides what evidence level they can have. */
    controller: Controller,
    nodes: Type.Array(Type.String({ minLength: 1 })),
    /** Ids of the targets that the run is about, by the operator's choice; absent where it is the whole guide. */
    targets: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { minItems: 1, uniqueItems: true })),
    assignments: Type.Array(Assignment),
    /** Targets of the guide that nothing in this plan measures, and why. */
    unmeasured: Type.Array(Type.Object({ target: Type.String(), reason: ReasonCode, detail: Type.String() }, strict)),
    /** Evidence made by a generator, not by a machine (demonstrations, scale tests). Marked on every page. */
    synthetic: Type.Boolean(),
  },
  strict,
);
export type Plan = Static<typeof Plan>;

/**
 * What passed between agent and controller while an attempt ran, by the controller's clock.
 * Every commit of the agent gets a beacon: 32 fresh random bytes that nobody could know before.
 * Commit 0 opens the work; its beacon is the challenge that all inputs derive from.
 */
export const Transcript = Type.Object(
  {
    schema: Type.Literal('assay/transcript/v1'),
    run: Type.String(),
    assignment: Type.String(),
    attempt: Type.Integer({ minimum: 1 }),
    node: Type.String(),
    issuedAt: Type.String({ format: 'date-time' }),
    endedAt: Type.String({ format: 'date-time' }),
    exchanges: Type.Array(
      Type.Object(
        {
          index: Type.Integer({ minimum: 0 }),
          label: Type.String(),
          /** What the agent committed to, base64, at most 64 KiB. */
          commit: Type.String(),
          /** 32 random bytes, hex. */
          beacon: Type.String({ pattern: '^[0-9a-f]{64}$' }),
          /** Nanoseconds on the controller's monotonic clock since the attempt was issued. */
          receivedNs: Type.String({ pattern: '^[0-9]+$' }),
          answeredNs: Type.String({ pattern: '^[0-9]+$' }),
        },
        strict,
      ),
    ),
    /**
     * The controller's clock beside the kernel's boot time counter, from the issue to the end, oldest first.
     * Nanoseconds as in the exchanges. Without it nothing says that the controller's clock ran true.
     */
    clock: Type.Optional(Type.Array(BootReading)),
  },
  strict,
);
export type Transcript = Static<typeof Transcript>;
