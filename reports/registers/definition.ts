import type { RegisterProblemCode } from '../../model/register.ts';
import { type CalendarDate, dayNumber, readDate, yearsBetween } from './calendar-date.ts';
import {
  amount,
  type Column,
  CREDIT_CODE,
  DOCUMENT,
  date,
  name,
  optionalName,
  PROPERTY_NUMBER,
  title,
} from './column.ts';
import { readPatentNumber } from './patent-number.ts';
import { sameness } from './sameness.ts';

export type Row = Readonly<Record<string, string>>;
/** Dates and other particulars of the guide that rows are held against. */
export type Facts = Readonly<Record<string, string | number>>;
export type RowFault = { column: string; code: RegisterProblemCode; detail: string };

/** What a register holds and what is counted of it. */
export interface Definition {
  /** What the register is called in Chinese; files are not looked for by it. */
  readonly title: string;
  readonly columns: readonly Column[];
  /** What makes two rows the same thing. */
  readonly identity: (row: Row) => string;
  /** Rows are about organisations, whose `code` and `name` must belong to each other throughout. */
  readonly organisations?: true;
  /** A rule over the cells of one row. */
  readonly check?: (row: Row, facts: Facts) => RowFault | undefined;
  /** Every row bears on the number: one bad row, and there is no number (a share could rise by leaving rows out). */
  readonly whole?: true;
  /** Counts of the valid, distinct rows. */
  readonly counts: (rows: readonly Row[]) => Record<string, number>;
}

const CLIENT_NAME = name('name', ['单位名称', '企业名称', '客户名称', '名称', 'name', 'organisation', 'organization']);
const CONTRACT_DATE: Column = { ...date('since', ['服务日期', '合同日期', '日期', 'date', 'since']), optional: true };
const TITLE = ['名称', 'name', 'title'];

const organisations = (called: string, count: string): Definition => ({
  title: called,
  organisations: true,
  columns: [CREDIT_CODE, CLIENT_NAME, optionalName('domain', ['领域', '服务领域', 'domain']), CONTRACT_DATE, DOCUMENT],
  identity: (row) => row.code!,
  counts: (rows) => ({ [count]: rows.length }),
});

const names = (called: string, count: string, headers: readonly string[]): Definition => ({
  title: called,
  columns: [name('name', [...headers, ...TITLE]), optionalName('description', ['说明', 'description']), DOCUMENT],
  identity: (row) => sameness(row.name!),
  counts: (rows) => ({ [count]: rows.length }),
});

