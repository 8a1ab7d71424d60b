import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readWrittenDay } from '../../../../reports/registers/written-day.ts';

const FIFTH = { year: 2021, month: 1, day: 5 };

describe('a day in a cell', () => {
  it.each([
    '2021/1/5 0:00:00',
    '2021/1/5 0:00',
    '2021-01-05 00:00:00.000',
    '2021-01-05T08:30:00',
    '2021-01-05T00:00:00+08:00',
    '2021/1/5 8:00:00 AM',
    '2021/1/5 上午 8:00',
    '2021年1月5日',
    '2021年1月5日 星期二',
    '2021年1月5日8时30分',
    '2021-01-05 (周二)',
    '2021.1.5',
    '2021. 1. 5',
    '２０２１／１／５',
    '20210105',
  ])('is read in %s', (text) => {
    expect(readWrittenDay(text)).toEqual({ day: FIFTH, serial: false });
  });

  it.each(['44201', '44201.0', '44201.5'])('is read in the day number %s, which is said', (text) => {
    expect(readWrittenDay(text)).toEqual({ day: FIFTH, serial: true });
  });

  it.each([
    '21/1/5',
    '1/5/2021',
    '05/01/21',
    '21-1-5',
    '5.1.2021',
    '21年1月5日',
    '2021-01-04T16:00:00Z',
    '2021/1/5 0:00 Z',
  ])('has more than one reading in %s', (text) => {
    expect(readWrittenDay(text)).toEqual({ fault: 'date_ambiguous' });
  });

  it.each(['1900/1/1', '0021/1/5', '2210-01-05', '19000101'])('is outside of any project in %s', (text) => {
    expect(readWrittenDay(text)).toEqual({ fault: 'date_outside' });
  });

  it.each(['2021-1', '2021年1月', '2021-02-30', '20210230', '2021/1/5 25:00', '100', '99999', '5-Jan-21', '至今', ''])(
    'is not told by %j',
    (text) => {
      expect(readWrittenDay(text)).toEqual({ fault: 'format' });
    },
  );

  it('is the same by number and by date, for every day of a century', () => {
    fc.assert(
      fc.property(fc.integer({ min: 32_874, max: 73_050 }), (serial) => {
        const iso = new Date((serial - 25_569) * 86_400_000).toISOString().slice(0, 10);
        const byNumber = readWrittenDay(String(serial));
        expect(byNumber).toMatchObject({ serial: true });
        expect('day' in byNumber && byNumber.day).toEqual((readWrittenDay(iso) as { day: unknown }).day);
      }),
    );
  });
});
