import { addFacts, device, type Facts } from './device.ts';
import { healthOf } from './health.ts';
import type { Machine } from './machine.ts';
import { finder, outline, splitOutline } from './outline.ts';
import { clean } from './output.ts';
import { bytes, celsius, megahertz, pciAddress, plainNumber, share, watts } from './quantity.ts';
import { type Collected, type Collector, Reading } from './reading.ts';
import { parseMatrix } from './topology.ts';

/** `ESL2` is a bond of two of the vendor's links, `IDB` the bus inside one package. */
const ESL = { prefix: 'GCU', link: /^(?:ESL\d*|IDB)$/, id: 'enflame' };

/**
 * Enflame: `efsmi -q`, else the list of `efsmi -L`; peers over the vendor's own links from `efsmi --topo -m`. Some
 * boards on its chips carry another company's PCI vendor id.
 */
export const enflame: Collector = {
  vendor: 'enflame',
  async collect(machine: Machine): Promise<Collected> {
    const reading = new Reading(machine, 'enflame');
    const text = await reading.detail('efsmi', ['-q']);
    if (!reading.has('efsmi')) return reading;
    const query = parseQuery(text ?? '');
    const list = parseList((await reading.detail('efsmi', ['-L'])) ?? '');
    const found = query ?? list;
    if (!found) {
      if (text !== undefined) reading.unknownLayout('efsmi -q', text);
      return reading;
    }
    if (query && list && query.length !== list.length) {
      reading.say('readings_disagree', `efsmi -q describes ${query.length} devices, efsmi -L lists ${list.length}`);
    }
    if (found.length === 0) reading.say('tool_reports_none', `efsmi: ${(text ?? '').slice(0, 400)}`);
    const peers = parseMatrix((await reading.detail('efsmi', ['--topo', '-m'], {}, true)) ?? '', ESL);
    const rows = new Map(list?.map((entry) => [entry.index, entry.facts]));
    for (const { index, facts } of found) {
      const known = {
        ...rows.get(index),
        ...Object.fromEntries(Object.entries(facts).filter(([, v]) => v !== undefined && v !== '')),
      };
      const identity = { id: `enflame-${index}`, kind: 'package', vendor: 'enflame' } as const;
      const made = device(identity, query ? 'efsmi -q' : 'efsmi -L', known);
      reading.devices.push(addFacts(made, 'efsmi --topo -m', { peers: peers[index] }));
    }
    reading.component('Enflame driver', reading.devices[0]?.driver?.value, 'efsmi -q');
    return reading;
  },
};

interface Card {
  readonly index: number;
  readonly facts: Facts;
}

/** `efsmi -q`: one outline for each `DEV ID N`; memory is `Mem Size` in older and `Total Size` in newer versions. */
export function parseQuery(text: string): Card[] | undefined {
  const { devices } = splitOutline(text, /^DEV ID\s+\d+$/i);
  if (devices.length === 0) return undefined;
  return devices.map(({ title, body }) => {
    const find = finder(outline(body));
    const pci = ['Domain', 'Bus', 'Dev', 'Func'].map((name) => find(`PCIe Info/${name}`));
    const vendor = find('PCIe Info/Vendor ID').toLowerCase();
    const id = find('PCIe Info/Device ID').toLowerCase();
    return {
      index: Number(/\d+$/.exec(title)![0]),
      facts: {
        chip: find('Dev Name'),
        uuid: find('Dev UUID'),
        serial: find('Dev SN'),
        driver: find('Driver Info/Ver'),
        pciAddress: pci.every((part) => part !== '')
          ? pciAddress(`${pci[0]}:${pci[1]}:${pci[2]}.${pci[3]}`)
          : undefined,
        pciId: /^[0-9a-f]{4}$/.test(vendor) && /^[0-9a-f]{4}$/.test(id) ? `${vendor}:${id}` : undefined,
        memoryBytes: bytes(find('Device Mem Info/Total Size', 'Device Mem Info/Mem Size')),
        memoryUsedBytes: bytes(find('Device Mem Info/Used Size', 'Device Mem Info/Mem Usage')),
        temperatureC: celsius(find('GCU Temp')),
        powerW: watts(find('Cur Power')),
        powerLimitW: watts(find('Power Capa')),
        memoryClockMHz: megahertz(find('Mem CLK')),
        utilization: share(find('GCU Usage')),
        linkGeneration: plainNumber(find('Cur Link Speed').replace(/^gen/i, '')),
        linkWidth: plainNumber(find('Cur Link Width').replace(/x/i, '')),
        eccUncorrected: plainNumber(find('RMA Info/Total DBE', 'RMA Info/DBE')),
        health: healthOf([{ answer: find('Health'), well: /^true$/i, fault: (said) => `not healthy (${said})` }]),
      },
    };
  });
}

/** `efsmi -L`: columns under `DEV SN Slot ID Bus … UUID`. Undefined without that heading. */
export function parseList(text: string): Card[] | undefined {
  const lines = clean(text).split('\n');
  const start = lines.findIndex((line) => /^\s*DEV\s+SN\s+.*\bBus\b.*\bUUID\s*$/i.test(line));
  if (start < 0) return undefined;
  const split = (line: string) => line.trim().split(/\s{2,}/);
  const names = split(lines[start]!).map((name) => name.toLowerCase());
  return lines.slice(start + 1).flatMap((line) => {
    const cells = split(line);
    const cell = (name: string) => cells[names.indexOf(name)] ?? '';
    if (cells.length !== names.length || !/^\d+$/.test(cells[0]!)) return [];
    const facts = {
      serial: cell('sn'),
      uuid: cell('uuid'),
      pciAddress: pciAddress(cell('bus')),
      pciId: cell('id').toLowerCase(),
    };
    return [{ index: Number(cells[0]), facts }];
  });
}
