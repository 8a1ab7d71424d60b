import { createHash } from 'node:crypto';
import { REGISTER_PROBLEMS, type RegisterProblemCode } from '../../model/register.ts';
import { type Definition, type Facts, REGISTERS, type Row } from './definition.ts';
import { nearColumns, nearName } from './nearness.ts';
import { type RegisterProblem, shown } from './problem.ts';
import { bareSameness, sameness, saysNothing, saysRemark, saysSum } from './sameness.ts';
import { readTable, type Table, type TableRow } from './table.ts';
import { hides, isFormula } from './text-cell.ts';

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
  readonly file: string;
  readonly sha256: string;
  /** Rows with anything in them, the header not counted. */
  readonly rows: number;
  /** Rows that are right and not about the same as an earlier one. */
  readonly valid: number;
  readonly duplicates: number;
  readonly problems: readonly RegisterProblem[];
  /** Documents that valid rows name, with their digests. */
  readonly documents: readonly { readonly name: string; readonly sha256: string }[];
  /** Register that the file was probably meant to be, where it is none. */
  readonly near?: string;
}

/** A file that is no register and that no row names. */
export interface UnusedFile {
  readonly file: string;
  readonly code: RegisterProblemCode;
  readonly detail: string;
  /** Register that it was probably meant to be. */
  readonly near?: string;
}

export interface RegistersReading {
  /** Every `.csv` at the top of the folder that no row names as its document. */
  readonly registers: readonly RegisterResult[];
  /** Other files that nothing uses. */
  readonly unused: readonly UnusedFile[];
  /** Counts by the names that guides use, for example `clients.distinct`. One that cannot be trusted is absent. */
  readonly counts: Readonly<Record<string, number>>;
}

/** Files without a register's name whose rows are looked at for a register's columns. */
const MOST_LOOKED_INTO = 20;

/** Names of the files that are registers. */
export const REGISTER_FILES: readonly string[] = Object.keys(REGISTERS).map((name) => `${name}.csv`);

/**
 * Reads the registers (`NAME.csv`) of a folder, checks every row and counts what is valid and distinct. Other
 * files, and all in subfolders, are documents that rows may name. `facts` are the guide's dates, such as `periodEnd`. Pure; rejects nothing:
 * what is wrong is listed. A register that cannot be read gives no count at all, one with no valid row gives 0.
 */
export function readRegisters(files: readonly RegisterFile[], facts: Facts): RegistersReading {
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
  const documents = new Map(sorted.map((file) => [file.name, file]));
  const named = new Set<string>();
  const registers: RegisterResult[] = [];
  const counts: Record<string, number> = {};
  const others: RegisterFile[] = [];
  const seen = new Set<string>();
  for (const file of sorted) {
    const name = /^([^/\\]+)\.csv$/i.exec(file.name)?.[1];
    const definition = name !== undefined && Object.hasOwn(REGISTERS, name) ? REGISTERS[name] : undefined;
    if (name === undefined || !definition) {
      others.push(file);
      continue;
    }
    if (seen.has(name)) {
      registers.push(unread(name, file, [{ row: 0, column: '', code: 'register_twice', detail: shown(file.name) }]));
      // two files for one register: neither is to be preferred
      for (const count of Object.keys(counts)) if (count.startsWith(`${name}.`)) delete counts[count];
      continue;
    }
    seen.add(name);
    const table = readTable(file.bytes, definition.columns);
    if (!('rows' in table)) {
      registers.push(unread(name, file, table));
      continue;
    }
    const { result, rows, doubtful } = readRows(name, file, definition, table, facts, { documents, named });
    registers.push(result);
    if (!(definition.whole && doubtful)) Object.assign(counts, definition.counts(rows));
  }
  const unused: UnusedFile[] = [];
  let looked = 0;
  for (const file of others) {
    if (named.has(file.name)) continue;
    const stray = strayFile(file, looked++ < MOST_LOOKED_INTO);
    if (!/^[^/\\]+\.csv$/i.test(file.name)) {
      unused.push(stray);
      continue;
    }
    const { code, detail, near } = stray;
    const result = unread(file.name.replace(/\.csv$/i, ''), file, [{ row: 0, column: '', code, detail }]);
    registers.push(near === undefined ? result : { ...result, near });
  }
  registers.sort((a, b) => (a.file < b.file ? -1 : 1));
  return { registers, unused, counts };
}

