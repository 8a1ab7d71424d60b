import type { Text } from '../../model/text.ts';
import { oneLine } from '../text/visible.ts';

/** What can be wrong with a register or one of its rows. */
export const REGISTER_PROBLEMS = {
  register_unknown: { zh: '未知的登记表名称', en: 'no register has this name' },
  register_twice: { zh: '同名登记表重复提供', en: 'the register is supplied twice' },
  too_large: { zh: '文件或行数超出上限', en: 'the file or its number of rows is over the limit' },
  not_text: { zh: '编码既非 UTF-8 也非 GB18030', en: 'the bytes are neither UTF-8 nor GB18030' },
  csv_malformed: { zh: 'CSV 格式错误', en: 'the CSV is malformed' },
  header_missing: { zh: '缺少必需的列', en: 'a column that is needed is missing' },
  header_twice: { zh: '列名重复', en: 'a column is there twice' },
  header_units: { zh: '两列金额单位不一致', en: 'the columns of amounts have different units' },
  row_width: { zh: '该行列数与表头不符', en: 'the row has another number of cells than the header' },
  cell_missing: { zh: '单元格为空', en: 'the cell is empty' },
  cell_too_long: { zh: '单元格过长', en: 'the cell is too long' },
  cell_control: { zh: '单元格含控制字符或公式', en: 'the cell has control characters or is a formula' },
  cell_mangled: {
    zh: '编号被电子表格改成了数值',
    en: 'a spreadsheet turned the number into another form',
  },
  format: { zh: '格式不正确', en: 'the form is not right' },
  check_wrong: { zh: '校验码不正确', en: 'the check character is wrong' },
  kind_mismatch: { zh: '类型与编号不一致', en: 'the stated kind does not fit the number' },
  duplicate: { zh: '与前面的行重复', en: 'an earlier row is about the same' },
  conflict: { zh: '与前面的行矛盾', en: 'an earlier row with the same key says something else' },
  sum_row: { zh: '合计行不应出现在登记表中', en: 'a row of totals does not belong into a register' },
  order: { zh: '结束日期早于开始日期', en: 'the end is before the start' },
  out_of_period: { zh: '超出指南规定的期限', en: 'outside of the period that the guide allows' },
  own_organisation: { zh: '为申报单位自身，不计入', en: 'the applicant itself does not count' },
  document_missing: { zh: '所列证明文件未提供', en: 'the document that the row names was not supplied' },
  more: { zh: '其余问题未逐条列出', en: 'further problems are not listed one by one' },
} as const satisfies Record<string, Text>;

export type RegisterProblemCode = keyof typeof REGISTER_PROBLEMS;

/** One thing wrong: row as a spreadsheet numbers it (the header is row 1; 0 for the whole file) and the column's header. */
export interface RegisterProblem {
  readonly row: number;
  readonly column: string;
  readonly code: RegisterProblemCode;
  readonly detail: string;
}

/** Text of a cell that is safe to print: one line, hidden characters written out, at most 60 characters. */
export function shown(cell: string): string {
  const text = oneLine(cell);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
