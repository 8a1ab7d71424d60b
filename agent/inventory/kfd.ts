import type { Accelerator } from '../../model/inventory.ts';
import { addFacts } from './device.ts';
import type { Machine } from './machine.ts';
import { VENDORS } from './vendor.ts';

const ROOT = '/sys/class/kfd/kfd/topology/nodes';
/** Type of a link between devices of their own (include/uapi/linux/kfd_sysfs.h). */
const XGMI = 11;
/** Nodes that are looked at: processors and devices of one machine. */
const MOST_NODES = 256;

/** A device as the kernel's compute driver for AMD's and Hygon's cards describes it. */
export interface KfdNode {
  readonly number: number;
  /** PCI address; on a card that is split its partitions share the device part of it. */
  readonly address: string;
  readonly computeUnits?: number;
  /** `gfx942` */
  readonly capability?: string;
  /** Number of `/dev/dri/renderD…`. */
  readonly render?: number;
  /** Numbers of the nodes that a direct link leads to. */
  readonly peers: readonly number[];
}

/** Devices of the compute driver's topology; none where there is no such driver. Needs no tool of the vendor. */
export async function readKfd(machine: Machine): Promise<KfdNode[]> {
  const listing = await machine.readDirectory(ROOT);
  const names = listing.ok ? listing.value.filter((name) => /^\d+$/.test(name)).slice(0, MOST_NODES) : [];
  const nodes = await Promise.all(
    names.map(async (name) => {
      const properties = await machine.readFile(`${ROOT}/${name}/properties`);
      if (!properties.ok) return [];
      const links = await machine.readDirectory(`${ROOT}/${name}/io_links`);
      const texts = await Promise.all(
        (links.ok ? links.value : []).slice(0, MOST_NODES).map(async (link) => {
          const file = await machine.readFile(`${ROOT}/${name}/io_links/${link}/properties`);
          return file.ok ? file.value : '';
        }),
      );
      const node = parseNode(Number(name), properties.value, texts);
      return node ? [node] : [];
    }),
  );
  return nodes.flat();
}

/** A node from its properties and those of its links; undefined for a processor. */
export function parseNode(number: number, properties: string, links: readonly string[]): KfdNode | undefined {
  const of = numbers(properties);
  const lanes = of.get('simd_count') ?? 0;
  const location = of.get('location_id') ?? 0;
  if (lanes <= 0) return undefined;
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
  const slot = `${hex(of.get('domain') ?? 0, 4)}:${hex((location >> 8) & 0xff, 2)}:${hex((location >> 3) & 0x1f, 2)}`;
  const computeUnits = lanes / (of.get('simd_per_cu') ?? Number.NaN);
  const version = of.get('gfx_target_version') ?? 0;
  // Major, minor and stepping in two decimal digits each; the name has the last two in hexadecimal.
  const [major, minor, step] = [Math.floor(version / 10_000), Math.floor(version / 100) % 100, version % 100];
  const render = of.get('drm_render_minor') ?? 0;
  const peers = links.flatMap((text) => {
    const link = numbers(text);
    const to = link.get('node_to');
    return link.get('type') === XGMI && to !== undefined && to !== number ? [to] : [];
  });
  return {
    number,
    address: `${slot}.${location & 7}`,
    ...(Number.isInteger(computeUnits) ? { computeUnits } : {}),
    ...(major > 0 ? { capability: `gfx${major}${minor.toString(16)}${step.toString(16)}` } : {}),
    ...(render > 0 ? { render } : {}),
    peers: [...new Set(peers)],
  };
}

/** Adds compute units, architecture and direct links to the devices at the nodes' PCI addresses. */
export function withKfd(devices: readonly Accelerator[], nodes: readonly KfdNode[]): Accelerator[] {
  const byAddress = new Map(
    devices
      .filter((one) => one.kind !== 'partition' && [VENDORS.amd, VENDORS.hygon].some((v) => v === one.vendor.value))
      .flatMap((one): [string, Accelerator][] => (one.pciAddress ? [[one.pciAddress.value, one]] : [])),
  );
  const at = new Map(
    nodes.flatMap((node): [number, Accelerator][] => {
      const found = byAddress.get(node.address) ?? byAddress.get(node.address.replace(/\.\d$/, '.0'));
      return found ? [[node.number, found]] : [];
    }),
  );
  return devices.map((one) => {
    const own = nodes.filter((node) => at.get(node.number) === one);
    if (own.length === 0) return one;
    const units = own.map((node) => node.computeUnits);
    const peers = own.flatMap((node) => node.peers.map((to) => at.get(to))).filter((peer) => peer && peer !== one);
    return addFacts({ ...one }, 'KFD topology', {
      computeUnits: units.every((count) => count !== undefined) ? units.reduce((a, b) => a + b, 0) : undefined,
      capability: own[0]!.capability,
      deviceNode: own[0]!.render === undefined ? undefined : `/dev/dri/renderD${own[0]!.render}`,
      peers: [...new Set(peers)].map((peer) => `${peer!.id} XGMI`),
    });
  });
}

/** Lines of a name and a decimal number. */
function numbers(text: string): Map<string, number> {
  return new Map(
    text.split('\n').flatMap((line): [string, number][] => {
      const match = /^(\w+)\s+(\d{1,15})\s*$/.exec(line);
      return match ? [[match[1]!, Number(match[2])]] : [];
    }),
  );
}
