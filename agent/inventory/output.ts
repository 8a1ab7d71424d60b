import { parse } from 'csv-parse/sync';
import { isAbsent } from './quantity.ts';

/** What vendor tools print, taken apart: the shapes that many of them share. All pure, none of them throws. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal escape sequences are what this removes
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters but tab and line feed
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

/** Text without terminal colours, carriage returns, byte order mark and control characters. */
export function clean(text: string): string {
  return text
    .replace(/^\ufeff/, '')
    .replace(ESCAPES, '')
    .replace(/\r\n?/g, '\n')
    .replace(CONTROLS, '')
    .replace(/[\u00a0\u3000]/g, ' ');
}

/** Cells of the rows of a drawn table (`| a | b |`), trimmed; border lines and text outside the table are left out. */
export function boxRows(text: string): string[][] {
  const rows: string[][] = [];
  for (const line of clean(text).split('\n')) {
    const trimmed = line.trim().replace(/[│┃]/g, '|');
    if (!trimmed.startsWith('|') || /^\|[\s|=+:-]*$/.test(trimmed)) continue;
    const cells = trimmed.replace(/^\|/, '').replace(/\|$/, '').split('|');
    rows.push(cells.map((cell) => cell.trim()));
  }
  return rows;
}

/** Rows of comma-separated output with a heading, by heading (lower case, without its unit) and the unit by heading. */
export interface CsvOutput {
  readonly rows: Record<string, string>[];
  readonly units: Record<string, string>;
}

/**
 * Reads `--format=csv` output: the heading is the line that has all of `columns`; lines before it (banners, warnings)
 * are left out, and so is a line that does not begin with a number where the heading begins with `index`. A row that is
 * cut off keeps its cells but the last, one with too many cells only the first: a device is never lost for it.
 * Undefined where there is no such heading.
 */
export function csvOutput(text: string, columns: readonly string[]): CsvOutput | undefined {
  const lines = clean(text).split('\n');
  const at = lines.findIndex((line) => {
    const found = line.split(',').map(heading);
    return columns.every((column) => found.includes(column));
  });
  if (at < 0) return undefined;
  const headings = lines[at]!.split(',');
  const names = headings.map(heading);
  const units: Record<string, string> = {};
  for (const text of headings) {
    const unit = /\[([^\]]+)\]\s*$/.exec(text.trim())?.[1];
    if (unit) units[heading(text)] = unit;
  }
  const rows: Record<string, string>[] = [];
  for (const line of lines.slice(at + 1)) {
    const cells = rowOf(line, names.length);
    if (cells.length === names.length || (names[0] === 'index' && cells.length > 1 && /^\d{1,4}$/.test(cells[0]!))) {
      const known = cells.length < names.length ? cells.length - 1 : cells.length > names.length ? 1 : cells.length;
      rows.push(Object.fromEntries(names.slice(0, known).map((name, i) => [name, cells[i]!])));
    }
  }
  return { rows, units };
}

/** Cells of a row; where numbers are grouped (`81,559 MiB`), only a comma with a blank behind it separates. */
function rowOf(line: string, columns: number): string[] {
  const cells = cellsOf(line);
  if (cells.length <= columns) return cells;
  const wide = line.split(/, +/).map((cell) => cell.trim());
  return wide.length === columns ? wide : cells;
}

function heading(text: string): string {
  return text
    .replace(/\[[^\]]*\]\s*$/, '')
    .trim()
    .toLowerCase();
}

function cellsOf(line: string): string[] {
  if (line.trim() === '') return [];
  try {
    const records = parse(line, { trim: true, relax_quotes: true, relax_column_count: true }) as string[][];
    return records[0] ?? [];
  } catch {
    return [];
  }
}

/** A property of an unknown value. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let here = value;
  for (const step of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return undefined;
    here = (here as Record<string | number, unknown>)[step];
  }
  return here;
}

/** A leaf of parsed JSON as trimmed text; `{value, unit}` becomes `value unit`. Undefined for anything else. */
export function textAt(value: unknown, ...path: readonly (string | number)[]): string | undefined {
  const leaf = at(value, ...path);
  if (typeof leaf === 'string') return leaf.trim();
  if (typeof leaf === 'number') return Number.isFinite(leaf) ? String(leaf) : undefined;
  const number = at(leaf, 'value');
  if (typeof number === 'number' || typeof number === 'string') {
    const unit = at(leaf, 'unit');
    return `${number} ${typeof unit === 'string' ? unit : ''}`.trim();
  }
  return undefined;
}

/** The list at a path; one object alone counts as a list of one, as XML converters give it. */
export function listAt(value: unknown, ...path: readonly (string | number)[]): unknown[] {
  const found = at(value, ...path);
  if (Array.isArray(found)) return found;
  return typeof found === 'object' && found !== null ? [found] : [];
}

/** The first of several places that has a value, as text: for keys that moved between versions, newest first. */
export function firstText(value: unknown, ...paths: readonly string[]): string {
  for (const path of paths) {
    const found = textAt(value, ...path.split('.'));
    if (found !== undefined && !isAbsent(found)) return found;
  }
  return '';
}
