import { headingName, headingsIn, valuesUnder } from './columns.ts';
import { clean } from './output.ts';
import { isAbsent, pciAddress } from './quantity.ts';

/** One device of a table: its values by heading, whichever row and place the heading has. */
export interface SmiDevice {
  /** The first of the headings (without unit, any case) that has a value; empty where none has. */
  value(...headings: string[]): string;
  /** The unit in parentheses behind a heading: `Memory-Usage(MB)`. */
  unit(heading: string): string;
}

/** A table as `nvidia-smi` drew it first and most other tools draw it: several rows of cells for one device. */
export interface SmiTable {
  /** Text above the headings: names of tool, driver and runtime with their versions. */
  readonly banner: string;
  /** Headings of all rows, in lower case and without units. */
  readonly headings: ReadonlySet<string>;
  readonly devices: readonly SmiDevice[];
  /** Rows that make no whole device: the output was cut off, or a row is missing. */
  readonly cut: number;
}

interface Column {
  readonly name: string;
  readonly unit: string;
}

/** A row of headings, cell by cell. */
type HeadingRow = readonly { readonly parts: ReturnType<typeof headingsIn>; readonly columns: readonly Column[] }[];

/**
 * Reads the first table whose headings stand above a line of `=`. A device has as many rows as there are rows of
 * headings, and an address where a heading says that one stands. Rows under a device that have none (parts of it,
 * queues, slices) are no devices. Tables of processes and whatever follows are left out. Undefined where there is no
 * such table.
 */
export function smiTable(text: string): SmiTable | undefined {
  const lines = clean(text)
    .split('\n')
    .map((line) => line.trim().replace(/[│┃]/g, '|'));
  const rule = lines.findIndex((line) => /^[|+]={3,}/.test(line));
  if (rule < 1) return undefined;
  let first = rule;
  while (first > 0 && isRow(lines[first - 1]!)) first--;
  const rows = lines.slice(first, rule).map(headingRow);
  if (rows.length === 0) return undefined;
  const banner = lines.slice(0, first).filter((line) => !isBorder(line));
  const units = new Map(rows.flatMap((row) => row.flatMap(({ columns }) => columns.map((c) => [c.name, c.unit]))));
  const table = new Rows(rows, units);
  for (const line of lines.slice(rule + 1)) {
    if (/process/i.test(line)) break;
    if (isRow(line)) table.row(cells(line));
    else if (isBorder(line)) table.border();
    else if (line !== '' && table.begun) break;
  }
  return { banner: banner.join('\n'), headings: new Set(units.keys()), ...table.end() };
}

/** Rows below the headings, taken one after the other and put together at every border. */
class Rows {
  readonly #headings: readonly HeadingRow[];
  readonly #units: ReadonlyMap<string, string>;
  /** Row, cell and place of the heading under which the address of a device stands. */
  readonly #address: { row: number; cell: number; at: number } | undefined;
  readonly #devices: SmiDevice[] = [];
  #block: string[][] = [];
  #bordered = false;
  #cut = 0;

  constructor(headings: readonly HeadingRow[], units: ReadonlyMap<string, string>) {
    this.#headings = headings;
    this.#units = units;
    this.#address = placeOf(headings, /^(?:bus|pcie?)(?:[- ]?(?:id|address))?$/);
  }

  get begun(): boolean {
    return this.#devices.length > 0 || this.#block.length > 0;
  }

  row(found: string[]): void {
    this.#block.push(found);
  }

  border(): void {
    if (this.#block.length > 0) {
      this.#bordered = true;
      this.#close(true);
    }
  }

