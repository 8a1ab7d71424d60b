import { createHash } from 'node:crypto';
import { type Definition, type Facts, REGISTERS, type Row } from './definition.ts';
import { type RegisterProblem, type RegisterProblemCode, shown } from './problem.ts';
import { readTable, type Table } from './table.ts';

/** Problems that are listed one by one for one register; more are summed up in a last one. */
const MAX_PROBLEMS = 500;

/** A file of the folder of registers: its name (a path inside the folder, with `/`) and its bytes. */
export interface RegisterFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What one register holds. */
export interface RegisterResult {
  /** File name without `.csv`. */
  readonly name: string;
  readonly sha256: string;
  /** Rows with anything in them, the header not counted. */
  readonly rows: number;
  /** Rows that are right and not about the same as an earlier one. */
  readonly valid: number;
  readonly duplicates: number;
  readonly problems: readonly RegisterProblem[];
  /** Documents that valid rows name, with their digests. */
  readonly documents: readonly { readonly name: string; readonly sha256: string }[];
}

export interface RegistersReading {
  readonly registers: readonly RegisterResult[];
  /** Counts by the names that guides use, for example `clients.distinct`. One that cannot be trusted is absent. */
  readonly counts: Readonly<Record<string, number>>;
}

/**
 * Reads the registers (`NAME.csv`) of a folder, checks every row and counts what is valid and distinct. Other
 * files, and all in subfolders, are documents that rows may name. `facts` are the guide's dates, such as `periodEnd`. Pure; rejects nothing:
 * what is wrong is listed. A register that cannot be read gives no count at all, one with no valid row gives 0.
 */
export function readRegisters(files: readonly RegisterFile[], facts: Facts): RegistersReading {
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
  const documents = new Map(sorted.map((file) => [file.name, file]));
  const registers: RegisterResult[] = [];
  const counts: Record<string, number> = {};
  const seen = new Set<string>();
  for (const file of sorted) {
    if (!/^[^/\\]+\.csv$/i.test(file.name)) continue;
    const name = file.name.replace(/\.csv$/i, '');
    const definition = Object.hasOwn(REGISTERS, name) ? REGISTERS[name] : undefined;
    const fault: RegisterProblemCode | undefined = seen.has(name) ? 'register_twice' : undefined;
    seen.add(name);
    if (!definition || fault) {
      registers.push(
        unread(name, file, [{ row: 0, column: '', code: fault ?? 'register_unknown', detail: shown(name) }]),
      );
      // two files for one register: neither is to be preferred
      if (fault) for (const count of Object.keys(counts)) if (count.startsWith(`${name}.`)) delete counts[count];
      continue;
    }
    const table = readTable(file.bytes, definition.columns);
    if (!('rows' in table)) {
      registers.push(unread(name, file, table));
      continue;
    }
    const { result, rows } = readRows(name, file, definition, table, facts, documents);
    registers.push(result);
    const bad = result.problems.some((problem) => problem.code !== 'duplicate');
    if (!(definition.whole && bad)) Object.assign(counts, definition.counts(rows));
  }
  return { registers, counts };
}

function unread(name: string, file: RegisterFile, problems: RegisterProblem[]): RegisterResult {
  return { name, sha256: digest(file.bytes), rows: 0, valid: 0, duplicates: 0, problems, documents: [] };
}

function readRows(
  name: string,
  file: RegisterFile,
  definition: Definition,
  table: Table,
  facts: Facts,
  supplied: ReadonlyMap<string, RegisterFile>,
): { result: RegisterResult; rows: Row[] } {
  const problems: RegisterProblem[] = [];
  const valid: Row[] = [];
  const first = new Map<string, { row: number; cells: string }>();
  const documents = new Map<string, string>();
  let duplicates = 0;
  let unlisted = 0;
  const note = (row: number, column: string, code: RegisterProblemCode, detail: string): void => {
    if (problems.length < MAX_PROBLEMS) {
      problems.push({ row, column: table.header.get(column) ?? column, code, detail: shown(detail) });
    } else unlisted++;
  };
  for (const { row, cells } of table.rows) {
    const reading = readCells(cells, definition);
    if ('code' in reading) {
      note(row, reading.column, reading.code, reading.detail);
      continue;
    }
    const fault = definition.check?.(reading.values, facts);
    if (fault) {
      note(row, fault.column, fault.code, fault.detail);
      continue;
    }
    const document = reading.values.document;
    const documentFile = document ? supplied.get(document) : undefined;
    if (document && !documentFile) {
      note(row, 'document', 'document_missing', document);
      continue;
    }
    const key = definition.identity(reading.values);
    const same = JSON.stringify(reading.values);
    const earlier = first.get(key);
    if (earlier) {
      duplicates++;
      const conflict = definition.whole && earlier.cells !== same;
      note(row, '', conflict ? 'conflict' : 'duplicate', `${key} = ${earlier.row}`);
      continue;
    }
    first.set(key, { row, cells: same });
    if (documentFile) documents.set(documentFile.name, digest(documentFile.bytes));
    valid.push(reading.values);
  }
  if (unlisted > 0) problems.push({ row: 0, column: '', code: 'more', detail: String(unlisted) });
  return {
    result: {
      name,
      sha256: digest(file.bytes),
      rows: table.rows.length,
      valid: valid.length,
      duplicates,
      problems,
      documents: [...documents].map(([documentName, sha256]) => ({ name: documentName, sha256 })),
    },
    rows: valid,
  };
}

type CellsReading = { values: Row } | { column: string; code: RegisterProblemCode; detail: string };

function readCells(cells: ReadonlyMap<string, string> | undefined, definition: Definition): CellsReading {
  if (!cells) return { column: '', code: 'row_width', detail: '' };
  const values: Record<string, string> = {};
  for (const column of definition.columns) {
    const cell = cells.get(column.key);
    if (cell === undefined || cell.trim() === '') {
      if (column.optional) continue;
      return { column: column.key, code: 'cell_missing', detail: '' };
    }
    // a formula could show one thing and hold another; direction marks and the like could hide a second text
    if (/^[\s'"]*[=+@-]|[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u.test(cell)) {
      return { column: column.key, code: 'cell_control', detail: cell };
    }
    const reading = column.read(cell);
    if ('code' in reading) return { column: column.key, ...reading };
    values[column.key] = reading.value;
  }
  return { values };
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
