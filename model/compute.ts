import { type Static, Type } from 'typebox';
import { Estimate } from './estimate.ts';
import { EvidenceLevel } from './outcome.ts';
import { ReasonCode } from './reason.ts';

const strict = { additionalProperties: false } as const;
const Count = Type.Integer({ minimum: 0 });

/** Rates of all devices at one precision, added up. */
export const ComputeTotal = Type.Object(
  {
    /** Operations a second. Repeats of one device count with the lowest, as they are judged. Absent: nothing was right. */
    estimate: Type.Optional(Estimate),
    devices: Count,
    /** Lowest level of what was added; E0 where nothing was. */
    level: EvidenceLevel,
    /** False where nothing could be counted: then it is what was reported, and it passes nothing. */
    counts: Type.Boolean(),
    /** Readings that were held back, and why. */
    held: Count,
    reasons: Type.Array(ReasonCode),
  },
  strict,
);
export type ComputeTotal = Static<typeof ComputeTotal>;

/** One device at one precision. */
export const ComputeDevice = Type.Object(
  {
    node: Type.String(),
    device: Type.String(),
    /** Vendor and chip, or the processor's name; empty where neither is known. */
    chip: Type.String(),
    backend: Type.String(),
    /** Device-timed, operations a second. */
    rate: Estimate,
    /** By the chained challenge, operations a second. */
    challenged: Type.Optional(Estimate),
    /** Challenged divided by device-timed. */
    ratio: Type.Optional(Type.Number()),
    /** Of the published or theoretical dense peak. */
    peakShare: Type.Optional(Type.Number()),
    /** Of the median of its own kind at this precision. */
    medianShare: Type.Number(),
    counts: Type.Boolean(),
  },
  strict,
);
export type ComputeDevice = Static<typeof ComputeDevice>;

/** All that was measured at one precision. Precisions are never added to each other. */
export const ComputePrecision = Type.Object(
  {
    precision: Type.String(),
    /** What was claimed at this precision, operations a second. */
    claimed: Type.Optional(Type.Number()),
    /** What the guide asks for at one precision, operations a second. */
    required: Type.Optional(Type.Number()),
    /** The guide's target was judged at this precision. */
    judged: Type.Boolean(),
    /** Timed on the devices: plain products, verified on the buffers that were timed. */
    measured: Type.Optional(ComputeTotal),
    /** Timed by the controller: the chained challenge. */
    challenged: Type.Optional(ComputeTotal),
    /**
     * How far the challenges of the nodes that count ran at once, by the controller's clock: the time common to all, and its
     * share of the longest of theirs. Of several repeats the worst.
     */
    together: Type.Optional(Type.Object({ nodes: Count, seconds: Type.Number(), share: Type.Number() }, strict)),
    /** Challenged against device-timed over the devices that have both, and whether each of them is within bounds. */
    agreement: Type.Optional(
      Type.Object(
        { ratio: Type.Number(), devices: Count, outside: Count, least: Type.Number(), most: Type.Number() },
        strict,
      ),
    ),
    /** Fastest windows of all devices added up, operations a second. */
    fastest: Type.Optional(Type.Number()),
    /** Lowest ratio of the last third of the time to the first. */
    sustained: Type.Optional(Type.Number()),
    /** Highest share of the challenge's time that was not spent on products: what proving costs. */
    proofShare: Type.Optional(Type.Number()),
    /** Dense peak of the measured devices by what is published of them, or the theoretical one of processors. */
    peak: Type.Optional(
      Type.Object(
        {
          opsPerSecond: Type.Number(),
          /** Device-timed, or where nothing was, challenged, divided by it. */
          share: Type.Number(),
          /** The figure is an upper limit beyond doubt. */
          firm: Type.Boolean(),
          basis: Type.Array(Type.String()),
        },
        strict,
      ),
    ),
    /** Measured devices of which no peak is known; with any, there is no share. */
    withoutPeak: Count,
    /** What computed on them, each once. */
    backends: Type.Array(Type.String()),
    /** Operations a joule of the devices that have an energy meter. */
    efficiency: Type.Optional(Type.Object({ opsPerJoule: Type.Number(), devices: Count }, strict)),
    /** The same over the time of their chained challenges. */
    challengeEfficiency: Type.Optional(Type.Object({ opsPerJoule: Type.Number(), devices: Count }, strict)),
    /** The same of whole machines, by their own meters (BMC). */
    nodeEfficiency: Type.Optional(Type.Object({ opsPerJoule: Type.Number(), nodes: Count }, strict)),
    /** The devices that are slowest against the median of their kind, slowest first; all of them where they are few. */
    slowest: Type.Array(ComputeDevice),
  },
  strict,
);
export type ComputePrecision = Static<typeof ComputePrecision>;