  end(): { devices: readonly SmiDevice[]; cut: number } {
    this.#close(this.#bordered);
    return { devices: this.#devices, cut: this.#cut };
  }

  /**
   * Devices of the rows between two borders. Where no address tells them from other rows and some are missing, there is
   * no telling which belong together, except in a table without borders, which can only have been cut off at its end.
   */
  #close(bordered: boolean): void {
    const each = this.#headings.length;
    const block = this.#block;
    this.#block = [];
    const unclear = !this.#address && bordered && block.length % each !== 0;
    let inBlock = 0;
    for (let at = 0; at < block.length; ) {
      const rows = block.slice(at, at + each);
      if (!unclear && this.#isDevice(rows)) {
        this.#devices.push(deviceOf(this.#headings, rows, this.#units));
        inBlock++;
        at += each;
      } else {
        if (this.#isCut(block[at]!, inBlock)) this.#cut++;
        at++;
      }
    }
  }

  /**
   * Whether a row that belongs to no device was one's: not of a table of another form, nor a part of the device above.
   */
  #isCut(found: readonly string[], devicesAbove: number): boolean {
    if (!this.#headings.some((row) => row.length === found.length)) return false;
    return devicesAbove === 0 || found.some(isAddress);
  }

  #isDevice(rows: readonly string[][]): boolean {
    if (rows.length < this.#headings.length || !/^\s*\d/.test(rows[0]![0]!)) return false;
    if (!rows.every((found, row) => found.length === this.#headings[row]!.length)) return false;
    if (!this.#address) return true;
    const { row, cell, at } = this.#address;
    if (rows.some((found, other) => other !== row && found.some(isAddress))) return false;
    const value = valuesUnder(this.#headings[row]![cell]!.parts, rows[row]![cell]!)[at] ?? '';
    // An address that is printed in an unknown form has its colons all the same.
    return /^\S+:\S+$/.test(value) || (value !== '' && isAbsent(value));
  }
}

function isAddress(cell: string): boolean {
  return pciAddress(cell.trim().split(/\s+/, 1)[0]!) !== undefined;
}

function placeOf(headings: readonly HeadingRow[], name: RegExp) {
  for (const [row, found] of headings.entries()) {
    for (const [cell, { columns }] of found.entries()) {
      const at = columns.findIndex((column) => name.test(column.name));
      if (at >= 0) return { row, cell, at };
    }
  }
  return undefined;
}

function deviceOf(
  headings: readonly HeadingRow[],
  rows: readonly (readonly string[])[],
  units: ReadonlyMap<string, string>,
): SmiDevice {
  const values = new Map<string, string>();
  for (const [row, found] of headings.entries()) {
    for (const [cell, { parts, columns }] of found.entries()) {
      const under = valuesUnder(parts, rows[row]![cell]!);
      for (const [at, { name }] of columns.entries()) if (!values.has(name)) values.set(name, under[at]!);
    }
  }
  return {
    value: (...names) => names.map((name) => values.get(name.toLowerCase()) ?? '').find((text) => text !== '') ?? '',
    unit: (name) => units.get(name.toLowerCase()) ?? '',
  };
}

/** True where the table has every heading; of several names for one, one is enough. */
export function hasHeadings(table: SmiTable, wanted: readonly (string | readonly string[])[]): boolean {
  return wanted.every((names) => [names].flat().some((name) => table.headings.has(name.toLowerCase())));
}

/** The value that a banner gives for a name: `Driver Version: 1.2.3`, or `CNMON v5.10`. */
export function bannerValue(banner: string, name: string): string | undefined {
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`${escaped}\\s*[:：]?\\s*v?(\\d[\\w.+-]*)`, 'i').exec(banner)?.[1];
}

function headingRow(line: string): HeadingRow {
  return cells(line).map((cell) => {
    const parts = headingsIn(cell);
    const columns = parts.map(({ text }) => ({
      name: headingName(text),
      unit: /\(([^()]*)\)\s*$/.exec(text)?.[1] ?? '',
    }));
    return { parts, columns };
  });
}

function isRow(line: string): boolean {
  return line.startsWith('|') && !isBorder(line);
}

function isBorder(line: string): boolean {
  return /^[|+][-=+|\s]*[|+]?$/.test(line) && /[-=]{3,}/.test(line);
}

/** Cells with the blanks inside them, which tell where in the cell a value stands. */
function cells(line: string): string[] {
  return line.replace(/^\|/, '').replace(/\|$/, '').split('|');
}
