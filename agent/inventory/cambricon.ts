import { addFacts, device, type Facts } from './device.ts';
import type { Machine } from './machine.ts';
import { finder, outline, splitOutline } from './outline.ts';
import { at, jsonIn, listAt, textAt } from './output.ts';
import { linkGeneration } from './pci.ts';
import { bytes, celsius, pciAddress, plainNumber, share, watts } from './quantity.ts';
import { type Collected, type Collector, Reading } from './reading.ts';
import { bannerValue, hasHeadings, smiTable } from './smi-table.ts';
import { parseMatrix } from './topology.ts';

const FILE = 'cnmon_info.json';

/** `MLK2` is a bond of two MLU-Links, `MLK[S]` a way over their switch; the other cells are ways over PCIe. */
const MLULINK = { prefix: '(?:MLU|Card)', link: /^MLK(?:\d+|\[S\])?$/, id: 'cambricon' };

/**
 * Cambricon: `cnmon info -j`, which writes its JSON into the working directory, else `cnmon info` as text, else the
 * table of `cnmon` in its forms of version 4 (no addresses) and 5; MLU-Link peers from `cnmon topo -m`.
 */
export const cambricon: Collector = {
  vendor: 'cambricon',
  async collect(machine: Machine): Promise<Collected> {
    const reading = new Reading(machine, 'cambricon');
    const text = await reading.run('cnmon', []);
    if (text === undefined) return reading;
    const table = parseTable(text);
    const info = await machine.run('cnmon', ['info', '-j'], { collect: [FILE] });
    const cards =
      parseJson(info.files?.[FILE] ?? info.stdout) ?? parseInfo((await reading.detail('cnmon', ['info'])) ?? '');
    if (cards && table && cards.length !== table.cards.length) {
      reading.say(
        'readings_disagree',
        `cnmon info describes ${cards.length} devices, the table of cnmon ${table.cards.length}`,
      );
    }
    if (table?.cut) reading.say('count_mismatch', 'cnmon: rows of the table make no whole device');
    const found = cards ?? table?.cards;
    if (!found) {
      reading.unknownLayout('cnmon', text);
      return reading;
    }
    if (found.length === 0) reading.say('tool_reports_none', `cnmon: ${text.slice(0, 400)}`);
    const peers = parseMatrix((await reading.detail('cnmon', ['topo', '-m'], {}, true)) ?? '', MLULINK);
    for (const { index, facts } of found) {
      const identity = { id: `cambricon-${index}`, kind: 'package', vendor: 'cambricon' } as const;
      const row = table?.cards.find((card) => card.index === index)?.facts;
      const merged = { ...row, ...withoutGaps(facts) };
      const made = device(identity, cards ? 'cnmon info' : 'cnmon', {
        ...merged,
        driver: merged.driver ?? table?.driver,
      });
      reading.devices.push(addFacts(made, 'cnmon topo -m', { peers: peers[index] }));
    }
    reading.version('cnmon', table?.version);
    reading.component('Cambricon driver', table?.driver, 'cnmon');
    return reading;
  },
};

interface Card {
  readonly index: number;
  readonly facts: Facts;
}

/** The table of `cnmon`. Undefined for headings of no form known here. */
export function parseTable(text: string) {
  const table = smiTable(text);
  if (
    !table ||
    !hasHeadings(table, [
      ['Card', 'Name', 'Firmware', 'Util'],
      ['Temp', 'Pwr', 'Memory-Usage'],
    ])
  )
    return undefined;
  const addressed = /Bus-Id/i.test(table.headings[0]!.join(' '));
  const cards: Card[] = [];
  for (const [upper = [], lower = []] of table.devices) {
    const name = /^(\d+)\s+(\S*)\/(\S*)\s+(\S.*?)\s+(v[\w.]+)$/.exec(upper[0] ?? '');
    if (!name) continue;
    const board = /(\S+?)C?\s+([\d.,]+\s*m?W?|\S+)\s*\/\s*([\d.,]+\s*m?W?|\S+)$/.exec(lower[0] ?? '');
    const memory = /^(.+?)\/(.+)$/.exec(lower[1] ?? '');
    const [busy = '', errors = ''] = (upper[2] ?? '').split(/\s+/);
    cards.push({
      index: Number(name[1]),
      facts: {
        chip: name[4],
        firmware: name[5],
        driver: addressed ? undefined : /\bv([\w.]+)$/.exec(upper[1] ?? '')?.[1],
        pciAddress: addressed ? pciAddress(upper[1] ?? '') : undefined,
        utilization: share(busy),
        eccUncorrected: plainNumber(errors),
        temperatureC: celsius(board?.[1] ?? ''),
        powerW: watts(board?.[2] ?? ''),
        powerLimitW: watts(board?.[3] ?? ''),
        memoryUsedBytes: bytes(memory?.[1] ?? ''),
        memoryBytes: bytes(memory?.[2] ?? ''),
        // A virtual function's number stands before or after the slash of the column VF.
        partitioning: name[2] || name[3] ? `VF ${name[2]}/${name[3]}` : undefined,
      },
    });
  }
  const version = bannerValue(table.banner, 'CNMON');
  const driver = bannerValue(table.banner, 'Driver') ?? cards[0]?.facts.driver;
  return { version, driver, cards, cut: table.cut > 0 };
}

