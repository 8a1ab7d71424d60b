import { addFacts, device, type Facts } from './device.ts';
import { jsonIn } from './documents.ts';
import type { Machine } from './machine.ts';
import { finder, outline, splitOutline } from './outline.ts';
import { at, firstText, listAt } from './output.ts';
import { linkGeneration } from './pci.ts';
import { bytes, celsius, pairOf, pciAddress, plainNumber, share, watts } from './quantity.ts';
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
    const rows = new Map(table?.cards.map((card) => [card.index, card.facts]));
    for (const { index, facts } of found) {
      const identity = { id: `cambricon-${index}`, kind: 'package', vendor: 'cambricon' } as const;
      const merged = { ...rows.get(index), ...withoutGaps(facts) };
      const made = device(identity, cards ? 'cnmon info' : 'cnmon', {
        ...merged,
        driver: merged.driver || table?.driver,
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

/** The table of `cnmon` by its headings: version 4 has the driver where version 5 has the address. */
export function parseTable(text: string) {
  const table = smiTable(text);
  if (!table || !hasHeadings(table, ['card', 'name', 'firmware', 'memory-usage'])) return undefined;
  const cards = table.devices.flatMap((row): Card[] => {
    const index = plainNumber(row.value('card'));
    if (index === undefined) return [];
    const [power, limit] = pairOf(row.value('pwr:usage/cap'));
    const [used, total] = pairOf(row.value('memory-usage'));
    // A virtual function's number stands before or after the slash.
    const virtual = row.value('vf');
    return [
      {
        index,
        facts: {
          chip: row.value('name'),
          firmware: row.value('firmware'),
          driver: row.value('driver').replace(/^v/, ''),
          pciAddress: pciAddress(row.value('bus-id')),
          utilization: share(row.value('util')),
          eccUncorrected: plainNumber(row.value('ecc-error')),
          temperatureC: celsius(row.value('temp')),
          powerW: watts(power),
          powerLimitW: watts(limit),
          memoryUsedBytes: bytes(used),
          memoryBytes: bytes(total),
          partitioning: /\d/.test(virtual) ? `VF ${virtual}` : undefined,
        },
      },
    ];
  });
  const version = bannerValue(table.banner, 'CNMON');
  const driver = bannerValue(table.banner, 'Driver') ?? (cards[0]?.facts.driver || undefined);
  return { version, driver, cards, cut: table.cut > 0 };
}

/** `cnmon_info.json`. Numbers are in MiB, °C, W and percent. Undefined where it has no `CnmonInfo`. */
export function parseJson(text: string): Card[] | undefined {
  const document = jsonIn(text, (one) => at(one, 'CnmonInfo') !== undefined);
  if (document === undefined) return undefined;
  return listAt(document, 'CnmonInfo').map((card, position) => {
    const field = (...paths: string[]) => firstText(card, ...paths);
    const pci = ['DomainID', 'Bus', 'Device', 'Function'].map((name) => field(`PCI.${name}`).replace(/^0x/i, ''));
    return {
      index: plainNumber(field('CardNum')) ?? position,
      facts: {
        chip: field('ProductName'),
        uuid: field('UUID'),
        serial: field('SN', 'SerialNumber'),
        driver: field('Driver').replace(/^v/, ''),
        firmware: field('Firmware', 'MCU'),
        pciAddress: pci.every((part) => part !== '')
          ? pciAddress(`${pci[0]}:${pci[1]}:${pci[2]}.${pci[3]}`)
          : undefined,
        memoryBytes: bytes(field('PhysicalMemUsage.Total'), 'MiB'),
        memoryUsedBytes: bytes(field('PhysicalMemUsage.Used'), 'MiB'),
        temperatureC: celsius(field('Temperature.Chip', 'Temperature.Board')),
        utilization: share(field('Utilization.MLUAverage')),
        powerW: watts(field('Power.Usage')),
        powerLimitW: watts(field('Power.Cap')),
        linkGeneration: linkGeneration(field('PCI.CurrentSpeed')),
        linkWidth: plainNumber(field('PCI.CurrentWidth').replace(/x/i, '')),
        health: field('HealthState.Device', 'Health'),
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