const WORKBOOK = /\.(?:xls[xmb]?|ett?|ods|numbers)$/i;

/** What is said of a file that nothing uses. */
function strayFile(file: RegisterFile, lookInto: boolean): UnusedFile {
  const said = shown(file.name);
  const base = file.name.split('/').at(-1)!;
  if (file.name.includes('/')) {
    const code = REGISTER_FILES.includes(base) ? 'register_elsewhere' : 'file_unused';
    return { file: file.name, code, detail: said };
  }
  const near = nearName(base) ?? (lookInto ? nearColumns(file) : undefined);
  const csv = /\.csv$/i.test(base);
  const known = `${said} (${REGISTER_FILES.join(', ')})`;
  if (near === undefined) {
    const code = csv ? 'register_unknown' : WORKBOOK.test(base) ? 'sheet_unread' : 'file_unused';
    return { file: file.name, code, detail: code === 'file_unused' ? '' : known };
  }
  const code = csv && !/^[\x20-\x7e]+$/.test(base) ? 'register_unknown' : 'register_near';
  return { file: file.name, code, detail: `${said} → ${near}.csv (${REGISTER_FILES.join(', ')})`, near };
}

function unread(name: string, file: RegisterFile, problems: RegisterProblem[]): RegisterResult {
  const sha256 = digest(file.bytes);
  return { name, file: file.name, sha256, rows: 0, valid: 0, duplicates: 0, problems, documents: [] };
}

/** The folder's files, and which of them rows name as their documents. */
interface Supplied {
  readonly documents: ReadonlyMap<string, RegisterFile>;
  readonly named: Set<string>;
}

/** Problems that leave a share or period as it is: the row says nothing that is not said elsewhere. */
const HARMLESS: ReadonlySet<RegisterProblemCode> = new Set(['duplicate', 'header_again', 'remark_row']);

function readRows(
  name: string,
  file: RegisterFile,
  definition: Definition,
  table: Table,
  facts: Facts,
  { documents: supplied, named }: Supplied,
): { result: RegisterResult; rows: Row[]; doubtful: boolean } {
  const problems: RegisterProblem[] = [];
  const valid: Row[] = [];
  const first = new Map<string, { row: number; cells: string }>();
  const documents = new Map<string, string>();
  const parties = new Parties();
  let duplicates = 0;
  let unlisted = 0;
  let doubtful = false;
  const note = (row: number, column: string, code: RegisterProblemCode, detail: string): void => {
    doubtful ||= !HARMLESS.has(code) && !REGISTER_PROBLEMS[code].counts;
    if (problems.length < MAX_PROBLEMS) {
      problems.push({ row, column: table.header.get(column) ?? column, code, detail: shown(detail) });
    } else unlisted++;
  };
  for (const { row, column, code, detail } of table.problems) note(row, column, code, detail);
  for (const one of table.rows) {
    const { row } = one;
    const reading = readCells(one, definition);
    if ('code' in reading) {
      note(row, reading.column, reading.code, reading.detail);
      continue;
    }
    const { values } = reading;
    if (values.document) named.add(values.document);
    const fault = definition.check?.(values, facts) ?? (definition.organisations && parties.fault(values));
    if (fault) {
      note(row, fault.column, fault.code, fault.detail);
      continue;
    }
    const documentFile = values.document ? supplied.get(values.document) : undefined;
    if (values.document && !documentFile) {
      note(row, 'document', 'document_missing', values.document);
      continue;
    }
    const key = definition.identity(values);
    const same = JSON.stringify(values);
    const earlier = first.get(key);
    if (earlier) {
      duplicates++;
      const conflict = definition.whole && earlier.cells !== same;
      const said = values[definition.columns[0]!.key]!.slice(0, 40);
      note(row, '', conflict ? 'conflict' : 'duplicate', `${said} = ${earlier.row}`);
      continue;
    }
    first.set(key, { row, cells: same });
    for (const { column, code, detail } of reading.notices) note(row, column, code, detail);
    if (definition.organisations) parties.add(values, row);
    if (documentFile) documents.set(documentFile.name, digest(documentFile.bytes));
    valid.push(values);
  }
  if (unlisted > 0) problems.push({ row: 0, column: '', code: 'more', detail: String(unlisted) });
  return {
    result: {
      name,
      file: file.name,
      sha256: digest(file.bytes),
      rows: table.rows.length,
      valid: valid.length,
      duplicates,
      problems: problems.sort((a, b) => (a.row || Number.POSITIVE_INFINITY) - (b.row || Number.POSITIVE_INFINITY)),
      documents: [...documents].map(([documentName, sha256]) => ({ name: documentName, sha256 })),
    },
    rows: valid,
    doubtful,
  };
}

