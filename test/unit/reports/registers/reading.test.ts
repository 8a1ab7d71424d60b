import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { REGISTER_PROBLEMS } from '../../../../model/register.ts';
import { creditCodeCheck, organisationCheck } from '../../../../reports/registers/credit-code.ts';
import { patentCheck } from '../../../../reports/registers/patent-number.ts';
import { type RegistersReading, readRegisters } from '../../../../reports/registers/reading.ts';
import { gb18030 } from './gb18030.ts';

const FACTS = { periodEnd: '2021-12-31', periodYears: 2 };

function read(
  name: string,
  text: string | Uint8Array,
  facts: Record<string, string | number> = FACTS,
): RegistersReading {
  return readRegisters([{ name, bytes: typeof text === 'string' ? new TextEncoder().encode(text) : text }], facts);
}

function client(n: number): string {
  const organisation = `MA5${String(n).padStart(5, '0')}`;
  const body = `91440101${organisation}${organisationCheck(organisation)}`;
  return body + creditCodeCheck(body);
}

function patent(n: number, kind = 1): string {
  const digits = `2020${kind}${String(n).padStart(7, '0')}`;
  return `${digits}.${patentCheck(digits)}`;
}

function codes(reading: RegistersReading): string[] {
  return reading.registers.flatMap((register) => register.problems.map((problem) => problem.code));
}

describe('clients', () => {
  it('are counted once each by their code, under Chinese or English headers', () => {
    const rows = [`${client(1)},甲公司`, `${client(2)},乙公司`, `${client(1)},甲公司（分部）`];
    for (const header of ['统一社会信用代码,单位名称', 'Credit Code,Name']) {
      const reading = read('clients.csv', `${header}\n${rows.join('\n')}\n`);
      expect(reading.counts).toEqual({ 'clients.distinct': 2 });
      expect(reading.registers[0]).toMatchObject({ name: 'clients', rows: 3, valid: 2, duplicates: 1 });
      expect(reading.registers[0]!.problems).toEqual([
        { row: 4, column: '', code: 'duplicate', detail: `${client(1)} = 2` },
      ]);
    }
  });

  it('are the same in UTF-8, with a mark, in GB18030, with semicolons or tabs, in any order of columns', () => {
    const text = `单位名称,统一社会信用代码\n甲公司,${client(1)}\n"乙,公司",${client(2)}\n`;
    const forms = [
      new TextEncoder().encode(text),
      new TextEncoder().encode(`\ufeff${text.replaceAll('\n', '\r\n')}`),
      gb18030(text),
      new TextEncoder().encode(`单位名称;统一社会信用代码\n甲公司;${client(1)}\n乙公司;${client(2)}\n`),
      new TextEncoder().encode(`统一社会信用代码\t单位名称\n${client(1)}\t甲公司\n${client(2)}\t乙公司\n`),
    ];
    for (const bytes of forms) expect(read('clients.csv', bytes).counts).toEqual({ 'clients.distinct': 2 });
  });

  it('have full-width and spaced codes read as what they mean', () => {
    const wide = client(1).replace(/[!-~]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0));
    expect(read('clients.csv', `code,name\n${wide},甲\n`).counts).toEqual({ 'clients.distinct': 1 });
  });

  it('with a wrong code do not count, and the row and column are named', () => {
    const wrong = `${client(1).slice(0, 17)}${client(1)[17] === '0' ? '1' : '0'}`;
    const reading = read('clients.csv', `统一社会信用代码,单位名称\n${wrong},甲\n9.14E+17,乙\n,丙\n123,丁\n`);
    expect(reading.counts).toEqual({ 'clients.distinct': 0 });
    expect(reading.registers[0]!.problems.map((p) => [p.row, p.column, p.code])).toEqual([
      [2, '统一社会信用代码', 'check_wrong'],
      [3, '统一社会信用代码', 'cell_mangled'],
      [4, '统一社会信用代码', 'cell_missing'],
      [5, '统一社会信用代码', 'format'],
    ]);
  });
});

