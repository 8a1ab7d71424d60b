import { type Static, Type } from 'typebox';
import type { InventoryFinding, Unread } from '../../model/inventory.ts';
import { check } from '../../model/schema.ts';
import type { Machine } from './machine.ts';
import table from './pci-devices.json' with { type: 'json' };
import { VENDORS, type VendorKey } from './vendor.ts';

const ROOT = '/sys/bus/pci/devices';
/** Where an operator may add rows to the table of PCI devices, in the table's own format. */
export const USER_TABLE = '/etc/assay/pci-devices.json';

const HEX4 = '^[0-9a-f]{4}$';
const strict = { additionalProperties: false } as const;

/** Which PCI ids are accelerators, as data. */
export const PciTable = Type.Object(
  {
    schema: Type.Literal('assay/pci-devices/v1'),
    note: Type.Optional(Type.String()),
    /**
     * By PCI vendor id: whose it is, and the beginnings of device classes that are accelerators unless listed
     * otherwise.
     */
    vendors: Type.Record(
      Type.String({ pattern: HEX4 }),
      Type.Object(
        {
          vendor: Type.Enum(Object.keys(VENDORS) as [VendorKey, ...VendorKey[]]),
          classes: Type.Array(Type.String({ pattern: '^[0-9a-f]{2,4}$' })),
        },
        strict,
      ),
    ),
    /** By `vendor:device`. `other` is a device that is no accelerator whatever its class says. */
    devices: Type.Record(
      Type.String({ pattern: '^[0-9a-f]{4}:[0-9a-f]{4}$' }),
      Type.Object(
        { chip: Type.String({ minLength: 1 }), is: Type.Enum(['accelerator', 'partition', 'other']) },
        strict,
      ),
    ),
  },
  strict,
);
export type PciTable = Static<typeof PciTable>;

/** One PCI function that is an accelerator or may be one. */
export interface PciFunction {
  readonly address: string;
  /** `vvvv:dddd`, lower case. */
  readonly id: string;
  readonly class: string;
  readonly vendor: VendorKey;
  /** Absent where the table does not know the device. */
  readonly chip?: string;
  readonly partition: boolean;
  /** Address of the physical function, for a virtual one. */
  readonly physical?: string;
  readonly linkGeneration?: number;
  readonly linkWidth?: number;
  readonly driver?: string;
  readonly numaNode?: number;
  readonly subsystemId?: string;
  /** Addresses of the bridges above it, from the root down. */
  readonly upstream: readonly string[];
}

export interface Bus {
  /** False where the bus could not be read at all: then its silence means nothing. */
  readonly read: boolean;
  readonly functions: PciFunction[];
  /**
   * Addresses here, and ids (`vvvv:dddd`) of the table, of devices that are no accelerators although tools list them
   * beside cards: integrated graphics.
   */
  readonly others?: ReadonlySet<string>;
  readonly findings: InventoryFinding[];
  readonly unread: Unread[];
}

/** Accelerators on the PCI bus, from sysfs and the table of devices, before any vendor's tool is asked. */
export async function readBus(machine: Machine): Promise<Bus> {
  const unread: Unread[] = [];
  const known = await readTable(machine, unread);
  const others = new Set(Object.keys(known.devices).filter((id) => known.devices[id]!.is === 'other'));
  const bus: Bus & { read: boolean } = { read: false, functions: [], others, findings: [], unread };
  const listing = await machine.readDirectory(ROOT);
  if (!listing.ok) {
    bus.unread.push({ what: 'PCI bus', source: ROOT, why: listing.why });
    return bus;
  }
  bus.read = true;
  const odd = new Map<string, string[]>();
  for (const address of listing.value) {
    const path = `${ROOT}/${address}`;
    const [vendor, device, group] = await Promise.all(
      ['vendor', 'device', 'class'].map((name) => hexFile(machine, `${path}/${name}`)),
    );
    if (!vendor || !device || !group) {
      bus.unread.push({
        what: `PCI function ${address}`,
        source: path,
        why: 'vendor, device or class is not readable',
      });
      continue;
    }
    const verdict = classify(known, vendor, device, group);
    if (verdict.odd && !odd.get(verdict.odd)?.push(address)) odd.set(verdict.odd, [address]);
    if (verdict.is === 'other') {
      if (others.has(`${vendor}:${device}`) || isProcessorGraphics(vendor, address)) others.add(address);
      continue;
    }
    bus.functions.push(await describe(machine, path, address, `${vendor}:${device}`, group, verdict));
  }
  for (const [what, addresses] of odd) {
    bus.findings.push({ code: 'unknown_pci_device', detail: `${what}: ${addresses.join(', ')}` });
  }
  return bus;
}

/** Where Intel's processors have their graphics. */
function isProcessorGraphics(vendor: string, address: string): boolean {
  return vendor === '8086' && address === '0000:00:02.0';
}