/** Codes and names of the organisations that counted: each name belongs to one code, and each code to one name. */
class Parties {
  private readonly byCode = new Map<string, { name: string; row: number }>();
  private readonly byName = new Map<string, { code: string; row: number }>();

  fault(values: Row): { column: string; code: RegisterProblemCode; detail: string } | undefined {
    const byName = this.byName.get(sameness(values.name!));
    if (byName && byName.code !== values.code) {
      const detail = `${byName.row}: ${byName.code} ≠ ${values.code}, ${values.name}`;
      return { column: 'name', code: 'name_codes', detail };
    }
    const byCode = this.byCode.get(values.code!);
    if (byCode && bareSameness(byCode.name) !== bareSameness(values.name!)) {
      const detail = `${byCode.row}: ${byCode.name.slice(0, 20)} ≠ ${values.name}`;
      return { column: 'code', code: 'code_names', detail };
    }
    return undefined;
  }

  add(values: Row, row: number): void {
    if (!this.byCode.has(values.code!)) this.byCode.set(values.code!, { name: values.name!, row });
    this.byName.set(sameness(values.name!), { code: values.code!, row });
  }
}

type CellFault = { readonly column: string; readonly code: RegisterProblemCode; readonly detail: string };
type CellsReading = { values: Row; notices: CellFault[] } | CellFault;

function readCells({ cells, lead }: TableRow, definition: Definition): CellsReading {
  const filled = cells ? [...cells.values()].filter((cell) => cell !== '') : [];
  if (saysSum(lead)) return { column: '', code: 'sum_row', detail: lead };
  if (saysRemark(lead) && filled.every(saysRemark)) return { column: '', code: 'remark_row', detail: lead };
  if (!cells) return { column: '', code: 'row_width', detail: lead };
  const values: Record<string, string> = {};
  const notices: CellFault[] = [];
  for (const column of definition.columns) {
    const content = cells.get(column.key) ?? '';
    if (hides(content)) return { column: column.key, code: 'cell_control', detail: content };
    if (content === '' || saysNothing(content)) {
      if (column.optional) continue;
      return { column: column.key, code: content === '' ? 'cell_missing' : 'cell_nothing', detail: content };
    }
    if (isFormula(content)) return { column: column.key, code: 'cell_control', detail: content };
    if (!column.optional && saysSum(content)) return { column: column.key, code: 'sum_row', detail: content };
    const reading = column.read(content);
    if ('code' in reading) return { column: column.key, ...reading };
    if (reading.notice) notices.push({ column: column.key, ...reading.notice });
    values[column.key] = reading.value;
  }
  return { values, notices };
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
