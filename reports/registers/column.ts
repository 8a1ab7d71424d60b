import { readAmount } from './amount.ts';
import { readDate } from './calendar-date.ts';
import { readCopyrightNumber } from './copyright-number.ts';
import { creditCodeFault } from './credit-code.ts';
import { readPatentNumber } from './patent-number.ts';
import type { RegisterProblemCode } from './problem.ts';

/** What a cell says in its standard form, or what is wrong with it. */
export type CellReading = { value: string } | { code: RegisterProblemCode; detail: string };

/** One column of a register: the names its header may have (Chinese or English) and how a cell is read. */
export interface Column {
  readonly key: string;
  readonly headers: readonly string[];
  readonly optional?: true;
  readonly read: (cell: string) => CellReading;
}

const MAX_NAME = 200;

/** A name: any text of at most 200 characters, spaces folded. */
export function name(key: string, headers: readonly string[]): Column {
  return { key, headers, read: readName };
}

export function optionalName(key: string, headers: readonly string[]): Column {
  return { key, headers, optional: true, read: readName };
}

/** File name of a document that proves the row, as supplied beside the register. */
export const DOCUMENT: Column = {
  key: 'document',
  headers: ['证明文件', '证明材料', '合同文件', '附件', 'document', 'contract', 'file'],
  optional: true,
  read: readName,
};

/** Unified social credit code of an organisation. */
export const CREDIT_CODE: Column = {
  key: 'code',
  headers: [
    '统一社会信用代码',
    '社会信用代码',
    '信用代码',
    'credit code',
    'unified social credit code',
    'uscc',
    'code',
  ],
  read(cell) {
    const code = compact(cell);
    if (mangled(cell)) return { code: 'cell_mangled', detail: cell };
    const fault = creditCodeFault(code);
    if (fault === 'check') return { code: 'check_wrong', detail: code };
    return fault ? { code: 'format', detail: `${code}: ${fault}` } : { value: code };
  },
};

/** Application number of a Chinese patent or registration number of a software copyright. */
export const PROPERTY_NUMBER: Column = {
  key: 'number',
  headers: ['申请号', '专利号', '专利申请号', '登记号', '申请号/登记号', '编号', 'number', 'application number'],
  read(cell) {
    const text = compact(cell);
    if (mangled(cell)) return { code: 'cell_mangled', detail: cell };
    const copyright = readCopyrightNumber(text);
    if (copyright) return { value: copyright.number };
    const patent = readPatentNumber(text);
    if (patent.ok) return { value: patent.number };
    return { code: patent.fault === 'check' ? 'check_wrong' : 'format', detail: `${text}: ${patent.fault}` };
  },
};

/** An amount of money, kept as whole millionths in decimal digits. */
export function amount(key: string, headers: readonly string[]): Column {
  return {
    key,
    headers,
    read(cell) {
      const value = readAmount(cell.normalize('NFKC').trim());
      return value === undefined ? { code: 'format', detail: cell } : { value: value.toString() };
    },
  };
}

/** A day, kept as YYYY-MM-DD. */
export function date(key: string, headers: readonly string[]): Column {
  return {
    key,
    headers,
    read(cell) {
      const day = readDate(compact(cell));
      if (!day) return { code: 'format', detail: cell };
      return { value: `${day.year}-${String(day.month).padStart(2, '0')}-${String(day.day).padStart(2, '0')}` };
    },
  };
}

function readName(cell: string): CellReading {
  const value = cell.normalize('NFKC').trim().replace(/\s+/g, ' ');
  return value.length > MAX_NAME ? { code: 'cell_too_long', detail: value } : { value };
}

/** Full-width forms made plain, spaces inside removed, capitals. */
function compact(cell: string): string {
  return cell.normalize('NFKC').replace(/\s+/g, '').toUpperCase();
}

/** A long number that a spreadsheet rewrote: 9.14403E+17, or digits ended by zeros it made up are beyond our knowing. */
function mangled(cell: string): boolean {
  return /^[0-9](?:\.[0-9]+)?E\+?[0-9]+$/i.test(cell.trim());
}
