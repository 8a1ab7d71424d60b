import { type Static, Type } from 'typebox';
import type { Text } from './text.ts';

/** What may be wrong with a register, and what that means for the count. */
interface RegisterProblemText extends Text {
  /** Whether the row or file counts nevertheless: what is noted only so that a person can look at it. */
  readonly counts: boolean;
}

/** What can be wrong with a folder of registers, one register or one of its rows. */
export const REGISTER_PROBLEMS = {
  register_unknown: { counts: false, zh: '没有这个名称的登记表', en: 'no register has this name' },
  register_near: {
    counts: false,
    zh: '不是登记表，但与某个登记表相近',
    en: 'the file is no register, but is close to one',
  },
  register_elsewhere: {
    counts: false,
    zh: '登记表应直接放在目录中，子目录内的不读取',
    en: 'a register is read only at the top of the folder, not in a subfolder',
  },
  register_twice: { counts: false, zh: '同名登记表重复提供', en: 'the register is supplied twice' },
  sheet_unread: {
    counts: false,
    zh: '电子表格文件不读取，请另存为 CSV',
    en: 'a workbook is not read; save its sheet as CSV',
  },
  file_unused: {
    counts: false,
    zh: '文件既不是登记表，也没有行引用它',
    en: 'the file is no register, and no row names it',
  },
  too_large: {
    counts: false,
    zh: '文件、行数或列数超出上限',
    en: 'the file, its rows or its columns are over the limit',
  },
  not_text: {
    counts: false,
    zh: '编码不是 UTF-8、UTF-16 或 GB18030',
    en: 'the bytes are not UTF-8, UTF-16 or GB18030',
  },
  csv_malformed: { counts: false, zh: 'CSV 格式错误', en: 'the CSV is malformed' },
  header_missing: { counts: false, zh: '缺少必需的列', en: 'a column that is needed is missing' },
  header_twice: { counts: false, zh: '列名重复', en: 'a column is there twice' },
  header_units: { counts: false, zh: '两列金额单位不一致', en: 'the columns of amounts have different units' },
  header_again: { counts: false, zh: '表头重复出现，不是数据行', en: 'the header comes again; it is no row' },
  above_header: { counts: false, zh: '表头之前的行不读取', en: 'a row above the header is not read' },
  row_width: { counts: false, zh: '该行列数与表头不符', en: 'the row has another number of cells than the header' },
  remark_row: {
    counts: false,
    zh: '为附注或签署行，不是数据行',
    en: 'the row is a remark or a signature, not an entry',
  },
  sum_row: { counts: false, zh: '合计行不应出现在登记表中', en: 'a row of totals does not belong into a register' },
  cell_missing: { counts: false, zh: '单元格为空', en: 'the cell is empty' },
  cell_nothing: {
    counts: false,
    zh: '单元格写的是“无”“其他”等，没有内容',
    en: 'the cell says “none”, “other” or the like, which is no entry',
  },
  cell_too_long: { counts: false, zh: '单元格过长', en: 'the cell is too long' },
  cell_control: {
    counts: false,
    zh: '单元格含控制字符或公式',
    en: 'the cell has control characters or is a formula',
  },
  cell_mangled: {
    counts: false,
    zh: '编号被电子表格改成了数值',
    en: 'a spreadsheet turned the number into another form',
  },
  format: { counts: false, zh: '格式不正确', en: 'the form is not right' },
  check_wrong: { counts: false, zh: '校验码不正确', en: 'the check character is wrong' },
  organisation_check_wrong: {
    counts: false,
    zh: '第 17 位不是第 9 至 16 位的校验码（GB 11714）',
    en: 'character 17 is not the check of characters 9 to 16 (GB 11714)',
  },
  region_unknown: {
    counts: false,
    zh: '第 3、4 位不是省级行政区划代码（GB/T 2260）',
    en: 'characters 3 and 4 are no code of a province (GB/T 2260)',
  },
  kind_unknown: {
    counts: false,
    zh: '第 1、2 位不在登记管理部门与机构类别代码表中（GB 32100）',
    en: 'characters 1 and 2 are no listed department and kind of body (GB 32100)',
  },
  kind_mismatch: { counts: false, zh: '类型与编号不一致', en: 'the stated kind does not fit the number' },
  name_codes: {
    counts: false,
    zh: '同一名称已用于另一个代码',
    en: 'an earlier row has the same name with another code',
  },
  code_names: {
    counts: false,
    zh: '同一代码已用于另一个名称',
    en: 'an earlier row has the same code with another name',
  },
  amount_negative: { counts: false, zh: '金额为负', en: 'the amount is negative' },
  amount_unit: {
    counts: false,
    zh: '金额单元格中带有单位或货币符号，单位应写在表头',
    en: 'the cell of an amount has a unit or currency mark; the unit belongs into the header',
  },
  overspent: { counts: false, zh: '已完成投资大于计划投资', en: 'more is spent than planned' },
  date_ambiguous: {
    counts: false,
    zh: '日期有多种读法，请写成 2021-01-05',
    en: 'the date can be read in several ways; write it as 2021-01-05',
  },
  date_outside: {
    counts: false,
    zh: '日期不在 1949 至 2099 年之间',
    en: 'the day is not in the years 1949 to 2099',
  },
  date_serial: {
    counts: true,
    zh: '日期是电子表格的天数，已按 1900 日期系统换算，请核对',
    en: 'the date is the day number of a spreadsheet and was read in its 1900 date system; please check it',
  },
  duplicate: { counts: false, zh: '与前面的行重复', en: 'an earlier row is about the same' },
  conflict: {
    counts: false,
    zh: '与前面的行矛盾',
    en: 'an earlier row with the same key says something else',
  },
  order: { counts: false, zh: '结束日期早于开始日期', en: 'the end is before the start' },
  out_of_period: { counts: false, zh: '超出指南规定的期限', en: 'outside of the period that the guide allows' },
  own_organisation: { counts: false, zh: '为申报单位自身，不计入', en: 'the applicant itself does not count' },
  document_missing: { counts: false, zh: '所列证明文件未提供', en: 'the document that the row names was not supplied' },
  more: { counts: false, zh: '其余问题未逐条列出', en: 'further problems are not listed one by one' },
} as const satisfies Record<string, RegisterProblemText>;

export type RegisterProblemCode = keyof typeof REGISTER_PROBLEMS;

const strict = { additionalProperties: false } as const;

const ProblemCode = Type.Enum(Object.keys(REGISTER_PROBLEMS) as [RegisterProblemCode, ...RegisterProblemCode[]]);

/** A folder of registers as the report shows it: what was counted of each file, and every row that was not. */
export const Registers = Type.Object(
  {
    files: Type.Array(
      Type.Object(
        {
          file: Type.String(),
          sha256: Type.String(),
          /** Rows with anything in them, the header not counted. */
          rows: Type.Integer({ minimum: 0 }),
          /** Rows that are right and not about the same as an earlier one. */
          valid: Type.Integer({ minimum: 0 }),
          duplicates: Type.Integer({ minimum: 0 }),
          /** Row as a spreadsheet numbers it (0 for the whole file), header of the column, and what is wrong. */
          problems: Type.Array(
            Type.Object(
              {
                row: Type.Integer({ minimum: 0 }),
                column: Type.String(),
                code: ProblemCode,
                detail: Type.String(),
              },
              strict,
            ),
          ),
        },
        strict,
      ),
    ),
    /** Files that are no register and that no row names. */
    unused: Type.Array(Type.Object({ file: Type.String(), code: ProblemCode, detail: Type.String() }, strict)),
  },
  strict,
);
export type Registers = Static<typeof Registers>;
