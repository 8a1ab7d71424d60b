import { addFacts, device, type Facts } from './device.ts';
import { healthOf, NO } from './health.ts';
import { finder, outline, splitOutline } from './outline.ts';
import { csvOutput } from './output.ts';
import { linkGeneration } from './pci.ts';
import { bytes, celsius, megahertz, pairOf, pciAddress, plainNumber, share, watts } from './quantity.ts';
import type { Reading } from './reading.ts';
import { queryFacts } from './smi-query.ts';
import { bannerValue, hasHeadings, smiTable } from './smi-table.ts';

/**
 * Gaudi: the CSV query of `hl-smi -Q`, else the table of `hl-smi`, and of every card the report of `hl-smi -L`, which
 * has the rest.
 */
const QUERY =
  'index,name,uuid,serial,bus_id,memory.total,memory.used,driver_version,temperature.aip,power.draw,utilization.aip';
const ERRORS = 'index,name,ecc.errors.uncorrected.volatile.total';

export async function readGaudi(reading: Reading): Promise<void> {
  const text = await reading.detail('hl-smi', ['-Q', QUERY, '-f', 'csv']);
  if (!reading.has('hl-smi')) return;
  const query = csvOutput(text ?? '', ['index', 'name']);
  const cards = query
    ? query.rows.map((row) => ({ index: row.index!, facts: queryFacts(row, query.units) }))
    : await readTable(reading, text);
  if (!cards) return;
  const source = query ? 'hl-smi -Q' : 'hl-smi';
  if (cards.length === 0) reading.say('tool_reports_none', `${source}: ${(text ?? '').slice(0, 400)}`);
  const errors = csvOutput((await reading.detail('hl-smi', ['-Q', ERRORS, '-f', 'csv'], {}, true)) ?? '', ['index']);
  const counted = new Map(errors?.rows.map((row) => [row.index, row]));
  const report = parseReport((await reading.detail('hl-smi', ['-L'], {}, true)) ?? '');
  if (report.attached !== undefined && report.attached !== cards.length) {
    const detail = `hl-smi -L says ${report.attached} attached AIPs, ${source} lists ${cards.length}`;
    reading.say('count_mismatch', detail);
  }
  for (const { index, facts } of cards) {
    const identity = { id: `gaudi-${index}`, kind: 'package', vendor: 'intel' } as const;
    const made = device(identity, source, facts);
    const row = counted.get(index);
    if (row) addFacts(made, 'hl-smi -Q', queryFacts(row, {}));
    addFacts(made, 'hl-smi -L', report.cards.get(made.pciAddress?.value ?? '') ?? {});
    reading.devices.push(made);
  }
}

/** Cards of the table, for versions that do not know the query or answer it otherwise (`asked`). */
async function readTable(reading: Reading, asked: string | undefined) {
  const text = await reading.run('hl-smi', []);
  const cards = parseTable(text ?? '');
  if (cards) return cards;
  const last = text ?? asked;
  if (last !== undefined) reading.unknownLayout('hl-smi', last);
  return undefined;
}

/** The table of `hl-smi` by its headings. Undefined where those of a card are missing. */
export function parseTable(text: string): { index: string; facts: Facts }[] | undefined {
  const table = smiTable(text);
  if (!table || !hasHeadings(table, ['aip', 'name', 'bus-id', 'memory-usage'])) return undefined;
  const driver = bannerValue(table.banner, 'Driver Version');
  return table.devices.map((row) => {
    const [power, limit] = pairOf(row.value('pwr:usage/cap'));
    const [used, total] = pairOf(row.value('memory-usage'));
    return {
      index: row.value('aip'),
      facts: {
        chip: row.value('name'),
        pciAddress: row.value('bus-id'),
        // Newer versions count events of another kind under another heading.
        eccUncorrected: plainNumber(row.value('volatile uncorr. ecc')),
        temperatureC: celsius(row.value('temp')),
        fan: share(row.value('fan')),
        powerW: watts(power),
        powerLimitW: watts(limit),
        memoryUsedBytes: bytes(used),
        memoryBytes: bytes(total),
        utilization: share(row.value('aip-util')),
        driver,
      },
    };
  });
}

/** `hl-smi -L`: an outline for each `[0] AIP (accel0) 0000:43:00.0`, here by address. */
export function parseReport(text: string): { attached: number | undefined; cards: Map<string, Facts> } {
  const { head, devices } = splitOutline(
    text,
    /^\[\d+\] AIP \(accel\d{1,4}\) [0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/i,
  );
  const cards = new Map<string, Facts>();
  for (const { title, body } of devices) {
    const [, accel, address] = /\((accel\d+)\)\s+(\S+)$/.exec(title)!;
    const key = pciAddress(address!);
    if (key !== undefined) cards.set(key, { ...factsOf(body), deviceNode: `/dev/accel/${accel}` });
  }
  return { attached: plainNumber(finder(outline(head))('Attached AIPs')), cards };
}

function factsOf(body: string): Facts {
  const lines = outline(body);
  const find = finder(lines);
  const memory = lines
    .filter(({ path }) => path[0] === 'temperature' && /\bhbm\b/.test(path.at(-1)!))
    .map(({ value }) => celsius(value))
    .filter((value) => value !== undefined);
  return {
    chip: find('Product Name'),
    uuid: find('AIP UUID'),
    serial: find('Serial Number'),
    firmware: find('Firmware [SPI] Version'),
    health: healthOf([
      { answer: find('Module status'), well: /^operational$/i, fault: (status) => status },
      { answer: find('Replaced Rows/Pending'), well: NO, fault: 'row replacement pending', onlyFault: true },
    ]),
    throttleReasons: reasonsIn(body),
    memoryTemperatureC: memory.length === 0 ? undefined : Math.max(...memory),
    powerLimitW: watts(find('Power Readings (54V PSU)/Power Limit')),
    clockMHz: megahertz(find('Clocks/[1] soc')),
    clockMaxMHz: megahertz(find('Clocks Max/[1] soc')),
    linkGeneration: linkGeneration(find('Link Speed/Current')),
    linkWidth: plainNumber(find('Link Width/Current').replace(/x/i, '')),
  };
}

/** The state of a reason may stand in the line below its name. */
function reasonsIn(body: string): string[] {
  const section = /^\s*Clocks Throttle Reasons\s*$([\s\S]*?)(?=^\s*Memory Type|(?![\s\S]))/im.exec(body)?.[1] ?? '';
  const reasons = [...section.matchAll(/^\s*([A-Z]\S*(?: \S+)*?)\s*:\s*(Active|Not Active)\s*$/gim)];
  return reasons.filter(([, , state]) => /^active$/i.test(state!)).map(([, name]) => name!.toLowerCase());
}
