import type { RegisterProblemCode } from '../../model/register.ts';
import { readAmount } from './amount.ts';
import { readCopyrightNumber } from './copyright-number.ts';
import { type CreditCodeFault, creditCodeFault } from './credit-code.ts';
import { readPatentNumber } from './patent-number.ts';
import { saysOther } from './sameness.ts';
import { readWrittenDay } from './written-day.ts';

/** What a cell says in its standard form (with what a person should look at), or what is wrong with it. */
export type CellReading =
  | { value: string; notice?: { code: RegisterProblemCode; detail: string } }
  | { code: RegisterProblemCode; detail: string };

/**
 * One column of a register: the names its header may have (Chinese or English) and how the content of a cell is read.
 */
export interface Column {
  readonly key: string;
  readonly headers: readonly string[];
  readonly optional?: true;
  /** Its header may state a unit in brackets, which must be that of the other columns of amounts. */
  readonly unit?: true;
  readonly read: (content: string) => CellReading;
}

const MAX_NAME = 200;
/** Longer cells are no amount and no date; patterns are not tried on them. */
const MAX_NUMBER = 64;

/** The name of a thing that is counted: any text of at most 200 characters but “其他” and the like, blanks folded. */
export function name(key: string, headers: readonly string[]): Column {
  return {
    key,
    headers,
    read: (content) => (saysOther(content) ? { code: 'cell_nothing', detail: content } : readText(content)),
  };
}

/** The title of a row whose other cells count: “其他” is a title like any other. */
export function title(key: string, headers: readonly string[]): Column {
  return { key, headers, read: readText };
}

export function optionalName(key: string, headers: readonly string[]): Column {
  return { key, headers, optional: true, read: readText };
}

/** File name of a document that proves the row, as supplied beside the register. */
export const DOCUMENT: Column = {
  key: 'document',
  headers: ['证明文件', '证明材料', '合同文件', '附件', 'document', 'contract', 'file'],
  optional: true,
  read: readText,
};

const CREDIT_CODE_PROBLEMS: Readonly<Record<CreditCodeFault, RegisterProblemCode>> = {
  length: 'format',
  character: 'format',
  region: 'format',
  check: 'check_wrong',
  kind: 'kind_unknown',
  province: 'region_unknown',
  organisation: 'organisation_check_wrong',
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
  read(content) {
    const code = compact(content);
    if (mangled(content)) return { code: 'cell_mangled', detail: content };
    const fault = creditCodeFault(code);
    if (!fault) return { value: code };
    const problem = CREDIT_CODE_PROBLEMS[fault];
    return { code: problem, detail: problem === 'format' ? `${code}: ${fault}` : code };
  },
};

/** Application number of a Chinese patent or registration number of a software copyright. */
export const PROPERTY_NUMBER: Column = {
  key: 'number',
  headers: ['申请号', '专利号', '专利申请号', '登记号', '申请号/登记号', '编号', 'number', 'application number'],
  read(content) {
    const text = compact(content);
    if (mangled(content)) return { code: 'cell_mangled', detail: content };
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
    unit: true,
    read(content) {
      if (content.length > MAX_NUMBER) return { code: 'format', detail: content };
      const text = content.normalize('NFKC').trim();
      const value = readAmount(text);
      if (value !== undefined) return { value: value.toString() };
      if (/^[-−–(]/.test(text)) return { code: 'amount_negative', detail: content };
      const bare = text.replace(/^(?:CNY|RMB|¥|\$|人民币)|(?:CNY|RMB|[百千万亿]*元整?|[百千万亿]+)$/giu, '').trim();
      return { code: bare !== text && readAmount(bare) !== undefined ? 'amount_unit' : 'format', detail: content };
    },
  };
}

/** A day, kept as YYYY-MM-DD. */
export function date(key: string, headers: readonly string[]): Column {
  return {
    key,
    headers,
    read(content) {
      if (content.length > MAX_NUMBER) return { code: 'format', detail: content };
      const written = readWrittenDay(content);
      if ('fault' in written) return { code: written.fault, detail: content };
      const { year, month, day } = written.day;
      const value = `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
      if (!written.serial) return { value };
      return { value, notice: { code: 'date_serial', detail: `${content} = ${value}` } };
    },
  };
}

function readText(content: string): CellReading {
  const value = content.normalize('NFKC').trim().replace(/\s+/g, ' ');
  return value.length > MAX_NAME ? { code: 'cell_too_long', detail: value } : { value };
}

/** Full-width forms made plain, spaces inside removed, capitals. */
function compact(content: string): string {
  return content.normalize('NFKC').replace(/\s+/g, '').toUpperCase();
}

/**
 * A long number that a spreadsheet rewrote: 9.14403E+17, or digits ended by zeros it made up are beyond our knowing.
 */
function mangled(content: string): boolean {
  return /^[0-9](?:\.[0-9]+)?E\+?[0-9]+$/i.test(content.normalize('NFKC').trim());
}
