import { REGISTER_PROBLEMS, type RegisterProblemCode, type Registers } from '../../model/register.ts';
import type { Text } from '../../model/text.ts';

/** One thing that is wrong with the registers, as every rendering shows it. */
export interface RegisterLine {
  readonly file: string;
  /** Row as a spreadsheet numbers it; absent for the whole file. */
  readonly row: number | undefined;
  /** Header of the column; empty where the row or the file as a whole is wrong. */
  readonly column: string;
  readonly code: RegisterProblemCode;
  readonly text: Text;
  /** The cell, or what the row was compared with. */
  readonly detail: string;
  readonly counts: boolean;
}

/** Everything wrong, register by register in the order of its rows, then the files that nothing uses. */
export function registerLines({ files, unused }: Registers): RegisterLine[] {
  const line = (file: string, row: number, column: string, code: RegisterProblemCode, detail: string) => {
    const { zh, en, counts } = REGISTER_PROBLEMS[code];
    return { file, row: row === 0 ? undefined : row, column, code, text: { zh, en }, detail, counts };
  };
  return [
    ...files.flatMap(({ file, problems }) => problems.map((p) => line(file, p.row, p.column, p.code, p.detail))),
    ...unused.map(({ file, code, detail }) => line(file, 0, '', code, detail)),
  ];
}

/** How a register came out, in one sentence. */
export function registerSum({ rows, valid, duplicates }: Registers['files'][number]): Text {
  const not = rows - valid - duplicates;
  return {
    zh: `${rows} 行：计入 ${valid} 行，重复 ${duplicates} 行，不计入 ${not} 行`,
    en: `rows: ${rows}; counted: ${valid}, repeated: ${duplicates}, not counted: ${not}`,
  };
}
