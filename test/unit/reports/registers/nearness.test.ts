import { describe, expect, it } from 'vitest';
import { REGISTERS } from '../../../../reports/registers/definition.ts';
import { nearColumns, nearName } from '../../../../reports/registers/nearness.ts';
import { readRegisters } from '../../../../reports/registers/reading.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('a file’s name', () => {
  it.each([
    ['client.csv', 'clients'],
    ['cleints.csv', 'clients'],
    ['Clients.csv', 'clients'],
    ['CLIENTS.CSV', 'clients'],
    ['clients (1).csv', 'clients'],
    ['clients - 副本.csv', 'clients'],
    ['clients_2021-11.csv', 'clients'],
    ['clients.xlsx', 'clients'],
    ['clients.csv.txt', 'clients'],
    ['clients', 'clients'],
    ['ｃｌｉｅｎｔｓ.csv', 'clients'],
    ['服务单位.csv', 'clients'],
    ['服务单位清单.xlsx', 'clients'],
    ['知识产权登记表.csv', 'ip'],
    ['IP.csv', 'ip'],
    ['ip.et', 'ip'],
    ['domian.csv', 'domains'],
    ['paid_clients.csv', 'paidClients'],
    ['investments.csv', 'investment'],
  ])('%s is close to %s', (name, meant) => {
    expect(nearName(name)).toBe(meant);
  });

  it.each([
    'README.txt',
    'README.md',
    'contract.pdf',
    'clients.pdf',
    'zip.csv',
    'a.csv',
    '合同.docx',
    '.DS_Store',
    '2021.csv',
    '',
  ])('%s is close to none', (name) => {
    expect(nearName(name)).toBeUndefined();
  });

  it('of any length is looked at in no time that grows with what is added to it', () => {
    expect(nearName(`clients${'1'.repeat(250)}a.csv`)).toBeUndefined();
    expect(nearName(`clients${'_1'.repeat(120)}.csv`)).toBe('clients');
  });
});

describe('a file under another name', () => {
  it('is known by its columns, under a title, too', () => {
    const text = '2021 年度\n统一社会信用代码;单位名称\n';
    expect(nearColumns({ name: 'a.csv', bytes: bytes(text) })).toBe('clients');
    expect(nearColumns({ name: 'a.csv', bytes: bytes('计划投资,已完成投资,项目\n') })).toBe('investment');
    expect(nearColumns({ name: 'a.csv', bytes: bytes('a,b\n1,2\n') })).toBeUndefined();
    for (const header of ['编号,名称,数量', 'code,name', '名称', '序号;编号;名称']) {
      expect(nearColumns({ name: 'a.csv', bytes: bytes(`${header}\n`) })).toBeUndefined();
    }
    expect(nearColumns({ name: 'a.csv', bytes: bytes('统一社会信用代码,名称\n') })).toBe('clients');
    expect(nearColumns({ name: 'a.pdf', bytes: bytes(text) })).toBeUndefined();
  });

  it('is said to be none, with what it is close to and what registers are called', () => {
    const names = ['readme.txt', 'client.csv', '客户.csv', 'notes.csv', 'other.xlsx', '附件/clients.csv', '附件/a.pdf'];
    const { registers, unused } = readRegisters(
      [
        ...names.map((name) => ({ name, bytes: bytes('x') })),
        { name: 'domains.csv', bytes: bytes('服务领域\n医疗\n') },
      ],
      {},
    );
    const said = [
      ...registers.flatMap((r) => r.problems.map((p) => [r.file, p.code])),
      ...unused.map((u) => [u.file, u.code]),
    ];
    expect(Object.fromEntries(said)).toEqual({
      'readme.txt': 'file_unused',
      'client.csv': 'register_near',
      '客户.csv': 'register_unknown',
      'notes.csv': 'register_unknown',
      'other.xlsx': 'sheet_unread',
      '附件/clients.csv': 'register_elsewhere',
      '附件/a.pdf': 'file_unused',
    });
    const detail = registers.find((r) => r.file === 'notes.csv')!.problems[0]!.detail;
    for (const name of Object.keys(REGISTERS)) expect(detail).toContain(`${name}.csv`);
  });

  it('is a document and nothing is said of it where a row names it', () => {
    const { registers, unused } = readRegisters(
      [
        { name: 'domains.csv', bytes: bytes('服务领域,证明文件\n医疗,client.csv\n教育,b/合同.pdf\n') },
        { name: 'client.csv', bytes: bytes('x') },
        { name: 'b/合同.pdf', bytes: bytes('x') },
      ],
      {},
    );
    expect(registers.map((r) => r.file)).toEqual(['domains.csv']);
    expect(unused).toEqual([]);
  });
});