/** One kind of device at one precision: what limits it, its units or its memory. Medians over the devices. */
export const ComputeRoof = Type.Object(
  {
    chip: Type.String(),
    precision: Type.String(),
    devices: Count,
    /** Device-timed, operations a second of one device. */
    rate: Type.Number(),
    peakShare: Type.Optional(Type.Number()),
    /** Bytes a second of one device, and by which pattern they were moved. */
    bandwidth: Type.Optional(
      Type.Object({ bytesPerSecond: Type.Number(), operation: Type.String(), devices: Count }, strict),
    ),
    /** Of the published bandwidth. */
    bandwidthShare: Type.Optional(Type.Number()),
    /** Operations a byte from which on the units limit and no longer the memory: rate divided by bandwidth. */
    ridge: Type.Optional(Type.Number()),
    /** Operations a joule. */
    efficiency: Type.Optional(Type.Number()),
  },
  strict,
);
export type ComputeRoof = Static<typeof ComputeRoof>;

/** Computing rates by precision, by kind of device and, for the slowest, by device. */
export const Compute = Type.Object(
  {
    precisions: Type.Array(ComputePrecision),
    roofs: Type.Array(ComputeRoof),
    /** Devices with an energy meter that could be read, of all that were measured. */
    metered: Count,
    devices: Count,
    /** Why others have none that could be read; each once. */
    unmetered: Type.Array(Type.String()),
    /** Precisions that no device has, or where nothing ran, with what the nodes said; each once. */
    unsupported: Type.Array(Type.String()),
  },
  strict,
);
export type Compute = Static<typeof Compute>;

/** One value of one network in one scenario, over the nodes that ran it. */
export const InferenceValue = Type.Object(
  {
    benchmark: Type.String(),
    model: Type.String(),
    precision: Type.String(),
    /** Execution provider that was asked for. */
    provider: Type.String(),
    scenario: Type.String(),
    metric: Type.String(),
    nodes: Count,
    /** The worst node. */
    node: Type.String(),
    estimate: Estimate,
    median: Type.Number(),
    /** Queries or samples behind it, on that node. */
    samples: Count,
    durationS: Type.Number({ minimum: 0 }),
    /** The answers were right and nothing holds the value back. */
    counts: Type.Boolean(),
    reasons: Type.Array(ReasonCode),
    /** Further particulars, for example of the search for the highest rate. */
    detail: Type.String(),
    /** What that node's check of the answers says: accuracy, and which provider ran how many parts of the network. */
    ran: Type.String(),
  },
  strict,
);
export type InferenceValue = Static<typeof InferenceValue>;

/** What the load generator itself costs, asked of a system that does nothing. */
export const InferenceOverhead = Type.Object(
  { scenario: Type.String(), nodes: Count, node: Type.String(), estimate: Estimate, detail: Type.String() },
  strict,
);
export type InferenceOverhead = Static<typeof InferenceOverhead>;

export const Inference = Type.Object(
  {
    values: Type.Array(InferenceValue),
    overheads: Type.Array(InferenceOverhead),
    unsupported: Type.Array(Type.String()),
  },
  strict,
);
export type Inference = Static<typeof Inference>;
