import { describe, expect, it } from 'vitest';
import { creditCodeCheck, organisationCheck } from '../../../../reports/registers/credit-code.ts';
import { readRegisters } from '../../../../reports/registers/reading.ts';
import { gb18030 } from './gb18030.ts';

function client(n: number): string {
  const organisation = `MA5${String(n).padStart(5, '0')}`;
  const body = `91440101${organisation}${organisationCheck(organisation)}`;
  return body + creditCodeCheck(body);
}

function read(name: string, text: string | Uint8Array) {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const { registers, counts } = readRegisters([{ name, bytes }], { periodEnd: '2021-12-31' });
  return { counts, register: registers[0]!, problems: registers[0]!.problems.map((p) => [p.row, p.column, p.code]) };
}

const HEADER = '统一社会信用代码,单位名称,领域,服务日期\n';

describe('the code of an organisation', () => {
  const code = client(1);
  it.each([
    ['a tab behind it', `${code}\t`],
    ['blanks of every width around it', `"\u00a0 ${code}\u3000 "`],
    ['a line break behind it', `"${code}\r\n"`],
    ['an apostrophe before it', `'${code}`],
    ['a typographic apostrophe before it', `’${code}`],
    ['the formula of a text', `="${code}"`],
    ['the quoted formula of a text', `"=""${code}"""`],
    ['zero-width characters in it', `\u200b${code.slice(0, 9)}\u200b\u2060${code.slice(9)}\ufeff`],
    ['marks of the direction around it', `\u202a${code}\u202c`],
    ['small letters', code.toLowerCase()],
    ['full-width letters and digits', code.replace(/[!-~]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0))],
    ['blanks inside', `${code.slice(0, 8)} ${code.slice(8)}`],
  ])('is read with %s', (_, cell) => {
    expect(read('clients.csv', `${HEADER}${cell},甲\n`)).toMatchObject({
      counts: { 'clients.distinct': 1 },
      problems: [],
    });
  });

  it('is no formula of anything else', () => {
    for (const cell of [`"=CONCAT(""${code}"")"`, `="${code}"&"x"`, `=cmd|' /C calc'!A0`]) {
      expect(read('clients.csv', `${HEADER}${cell},甲\n`).counts['clients.distinct'] ?? 0).toBe(0);
    }
  });
});

