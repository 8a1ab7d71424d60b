import type { Accelerator, InventoryFinding } from '../../model/inventory.ts';
import type { Machine } from './machine.ts';
import { type VendorKey, vendorName } from './vendor.ts';

/** Device nodes by vendor that stand for one device each. */
const NODES: readonly { vendor: VendorKey; directory: string; name: RegExp }[] = [
  { vendor: 'nvidia', directory: '/dev', name: /^nvidia\d+$/ },
  { vendor: 'ascend', directory: '/dev', name: /^davinci\d+$/ },
  { vendor: 'cambricon', directory: '/dev', name: /^cambricon_dev\d+$/ },
  { vendor: 'kunlunxin', directory: '/dev', name: /^xpu\d+$/ },
  { vendor: 'mthreads', directory: '/dev', name: /^mtgpu\.?\d+$/ },
  { vendor: 'iluvatar', directory: '/dev', name: /^iluvatar\d+$/ },
  { vendor: 'biren', directory: '/dev/biren', name: /^card_\d+$/ },
  { vendor: 'enflame', directory: '/dev', name: /^gcu\d+$/ },
  { vendor: 'thead', directory: '/dev', name: /^alixpu_ppu\d+$/ },
];

/** Paths of a vendor's device nodes; none where it has none here, or no such form is known. */
export async function nodesOf(machine: Machine, vendor: VendorKey): Promise<string[]> {
  const found = await Promise.all(
    NODES.filter((entry) => entry.vendor === vendor).map(async ({ directory, name }) => {
      const listing = await machine.readDirectory(directory);
      return listing.ok
        ? listing.value.filter((entry) => name.test(entry)).map((entry) => `${directory}/${entry}`)
        : [];
    }),
  );
  return found.flat();
}

/**
 * Device nodes of a vendor of which neither the bus nor a tool gives a device: a container may have been handed a card
 * without its tool. One node may be a slice (a Biren instance is a node of its own), so nodes are never counted.
 */
export async function deviceNodeFindings(
  machine: Machine,
  accelerators: readonly Accelerator[],
): Promise<InventoryFinding[]> {
  const findings: InventoryFinding[] = [];
  const listings = new Map<string, readonly string[]>();
  for (const { vendor, directory, name } of NODES) {
    let listing = listings.get(directory);
    if (!listing) {
      const read = await machine.readDirectory(directory);
      listing = read.ok ? read.value : [];
      listings.set(directory, listing);
    }
    const nodes = listing.filter((entry) => name.test(entry));
    if (nodes.length === 0 || accelerators.some((device) => device.vendor.value === vendorName(vendor))) continue;
    findings.push({
      code: 'device_node_only',
      detail: `${vendorName(vendor)}: ${nodes.map((node) => `${directory}/${node}`).join(', ')} exist; no tool and no PCI device goes with them`,
    });
  }
  return findings;
}
