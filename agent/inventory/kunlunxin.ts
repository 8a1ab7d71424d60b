import { addFacts, device, type Facts } from './device.ts';
import { isKunlunxin } from './intel.ts';
import type { Machine } from './machine.ts';
import { finder, outline, splitOutline } from './outline.ts';
import { clean } from './output.ts';
import { bytes, celsius, isAbsent, megahertz, pairOf, pciAddress, plainNumber, share, watts } from './quantity.ts';
import { type Collected, type Collector, Reading } from './reading.ts';
import { bannerValue, hasHeadings, smiTable } from './smi-table.ts';
import { parseMatrix } from './topology.ts';

/** The vendor's own links; `SYS`, `NODE` … are ways over PCIe and between sockets. */
const XPULINK = { prefix: 'XPU', link: /^XL\d*$/, id: 'kunlunxin' };

/**
 * Kunlunxin: `xpu-smi` (newer) or `xpu_smi` (older) with `-q`, else the table, else the positional lines of `-m`; peers
 * over the vendor's own links from `topo -m`.
 * Intel's tool of the same name answers none of them like this and is left alone.
 */
export const kunlunxin: Collector = {
  vendor: 'kunlunxin',
  async collect(machine: Machine): Promise<Collected> {
    const reading = new Reading(machine, 'kunlunxin');
    for (const program of ['xpu-smi', 'xpu_smi']) {
      const first = await machine.run(program, []);
      if (first.status === 'not_found') {
        reading.tools.push({ name: program, vendor: 'kunlunxin', found: false });
        continue;
      }
      const banner = clean(first.stdout);
      // xpu-smi is Kunlunxin's only if it says so; xpu_smi belongs to nobody else.
      if (program === 'xpu-smi' && !isKunlunxin(banner)) continue;
      const text = await reading.run(program, []);
      if (text === undefined) continue;
      await readTool(reading, program, text);
      if (reading.devices.length > 0) break;
    }
    return reading;
  },
};

async function readTool(reading: Reading, program: string, text: string): Promise<void> {
  const table = parseTable(text);
  const query = parseQuery((await reading.detail(program, ['-q'])) ?? '');
  const lines = query ? undefined : parseMachineReadable((await reading.detail(program, ['-m'])) ?? '');
  const found = query?.cards ?? table?.cards ?? lines;
  if (!found) {
    reading.unknownLayout(program, text);
    return;
  }
  if (table?.cut) reading.say('count_mismatch', `${program}: rows of the table make no whole device`);
  if (query && table && query.cards.length !== table.cards.length) {
    reading.say(
      'readings_disagree',
      `${program} -q describes ${query.cards.length} devices, the table has ${table.cards.length}`,
    );
  }
  if (query?.attached !== undefined && query.attached !== query.cards.length) {
    reading.say(
      'count_mismatch',
      `${program} -q says ${query.attached} attached XPUs and describes ${query.cards.length}`,
    );
  }
  if (found.length === 0) reading.say('tool_reports_none', `${program}: ${text.slice(0, 400)}`);
  const driver = query?.driver ?? table?.driver;
  const runtime = query?.runtime ?? table?.runtime;
  const peers = parseMatrix((await reading.detail(program, ['topo', '-m'], {}, true)) ?? '', XPULINK);
  const rows = new Map(table?.cards.map((card) => [card.index, card.facts]));
  for (const [position, { index, facts }] of found.entries()) {
    const row = rows.get(index ?? position);
    const known = {
      ...row,
      ...Object.fromEntries(Object.entries(facts).filter(([, v]) => v !== undefined && v !== '')),
    };
    const identity = { id: `kunlunxin-${index ?? position}`, kind: 'package', vendor: 'kunlunxin' } as const;
    const source = query ? `${program} -q` : table ? program : `${program} -m`;
    const made = device(identity, source, { ...known, driver, runtime: runtime && `XPU-RT ${runtime}` });
    reading.devices.push(addFacts(made, `${program} topo -m`, { peers: peers[index ?? position] }));
  }
  reading.component('Kunlunxin driver', driver, program);
  reading.component('XPU-RT', runtime, program);
}

interface Card {
  readonly index?: number;
  readonly facts: Facts;
}