describe('a file', () => {
  const text = `${HEADER}${client(1)},甲,医疗,2021/1/5\n${client(2)},乙\n\n${client(3)},丙,,\n`;
  const right = { counts: { 'clients.distinct': 3 }, problems: [] };

  it.each<[string, string | Uint8Array]>([
    ['semicolons', text.replaceAll(',', ';')],
    ['tabs', text.replaceAll(',', '\t')],
    ['bars', text.replaceAll(',', '|')],
    ['full-width commas', text.replaceAll(',', '，')],
    ['a first line that names the separator', `sep=;\r\n${text.replaceAll(',', ';')}`],
    ['a quoted first line that names the separator', `"sep=^"\n${text.replaceAll(',', '^')}`],
    ['returns for line ends', text.replaceAll('\n', '\r')],
    ['line ends of several kinds', text.replace('\n', '\r\n').replace(/\n$/, '\r')],
    ['two byte order marks', `\ufeff\ufeff${text}`],
    ['UTF-16 little-endian', Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['UTF-16 big-endian', Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
    ['UTF-16 without a mark', Buffer.from(text, 'utf16le')],
    ['UTF-16 big-endian without a mark', Buffer.from(text, 'utf16le').swap16()],
    ['UTF-16 and tabs', Buffer.from(`\ufeff${text.replaceAll(',', '\t')}`, 'utf16le')],
    ['GB18030', gb18030(text)],
    ['a header in traditional characters', text.replace(HEADER, '統一社會信用代碼,單位名稱,領域,服務日期\n')],
    ['a header with a line break, blanks and marks', text.replace('统一社会信用代码', '"统一社会\n信用代码 *："')],
    ['empty columns at the end', text.replaceAll('\n', ',,\n')],
    ['blanks around quotes', text.replace(',乙', ' , "乙"\t')],
    ['a title and an empty row above the header', `服务单位清单,,,\n,,,\n${text}`],
    ['who filled it in above the header', `填报单位：某公司,,日期：2021-01-05\n${text}`],
    ['a title with another separator in it', `服务单位;清单;2021;年\n${text}`],
    ['rows that have only a number', `序号,${text.replace(/\n(?=.)/g, '\n1,').replace(/\n$/, '\n4,,\n5\n')}`],
  ])('is read with %s', (_, written) => {
    expect(read('clients.csv', written)).toMatchObject(right);
  });

  it('has its rows named as they stand in it, below titles, blank rows and quoted line breaks', () => {
    const rows = `服务单位清单\n\n${HEADER}${client(1)},"甲\n",医疗\n\n123,乙\n`;
    expect(read('clients.csv', rows).problems).toEqual([[6, '统一社会信用代码', 'format']]);
    const broken = `${HEADER}${client(1)},甲\n${client(2)},"乙\n${client(3)},丙\n`;
    expect(read('clients.csv', broken).problems).toEqual([[3, '', 'csv_malformed']]);
  });

  it('names the column that is missing, in the row that is nearest to a header', () => {
    expect(read('clients.csv', `清单\n单位名称,领域\n甲,医疗\n`).problems).toEqual([
      [2, '统一社会信用代码', 'header_missing'],
    ]);
    expect(read('clients.csv', `清单\n单位名称,企业名称,统一社会信用代码\n`).problems).toEqual([
      [2, '单位名称', 'header_twice'],
    ]);
  });

  it('says that rows above its header are not read, and does not take a repeated header for a row', () => {
    const rows = `${client(9)},壬\n${HEADER}${client(1)},甲\n${HEADER}${client(2)},乙\n`;
    const reading = read('clients.csv', rows);
    expect(reading.problems).toEqual([
      [1, '', 'above_header'],
      [4, '', 'header_again'],
    ]);
    expect(reading.counts).toEqual({ 'clients.distinct': 2 });
    expect(read('domains.csv', '医疗\n服务领域\n金融\n').problems).toEqual([[1, '', 'above_header']]);
  });

  it('names the column of a cell that is left out although it is needed', () => {
    expect(read('investment.csv', '项目,计划投资,已完成投资\n设备,100\n').problems).toEqual([
      [2, '已完成投资', 'cell_missing'],
    ]);
  });
});

describe('what is no entry', () => {
  it('is not counted, and is said', () => {
    const rows = ['无', '其他', '/', '—', 'N/A', '待定', '合计', '合 计', '小計', '填报人：张三', '医疗'];
    const { counts, problems, register } = read('domains.csv', `服务领域\n${rows.join('\n')}\n`);
    expect(counts).toEqual({ 'domains.distinct': 1 });
    expect(register).toMatchObject({ rows: 11, valid: 1 });
    expect(problems.map(([row, , code]) => [row, code])).toEqual([
      ...[2, 3, 4, 5, 6, 7].map((row) => [row, 'cell_nothing']),
      ...[8, 9, 10].map((row) => [row, 'sum_row']),
      [11, 'remark_row'],
    ]);
  });

  it('is an empty cell in a column that is not needed', () => {
    expect(read('clients.csv', `${HEADER}${client(1)},甲,其他,无\n${client(2)},乙,/,—\n`)).toMatchObject({
      counts: { 'clients.distinct': 2 },
      problems: [],
    });
  });

  it('is no amount of zero, and a remark below leaves the share as it is', () => {
    const header = '项目,计划投资,已完成投资\n设备,1000,300\n';
    expect(read('investment.csv', `${header}机房,100,无\n`).counts).toEqual({});
    expect(read('investment.csv', `${header}其他,1000,200\n注：单位为万元\n`).counts).toEqual({
      'investment.share': 0.25,
    });
    // a row of totals may be all that somebody wanted counted: it is taken off by hand
    expect(read('investment.csv', `${header},,\n合计,1000,300\n`).counts).toEqual({});
  });

  it('is hidden behind no control character', () => {
    expect(read('clients.csv', `${HEADER}${client(1)},甲,\u202e\u202e\n`).problems).toEqual([
      [2, '领域', 'cell_control'],
    ]);
    expect(read('clients.csv', `${HEADER}${client(1)},甲,a\u202eb\n`).problems).toEqual([[2, '领域', 'cell_control']]);
  });
});

describe('names and codes of organisations', () => {
  it('belong to each other: one name under many codes counts once', () => {
    const rows = [1, 2, 3].map((n) => `${client(n)},${['某某有限公司', '某某 有限公司', '某某有限公司。'][n - 1]}`);
    expect(read('clients.csv', `${HEADER}${rows.join('\n')}\n`)).toMatchObject({
      counts: { 'clients.distinct': 1 },
      problems: [
        [3, '单位名称', 'name_codes'],
        [4, '单位名称', 'name_codes'],
      ],
    });
  });

  it('belong to each other: one code under another name is said', () => {
    const reading = read(
      'clients.csv',
      `${HEADER}${client(1)},甲公司\n${client(1)},乙公司\n${client(1)},甲公司(分部)\n`,
    );
    expect(reading).toMatchObject({
      counts: { 'clients.distinct': 1 },
      problems: [
        [3, '统一社会信用代码', 'code_names'],
        [4, '', 'duplicate'],
      ],
    });
  });

  it('belong to each other in solutions, where one organisation has several rows', () => {
    const header = 'code,name,industry\n';
    const rows = `${client(1)},甲,制造\n${client(1)},甲,金融\n${client(2)},甲,制造\n${client(1)},乙,医疗\n`;
    const reading = read('solutions.csv', header + rows);
    expect(reading.counts).toEqual({ 'solutions.industries': 2, 'solutions.clients': 1 });
    expect(reading.problems.map(([, , code]) => code)).toEqual(['name_codes', 'code_names']);
  });

  it('with a region, kind or organisation that cannot be are said with the reason, and do not count', () => {
    const made = (body: string): string => body + creditCodeCheck(body);
    const rows = [made('44440101D2143569X'), made('91990101D2143569X'), made('91440101D21435690')];
    const reading = read('clients.csv', `${HEADER}${rows.map((code, i) => `${code},单位${i}`).join('\n')}\n`);
    expect(reading.counts).toEqual({ 'clients.distinct': 0 });
    expect(reading.problems.map(([, , code]) => code)).toEqual([
      'kind_unknown',
      'region_unknown',
      'organisation_check_wrong',
    ]);
  });
});

describe('amounts and days', () => {
  it('say what is wrong with each, and give no number', () => {
    const rows = ['-100,1', '（100）,1', '100万元,1', '￥100,1', '100,101', '1e3,1', '一百,1'];
    const text = `项目,计划投资,已完成投资\n${rows.map((row, i) => `项目${i},${row}`).join('\n')}\n`;
    expect(read('investment.csv', text)).toMatchObject({
      counts: {},
      problems: [
        [2, '计划投资', 'amount_negative'],
        [3, '计划投资', 'amount_negative'],
        [4, '计划投资', 'amount_unit'],
        [5, '计划投资', 'amount_unit'],
        [6, '已完成投资', 'overspent'],
        [7, '计划投资', 'format'],
        [8, '计划投资', 'format'],
      ],
    });
    const wide = '项目,计划投资,已完成投资\n设备,"１，０００．５０ ","\t250.125"\n';
    expect(read('investment.csv', wide).counts).toEqual({ 'investment.share': 0.25 });
  });

  it('that are a spreadsheet’s day numbers count, and are said', () => {
    const reading = read('period.csv', '阶段,开始日期,结束日期\n一期,43831,44561\n');
    expect(reading.counts).toEqual({ 'period.years': 2 });
    expect(reading.problems).toEqual([
      [2, '开始日期', 'date_serial'],
      [2, '结束日期', 'date_serial'],
    ]);
  });

  it('that have two readings give no period', () => {
    for (const start of ['20/1/1', '1/5/2020', '1900/1/1', '2020-02-30']) {
      expect(read('period.csv', `阶段,开始日期,结束日期\n一期,${start},2021/1/1\n`).counts).toEqual({});
    }
  });
});

describe('the work that a file can cause', () => {
  const MIB = 1024 ** 2;

  it('is read to its last row at a hundred thousand rows', () => {
    const rows = Array.from({ length: 100_000 }, (_, i) => `${client(i)},示例單位有限公司${i},医疗,2021/1/5 0:00:00`);
    const reading = read('clients.csv', `${HEADER}${rows.join('\n')}\n${rows[0]}`);
    expect(reading.counts).toEqual({ 'clients.distinct': 100_000 });
    expect(reading.problems).toEqual([[100_002, '', 'duplicate']]);
  });

  it.each<[string, () => string | Uint8Array, string]>([
    ['of one line', () => 'x'.repeat(16 * MIB - 1), 'csv_malformed'],
    ['of a million columns', () => ','.repeat(1_000_000), 'too_large'],
    ['of ten thousand columns', () => ','.repeat(10_000), 'too_large'],
    ['of line ends alone', () => '\n'.repeat(16 * MIB - 1), 'header_missing'],
    ['of quotes alone', () => '"'.repeat(16 * MIB - 1), 'csv_malformed'],
    ['with a quote that is never closed', () => `${HEADER}"${`${client(1)},甲\n`.repeat(200_000)}`, 'csv_malformed'],
    ['over the limit', () => new Uint8Array(16 * MIB + 1), 'too_large'],
    ['of too many rows', () => `${HEADER}${'1,甲\n'.repeat(200_001)}`, 'too_large'],
    ['of zeros', () => new Uint8Array(MIB), 'not_text'],
  ])('ends with a code in a file %s', (_, make, code) => {
    const { counts, problems } = read('clients.csv', make());
    expect(counts).toEqual({});
    expect(problems.map((p) => p[2])).toContain(code);
  });

  it('does not grow with the square of the blanks, digits or signs in a cell', () => {
    const rows = 100;
    const times = (row: string): string => `${row}\n`.repeat(rows);
    for (const sign of [' ', '\u3000', '0', '万', '-', '\u200b', '(']) {
      const long = sign.repeat(20_000);
      const amounts = `项目,计划投资,已完成投资\n${times(`甲,1${long}x,2`)}${times(`甲${long}x,1,1`)}`;
      expect(read('investment.csv', amounts).register.rows).toBe(2 * rows);
    }
    for (const sign of [' ', '0', '周', '/', ':']) {
      const dates = `阶段,开始日期,结束日期\n${times(`甲,2021/1/5${sign.repeat(20_000)}x,2021/1/6`)}`;
      expect(read('period.csv', dates).register).toMatchObject({ rows, valid: 0 });
    }
  });
});
