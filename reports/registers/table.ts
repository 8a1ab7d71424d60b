import { parse } from 'csv-parse/sync';
import type { Column } from './column.ts';
import { decodeText } from './encoding.ts';
import { type RegisterProblem, shown } from './problem.ts';

const MAX_BYTES = 16 * 1024 * 1024;
const MAX_ROWS = 200_000;

/** Rows of one CSV file by column key, with the number a spreadsheet gives the row and the header each key stood under. */
export interface Table {
  readonly header: ReadonlyMap<string, string>;
  readonly rows: readonly { readonly row: number; readonly cells: ReadonlyMap<string, string> | undefined }[];
}

/**
 * Splits a register into rows. Commas, semicolons or tabs separate (whichever the header line has most of). Lines with
 * nothing in them are left out but counted. A row of another width has no cells. Gives the table, or what is wrong with
 * the file as a whole: too large, not text, malformed, or without a column that is needed.
 */
export function readTable(bytes: Uint8Array, columns: readonly Column[]): Table | RegisterProblem[] {
  const whole = (code: RegisterProblem['code'], detail: string, column = ''): RegisterProblem[] => [
    { row: 0, column, code, detail },
  ];
  if (bytes.length > MAX_BYTES) return whole('too_large', `${bytes.length} > ${MAX_BYTES} bytes`);
  const text = decodeText(bytes)?.text;
  if (text === undefined || text.includes('\0')) return whole('not_text', '');
  let records: string[][];
  try {
    records = parse(text, {
      delimiter: separator(text),
      relax_column_count: true,
      max_record_size: 65_536,
      to: MAX_ROWS + 2,
    });
  } catch (error) {
    return whole('csv_malformed', shown((error as Error).message));
  }
  if (records.length > MAX_ROWS + 1) return whole('too_large', `> ${MAX_ROWS} rows`);
  const headerCells = records[0] ?? [];
  const places = matchHeader(headerCells, columns);
  if (Array.isArray(places)) return places;
  const header = new Map([...places].map(([key, place]) => [key, headerCells[place]!.trim()]));
  const rows: Table['rows'][number][] = [];
  for (let i = 1; i < records.length; i++) {
    const record = records[i]!;
    if (record.every((cell) => cell.trim() === '')) continue;
    const fits = record.length === headerCells.length;
    const cells = fits ? new Map([...places].map(([key, place]) => [key, record[place]!])) : undefined;
    rows.push({ row: i + 1, cells });
  }
  return { header, rows };
}

/** Place of every column in the header, or the problems. Headers match without case, spaces and a unit in brackets. */
function matchHeader(header: readonly string[], columns: readonly Column[]): Map<string, number> | RegisterProblem[] {
  const places = new Map<string, number>();
  const problems: RegisterProblem[] = [];
  const units = new Set<string>();
  const plain = header.map(plainHeader);
  for (const column of columns) {
    const accepted = new Set(column.headers.map(plainHeader));
    const found = plain.flatMap((text, place) => (accepted.has(text) && !taken(places, place) ? [place] : []));
    const first = found[0];
    if (found.length > 1) {
      const detail = found.map((place) => shown(header[place]!)).join(', ');
      problems.push({ row: 1, column: column.headers[0]!, code: 'header_twice', detail });
    } else if (first !== undefined) {
      places.set(column.key, first);
      const unit = /[（(]([^（()）]*)[)）]/.exec(header[first]!)?.[1]?.trim();
      if (column.key === 'planned' || column.key === 'spent') units.add(unit ?? '');
    } else if (!column.optional) {
      const detail = `${column.headers.join(' / ')}; ${header.slice(0, 20).map(shown).join(', ')}`;
      problems.push({ row: 1, column: column.headers[0]!, code: 'header_missing', detail });
    }
  }
  if (units.size > 1) problems.push({ row: 1, column: '', code: 'header_units', detail: [...units].join(', ') });
  return problems.length > 0 ? problems : places;
}

function taken(places: ReadonlyMap<string, number>, place: number): boolean {
  for (const other of places.values()) if (other === place) return true;
  return false;
}

function plainHeader(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/\([^()]*\)/g, '')
    .replace(/[\s_*-]+/g, '')
    .toLowerCase();
}

function separator(text: string): string {
  const end = text.search(/[\r\n]/);
  const line = end < 0 ? text : text.slice(0, end);
  const count = (mark: string): number => line.split(mark).length;
  return [',', '\t', ';'].reduce((best, mark) => (count(mark) > count(best) ? mark : best));
}
