import { addFacts, device, type Facts } from './device.ts';
import { healthOf, NO, recoveryFault } from './health.ts';
import type { Machine } from './machine.ts';
import { finder, outline, splitOutline } from './outline.ts';
import { clean, csvOutput } from './output.ts';
import { bytes, celsius, megahertz, pciAddress, plainNumber, share, watts } from './quantity.ts';
import { type Collected, type Collector, Reading } from './reading.ts';
import { queryFacts } from './smi-query.ts';
import { parseMatrix } from './topology.ts';

const SMALL_QUERY = ['index', 'name', 'uuid', 'pci.bus_id', 'memory.total'];
const FULL_QUERY = [
  ...['index', 'name', 'uuid', 'serial', 'pci.bus_id', 'memory.total', 'memory.used', 'driver_version'],
  ...['power.draw', 'power.limit', 'clocks.sm', 'clocks.max.sm', 'clocks.mem'],
];
/**
 * From many fields to few, and by the newer and the older name of the switch, for versions that do not know every one.
 */
const QUERIES: readonly string[] = [
  `--query-ppu=${[...FULL_QUERY, 'temperature.ppu', 'utilization.ppu'].join(',')}`,
  `--query-gpu=${[...FULL_QUERY, 'temperature.gpu', 'utilization.gpu', 'mig.mode.current'].join(',')}`,
  `--query-ppu=${SMALL_QUERY.join(',')}`,
  `--query-gpu=${SMALL_QUERY.join(',')}`,
];
/** `ICN2` is a bond of two of the vendor's links. */
const ICN = { prefix: 'PPU', link: /^ICN\d+$/, id: 'thead' };

interface Card {
  readonly index: number;
  readonly facts: Facts;
}

/**
 * T-Head PPU: the full report of `ppu-smi -q` beside the CSV query, else the list of `-L`; MIG instances from the list,
 * peers over the vendor's own links from `topo -m`. Its UUIDs begin with `GPU-` as NVIDIA's do.
 */
export const thead: Collector = {
  vendor: 'thead',
  async collect(machine: Machine): Promise<Collected> {
    const reading = new Reading(machine, 'thead');
    const list = await reading.run('ppu-smi', ['-L']);
    if (!reading.has('ppu-smi')) return reading;
    let rows: Card[] | undefined;
    for (const query of QUERIES) {
      rows = parseCsv((await reading.detail('ppu-smi', [query, '--format=csv'])) ?? '');
      if (rows) break;
    }
    const report = parseReport((await reading.detail('ppu-smi', ['-q'])) ?? '');
    const listed = parseList(list ?? '');
    const found = rows ?? listed ?? report?.cards.map((facts, index) => ({ index, facts }));
    if (!found) {
      if (list !== undefined) reading.unknownLayout('ppu-smi -L', list);
      return reading;
    }
    compare(reading, { '--query-ppu': rows?.length, '-L': listed?.length, '-q': report?.cards.length });
    if (report?.attached !== undefined && report.attached !== report.cards.length) {
      reading.say(
        'count_mismatch',
        `ppu-smi -q says ${report.attached} attached PPUs and describes ${report.cards.length}`,
      );
    }
    if (found.length === 0) reading.say('tool_reports_none', `ppu-smi: ${(list ?? '').slice(0, 400)}`);
    const peers = parseMatrix((await reading.detail('ppu-smi', ['topo', '-m'], {}, true)) ?? '', ICN);
    const slices = parseSlices(list ?? '');
    const reportOf = new Map(
      report?.cards.flatMap((card) =>
        [pciAddress(card.pciAddress ?? ''), card.uuid].flatMap((key) => (key ? [[key, card] as const] : [])),
      ),
    );
    for (const { index, facts } of found) {
      const id = `thead-${index}`;
      const source = rows ? 'ppu-smi --query-ppu' : listed ? 'ppu-smi -L' : 'ppu-smi -q';
      const made = device({ id, kind: 'package', vendor: 'thead' }, source, facts);
      const same = reportOf.get(pciAddress(facts.pciAddress ?? '') ?? '') ?? reportOf.get(facts.uuid ?? '');
      if (same) addFacts(made, 'ppu-smi -q', { ...same, driver: report?.driver, runtime: report?.runtime });
      reading.devices.push(addFacts(made, 'ppu-smi topo -m', { peers: peers[index] }));
      for (const [n, { profile, uuid }] of (slices[index] ?? []).entries()) {
        const identity = { id: `${id}.mig-${n}`, kind: 'partition', parent: id, vendor: 'thead' } as const;
        reading.devices.push(device(identity, 'ppu-smi -L', { uuid, partitioning: `MIG ${profile}` }));
      }
    }
    reading.component('T-Head PPU driver', reading.devices[0]?.driver?.value, 'ppu-smi');
    reading.component('HGGC', report?.runtime?.replace(/^HGGC /, ''), 'ppu-smi -q');
    return reading;
  },
};

/** Readings of one tool that differ in how many devices they have are told. */
function compare(reading: Reading, counts: Record<string, number | undefined>): void {
  const told = Object.entries(counts).filter(([, count]) => count !== undefined);
  if (new Set(told.map(([, count]) => count)).size < 2) return;
  const detail = told.map(([how, count]) => `${how} has ${count}`).join(', ');
  reading.say('readings_disagree', `ppu-smi: ${detail} devices`);
}

