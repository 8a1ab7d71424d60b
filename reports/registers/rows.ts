import { sha256Hex } from '../../evidence/digest.ts';
import { REGISTER_PROBLEMS, type RegisterProblemCode } from '../../model/register.ts';
import type { Definition, Facts, Row } from './definition.ts';
import { Parties } from './parties.ts';
import { type RegisterProblem, shown } from './problem.ts';
import type { RegisterFile, RegisterResult } from './result.ts';
import { saysNothing, saysRemark, saysSum } from './sameness.ts';
import type { Table, TableRow } from './table.ts';
import { hides, isFormula } from './text-cell.ts';

/** Problems that are listed one by one for one register; more are summed up in a last one. */
const MAX_PROBLEMS = 500;

/** The folder's files, and which of them rows name as their documents. */
export interface Supplied {
  readonly documents: ReadonlyMap<string, RegisterFile>;
  readonly named: Set<string>;
}

/** Problems that leave a share or period as it is: the row says nothing that is not said elsewhere. */
const HARMLESS: ReadonlySet<RegisterProblemCode> = new Set(['duplicate', 'header_again', 'remark_row']);

/** Checks every row of a register: which are right and distinct, and what is wrong with the others. */
export function readRows(
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
    if (documentFile) documents.set(documentFile.name, sha256Hex(documentFile.bytes));
    valid.push(values);
  }
  if (unlisted > 0) problems.push({ row: 0, column: '', code: 'more', detail: String(unlisted) });
  return {
    result: {
      name,
      file: file.name,
      sha256: sha256Hex(file.bytes),
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
