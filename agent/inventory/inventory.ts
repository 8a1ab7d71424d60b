import type { Inventory } from '../../model/inventory.ts';
import { collectors } from './collectors.ts';
import { readCpu } from './cpu.ts';
import { deviceNodeFindings } from './device-nodes.ts';
import { readHost } from './host.ts';
import { readKfd, withKfd } from './kfd.ts';
import { addLibrary } from './library.ts';
import type { Machine } from './machine.ts';
import { mergeWithBus } from './merge.ts';
import { groupDies } from './packages.ts';
import { readBus } from './pci.ts';
import type { Collected, Collector } from './reading.ts';
import { readRuntimes, runtimeSoftware, withRuntimes } from './runtimes.ts';

/**
 * What one node is: host, processor, memory, disks, links and accelerators, every fact with its source. Never throws
 * for a bad machine: what cannot be read goes to `unread`, what a person should look at to `findings`. No accelerator
 * is said, never left to be guessed from an empty list.
 */
export async function takeInventory(node: string, machine: Machine): Promise<Inventory> {
  const takenAt = machine.now().toISOString();
  const [host, bus, kfd, runtimes, collected] = await Promise.all([
    readHost(machine),
    readBus(machine),
    readKfd(machine),
    readRuntimes(machine),
    Promise.all(collectors.map((collector) => ask(collector, machine))),
  ]);
  const { cpu, findings: cpuFindings, unread: cpuUnread } = await readCpu(machine, host.document);
  const merged = mergeWithBus(
    bus,
    collected.map((c, i) => ({ vendor: collectors[i]!.vendor, devices: c.devices })),
  );
  const upstream = new Map(bus.functions.map((f) => [f.address, f.upstream]));
  const cards = groupDies(merged.devices, (address) => upstream.get(address) ?? []);
  const accelerators = withRuntimes(withKfd(uniqueIds(cards.devices), kfd), runtimes);
  const findings = [
    ...bus.findings,
    ...collected.flatMap((c, i) => [...c.findings, ...silence(c, collectors[i]!)]),
    ...merged.findings,
    ...cards.findings,
    ...(await deviceNodeFindings(machine, accelerators)),
    ...cpuFindings,
    ...host.findings,
  ];
  // Whose tool it is shows by who could read devices with it.
  const askers = [...collected].sort((a, b) => Number(b.devices.length > 0) - Number(a.devices.length > 0));
  const tools = oneEach(askers.flatMap((c) => c.tools));
  if (accelerators.length === 0) {
    const found = tools.filter((tool) => tool.found).map((tool) => tool.name);
    findings.push({
      code: 'no_accelerator',
      detail:
        found.length === 0
          ? `no accelerator tool found; looked for ${tools.map((tool) => tool.name).join(', ')}; ${
              bus.read ? 'none on the PCI bus' : 'the PCI bus could not be read'
            }`
          : `no accelerator could be read although these tools are installed: ${found.join(', ')}`,
    });
  }
  return {
    schema: 'assay/inventory/v1',
    node,
    takenAt,
    host: host.host,
    cpu,
    memory: host.memory,
    disks: host.disks,
    mounts: host.mounts,
    links: host.links,
    accelerators,
    tools,
    software: [...collected.flatMap((c) => c.software), ...runtimeSoftware(accelerators, runtimes)],
    findings,
    unread: [...host.unread, ...cpuUnread, ...bus.unread, ...collected.flatMap((c) => c.unread)],
  };
}

/** A vendor's tool that is there and gave neither a device nor a reason: that too is said. */
function silence(collected: Collected, { vendor }: Collector): Inventory['findings'] {
  const names = collected.tools.filter((tool) => tool.found).map((tool) => tool.name);
  if (names.length === 0 || collected.devices.length > 0 || collected.findings.length > 0) return [];
  const why = collected.unread.map((item) => `${item.source}: ${item.why}`).join('; ');
  if (why === '') return [];
  return [
    {
      code: 'tool_unread',
      detail: `${vendor}: nothing could be read with ${names.join(', ')}: ${why}`.slice(0, 2_000),
    },
  ];
}

/** A collector that fails on what a tool printed is a bug; the rest of the inventory must still be had, and say so. */
async function ask(collector: Collector, machine: Machine): Promise<Collected> {
  try {
    const collected = await collector.collect(machine);
    await addLibrary(collected, machine, collector.vendor);
    return collected;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return {
      devices: [],
      tools: [],
      software: [],
      findings: [{ code: 'collector_failed', detail: `${collector.vendor}: ${why}` }],
      unread: [{ what: 'accelerators', source: `collector ${collector.vendor}`, why }],
    };
  }
}

/** Two vendors' tools can have one name (xpu-smi, mx-smi, rocm-smi): the entry that found it stands. */
function oneEach(tools: Inventory['tools']): Inventory['tools'] {
  const kept: Inventory['tools'] = [];
  for (const tool of tools) {
    const same = kept.findIndex((other) => other.name === tool.name);
    if (same < 0) kept.push(tool);
    else if (tool.found && !kept[same]!.found) kept[same] = tool;
    else if (tool.found && tool.version && !kept[same]!.version) kept[same] = tool;
  }
  return kept;
}

/** Ids are what other records refer to: a tool that prints one index twice must not make two devices one. */
function uniqueIds(devices: Inventory['accelerators']): Inventory['accelerators'] {
  const taken = new Set<string>();
  const next = new Map<string, number>();
  return devices.map((device) => {
    let id = device.id;
    let n = next.get(device.id) ?? 2;
    for (; taken.has(id); n++) id = `${device.id}#${n}`;
    next.set(device.id, n);
    taken.add(id);
    return id === device.id ? device : { ...device, id };
  });
}