interface Classified {
  readonly is: 'accelerator' | 'partition' | 'other';
  readonly vendor?: VendorKey;
  readonly chip?: string;
  /** Why a person should look at it. */
  readonly odd?: string;
}

/**
 * What a function is by its ids and class (six hex digits). A vendor's id alone is not enough (network cards, bridges
 * and board controllers carry it too) and neither is the class (some accelerators call themselves communication
 * controllers): a listed device, or a listed vendor with a fitting class. The unknown rest is told, not dropped.
 */
export function classify(known: PciTable, vendor: string, device: string, group: string): Classified {
  const id = `${vendor}:${device}`;
  const owner = known.vendors[vendor];
  const listed = known.devices[id];
  if (listed && owner) return { is: listed.is, vendor: owner.vendor, chip: listed.chip };
  if (listed) return { is: 'other' };
  if (owner?.classes.some((prefix) => group.startsWith(prefix))) {
    return {
      is: 'accelerator',
      vendor: owner.vendor,
      odd: `${id} (class ${group}) is not in the table of PCI devices`,
    };
  }
  if (group.startsWith('12') || group.startsWith('0302') || (owner && group.startsWith('03'))) {
    return {
      is: 'other',
      odd: `${id} (class ${group}) looks like an accelerator or display device and is not counted`,
    };
  }
  return { is: 'other' };
}

async function describe(
  machine: Machine,
  path: string,
  address: string,
  id: string,
  group: string,
  verdict: Classified,
): Promise<PciFunction> {
  const [speed, width, driver, physical, self, numa, subVendor, subDevice] = await Promise.all([
    machine.readFile(`${path}/current_link_speed`),
    machine.readFile(`${path}/current_link_width`),
    machine.readLink(`${path}/driver`),
    machine.readLink(`${path}/physfn`),
    machine.readLink(path),
    machine.readFile(`${path}/numa_node`),
    hexFile(machine, `${path}/subsystem_vendor`),
    hexFile(machine, `${path}/subsystem_device`),
  ]);
  // -1 is the kernel's way of saying that there is none.
  const node = numa.ok ? Number.parseInt(numa.value, 10) : -1;
  const generation = speed.ok ? linkGeneration(speed.value) : undefined;
  const lanes = width.ok ? Number.parseInt(width.value, 10) : Number.NaN;
  const parts = self.ok ? self.value.split('/').filter((part) => /^[0-9a-f]{4,8}:[0-9a-f]{2}:/.test(part)) : [];
  return {
    address,
    id,
    class: group,
    vendor: verdict.vendor!,
    partition: verdict.is === 'partition' || physical.ok,
    upstream: parts.slice(0, -1),
    ...(verdict.chip === undefined ? {} : { chip: verdict.chip }),
    ...(physical.ok ? { physical: last(physical.value) } : {}),
    ...(generation === undefined ? {} : { linkGeneration: generation }),
    ...(lanes >= 1 && lanes <= 64 ? { linkWidth: lanes } : {}),
    ...(driver.ok ? { driver: last(driver.value) } : {}),
    ...(node >= 0 ? { numaNode: node } : {}),
    ...(subVendor && subDevice ? { subsystemId: `${subVendor}:${subDevice}` } : {}),
  };
}

/** PCIe generation of a transfer rate as sysfs prints it (`16.0 GT/s PCIe`). */
export function linkGeneration(text: string): number | undefined {
  const rate = Number.parseFloat(text);
  const at = [2.5, 5, 8, 16, 32, 64].indexOf(rate);
  return at < 0 ? undefined : at + 1;
}

async function readTable(machine: Machine, unread: Unread[]): Promise<PciTable> {
  const builtIn = table as PciTable;
  const file = await machine.readFile(USER_TABLE);
  if (!file.ok) {
    if (!file.missing) unread.push({ what: 'additional PCI devices', source: USER_TABLE, why: file.why });
    return builtIn;
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(file.value);
  } catch (error) {
    unread.push({ what: 'additional PCI devices', source: USER_TABLE, why: `no valid JSON: ${error}` });
    return builtIn;
  }
  const checked = check(PciTable, parsed);
  if (!checked.ok) {
    unread.push({ what: 'additional PCI devices', source: USER_TABLE, why: checked.problems.join('; ') });
    return builtIn;
  }
  return {
    schema: builtIn.schema,
    vendors: { ...builtIn.vendors, ...checked.value.vendors },
    devices: { ...builtIn.devices, ...checked.value.devices },
  };
}

async function hexFile(machine: Machine, path: string): Promise<string | undefined> {
  const file = await machine.readFile(path);
  return file.ok ? /^0x([0-9a-f]+)\s*$/i.exec(file.value)?.[1]?.toLowerCase() : undefined;
}

function last(path: string): string {
  return path.split('/').at(-1) ?? path;
}
