import type { Accelerator, InventoryFinding } from '../../model/inventory.ts';
import { addFacts, device } from './device.ts';
import type { Bus, PciFunction } from './pci.ts';
import { VENDORS, type VendorKey, vendorName } from './vendor.ts';

const SYSFS = 'sysfs';

/**
 * Puts together what the bus shows and what the tools say. A device on the bus that no tool reports is listed from the
 * bus alone and told; one that a tool reports and the bus does not have is told; a tool that answers for another
 * vendor's device (compatibility layers and fakes of `nvidia-smi` do) does not count it a second time.
 */
export function mergeWithBus(
  bus: Bus,
  reported: readonly { vendor: VendorKey; devices: readonly Accelerator[] }[],
): { devices: Accelerator[]; findings: InventoryFinding[] } {
  const findings: InventoryFinding[] = [];
  const devices: Accelerator[] = [];
  const byAddress = new Map(bus.functions.map((f) => [f.address, f]));
  const seen = new Set<string>();
  const claimed = new Set(
    reported.flatMap(({ vendor, devices }) =>
      devices
        .filter((d) => byAddress.get(d.pciAddress?.value ?? '')?.vendor === vendor)
        .map((d) => d.pciAddress!.value),
    ),
  );
  for (const { vendor, devices: list } of reported) {
    for (const one of list) {
      const address = one.pciAddress?.value;
      if (isIntegrated(one, bus)) continue;
      const found = address === undefined ? undefined : byAddress.get(address);
      if (found && found.vendor !== vendor) {
        findings.push({
          code: 'vendor_mismatch',
          detail: `${one.vendor.source} calls ${address} ${vendorName(vendor)} ${one.chip?.value ?? ''}; on the bus it is ${found.id}, ${vendorName(found.vendor)}`,
          device: one.id,
        });
        if (claimed.has(found.address)) continue;
        seen.add(found.address);
        devices.push(withBus({ ...one, vendor: { value: vendorName(found.vendor), source: SYSFS } }, found));
        continue;
      }
      if (found) seen.add(found.address);
      else if (address !== undefined && bus.read) {
        findings.push({
          code: 'not_on_bus',
          detail: `${one.vendor.source} reports ${one.chip?.value ?? 'a device'} at ${address}; the PCI bus has no such accelerator`,
          device: one.id,
        });
      }
      devices.push(found ? withBus(one, found) : one);
    }
  }
  for (const vendor of Object.keys(VENDORS) as VendorKey[]) {
    const unseen = bus.functions.filter((f) => f.vendor === vendor && !seen.has(f.address));
    const own = reported
      .filter((r) => r.vendor === vendor)
      .flatMap((r) => r.devices.filter((one) => !isIntegrated(one, bus)));
    compareCounts(vendor, unseen, own, devices, findings);
  }
  return { devices: underPhysical(devices, byAddress), findings };
}

/** Graphics of a processor are no card, although the tool of their vendor lists them. */
function isIntegrated(one: Accelerator, bus: Bus): boolean {
  return [one.pciAddress, one.pciId].some((fact) => fact !== undefined && bus.others?.has(fact.value));
}

/** A virtual function is a slice of its card, whatever a tool that lists it beside the card calls it. */
function underPhysical(devices: readonly Accelerator[], byAddress: ReadonlyMap<string, PciFunction>): Accelerator[] {
  const cards = firstBy(devices, (one) => one.pciAddress?.value);
  return devices.map((one) => {
    const address = one.pciAddress?.value ?? '';
    const physical = byAddress.get(address)?.physical;
    const card = physical === undefined ? undefined : cards.get(physical);
    if (!card || card === one || one.kind === 'die' || one.parent !== undefined) return one;
    const partitioning = { partitioning: `virtual function of ${physical}` };
    return addFacts({ ...one, kind: 'partition', parent: card.id }, `${SYSFS} ${address}`, partitioning);
  });
}

/** The first device of each key. */
function firstBy(devices: readonly Accelerator[], key: (one: Accelerator) => string | undefined) {
  const found = new Map<string, Accelerator>();
  for (const one of devices) {
    const own = key(one);
    if (own !== undefined && !found.has(own)) found.set(own, one);
  }
  return found;
}

function withBus(one: Accelerator, found: PciFunction): Accelerator {
  return addFacts({ ...one }, `${SYSFS} ${found.address}`, {
    pciId: found.id,
    linkGeneration: found.linkGeneration,
    linkWidth: found.linkWidth,
    numaNode: found.numaNode,
    subsystemId: found.subsystemId,
    chip: found.chip,
  });
}

function compareCounts(
  vendor: VendorKey,
  unseen: readonly PciFunction[],
  own: readonly Accelerator[],
  devices: Accelerator[],
  findings: InventoryFinding[],
): void {
  const physical = unseen.filter((f) => !f.partition);
  const without = own.filter((d) => d.pciAddress === undefined && d.kind !== 'partition');
  const packages = without.filter((d) => d.kind === 'package');
  const parents = new Set(own.map((d) => d.parent));
  const leaves = without.filter((d) => d.kind === 'die' || !parents.has(d.id));
  if (physical.length > 0 && (packages.length === physical.length || leaves.length === physical.length)) {
    // The tool prints no addresses and the counts agree. Only a single device can be told which one it is.
    const only = packages[0];
    if (physical.length === 1 && only) {
      const at = devices.indexOf(only);
      const placed = addFacts({ ...only }, `${SYSFS}, the only one of this vendor`, {
        pciAddress: physical[0]!.address,
      });
      devices[at] = withBus(placed, physical[0]!);
    }
  } else if (physical.length > 0 && without.length > 0) {
    findings.push({
      code: 'bus_tool_mismatch',
      detail: `${vendorName(vendor)}: the PCI bus has ${physical.length} accelerators that the tool gives no address for, the tool lists ${leaves.length}: ${physical.map((f) => f.address).join(', ')}`,
    });
  } else {
    for (const found of physical) {
      const id = `pci-${found.address}`;
      const made = device({ id, kind: 'package', vendor }, `${SYSFS} ${found.address}`, { pciAddress: found.address });
      devices.push(withBus(made, found));
      findings.push({
        code: 'no_tool_reports',
        detail: `${vendorName(vendor)} ${found.chip ?? found.id} at ${found.address}${found.driver ? ` (driver ${found.driver})` : ' (no driver bound)'} is on the PCI bus and no tool reports it`,
        device: id,
      });
    }
  }
  const slices = unseen.filter((f) => f.partition);
  const cards = slices.length === 0 ? undefined : firstBy(devices, (d) => d.pciAddress?.value);
  for (const found of slices) {
    const parent = cards?.get(found.physical ?? '');
    const identity = { id: `pci-${found.address}`, kind: 'partition', vendor, parent: parent?.id } as const;
    const made = device(identity, `${SYSFS} ${found.address}`, {
      pciAddress: found.address,
      partitioning: found.physical ? `virtual function of ${found.physical}` : 'virtual function',
    });
    devices.push(withBus(made, found));
  }
}