/** Every register by its file name without `.csv`. */
export const REGISTERS: Readonly<Record<string, Definition>> = {
  clients: organisations('服务单位', 'clients.distinct'),
  paidClients: organisations('付费客户', 'paidClients.distinct'),
  domains: names('服务领域', 'domains.distinct', ['服务领域', '领域', 'domain']),
  industries: names('行业', 'industries.distinct', ['行业', '行业名称', 'industry']),
  tools: names('工具', 'tools.distinct', ['工具名称', '工具', 'tool']),
  kits: names('应用套件', 'kits.distinct', ['套件名称', '应用套件', '套件', 'kit']),
  ip: {
    title: '知识产权',
    columns: [
      PROPERTY_NUMBER,
      name('title', ['知识产权名称', '专利名称', '软件名称', ...TITLE]),
      optionalName('kind', ['类型', '类别', 'kind', 'type']),
      optionalName('owner', ['权利人', '申请人', 'owner', 'applicant']),
      DOCUMENT,
    ],
    identity: (row) => row.number!,
    check: (row) =>
      row.kind && !KIND_WORDS[kindOf(row)].test(row.kind)
        ? { column: 'kind', code: 'kind_mismatch', detail: `${row.kind}: ${row.number}` }
        : undefined,
    counts: (rows) => ({
      'ip.total': rows.length,
      'ip.invention': rows.filter((row) => kindOf(row) === 'invention').length,
    }),
  },
  investment: {
    title: '投资',
    columns: [
      title('item', ['项目', '费用名称', '科目', '投资内容', 'item']),
      amount('planned', ['计划投资', '总投资', '预算金额', 'planned', 'total']),
      amount('spent', ['已完成投资', '已支出', '已投入', 'spent', 'invested']),
      DOCUMENT,
    ],
    identity: (row) => sameness(row.item!),
    check: (row) =>
      BigInt(row.spent!) > BigInt(row.planned!)
        ? { column: 'spent', code: 'overspent', detail: `${money(row.spent!)} > ${money(row.planned!)}` }
        : undefined,
    whole: true,
    counts(rows): Record<string, number> {
      let planned = 0n;
      let spent = 0n;
      for (const row of rows) {
        planned += BigInt(row.planned!);
        spent += BigInt(row.spent!);
      }
      return planned > 0n ? { 'investment.share': Number((spent * 1_000_000n) / planned) / 1_000_000 } : {};
    },
  },
  period: {
    title: '建设周期',
    columns: [
      title('stage', ['阶段', '项目', '项目名称', 'stage', 'project', 'name']),
      date('start', ['开始日期', '起始日期', '开工日期', 'start']),
      date('end', ['结束日期', '完成日期', '竣工日期', 'end']),
      DOCUMENT,
    ],
    identity: (row) => sameness(row.stage!),
    check(row, facts) {
      const end = dayNumber(day(row.end!));
      if (end < dayNumber(day(row.start!)))
        return { column: 'end', code: 'order', detail: `${row.start} > ${row.end}` };
      const last = typeof facts.periodEnd === 'string' ? readDate(facts.periodEnd) : undefined;
      if (last && end > dayNumber(last)) {
        return { column: 'end', code: 'out_of_period', detail: `${row.end} > ${facts.periodEnd}` };
      }
      return undefined;
    },
    whole: true,
    counts(rows): Record<string, number> {
      if (rows.length === 0) return {};
      const starts = rows.map((row) => day(row.start!)).sort((a, b) => dayNumber(a) - dayNumber(b));
      const ends = rows.map((row) => day(row.end!)).sort((a, b) => dayNumber(b) - dayNumber(a));
      return { 'period.years': yearsBetween(starts[0]!, ends[0]!) };
    },
  },
  solutions: {
    title: '解决方案',
    organisations: true,
    columns: [CREDIT_CODE, CLIENT_NAME, name('industry', ['行业', '应用行业', 'industry']), CONTRACT_DATE, DOCUMENT],
    identity: (row) => `${row.code} ${sameness(row.industry!)}`,
    counts: (rows) => ({
      'solutions.industries': new Set(rows.map((row) => sameness(row.industry!))).size,
      'solutions.clients': new Set(rows.map((row) => row.code)).size,
    }),
  },
  teams: {
    ...organisations('外部团队', 'teams.distinct'),
    check: (row, facts) =>
      row.code === facts.applicantCode ? { column: 'code', code: 'own_organisation', detail: row.code! } : undefined,
  },
};

/** Words by which a register may name the kind of each number. */
const KIND_WORDS = {
  invention: /发明|invention/i,
  utility_model: /实用新型|utility/i,
  design: /外观|design/i,
  copyright: /软件|软著|著作权|copyright|software/i,
} as const;

function kindOf(row: Row): keyof typeof KIND_WORDS {
  const patent = readPatentNumber(row.number!);
  return patent.ok ? patent.kind : 'copyright';
}

/** A date that its column has already read. */
function day(text: string): CalendarDate {
  return readDate(text)!;
}

/** An amount as it was written, out of its millionths. */
function money(millionths: string): string {
  const digits = millionths.padStart(7, '0');
  const cents = digits.slice(-6).replace(/0+$/, '');
  return `${digits.slice(0, -6)}${cents && `.${cents}`}`;
}