describe('intellectual property', () => {
  it('is counted by number, inventions by the kind digit', () => {
    const rows = [
      `${patent(1)},一种方法,发明`,
      `ZL${patent(2)},一种系统,发明专利`,
      `${patent(3, 2)},一种装置,实用新型`,
      '2020SR0123456,某软件,软件著作权',
      `CN${patent(1)},一种方法,发明`,
    ];
    const reading = read('ip.csv', `申请号,名称,类型\n${rows.join('\n')}`);
    expect(reading.counts).toEqual({ 'ip.total': 4, 'ip.invention': 2 });
    expect(codes(reading)).toEqual(['duplicate']);
  });

  it('does not become an invention by what the row says of it', () => {
    const reading = read('ip.csv', `number,title,kind\n${patent(1, 2)},一种装置,发明\n`);
    expect(reading.counts).toEqual({ 'ip.total': 0, 'ip.invention': 0 });
    expect(codes(reading)).toEqual(['kind_mismatch']);
  });
});

describe('investment', () => {
  const header = '科目,计划投资（万元）,已完成投资（万元）\n';

  it('is the share of the planned amount that is spent', () => {
    expect(read('investment.csv', `${header}服务器,"1,000.00",300\n机房,1000,300.5\n`).counts).toEqual({
      'investment.share': 0.30025,
    });
  });

  it('has no number as soon as one row is bad, since leaving a row out could raise the share', () => {
    const bad = ['机房,一千万,300', '合计,1000,300', '服务器,1000,900', '=1+1,5,5'];
    for (const row of bad) {
      const reading = read('investment.csv', `${header}服务器,1000,300\n${row}\n`);
      expect(reading.counts).toEqual({});
      expect(codes(reading)).toHaveLength(1);
    }
  });

  it('refuses columns of different units and a plan of nothing', () => {
    expect(codes(read('investment.csv', '科目,计划投资（万元）,已完成投资（元）\n服务器,1,1\n'))).toEqual([
      'header_units',
    ]);
    expect(read('investment.csv', `${header}服务器,0,0\n`).counts).toEqual({});
    expect(read('investment.csv', header).counts).toEqual({});
  });
});

describe('period', () => {
  const header = '阶段,开始日期,结束日期\n';

  it('runs from the first start to the last end', () => {
    const text = `${header}建设,2020-01-01,2020-12-31\n试运行,2021-01-01,2021-12-31\n`;
    expect(read('period.csv', text).counts).toEqual({ 'period.years': 2 });
  });

  it('has no number when a stage ends after the guide’s last day or before it starts', () => {
    expect(codes(read('period.csv', `${header}建设,2020-01-01,2022-01-01\n`))).toEqual(['out_of_period']);
    expect(read('period.csv', `${header}建设,2020-01-01,2022-01-01\n`).counts).toEqual({});
    expect(codes(read('period.csv', `${header}建设,2020-05-01,2020-01-01\n`))).toEqual(['order']);
    expect(read('period.csv', header).counts).toEqual({});
  });
});

describe('other registers', () => {
  it('count distinct names without minding case, width and spaces', () => {
    expect(read('domains.csv', '服务领域\n智能制造\n智能制造 \nＡＩ\nai\n').counts).toEqual({ 'domains.distinct': 2 });
    expect(read('tools.csv', 'name\na\nb\n').counts).toEqual({ 'tools.distinct': 2 });
  });

  it('count solutions by industry and by client', () => {
    const rows = `${client(1)},甲,制造\n${client(1)},甲,金融\n${client(2)},乙,制造\n${client(2)},乙,制造\n`;
    expect(read('solutions.csv', `code,name,industry\n${rows}`).counts).toEqual({
      'solutions.industries': 2,
      'solutions.clients': 2,
    });
  });

  it('do not count the applicant among outside teams', () => {
    const reading = read('teams.csv', `code,name\n${client(1)},甲\n${client(2)},乙\n`, { applicantCode: client(1) });
    expect(reading.counts).toEqual({ 'teams.distinct': 1 });
    expect(codes(reading)).toEqual(['own_organisation']);
  });
});

describe('documents', () => {
  const text = `code,name,document\n${client(1)},甲,合同/甲.pdf\n`;

  it('that a row names must be there; their digests are kept', () => {
    const pdf = Uint8Array.from([1, 2, 3]);
    const reading = readRegisters(
      [
        { name: 'clients.csv', bytes: new TextEncoder().encode(text) },
        { name: '合同/甲.pdf', bytes: pdf },
      ],
      FACTS,
    );
    expect(reading.counts).toEqual({ 'clients.distinct': 1 });
    const sha256 = createHash('sha256').update(pdf).digest('hex');
    expect(reading.registers[0]!.documents).toEqual([{ name: '合同/甲.pdf', sha256 }]);
  });

  it('that are missing take their rows with them', () => {
    expect(read('clients.csv', text).counts).toEqual({ 'clients.distinct': 0 });
    expect(codes(read('clients.csv', text))).toEqual(['document_missing']);
  });
});