/** The CSV query with its heading. Memory without a unit in the cell is in the heading's. Undefined without heading. */
export function parseCsv(text: string): Card[] | undefined {
  const table = csvOutput(text, ['index', 'name', 'uuid']);
  return table?.rows
    .filter((row) => /^\d+$/.test(row.index ?? ''))
    .map((row) => ({ index: Number(row.index), facts: queryFacts(row, table.units) }));
}

/** `ppu-smi -q`: one outline for each `PPU <address>` line. Undefined where there is none. */
export function parseReport(text: string) {
  const { head, devices } = splitOutline(text, /^PPU\s+[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/i);
  if (devices.length === 0) return undefined;
  const top = finder(outline(head));
  const runtime = top('HGGC Version');
  const cards = devices.map(({ title, body }): Facts => {
    const lines = outline(body);
    const find = finder(lines);
    const minor = find('Minor Number');
    const mig = find('MIG Mode/Current');
    return {
      chip: find('Product Name'),
      uuid: find('PPU UUID', 'UUID'),
      serial: find('Serial Number'),
      pciAddress: find('PCI/Bus Id') || title.split(/\s+/)[1],
      firmware: find('VBIOS Version'),
      capability: find('Compute Capability'),
      deviceNode: /^\d+$/.test(minor) ? `/dev/alixpu_ppu${minor}` : undefined,
      memoryBytes: bytes(find('Memory Usage/Total')),
      memoryUsedBytes: bytes(find('Memory Usage/Used')),
      utilization: share(find('Utilization/Ppu')),
      temperatureC: celsius(find('PPU Current Temp')),
      memoryTemperatureC: celsius(find('Memory Current Temp')),
      fan: share(find('Fan Speed')),
      powerW: watts(find('Power Readings/Power Draw')),
      powerLimitW: watts(find('Enforced Power Limit', 'Power Readings/Power Limit')),
      clockMHz: megahertz(lineOf(lines, 'clocks', 'cu')),
      memoryClockMHz: megahertz(lineOf(lines, 'clocks', 'memory')),
      clockMaxMHz: megahertz(lineOf(lines, 'max clocks', 'cu')),
      linkGeneration: plainNumber(find('PCIe Generation/Current')),
      linkWidth: plainNumber(find('Link Width/Current').replace(/x$/i, '')),
      eccUncorrected: sum(find('Volatile/SRAM Uncorrectable'), find('Volatile/DRAM Uncorrectable')),
      throttleReasons: lines
        .filter(({ path, value }) => path[0] === 'clocks throttle reasons' && /^active$/i.test(value))
        .map(({ path }) => path.at(-1)!)
        .filter((reason) => reason !== 'idle'),
      health: healthOf([
        { answer: find('PPU Recovery Action'), well: /^none$/i, fault: recoveryFault },
        { answer: find('Remapping Failure Occurred'), well: NO, fault: 'row remapping failed' },
        { answer: find('Remapped Rows/Pending'), well: NO, fault: 'row remapping pending' },
        { answer: find('Pending Page Blacklist'), well: NO, fault: 'page retirement pending' },
      ]),
      partitioning: mig === '' || /^n\/?a$/i.test(mig) ? undefined : `MIG ${mig.toLowerCase()}`,
    };
  });
  return {
    driver: top('Driver Version') || undefined,
    runtime: runtime === '' ? undefined : `HGGC ${runtime}`,
    attached: plainNumber(top('Attached PPUs')),
    cards,
  };
}

/** The value in a section of exactly this name: `Applications Clocks` is not `Clocks`. */
function lineOf(lines: ReturnType<typeof outline>, section: string, key: string): string {
  return lines.find(({ path }) => path.length === 2 && path[0] === section && path[1] === key)?.value ?? '';
}

function sum(...texts: string[]): number | undefined {
  const counts = texts.map(plainNumber).filter((count) => count !== undefined);
  return counts.length === 0 ? undefined : counts.reduce((a, b) => a + b, 0);
}

/** `PPU 0: PPU-ZW810E (UUID: GPU-…)`. Undefined where no line has this form. */
export function parseList(text: string): Card[] | undefined {
  const found = clean(text)
    .split('\n')
    .flatMap((line) => {
      const match = /^\s*PPU\s+(\d+)\s*:\s*(\S.*?)\s*\(UUID:\s*([^)\s]+)\s*\)/i.exec(line);
      return match ? [{ index: Number(match[1]), facts: { chip: match[2]!, uuid: match[3]! } }] : [];
    });
  return found.length > 0 ? found : undefined;
}

/** MIG instances by number of their PPU: `    MIG g1.c1.i1, Device 0 (UUID: MIG-…)` under it in the list. */
export function parseSlices(text: string): { profile: string; uuid: string }[][] {
  const found: { profile: string; uuid: string }[][] = [];
  let here: { profile: string; uuid: string }[] | undefined;
  for (const line of clean(text).split('\n')) {
    const card = /^\s*PPU\s+(\d{1,3})\s*:/i.exec(line);
    if (card) {
      here = [];
      found[Number(card[1])] = here;
    }
    const slice = /^\s+MIG\s+(\S+?),?\s+Device\s+\d+\s*:?\s*\(UUID:\s*([^)\s]+)\s*\)/i.exec(line);
    if (slice && here) here.push({ profile: slice[1]!, uuid: slice[2]! });
  }
  return found;
}
