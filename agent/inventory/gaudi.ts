import { addFacts, device, type Facts } from './device.ts';
import { finder, outline, splitOutline } from './outline.ts';
import { csvOutput } from './output.ts';
import { linkGeneration } from './pci.ts';
import { celsius, isAbsent, megahertz, pciAddress, plainNumber, watts } from './quantity.ts';
import type { Reading } from './reading.ts';
import { queryFacts } from './smi-query.ts';

/** Gaudi: the CSV query of `hl-smi -Q`, and of every card the report of `hl-smi -L`, which has the rest. */
const QUERY =
  'index,name,uuid,serial,bus_id,memory.total,memory.used,driver_version,temperature.aip,power.draw,utilization.aip';
const ERRORS = 'index,name,ecc.errors.uncorrected.volatile.total';

export async function readGaudi(reading: Reading): Promise<void> {
  const text = await reading.run('hl-smi', ['-Q', QUERY, '-f', 'csv']);
  if (text === undefined) return;
  const table = csvOutput(text, ['index', 'name']);
  if (!table) {
    reading.unknownLayout('hl-smi -Q', text);
    return;
  }
  if (table.rows.length === 0) reading.say('tool_reports_none', `hl-smi -Q: ${text.slice(0, 400)}`);
  const errors = csvOutput((await reading.detail('hl-smi', ['-Q', ERRORS, '-f', 'csv'], {}, true)) ?? '', ['index']);
  const report = parseReport((await reading.detail('hl-smi', ['-L'], {}, true)) ?? '');
  if (report.attached !== undefined && report.attached !== table.rows.length) {
    const detail = `hl-smi -L says ${report.attached} attached AIPs, hl-smi -Q lists ${table.rows.length}`;
    reading.say('count_mismatch', detail);
  }
  for (const row of table.rows) {
    const identity = { id: `gaudi-${row.index}`, kind: 'package', vendor: 'intel' } as const;
    const made = device(identity, 'hl-smi -Q', queryFacts(row, table.units));
    const counted = errors?.rows.find((other) => other.index === row.index);
    if (counted) addFacts(made, 'hl-smi -Q', queryFacts(counted, {}));
    addFacts(made, 'hl-smi -L', report.cards.get(made.pciAddress?.value ?? '') ?? {});
    reading.devices.push(made);
  }
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
    health: healthOf(find('Module status'), find('Replaced Rows/Pending')),
    throttleReasons: reasonsIn(body),
    memoryTemperatureC: memory.length === 0 ? undefined : Math.max(...memory),
    powerLimitW: watts(find('Power Readings (54V PSU)/Power Limit')),
    clockMHz: megahertz(find('Clocks/[1] soc')),
    clockMaxMHz: megahertz(find('Clocks Max/[1] soc')),
    linkGeneration: linkGeneration(find('Link Speed/Current')),
    linkWidth: plainNumber(find('Link Width/Current').replace(/x/i, '')),
  };
}

function healthOf(status: string, pending: string): string | undefined {
  const faults = [
    ...(isAbsent(status) || /^operational$/i.test(status) ? [] : [status]),
    ...(/^yes$/i.test(pending) ? ['row replacement pending'] : []),
  ];
  if (faults.length > 0) return faults.join(', ');
  return isAbsent(status) ? undefined : 'OK';
}

/** The state of a reason may stand in the line below its name. */
function reasonsIn(body: string): string[] {
  const section = /^\s*Clocks Throttle Reasons\s*$([\s\S]*?)(?=^\s*Memory Type|(?![\s\S]))/im.exec(body)?.[1] ?? '';
  const reasons = [...section.matchAll(/^\s*([A-Z]\S*(?: \S+)*?)\s*:\s*(Active|Not Active)\s*$/gim)];
  return reasons.filter(([, , state]) => /^active$/i.test(state!)).map(([, name]) => name!.toLowerCase());
}