/** `cnmon_info.json`. Numbers are in MiB, °C, W and percent. Undefined where it has no `CnmonInfo`. */
export function parseJson(text: string): Card[] | undefined {
  const document = jsonIn(text);
  if (!Array.isArray(at(document, 'CnmonInfo'))) return undefined;
  return listAt(document, 'CnmonInfo').map((card, position) => {
    const field = (...path: string[]) => textAt(card, ...path) ?? '';
    const pci = ['DomainID', 'Bus', 'Device', 'Function'].map((name) => field('PCI', name).replace(/^0x/i, ''));
    return {
      index: plainNumber(field('CardNum')) ?? position,
      facts: {
        chip: field('ProductName'),
        uuid: field('UUID'),
        serial: field('SN') || field('SerialNumber'),
        driver: field('Driver').replace(/^v/, ''),
        firmware: field('Firmware') || field('MCU'),
        pciAddress: pci.every((part) => part !== '')
          ? pciAddress(`${pci[0]}:${pci[1]}:${pci[2]}.${pci[3]}`)
          : undefined,
        memoryBytes: bytes(field('PhysicalMemUsage', 'Total'), 'MiB'),
        memoryUsedBytes: bytes(field('PhysicalMemUsage', 'Used'), 'MiB'),
        temperatureC: celsius(field('Temperature', 'Chip') || field('Temperature', 'Board')),
        utilization: share(field('Utilization', 'MLUAverage')),
        powerW: watts(field('Power', 'Usage')),
        powerLimitW: watts(field('Power', 'Cap')),
        linkGeneration: linkGeneration(field('PCI', 'CurrentSpeed')),
        linkWidth: plainNumber(field('PCI', 'CurrentWidth').replace(/x/i, '')),
        health: field('HealthState', 'Device') || field('Health'),
      },
    };
  });
}

/** `cnmon info`: one outline for each `Card N`. Undefined where there is none. */
export function parseInfo(text: string): Card[] | undefined {
  const { devices } = splitOutline(text, /^Card\s+\d+$/i);
  if (devices.length === 0) return undefined;
  return devices.map(({ title, body }) => {
    const find = finder(outline(body));
    const pci = ['Domain ID', 'Bus num', 'Device', 'Function'].map((name) => find(`PCI/${name}`).replace(/^0x/i, ''));
    return {
      index: Number(/\d+/.exec(title)![0]),
      facts: {
        chip: find('Product Name'),
        uuid: find('UUID'),
        serial: find('SN', 'Serial Number'),
        driver: find('Driver').replace(/^v/, ''),
        firmware: find('Firmware', 'MCU').replace(/^v/, ''),
        pciAddress: pci.every((part) => part !== '')
          ? pciAddress(`${pci[0]}:${pci[1]}:${pci[2]}.${pci[3]}`)
          : undefined,
        memoryBytes: bytes(find('Physical Memory Usage/Total')),
        memoryUsedBytes: bytes(find('Physical Memory Usage/Used')),
        temperatureC: celsius(find('Temperature/Chip', 'Temperature/Board')),
        utilization: share(find('Utilization/MLU Average')),
        powerW: watts(find('Power/Usage')),
        powerLimitW: watts(find('Power/Cap')),
        linkGeneration: linkGeneration(find('PCI/Current Speed')),
        linkWidth: plainNumber(find('PCI/Current Width').replace(/x/i, '')),
        health: find('Health State/Device'),
      },
    };
  });
}

function withoutGaps(facts: Facts): Facts {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined && value !== ''));
}
