import { type Static, type TSchema, Type } from 'typebox';

const strict = { additionalProperties: false } as const;

/** A value with where it was read. A fact that could not be read is not here but in `unread`. */
function fact<S extends TSchema>(value: S) {
  return Type.Object({ value, source: Type.String({ minLength: 1 }) }, strict);
}
export const TextFact = fact(Type.String());
export type TextFact = Static<typeof TextFact>;
export const NumberFact = fact(Type.Number());
export type NumberFact = Static<typeof NumberFact>;
export const ListFact = fact(Type.Array(Type.String()));

/** Something that should have been read and was not, and why. */
export const Unread = Type.Object({ what: Type.String(), source: Type.String(), why: Type.String() }, strict);
export type Unread = Static<typeof Unread>;

export const Cpu = Type.Object(
  {
    vendor: Type.Optional(TextFact),
    model: Type.Optional(TextFact),
    sockets: Type.Optional(NumberFact),
    physicalCores: Type.Optional(NumberFact),
    logicalCores: Type.Optional(NumberFact),
    baseClockMHz: Type.Optional(NumberFact),
    maxClockMHz: Type.Optional(NumberFact),
    /** SIMD and matrix extensions: AVX2, AVX-512, AMX, NEON, SVE, LSX … */
    simd: Type.Optional(ListFact),
    architecture: Type.Optional(TextFact),
    /** Theoretical peak per precision in operations per second, with the clock it assumes. */
    peaks: Type.Optional(
      Type.Array(
        Type.Object(
          { precision: Type.String(), opsPerSecond: Type.Number(), clockMHz: Type.Number(), basis: Type.String() },
          strict,
        ),
      ),
    ),
  },
  strict,
);
export type Cpu = Static<typeof Cpu>;

export const Disk = Type.Object(
  {
    name: Type.String(),
    model: Type.Optional(TextFact),
    vendor: Type.Optional(TextFact),
    serial: Type.Optional(TextFact),
    bytes: Type.Optional(NumberFact),
    type: Type.Optional(TextFact),
  },
  strict,
);
export type Disk = Static<typeof Disk>;

export const Mount = Type.Object(
  {
    path: Type.String(),
    device: Type.String(),
    fsType: Type.String(),
    totalBytes: Type.Optional(NumberFact),
    availableBytes: Type.Optional(NumberFact),
  },
  strict,
);

export const Link = Type.Object(
  {
    name: Type.String(),
    speedMbps: Type.Optional(NumberFact),
    mac: Type.Optional(TextFact),
    up: Type.Optional(Type.Object({ value: Type.Boolean(), source: Type.String() }, strict)),
  },
  strict,
);

/** What a device in the list is: a card (package), one die of several on a card, or a partition of one (MIG, vNPU, SVI). */
export const DEVICE_KINDS = ['package', 'die', 'partition'] as const;

/** One accelerator device; `kind` says what it counts as. Sums go over packages, measurements over dies. */
export const Accelerator = Type.Object(
  {
    /** Stable within one inventory: vendor and index as its tool or the bus numbers it. */
    id: Type.String(),
    kind: Type.Enum(DEVICE_KINDS),
    /** The package's id, for a die or a partition. */
    parent: Type.Optional(Type.String()),
    vendor: TextFact,
    chip: Type.Optional(TextFact),
    uuid: Type.Optional(TextFact),
    serial: Type.Optional(TextFact),
    pciAddress: Type.Optional(TextFact),
    pciId: Type.Optional(TextFact),
    memoryBytes: Type.Optional(NumberFact),
    memoryUsedBytes: Type.Optional(NumberFact),
    driver: Type.Optional(TextFact),
    firmware: Type.Optional(TextFact),
    runtime: Type.Optional(TextFact),
    health: Type.Optional(TextFact),
    eccUncorrected: Type.Optional(NumberFact),
    throttleReasons: Type.Optional(ListFact),
    temperatureC: Type.Optional(NumberFact),
    powerW: Type.Optional(NumberFact),
    powerLimitW: Type.Optional(NumberFact),
    clockMHz: Type.Optional(NumberFact),
    clockMaxMHz: Type.Optional(NumberFact),
    memoryClockMHz: Type.Optional(NumberFact),
    /** Busy share, 0 to 1. */
    utilization: Type.Optional(NumberFact),
    linkGeneration: Type.Optional(NumberFact),
    linkWidth: Type.Optional(NumberFact),
    peers: Type.Optional(ListFact),
    partitioning: Type.Optional(TextFact),
    deviceNode: Type.Optional(TextFact),
  },
  strict,
);
export type Accelerator = Static<typeof Accelerator>;

/** Something odd that a person should know: an unknown device on the bus, a tool that disagrees with it … */
export const InventoryFinding = Type.Object(
  { code: Type.String(), detail: Type.String(), device: Type.Optional(Type.String()) },
  strict,
);
export type InventoryFinding = Static<typeof InventoryFinding>;

/** What one node is, every fact with its source. */
export const Inventory = Type.Object(
  {
    schema: Type.Literal('assay/inventory/v1'),
    node: Type.String({ minLength: 1 }),
    takenAt: Type.String({ format: 'date-time' }),
    host: Type.Object(
      {
        hostname: Type.Optional(TextFact),
        machineId: Type.Optional(TextFact),
        bootId: Type.Optional(TextFact),
        manufacturer: Type.Optional(TextFact),
        product: Type.Optional(TextFact),
        boardSerial: Type.Optional(TextFact),
        os: Type.Optional(TextFact),
        kernel: Type.Optional(TextFact),
        virtualization: Type.Optional(TextFact),
        container: Type.Optional(TextFact),
      },
      strict,
    ),
    cpu: Cpu,
    memory: Type.Object(
      {
        totalBytes: Type.Optional(NumberFact),
        availableBytes: Type.Optional(NumberFact),
        type: Type.Optional(TextFact),
      },
      strict,
    ),
    disks: Type.Array(Disk),
    mounts: Type.Array(Mount),
    links: Type.Array(Link),
    accelerators: Type.Array(Accelerator),
    /** Vendor tools that were looked for: found (with path and version) or not. */
    tools: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          vendor: Type.String(),
          found: Type.Boolean(),
          path: Type.Optional(Type.String()),
          version: Type.Optional(Type.String()),
        },
        strict,
      ),
    ),
    software: Type.Array(Type.Object({ name: Type.String(), version: Type.String(), source: Type.String() }, strict)),
    findings: Type.Array(InventoryFinding),
    unread: Type.Array(Unread),
  },
  strict,
);
export type Inventory = Static<typeof Inventory>;