/** The table of `xpu-smi` by its headings: three rows for each device, two in older versions. */
export function parseTable(text: string) {
  const table = smiTable(text);
  if (!table || !hasHeadings(table, ['xpu', 'name', 'bus-id', 'memory-usage'])) return undefined;
  const cards = table.devices.flatMap((row): Card[] => {
    const index = plainNumber(row.value('xpu'));
    if (index === undefined) return [];
    const [power, limit] = pairOf(row.value('pwr:usage/cap'));
    const [used, total] = pairOf(row.value('memory-usage'));
    const virtual = row.value('sr-iov m.');
    return [
      {
        index,
        facts: {
          chip: row.value('name'),
          pciAddress: pciAddress(row.value('bus-id')),
          eccUncorrected: plainNumber(row.value('volatile uncorr. ecc')),
          temperatureC: celsius(row.value('temp')),
          powerW: watts(power),
          powerLimitW: watts(limit),
          memoryUsedBytes: bytes(used),
          memoryBytes: bytes(total),
          utilization: share(row.value('xpu-util')),
          partitioning: isAbsent(virtual) ? undefined : `SR-IOV ${virtual.toLowerCase()}`,
        },
      },
    ];
  });
  return {
    driver: bannerValue(table.banner, 'Driver Version'),
    runtime: bannerValue(table.banner, 'XPU-RT Version'),
    cards,
    cut: table.cut > 0,
  };
}

/** `xpu-smi -q`. Undefined where no `XPU <address>` line is in it. */
export function parseQuery(text: string) {
  const { head, devices } = splitOutline(text, /^XPU\s+[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/i);
  if (devices.length === 0) return undefined;
  const top = finder(outline(head));
  const cards = devices.map(({ title, body }): Card => {
    const find = finder(outline(body));
    const index = plainNumber(find('Minor Number', 'Index'));
    return {
      ...(index === undefined ? {} : { index }),
      facts: {
        chip: find('Product Name'),
        serial: find('Serial Number'),
        uuid: find('XPU UUID', 'UUID'),
        pciAddress: pciAddress(find('PCI/Bus Id') || title.split(/\s+/)[1]!),
        memoryBytes: bytes(find('Memory Usage/Total', 'FB Memory Usage/Total')),
        memoryUsedBytes: bytes(find('Memory Usage/Used', 'FB Memory Usage/Used')),
        utilization: share(find('Utilization/Xpu')),
        temperatureC: celsius(find('XPU Current Temp')),
        powerW: watts(find('Power Draw')),
        powerLimitW: watts(find('Enforced Power Limit', 'Power Limit')),
        firmware: find('Firmware Version/ALL Version', 'Firmware Version', 'VBIOS Version'),
        eccUncorrected: plainNumber(find('Volatile/DRAM Uncorrectable')),
        clockMHz: megahertz(find('Clocks/Cluster')),
        linkGeneration: plainNumber(find('PCIe Generation/Current')),
        linkWidth: plainNumber(find('Link Width/Current').replace(/x$/i, '')),
        capability: find('Product Architecture'),
        deviceNode: nodeOf(find('Minor Number')),
      },
    };
  });
  return {
    driver: top('Driver Version') || undefined,
    runtime: top('XPU-RT Version') || undefined,
    attached: plainNumber(top('Attached XPUs')),
    cards,
  };
}

function nodeOf(minor: string): string | undefined {
  return /^\d+$/.test(minor) ? `/dev/xpu${minor}` : undefined;
}

/**
 * `xpu_smi -m`: one line of white-space separated fields for each device: address, device, board, serial number,
 * temperature, three more, power in W (P800) or mW (K200), six clocks, L3 memory used and total, memory used and total
 * in MiB, utilisation, firmware, name in quotes. Only fields whose place is the same in the versions that were seen are
 * read. Undefined where no line begins with an address.
 */
export function parseMachineReadable(text: string): Card[] | undefined {
  const cards = clean(text)
    .split('\n')
    .flatMap((line): Card[] => {
      const fields = line.trim().match(/"[^"]*"|\S+/g) ?? [];
      const address = pciAddress(fields[0] ?? '');
      const index = plainNumber(fields[1] ?? '');
      if (address === undefined || index === undefined || fields.length < 20) return [];
      const power = plainNumber(fields[8]!);
      const quoted = fields.find((field) => field.startsWith('"'));
      return [
        {
          index,
          facts: {
            pciAddress: address,
            serial: fields[3],
            temperatureC: celsius(fields[4]!),
            powerW: power === undefined ? undefined : power > 2_000 ? power / 1000 : power,
            clockMHz: megahertz(fields[9]!),
            utilization: share(fields[19]!),
            memoryUsedBytes: bytes(fields[17]!, 'MiB'),
            memoryBytes: bytes(fields[18]!, 'MiB'),
            chip: quoted?.replace(/"/g, ''),
          },
        },
      ];
    });
  return cards.length > 0 ? cards : undefined;
}
