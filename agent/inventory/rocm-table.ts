import { headingName, headingsIn, valuesUnder } from './columns.ts';
import type { Facts } from './device.ts';
import { clean } from './output.ts';
import { bytes, celsius, isAbsent, megahertz, plainNumber, share, watts } from './quantity.ts';

/** One row of the table that `rocm-smi` and `hy-smi` print without options. */
export interface ConciseRow {
  readonly index: number;
  /** The line below it that has a name only, as some versions print it. */
  readonly name: string;
  /** The first of the headings (any case, without what is in parentheses) that has a value; empty where none has. */
  value(...headings: string[]): string;
}

/**
 * Rows of the table under a line of headings whose first is one of `device` (`GPU`, `Device`, `HCU`). Columns differ
 * between versions and are told by their headings. Undefined where there is no such line.
 */
function conciseTable(text: string, device: RegExp): ConciseRow[] | undefined {
  const lines = clean(text).split('\n');
  const start = lines.findIndex((line) => {
    const names = headingsIn(line).map((part) => headingName(part.text));
    return names.length > 2 && device.test(names[0]!) && names.includes('temp');
  });
  if (start < 0) return undefined;
  const headings = headingsIn(lines[start]!);
  const names = headings.map((part) => headingName(part.text));
  const rows: { index: number; name: string; values: string[] }[] = [];
  for (const line of lines.slice(start + 1)) {
    if (rows.length > 0 && /^\s*={5,}/.test(line)) break;
    const row = /^\s*\d{1,5}\s/.test(line) ? valuesUnder(headings, line) : undefined;
    const index = plainNumber(row?.[0] ?? '');
    if (row && index !== undefined) rows.push({ index, name: '', values: row });
    else if (rows.length > 0 && /^\s{4,}\S/.test(line)) rows.at(-1)!.name = line.trim();
  }
  return rows.map(({ index, name, values }) => ({
    index,
    name,
    value: (...wanted) =>
      wanted.map((heading) => values[names.indexOf(heading.toLowerCase())] ?? '').find((text) => text !== '') ?? '',
  }));
}

/** A card of the table, and which part of a split card the row is. */
export interface ConciseCard {
  readonly index: number;
  readonly partition: number;
  readonly facts: Facts;
}

/** `rocm-smi` without options: the poorest form, without memory, addresses and, in most versions, names. */
export function parseRocmTable(text: string): ConciseCard[] | undefined {
  return conciseTable(text, /^(?:gpu|device)$/)?.map((row) => {
    // `0x740f, 21782`: the id on the bus, then one of the driver's own.
    const id = /^0x([0-9a-f]{4})\b/i.exec(row.value('ids'))?.[1];
    const [, mode = '', part = ''] = row.value('partitions').split(/\s*,\s*/);
    return {
      index: row.index,
      partition: plainNumber(part) ?? 0,
      facts: {
        chip: row.name,
        pciId: id === undefined ? undefined : `1002:${id.toLowerCase()}`,
        temperatureC: celsius(row.value('temp')),
        powerW: watts(row.value('power', 'avgpwr', 'curpwr', 'sktpwr')),
        powerLimitW: watts(row.value('pwrcap')),
        clockMHz: megahertz(row.value('sclk')),
        memoryClockMHz: megahertz(row.value('mclk')),
        utilization: share(row.value('gpu%')),
        fan: share(row.value('fan')),
        partitioning: isAbsent(mode) ? undefined : mode,
      },
    };
  });
}

/** Rows of `hy-smi` without options; newer versions say HCU, older DCU. The mode is the tool's word for the health. */
export function parseHygonTable(text: string, device = /^(?:hcu|dcu|gpu)$/): ConciseCard[] | undefined {
  return conciseTable(text, device)?.map((row) => ({
    index: row.index,
    partition: 0,
    facts: {
      temperatureC: celsius(row.value('temp')),
      powerW: watts(row.value('avgpwr', 'power')),
      powerLimitW: watts(row.value('pwrcap')),
      utilization: share(row.value('hcu%', 'dcu%', 'gpu%')),
      health: row.value('mode'),
    },
  }));
}

/** `HCU[0] : vram Total Memory (MiB): 65520`, older `GPU[0] : VRAM Total Memory (B): …`, by number of the card. */
export function parseMemory(text: string): Map<number, Facts> {
  const memory = new Map<number, Facts>();
  for (const line of clean(text).split('\n')) {
    const match = /^\s*(?:HCU|DCU|GPU)\[(\d+)\]\s*:\s*vram (total|total used) memory \((\w+)\)\s*:\s*(\S+)/i.exec(line);
    if (!match) continue;
    const [, index, what, unit, value] = match as unknown as [string, string, string, string, string];
    const read = bytes(value, unit);
    const name = /used/i.test(what) ? 'memoryUsedBytes' : 'memoryBytes';
    memory.set(Number(index), { ...memory.get(Number(index)), [name]: read });
  }
  return memory;
}
