import { CsvError, parse } from 'csv-parse/sync';
import type { RegisterProblemCode } from '../../model/register.ts';
import type { Column } from './column.ts';
import { decodeText } from './encoding.ts';
import { type HeaderMatch, matchHeader } from './header.ts';
import { type RegisterProblem, shown } from './problem.ts';
import { saysRemark } from './sameness.ts';
import { cellContent } from './text-cell.ts';

/** Largest file of a register, in bytes. */
export const MAX_REGISTER_BYTES = 16 * 1024 * 1024;
const MAX_ROWS = 200_000;
const MAX_COLUMNS = 1000;
const MAX_RECORD = 65_536;
/** Rows among which the header is looked for: titles and statements of units stand above it. */
const HEADER_WITHIN = 10;
const SEPARATORS = [',', '\t', ';', '|', '，'];

/** One row below the header. */
export interface TableRow {
  /** Its number, as a spreadsheet and an editor that wraps no cell show it. */
  readonly row: number;
  /** First cell with anything in it. */
  readonly lead: string;
  /** Contents by column key; absent where the row has more cells than the header. */
  readonly cells: ReadonlyMap<string, string> | undefined;
}

/** Rows of one CSV file, with the header that each column stood under, and rows that were passed over and why. */
export interface Table {
  readonly header: ReadonlyMap<string, string>;
  readonly rows: readonly TableRow[];
  readonly problems: readonly RegisterProblem[];
}

/**
 * Splits a register into rows. Commas, semicolons, tabs, bars or full-width commas separate: those by which the header
 * is found, or what a first line `sep=` says. The header may stand below titles. Cells that are left out at the end of
 * a row are empty. Lines with nothing in them are left out but counted. Gives the table, or what is wrong with the file
 * as a whole: too large, not text, malformed, or without a column that is needed.
 */
export function readTable(bytes: Uint8Array, columns: readonly Column[]): Table | RegisterProblem[] {
  const whole = (code: RegisterProblemCode, detail: string, row = 0): RegisterProblem[] => [
    { row, column: '', code, detail },
  ];
  if (bytes.length > MAX_REGISTER_BYTES) return whole('too_large', `${bytes.length} > ${MAX_REGISTER_BYTES} bytes`);
  const decoded = decodeText(bytes)?.text;
  if (decoded === undefined || decoded.includes('\0')) return whole('not_text', '');
  const { text, said, before } = withoutSeparatorLine(decoded.replace(/^\ufeff+/, ''));
  const found = findHeader(text, said ? [said] : SEPARATORS, before, columns);
  if ('code' in found) return whole(found.code, found.detail, found.row);
  if (found.match.problems.length > 0) return [...found.match.problems];
  const { match, cells: headerCells, index, separator } = found;
  const headers = new Map([...match.places].map(([key, place]) => [key, cellContent(headerCells[place]!)]));
  const rows: TableRow[] = [];
  const problems: RegisterProblem[] = [];
  const needed = columns.filter((column) => !column.optional).length;
  let last = before;
  const take = (record: string[]): null => {
    const row = ++last;
    if (row - before - 1 === index) return null;
    const contents = record.map(cellContent);
    const filled = contents.filter((cell) => cell !== '');
    if (filled.length === 0) return null;
    if (row - before - 1 < index) {
      // a title, or who filled in the table and when; anything else could be an entry
      const title = filled.length === 1 && needed > 1;
      if (!title && !filled.every(saysRemark))
        problems.push({ row, column: '', code: 'above_header', detail: shown(filled.join(', ')) });
      return null;
    }
    const cells = new Map([...match.places].map(([key, place]) => [key, contents[place] ?? '']));
    const empty = [...cells.values()].every((cell) => cell === '');
    // a number that was given to a row before there was anything to write in it
    if (empty && filled.every((cell) => /^\d+$/.test(cell))) return null;
    // printed tables have their header at the top of every page
    if ([...headers].every(([key, header]) => cells.get(key) === header)) {
      problems.push({ row, column: '', code: 'header_again', detail: shown(filled.join(', ')) });
      return null;
    }
    const fits = contents.slice(headerCells.length).every((cell) => cell === '');
    rows.push({ row, lead: filled[0]!, cells: fits ? cells : undefined });
    return null;
  };
  const broken = parseRecords(text, separator, MAX_ROWS + index + 2, take);
  if (broken) return whole(broken.code, broken.detail, last + 1);
  if (last - before > MAX_ROWS + index + 1) return whole('too_large', `> ${MAX_ROWS} rows`);
  return { header: headers, rows, problems };
}

