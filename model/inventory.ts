import { type Static, type TSchema, Type } from 'typebox';
import type { Text } from './text.ts';

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
          {
            precision: Type.String(),
            opsPerSecond: Type.Number(),
            clockMHz: Type.Number(),
            /** Which clock was assumed. Only with the `maximum` is the peak an upper limit. */
            clock: Type.Optional(Type.Enum(['maximum', 'base', 'current'])),
            /** The core's vector units were guessed from its instruction set: then the peak is no upper limit either. */
            assumedUnits: Type.Optional(Type.Boolean()),
            basis: Type.String(),
          },
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
    /** Architecture as software for it names it: compute capability `9.0`, `gfx942`. */
    capability: Type.Optional(TextFact),
    /** Compute units, multiprocessors or cores, as the vendor counts them. */
    computeUnits: Type.Optional(NumberFact),
    numaNode: Type.Optional(NumberFact),
    subsystemId: Type.Optional(TextFact),
    memoryTemperatureC: Type.Optional(NumberFact),
    /** Fan speed as a share of its maximum, 0 to 1. */
    fan: Type.Optional(NumberFact),
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

/** What each finding code means, for people. A code that is not here is shown as it is. */
export const FINDING_TEXT: Readonly<Record<string, Text>> = {
  no_accelerator: { zh: '未发现加速卡', en: 'no accelerator was found' },
  unknown_pci_device: { zh: 'PCI 设备不在已知表中', en: 'a PCI device is not in the table' },
  no_tool_reports: { zh: '总线上有加速卡，但没有工具报告它', en: 'an accelerator on the bus that no tool reports' },
  not_on_bus: { zh: '工具报告了总线上不存在的设备', en: 'a tool reports a device that is not on the bus' },
  bus_tool_mismatch: { zh: '总线与工具的设备数量不一致', en: 'bus and tool differ in the number of devices' },
  vendor_mismatch: { zh: '工具报告的厂商与总线不符', en: 'a tool names another vendor than the bus' },
  device_node_only: { zh: '仅有设备节点', en: 'device nodes without a tool or a PCI device' },
  count_mismatch: { zh: '工具自报的数量与列出的数量不符', en: 'a tool lists another number of devices than it states' },
  readings_disagree: { zh: '两种读取方式结果不一致', en: 'two readings of one tool disagree' },
  tool_reports_none: { zh: '工具正常运行但未列出设备', en: 'a tool answers and lists no device' },
  tool_unread: { zh: '工具已安装，但没有读到任何设备', en: 'a tool is installed and nothing could be read with it' },
  tool_failed: { zh: '工具运行失败', en: 'a tool failed' },
  tool_timed_out: { zh: '工具超时未结束', en: 'a tool did not end in time' },
  tool_too_large: { zh: '工具输出超出上限', en: 'a tool printed more than the limit' },
  unknown_layout: { zh: '输出格式无法识别，原文已保留', en: 'an output of unknown layout; the raw text is kept' },
  other_vendor_tool: { zh: '同名工具属于其他厂商', en: 'a tool of this name belongs to another vendor' },
  grouped_by_order: { zh: '多芯片卡按列出顺序配对', en: 'dies were paired into cards in listed order' },
  collector_failed: { zh: '采集程序出错', en: 'a collector failed' },
  virtual_devices: { zh: '设备被切分为虚拟设备', en: 'devices are split into virtual ones' },
  cpu_limited: { zh: '可用处理器受限', en: 'fewer processors may be used than the machine has' },
  memory_limited: { zh: '可用内存受限', en: 'less memory may be used than the machine has' },
};

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
