import { device, type Facts } from './device.ts';
import type { Machine } from './machine.ts';
import { clean, csvOutput } from './output.ts';
import { type Collected, type Collector, Reading } from './reading.ts';
import { queryFacts } from './smi-query.ts';

const FULL_QUERY = [
  ...['index', 'name', 'uuid', 'serial', 'pci.bus_id', 'memory.total', 'memory.used', 'driver_version'],
  ...['temperature.gpu', 'power.draw', 'power.limit', 'utilization.gpu', 'clocks.sm', 'mig.mode.current'],
];
/** From many fields to few, for versions that do not know every one. */
const QUERIES = [
  [...FULL_QUERY, 'compute_cap', 'ecc.errors.uncorrected.volatile.total'],
  FULL_QUERY,
  ['index', 'name', 'uuid', 'pci.bus_id', 'memory.total'],
];

/** T-Head PPU: the CSV query of `ppu-smi`, else its list. Its UUIDs begin with `GPU-` as NVIDIA's do. */
export const thead: Collector = {
  vendor: 'thead',
  async collect(machine: Machine): Promise<Collected> {
    const reading = new Reading(machine, 'thead');
    const list = await reading.run('ppu-smi', ['-L']);
    if (!reading.has('ppu-smi')) return reading;
    let rows: { index: number; facts: Facts }[] | undefined;
    for (const query of QUERIES) {
      rows = parseCsv((await reading.detail('ppu-smi', [`--query-gpu=${query.join(',')}`, '--format=csv'])) ?? '');
      if (rows) break;
    }
    const listed = parseList(list ?? '');
    const found = rows ?? listed;
    if (!found) {
      if (list !== undefined) reading.unknownLayout('ppu-smi -L', list);
      return reading;
    }
    if (rows && listed && rows.length !== listed.length) {
      reading.say(
        'readings_disagree',
        `ppu-smi --query-gpu has ${rows.length} devices, ppu-smi -L lists ${listed.length}`,
      );
    }
    if (found.length === 0) reading.say('tool_reports_none', `ppu-smi: ${(list ?? '').slice(0, 400)}`);
    for (const { index, facts } of found) {
      const identity = { id: `thead-${index}`, kind: 'package', vendor: 'thead' } as const;
      const deviceNode = `/dev/alixpu_ppu${index}`;
      reading.devices.push(device(identity, rows ? 'ppu-smi --query-gpu' : 'ppu-smi -L', { ...facts, deviceNode }));
    }
    reading.component('T-Head PPU driver', reading.devices[0]?.driver?.value, 'ppu-smi --query-gpu');
    return reading;
  },
};

/** The CSV query with its heading. Memory without a unit in the cell is in the heading's. Undefined without heading. */
export function parseCsv(text: string): { index: number; facts: Facts }[] | undefined {
  const table = csvOutput(text, ['index', 'name', 'uuid']);
  return table?.rows
    .filter((row) => /^\d+$/.test(row.index ?? ''))
    .map((row) => ({ index: Number(row.index), facts: queryFacts(row, table.units) }));
}

/** `PPU 0: PPU-ZW810E (UUID: GPU-…)`. Undefined where no line has this form. */
export function parseList(text: string): { index: number; facts: Facts }[] | undefined {
  const found = clean(text)
    .split('\n')
    .flatMap((line) => {
      const match = /^\s*PPU\s+(\d+)\s*:\s*(\S.*?)\s*\(UUID:\s*([^)\s]+)\s*\)/i.exec(line);
      return match ? [{ index: Number(match[1]), facts: { chip: match[2]!, uuid: match[3]! } }] : [];
    });
  return found.length > 0 ? found : undefined;
}
