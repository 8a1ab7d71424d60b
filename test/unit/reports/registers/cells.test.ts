import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAmount } from '../../../../reports/registers/amount.ts';
import { dayNumber, readDate, yearsBetween } from '../../../../reports/registers/calendar-date.ts';
import { decodeText } from '../../../../reports/registers/encoding.ts';
import { gb18030 } from './gb18030.ts';

describe('dates', () => {
  it('are read in the forms that people write', () => {
    for (const text of ['2021-06-30', '2021/6/30', '2021.6.30', '2021年6月30日']) {
      expect(readDate(text)).toEqual({ year: 2021, month: 6, day: 30 });
    }
  });

  it('must exist', () => {
    expect(readDate('2021-02-29')).toBeUndefined();
    expect(readDate('2020-02-29')).toBeDefined();
    for (const text of ['2021-13-01', '2021-00-10', '2021-1-32', '20210630', '30/06/2021', '', '44377']) {
      expect(readDate(text)).toBeUndefined();
    }
  });

  it('give a period in calendar years, both days included', () => {
    const years = (from: string, to: string): number => yearsBetween(readDate(from)!, readDate(to)!);
    expect(years('2020-01-01', '2021-12-31')).toBe(2);
    expect(years('2020-01-01', '2022-01-01')).toBeGreaterThan(2);
    expect(years('2020-03-15', '2022-03-14')).toBe(2);
    expect(years('2020-02-29', '2021-02-27')).toBe(1);
    expect(years('2021-01-01', '2021-01-01')).toBeCloseTo(1 / 365, 10);
  });

  it('give longer periods for later ends', () => {
    const day = fc.integer({ min: 0, max: 20_000 });
    const fromDays = (n: number) => readDate(new Date(n * 86_400_000).toISOString().slice(0, 10))!;
    fc.assert(
      fc.property(day, fc.nat(3000), fc.integer({ min: 1, max: 400 }), (start, length, more) => {
        const first = fromDays(start);
        const short = yearsBetween(first, fromDays(start + length));
        const long = yearsBetween(first, fromDays(start + length + more));
        expect(dayNumber(fromDays(start))).toBe(start);
        expect(short).toBeGreaterThan(0);
        expect(long).toBeGreaterThan(short);
      }),
    );
  });
});

describe('amounts', () => {
  it('are exact', () => {
    expect(readAmount('0')).toBe(0n);
    expect(readAmount('1,234,567.89')).toBe(1_234_567_890_000n);
    expect(readAmount('0.1')).toBe(100_000n);
  });

  it('are plain numbers and nothing else', () => {
    for (const text of ['-1', '+1', '1e6', '１２', '12,34', '¥5', '1.', '.5', '', '=1+1', 'NaN', '1'.repeat(16)]) {
      expect(readAmount(text)).toBeUndefined();
    }
  });
});

describe('encodings', () => {
  it('are UTF-8 with and without mark, UTF-16 with mark, GB18030', () => {
    const text = '单位名称,ABC';
    const utf8 = new TextEncoder().encode(text);
    expect(decodeText(utf8)).toEqual({ text, encoding: 'utf-8' });
    expect(decodeText(Uint8Array.from([0xef, 0xbb, 0xbf, ...utf8]))).toEqual({ text, encoding: 'utf-8' });
    expect(decodeText(gb18030(text))).toEqual({ text, encoding: 'gb18030' });
    const utf16 = Uint8Array.from([0xff, 0xfe, ...new Uint8Array(Buffer.from(text, 'utf16le'))]);
    expect(decodeText(utf16)).toEqual({ text, encoding: 'utf-16le' });
    const swapped = new Uint8Array(Buffer.from(`\ufeff${text}`, 'utf16le').swap16());
    expect(decodeText(swapped)).toEqual({ text, encoding: 'utf-16be' });
  });

  it('are UTF-16 without a mark where nearly every second byte of separators and digits is zero', () => {
    const text = '统一社会信用代码,名称\r\n91,一二三\r\n';
    const little = new Uint8Array(Buffer.from(text, 'utf16le'));
    expect(decodeText(little)).toEqual({ text, encoding: 'utf-16le' });
    expect(decodeText(new Uint8Array(Buffer.from(text, 'utf16le').swap16()))).toEqual({ text, encoding: 'utf-16be' });
    expect(decodeText(Uint8Array.from([...little, 0x41]))?.encoding).not.toBe('utf-16le');
  });

  it('are not taken for GB18030 where UTF-8 was cut or damaged', () => {
    const utf8 = new TextEncoder().encode('单位名称,服务领域\n甲公司,医疗\n');
    expect(decodeText(utf8.slice(0, -2))).toBeUndefined();
    for (let cut = 1; cut < 8; cut++) {
      const damaged = Uint8Array.from(utf8, (byte, i) => (i === cut ? 0xff : byte));
      expect(decodeText(damaged)).toBeUndefined();
    }
    for (const text of ['单位名称,服务领域', 'name\n联通公司', '公司', 'a,联通的公司']) {
      expect(decodeText(gb18030(text))?.text).toBe(text);
    }
  });

  it('are never guessed: bytes that fit none give nothing', () => {
    expect(decodeText(Uint8Array.from([0x41, 0xff, 0xff, 0x80]))).toBeUndefined();
  });
});
