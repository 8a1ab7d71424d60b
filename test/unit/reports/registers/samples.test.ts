import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type RegistersReading, readRegisters } from '../../../../reports/registers/reading.ts';

const FACTS = { periodEnd: '2021-12-31' };

/** A folder of registers as spreadsheets and people made it; codes and names are made up. */
function read(folder: string): RegistersReading {
  const path = join(import.meta.dirname, 'samples', folder);
  return readRegisters(
    readdirSync(path).map((name) => ({ name, bytes: readFileSync(join(path, name)) })),
    FACTS,
  );
}

const problems = (reading: RegistersReading) =>
  reading.registers.flatMap((one) => one.problems.map((p) => [p.row, p.column, p.code]));

describe('a folder of registers', () => {
  it('whose rows lack their last separators has them all: what is left out is empty', () => {
    const reading = read('separators-left-out');
    expect(reading.counts).toEqual({ 'clients.distinct': 40 });
    expect(problems(reading)).toEqual([]);
  });

  it('with tabs behind the codes, a title above the header or times behind the dates is read as if it had none', () => {
    for (const [folder, count] of [
      ['tab-behind-the-code', 1],
      ['date-with-time', 1],
    ] as const) {
      expect(read(folder).counts).toEqual({ 'clients.distinct': count });
      expect(problems(read(folder))).toEqual([]);
    }
    const titled = read('title-above-the-header');
    expect(titled.counts['clients.distinct']).toBe(titled.registers[0]!.rows);
    expect(problems(titled)).toEqual([]);
    expect(read('period-with-times').counts).toEqual({ 'period.years': 2 });
  });

  it('whose register has a Chinese name says so, and which names there are', () => {
    const { registers, counts } = read('chinese-file-name');
    expect(counts).toEqual({});
    expect(registers).toMatchObject([{ file: '服务单位.csv', near: 'clients', rows: 0 }]);
    expect(registers[0]!.problems).toMatchObject([{ code: 'register_unknown' }]);
    expect(registers[0]!.problems[0]!.detail).toMatch(/^服务单位\.csv → clients\.csv .*domains\.csv.*period\.csv/);
  });

  it('with one domain in simplified, traditional and mixed characters has one domain', () => {
    expect(read('one-domain-three-writings').counts).toEqual({ 'domains.distinct': 1 });
    expect(problems(read('one-domain-three-writings')).map(([row, , code]) => [row, code])).toEqual([
      [3, 'duplicate'],
      [4, 'duplicate'],
    ]);
  });

  it('does not count a number in the shape of a citizen’s', () => {
    expect(read('citizen-number-shape').counts).toEqual({ 'clients.distinct': 0 });
    expect(problems(read('citizen-number-shape'))).toEqual([[2, '统一社会信用代码', 'kind_unknown']]);
  });

  it('gives no share where more is spent than planned', () => {
    expect(read('more-spent-than-planned').counts).toEqual({});
    expect(problems(read('more-spent-than-planned'))).toEqual([[2, '已完成投资（万元）', 'overspent']]);
  });
});
