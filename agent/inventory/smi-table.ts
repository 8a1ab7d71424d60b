import { clean } from './output.ts';

/** A table as `nvidia-smi` drew it first and most other tools draw it: several rows of cells for one device. */
export interface SmiTable {
  /** Text above the headings: names of tool, driver and runtime with their versions. */
  readonly banner: string;
  /** Rows of heading cells; each device has as many rows as there are headings. */
  readonly headings: readonly (readonly string[])[];
  /** Devices, each a list of rows of cells. */
  readonly devices: readonly (readonly (readonly string[])[])[];
  /** Rows that make no whole device: the output was cut off, or a row is missing. */
  readonly cut: number;
}

/**
 * Reads the first table whose headings stand above a line of `=`. Tables of processes and whatever follows are left
 * out. Undefined where there is no such table.
 */
export function smiTable(text: string): SmiTable | undefined {
  const lines = clean(text)
    .split('\n')
    .map((line) => line.trim().replace(/[│┃]/g, '|'));
  const rule = lines.findIndex((line) => /^[|+]={3,}/.test(line));
  if (rule < 1) return undefined;
  let first = rule;
  while (first > 0 && isRow(lines[first - 1]!)) first--;
  const headings = lines.slice(first, rule).map(cells);
  if (headings.length === 0) return undefined;
  const banner = lines.slice(0, first).filter((line) => !isBorder(line));
  const blocks: string[][][] = [[]];
  for (const line of lines.slice(rule + 1)) {
    if (/process/i.test(line)) break;
    if (isRow(line)) blocks.at(-1)!.push(cells(line));
    else if (isBorder(line)) blocks.push([]);
    else if (line !== '' && blocks.some((block) => block.length > 0)) break;
  }
  const filled = blocks.filter((block) => block.length > 0);
  const unbordered = filled.length === 1 && blocks.at(-1) === filled[0];
  const devices = filled.flatMap((block) => devicesOf(block, headings.length, unbordered));
  const rows = filled.reduce((sum, block) => sum + block.length, 0);
  return { banner: banner.join('\n'), headings, devices, cut: rows - devices.length * headings.length };
}

/**
 * Devices of the rows between two borders. Where rows are missing there is no telling which belong together, except in
 * a table without borders, which can only have been cut off at its end.
 */
function devicesOf(block: readonly string[][], each: number, unbordered: boolean): string[][][] {
  if (block.length % each !== 0 && !unbordered) return [];
  return Array.from({ length: Math.floor(block.length / each) }, (_, i) => block.slice(i * each, (i + 1) * each));
}

/** True where every heading is found in its row, in any cell: the layout this parser was written for. */
export function hasHeadings(table: SmiTable, wanted: readonly (readonly string[])[]): boolean {
  return wanted.every((names, row) => {
    const text = table.headings[row]?.join(' ').toLowerCase() ?? '';
    return names.every((name) => text.includes(name.toLowerCase()));
  });
}

/** The value that a banner gives for a name: `Driver Version: 1.2.3`, or `CNMON v5.10`. */
export function bannerValue(banner: string, name: string): string | undefined {
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`${escaped}\\s*[:：]?\\s*v?(\\d[\\w.+-]*)`, 'i').exec(banner)?.[1];
}

function isRow(line: string): boolean {
  return line.startsWith('|') && !isBorder(line);
}

function isBorder(line: string): boolean {
  return /^[|+][-=+|\s]*[|+]?$/.test(line) && /[-=]{3,}/.test(line);
}

function cells(line: string): string[] {
  return line
    .replace(/^\|/, '')
    .replace(/\|$/, '')
    .split('|')
    .map((cell) => cell.trim());
}
