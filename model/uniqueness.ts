import type { Inventory } from './inventory.ts';

/** One device or one machine that stands in more than one place of the fleet's inventories. */
export interface DuplicateFinding {
  readonly code: 'duplicate_device' | 'shared_host';
  readonly detail: string;
  /** A device that is counted twice holds the sum back; nodes that share a machine are shown. */
  readonly weight: 'holds' | 'informs';
  /** What is equal. */
  readonly by: 'uuid' | 'serial' | 'pci' | 'host';
  readonly devices: readonly { node: string; id: string }[];
  readonly nodes: readonly string[];
}

/**
 * Devices that are in the inventories more than once: by UUID, by serial number of a card, and by PCI address on one
 * and the same machine; and nodes (containers) that share a machine. Values that boards and tools print where nothing
 * was entered are no identity. Pure; the order of findings is that of the inventories.
 */
export function duplicateFindings(inventories: readonly Inventory[]): DuplicateFinding[] {
  const hosts = hostOf(inventories);
  const places = inventories.flatMap((inventory) =>
    inventory.accelerators.map((device) => ({ inventory, device, node: inventory.node, id: device.id })),
  );
  type Place = (typeof places)[number];
  const told = new Set<string>();
  const findings: DuplicateFinding[] = [];
  const look = (by: DuplicateFinding['by'], keyOf: (place: Place) => string | undefined) => {
    for (const [key, same] of groups(places, keyOf)) {
      if (same.length < 2) continue;
      const devices = same.map(({ node, id }) => ({ node, id }));
      const signature = devices.map(({ node, id }) => `${node}/${id}`).join(' ');
      if (told.has(signature)) continue;
      told.add(signature);
      findings.push({
        code: 'duplicate_device',
        detail: `${by} ${key}: ${signature}`,
        weight: 'holds',
        by,
        devices,
        nodes: [...new Set(devices.map(({ node }) => node))],
      });
    }
  };
  look('uuid', ({ device }) => identity(device.uuid?.value));
  // Dies and slices carry their card's serial number rightly.
  look('serial', ({ device }) => {
    const serial = device.kind === 'package' ? identity(device.serial?.value) : undefined;
    return serial === undefined ? undefined : `${device.vendor.value} ${serial}`;
  });
  // Two dies of one card can share an address; two cards cannot.
  look('pci', ({ device, inventory }) =>
    device.kind === 'package' && device.pciAddress
      ? `${device.pciAddress.value} on ${hosts.get(inventory)}`
      : undefined,
  );
  for (const [host, same] of groups(inventories, (inventory) => hosts.get(inventory))) {
    if (same.length < 2) continue;
    const nodes = same.map((inventory) => inventory.node);
    const detail = `${nodes.join(', ')} are on one machine (${host})`;
    findings.push({ code: 'shared_host', detail, weight: 'informs', by: 'host', devices: [], nodes });
  }
  return findings;
}

/**
 * Which inventories were taken on one machine: equal boot id (one running kernel), equal serial number of the board, or
 * equal machine id where the boot ids do not say otherwise (images are cloned with their machine id). The value names
 * what tied them together, or the node alone.
 */
export function hostOf(inventories: readonly Inventory[]): Map<Inventory, string> {
  const group = new Map<Inventory, { label: string | undefined; members: Inventory[] }>();
  // Every pair is looked at, so what identifies a machine is read once.
  const ids = inventories.map(hostIdentity);
  for (const [position, inventory] of inventories.entries()) {
    const own = { label: undefined as string | undefined, members: [inventory] };
    group.set(inventory, own);
    for (const [at, other] of inventories.slice(0, position).entries()) {
      const label = tie(ids[at]!, ids[position]!);
      const theirs = group.get(other)!;
      const mine = group.get(inventory)!;
      if (label === undefined || theirs === mine) continue;
      theirs.members.push(...mine.members);
      theirs.label ??= label;
      for (const member of mine.members) group.set(member, theirs);
    }
  }
  return new Map([...group].map(([inventory, { label }]) => [inventory, label ?? `node ${inventory.node}`]));
}

type HostIdentity = Readonly<Record<'bootId' | 'boardSerial' | 'machineId', string | undefined>>;

const hostIdentity = ({ host }: Inventory): HostIdentity => ({
  bootId: identity(host.bootId?.value),
  boardSerial: identity(host.boardSerial?.value),
  machineId: identity(host.machineId?.value),
});

function tie(a: HostIdentity, b: HostIdentity): string | undefined {
  const both = (key: keyof HostIdentity): string | undefined => (a[key] === b[key] ? a[key] : undefined);
  const boot = both('bootId');
  if (boot) return `boot id ${boot}`;
  const board = both('boardSerial');
  if (board) return `board serial ${board}`;
  const machine = both('machineId');
  const bootsDiffer = a.bootId !== undefined && b.bootId !== undefined;
  return machine && !bootsDiffer ? `machine id ${machine}` : undefined;
}

const NO_IDENTITY =
  /^(?:n\/?a|none|null|unknown|unset|not (?:specified|available|applicable|supported|set)|to be filled by o\.?e\.?m\.?|default(?: string)?|system serial number|serial(?: number)?|chassis serial number|base ?board serial number|0123456789|123456789\d?|[0x:. -]+|f[f:-]*|x+)$/i;

/** Whether a text can tell one thing from another: no placeholder and not all one digit. */
export function isIdentity(text: string | undefined): text is string {
  return identity(text) !== undefined;
}

function identity(text: string | undefined): string | undefined {
  const value = text?.trim();
  if (value === undefined || value.length < 3 || NO_IDENTITY.test(value) || /^(.)\1*$/.test(value)) return undefined;
  return value.toLowerCase();
}

function* groups<T>(items: readonly T[], keyOf: (item: T) => string | undefined): Generator<[string, T[]]> {
  const byKey = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === undefined) continue;
    const list = byKey.get(key);
    if (list) list.push(item);
    else byKey.set(key, [item]);
  }
  yield* byKey;
}