/** The header that has every column, if the rows of a file begin with one; for files whose name says nothing. */
export function headerOf(bytes: Uint8Array, columns: readonly Column[]): readonly string[] | undefined {
  if (bytes.length > MAX_REGISTER_BYTES) return undefined;
  const decoded = decodeText(bytes)?.text;
  if (decoded === undefined || decoded.includes('\0')) return undefined;
  const { text, said } = withoutSeparatorLine(decoded.replace(/^\ufeff+/, ''));
  const found = findHeader(text, said ? [said] : SEPARATORS, 0, columns);
  if (!('match' in found) || found.match.problems.length > 0) return undefined;
  return [...found.match.places.values()].map((place) => cellContent(found.cells[place]!));
}

interface FoundHeader {
  readonly match: HeaderMatch;
  readonly cells: readonly string[];
  /** How many rows stand above it. */
  readonly index: number;
  readonly separator: string;
}
type Broken = { readonly code: RegisterProblemCode; readonly detail: string; readonly row: number };

/** The first row that has every column, by whichever separator; else the row that has most of them. */
function findHeader(
  text: string,
  separators: readonly string[],
  before: number,
  columns: readonly Column[],
): FoundHeader | Broken {
  let best: (FoundHeader & { readonly score: number }) | undefined;
  let wrong: Broken | undefined;
  for (const separator of separators) {
    const records: string[][] = [];
    const broken = parseRecords(text.slice(0, (HEADER_WITHIN + 1) * MAX_RECORD), separator, HEADER_WITHIN, (record) => {
      records.push(record);
      return null;
    });
    if (records.some((record) => record.length > MAX_COLUMNS)) {
      const row = before + records.findIndex((record) => record.length > MAX_COLUMNS) + 1;
      wrong ??= { code: 'too_large', detail: `> ${MAX_COLUMNS} columns`, row };
      continue;
    }
    if (broken) wrong ??= { ...broken, row: before + records.length + 1 };
    for (const [index, cells] of records.entries()) {
      const match = matchHeader(cells, before + index + 1, columns);
      const score = match.problems.length === 0 ? Number.POSITIVE_INFINITY : match.places.size;
      if (!best || score > best.score) best = { match, cells, index, separator, score };
    }
  }
  if (best && (best.score > 0 || !wrong)) return best;
  if (wrong) return wrong;
  return { match: matchHeader([], before + 1, columns), cells: [], index: 0, separator: ',' };
}

/** Gives every record to `take`; says what is malformed. A quoted cell may hold separators and line breaks. */
function parseRecords(
  text: string,
  separator: string,
  to: number,
  take: (record: string[]) => null,
): Omit<Broken, 'row'> | undefined {
  try {
    parse(keptAsText(text, separator), {
      delimiter: separator,
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      // blanks outside of quotes; where tabs separate they are no blanks
      trim: separator !== '\t',
      max_record_size: MAX_RECORD,
      to,
      on_record: take,
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    if (error.code !== 'CSV_MAX_RECORD_SIZE') return { code: 'csv_malformed', detail: shown(error.message) };
    return { code: 'csv_malformed', detail: `> ${MAX_RECORD} characters; " ?` };
  }
}

/** `="91…"`, by which a spreadsheet is told to keep digits as text, is no CSV unless it is quoted: its quotes are. */
function keptAsText(text: string, separator: string): string {
  if (!text.includes('="')) return text;
  const edge = separator === '|' ? '\\|' : separator;
  return text.replace(
    new RegExp(`(^|[${edge}\\r\\n])=("[0-9A-Za-z.]{1,64}")(?=$|[${edge}\\r\\n])`, 'g'),
    (_, start: string, quoted: string) => `${start}${quoted}`,
  );
}

/** The line by which a file tells a spreadsheet its separator, `sep=;`, taken off; it counts as a row of the file. */
function withoutSeparatorLine(text: string): { text: string; said: string | undefined; before: number } {
  const line = /^"?sep=([^\r\n"])"?[^\S\r\n\t]*(?:\r\n|\r|\n|$)/i.exec(text);
  if (!line) return { text, said: undefined, before: 0 };
  return { text: text.slice(line[0].length), said: line[1], before: 1 };
}
