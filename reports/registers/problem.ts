import type { RegisterProblemCode } from '../../model/register.ts';
import { oneLine } from '../text/visible.ts';

/** One thing wrong: row as a spreadsheet numbers it (line 1 is row 1; 0 for the whole file) and the column's header. */
export interface RegisterProblem {
  readonly row: number;
  readonly column: string;
  readonly code: RegisterProblemCode;
  readonly detail: string;
}

/** Text of a cell that is safe to print: one line, hidden characters written out, at most 60 characters. */
export function shown(cell: string): string {
  const text = oneLine(cell.slice(0, 1000));
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
