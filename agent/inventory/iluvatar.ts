import { addFacts, device, type Facts } from './device.ts';
import type { Machine } from './machine.ts';
import { csvOutput } from './output.ts';
import { bytes, celsius, megahertz, pairOf, pciAddress, plainNumber, share, watts } from './quantity.ts';
import { type Collected, type Collector, Reading } from './reading.ts';
import { queryFacts } from './smi-query.ts';
import { bannerValue, hasHeadings, smiTable } from './smi-table.ts';
import { parseMatrix } from './topology.ts';

const LIBRARIES = ['/usr/local/corex/lib64', '/usr/local/corex/lib'];
const SHORT_QUERY = [
  ...['index', 'name', 'uuid', 'serial', 'pci.bus_id', 'memory.total', 'memory.used'],
  ...['temperature.gpu', 'power.draw', 'utilization.gpu'],
];
/** From many fields to few, for versions that do not know every one. */
const QUERIES = [
  [
    ...[
      'index',
      'name',
      'uuid',
      'serial',
      'vbios_version',
      'pci.bus_id',
      'driver_version',
      'memory.total',
      'memory.used',
    ],
    ...['temperature.gpu', 'temperature.memory', 'gpu.power.draw', 'gpu.current.power.limit', 'utilization.gpu'],
    ...['clocks.current.sm', 'clocks.max.sm', 'clocks.current.memory'],
    ...['pcie.link.gen.current', 'pcie.link.width.current'],
  ],
  SHORT_QUERY,
  ['index', 'name', 'memory.total', 'memory.used', 'utilization.gpu', 'temperature.gpu'],
];
/** `IX2` is a bond of two IXLinks. */
const IXLINK = { prefix: 'GPU', link: /^IX\d+$/, id: 'iluvatar' };

/**
 * Iluvatar CoreX: the table of `ixsmi` for addresses and versions, its CSV query for UUIDs and serial numbers, IXLink
 * peers from `ixsmi topo -m`; multiprocessors and whatever else was not printed from the management library (IXML).
 */
export const iluvatar: Collector = {
  vendor: 'iluvatar',
  async collect(machine: Machine): Promise<Collected> {
    const reading = new Reading(machine, 'iluvatar');
    const options = { libraries: LIBRARIES };
    const text = await reading.run('ixsmi', [], options);
    if (text === undefined) return reading;
    const table = parseTable(text);
    let rows: { index: number; facts: Facts }[] | undefined;
    for (const query of QUERIES) {
      rows = parseCsv(
        (await reading.detail('ixsmi', [`--query-gpu=${query.join(',')}`, '--format=csv'], options)) ?? '',
      );
      if (rows) break;
    }
    const found = rows ?? table?.cards;
    if (!found) {
      reading.unknownLayout('ixsmi', text);
      return reading;
    }
    if (table?.cut) reading.say('count_mismatch', 'ixsmi: rows of the table make no whole device');
    if (rows && table && rows.length !== table.cards.length) {
      reading.say(
        'readings_disagree',
        `ixsmi --query-gpu has ${rows.length} devices, the table has ${table.cards.length}`,
      );
    }
    if (found.length === 0) reading.say('tool_reports_none', `ixsmi: ${text.slice(0, 400)}`);
    const rowsByIndex = new Map(table?.cards.map((card) => [card.index, card.facts]));
    const peers = parseMatrix((await reading.detail('ixsmi', ['topo', '-m'], options, true)) ?? '', IXLINK);
    for (const { index, facts } of found) {
      const row = rowsByIndex.get(index);
      const identity = { id: `iluvatar-${index}`, kind: 'package', vendor: 'iluvatar' } as const;
      const known = {
        ...row,
        ...Object.fromEntries(Object.entries(facts).filter(([, v]) => v !== undefined && v !== '')),
      };
      const runtime = table?.runtime && `CUDA ${table.runtime} (compatible)`;
      const made = device(identity, rows ? 'ixsmi --query-gpu' : 'ixsmi', {
        ...known,
        driver: table?.driver ?? known.driver,
        runtime,
      });
      reading.devices.push(addFacts(made, 'ixsmi topo -m', { peers: peers[index] }));
    }
    reading.version('ixsmi', table?.version);
    reading.component('Iluvatar driver', table?.driver, 'ixsmi');
    return reading;
  },
};

/** The table of `ixsmi` by its headings. Undefined where those of a card are missing. */
export function parseTable(text: string) {
  const table = smiTable(text);
  if (!table || !hasHeadings(table, ['gpu', 'name', 'bus-id', 'memory-usage'])) return undefined;
  const cards = table.devices.flatMap((row): { index: number; facts: Facts }[] => {
    const index = plainNumber(row.value('gpu'));
    if (index === undefined) return [];
    const [power, limit] = pairOf(row.value('pwr:usage/cap'));
    const [used, total] = pairOf(row.value('memory-usage'));
    return [
      {
        index,
        facts: {
          chip: row.value('name').replace(/^Iluvatar\s+/i, ''),
          pciAddress: pciAddress(row.value('bus-id')),
          clockMHz: megahertz(row.value('clock-sm')),
          memoryClockMHz: megahertz(row.value('clock-mem')),
          temperatureC: celsius(row.value('temp')),
          powerW: watts(power),
          powerLimitW: watts(limit),
          memoryUsedBytes: bytes(used),
          memoryBytes: bytes(total),
          utilization: share(row.value('gpu-util')),
        },
      },
    ];
  });
  return {
    version: bannerValue(table.banner, 'IX-ML'),
    driver: bannerValue(table.banner, 'Driver Version'),
    runtime: bannerValue(table.banner, 'CUDA Version'),
    cards,
    cut: table.cut > 0,
  };
}

/** The CSV query with its heading. Undefined where there is none. */
export function parseCsv(text: string): { index: number; facts: Facts }[] | undefined {
  const table = csvOutput(text, ['index', 'name']);
  return table?.rows
    .filter((row) => /^\d+$/.test(row.index ?? ''))
    .map((row) => {
      const facts = queryFacts(row, table.units);
      return { index: Number(row.index), facts: { ...facts, chip: facts.chip?.replace(/^Iluvatar\s+/i, '') } };
    });
}
