import { sha256Hex } from '../../evidence/digest.ts';
import type { RegisterProblemCode } from '../../model/register.ts';
import { type Facts, REGISTERS } from './definition.ts';
import { nearColumns, nearName } from './nearness.ts';
import { type RegisterProblem, shown } from './problem.ts';
import type { RegisterFile, RegisterResult } from './result.ts';
import { readRows } from './rows.ts';
import { readTable } from './table.ts';

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
 * files, and all in subfolders, are documents that rows may name. `facts` are the guide's dates, such as `periodEnd`.
 * Pure; rejects nothing: what is wrong is listed. A register that cannot be read gives no count at all, one with no
 * valid row gives 0.
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
  const sha256 = sha256Hex(file.bytes);
  return { name, file: file.name, sha256, rows: 0, valid: 0, duplicates: 0, problems, documents: [] };
}