describe('hostile and broken files', () => {
  it('give problems and no count', () => {
    const cases: [string, string | Uint8Array, keyof typeof REGISTER_PROBLEMS][] = [
      ['unknown.csv', 'a,b\n1,2\n', 'register_unknown'],
      ['__proto__.csv', 'a,b\n1,2\n', 'register_unknown'],
      ['clients.csv', '', 'header_missing'],
      ['clients.csv', 'foo,bar\n1,2\n', 'header_missing'],
      ['clients.csv', `code,统一社会信用代码,name\n${client(1)},${client(2)},甲\n`, 'header_twice'],
      ['clients.csv', `code,name\n"${client(1)},甲\n`, 'csv_malformed'],
      ['clients.csv', Uint8Array.from([0x41, 0xff, 0xff, 0x80]), 'not_text'],
      ['clients.csv', `code,name\0\n${client(1)},甲\n`, 'not_text'],
    ];
    for (const [name, text, code] of cases) {
      const reading = read(name, text);
      expect(codes(reading)).toContain(code);
      expect(reading.counts).toEqual({});
    }
  });

  it('lose the rows with formulas, hidden characters or another width', () => {
    const rows = [
      `${client(1)},=HYPERLINK("x")`,
      `${client(2)},甲\u202e乙`,
      `${client(3)},甲,乙`,
      `${client(4)},"a\nb"`,
    ];
    const reading = read(
      'clients.csv',
      `code,name\n${rows.map((r) => r.replace(/=(.*)$/, '"=$1"').replace('"x"', '""x""')).join('\n')}\n`,
    );
    expect(reading.counts).toEqual({ 'clients.distinct': 0 });
    expect(codes(reading)).toEqual(['cell_control', 'cell_control', 'row_width', 'cell_control']);
    expect(reading.registers[0]!.problems[1]!.detail).toContain('\\u{202e}');
  });

  it('of one register twice cancel each other', () => {
    const bytes = new TextEncoder().encode('服务领域\n甲\n');
    const reading = readRegisters(
      [
        { name: 'domains.csv', bytes },
        { name: 'domains.CSV', bytes },
      ],
      FACTS,
    );
    expect(reading.counts).toEqual({});
    expect(codes(reading)).toEqual(['register_twice']);
  });

  it('list many problems up to a bound and count the rest', () => {
    const reading = read('domains.csv', `服务领域\n${'甲\n'.repeat(2000)}`);
    expect(reading.registers[0]).toMatchObject({ rows: 2000, valid: 1, duplicates: 1999 });
    expect(reading.registers[0]!.problems).toHaveLength(501);
    expect(reading.registers[0]!.problems[500]).toMatchObject({ code: 'more', detail: '1499' });
  });

  it('never make it throw, whatever the bytes', () => {
    const name = fc.constantFrom(
      'clients.csv',
      'ip.csv',
      'investment.csv',
      'period.csv',
      'domains.csv',
      'solutions.csv',
    );
    const text = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc
        .array(
          fc.constantFrom('code', 'name', ',', '"', '\n', '\r', '科目', '计划投资', '已完成投资', '1', '\ufeff', ';'),
        )
        .map((a) => new TextEncoder().encode(a.join(''))),
    );
    fc.assert(
      fc.property(name, text, (file, bytes) => {
        const { registers, counts } = readRegisters([{ name: file, bytes }], FACTS);
        expect(registers).toHaveLength(1);
        for (const count of Object.values(counts)) expect(Number.isFinite(count)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

it('a count never rises when rows are taken away', () => {
  const row = fc
    .tuple(fc.nat(6), fc.boolean())
    .map(([n, right]) => `${right ? client(n) : client(n).slice(0, 17)},单位${n}`);
  fc.assert(
    fc.property(fc.array(row, { maxLength: 12 }), fc.nat(11), (rows, gone) => {
      const count = (some: string[]): number =>
        read('clients.csv', `code,name\n${some.join('\n')}\n`).counts['clients.distinct']!;
      expect(count(rows.filter((_, i) => i !== gone))).toBeLessThanOrEqual(count(rows));
    }),
  );
});
