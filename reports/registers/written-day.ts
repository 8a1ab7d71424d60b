import { type CalendarDate, readDate } from './calendar-date.ts';

/** Day of a cell, or why none can be told. `serial` says that a spreadsheet's day number was read. */
export type WrittenDay =
  | { readonly day: CalendarDate; readonly serial: boolean }
  | { readonly fault: 'format' | 'date_ambiguous' | 'date_outside' };

const CLOCK = String.raw`(?:[01]?\d|2[0-4])(?::[0-5]\d){1,2}(?:\.\d{1,9})?`;
const HALF = '(?:[AP]M|上午|下午|凌晨|中午|晚上)';
const WEEKDAY =
  /\s*\(?(?:星期|周|週)[一二三四五六日天]\)?|\s*\b(?:MON|TUES?|WED(?:NES)?|THU(?:RS)?|FRI|SAT(?:UR)?|SUN)(?:DAY)?\b,?\s*/giu;
/** A time of day behind a date, in China's time if it names one. */
const TIME = new RegExp(
  String.raw`^(.*?[\d日])(?:\s*T\s*|\s+|(?<=日)|(?=上午|下午))${HALF}?\s*${CLOCK}\s*${HALF}?\s*(?:\+08:?00|Z)?$`,
  'iu',
);
const CHINESE_TIME = /^(.*日)\s*(?:上午|下午)?\s*\d{1,2}[时時点點](?:\d{1,2}分)?(?:\d{1,2}秒)?$/u;
/** Another time zone, or UTC: the day in China may be the next one. */
const FOREIGN = /(?:Z|[+-]\d{2}:?\d{2})$/i;
const FIRST_YEAR = 1949;
const LAST_YEAR = 2099;
/** Day numbers of spreadsheets that mean days of 1990 to 2099; smaller ones are more likely something else. */
const SERIALS = { first: 32_874, last: 73_050 } as const;

/**
 * Reads a day as spreadsheets and people write it: `2021-01-05`, `2021/1/5 0:00:00`, `2021年1月5日`, `2021.1.5`,
 * `20210105`, or the day number 44201 of a spreadsheet. Years of two digits and days before months are refused: they
 * have two readings.
 */
export function readWrittenDay(cell: string): WrittenDay {
  const text = cell.normalize('NFKC').trim().replace(WEEKDAY, ' ').trim();
  if (/^\d{5}(?:\.\d+)?$/.test(text)) return ofSerial(Math.floor(Number(text)));
  if (/^\d{8}$/.test(text)) return ofDate(`${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`);
  const timed = TIME.exec(text);
  if (timed && FOREIGN.test(text) && !/\+08:?00$/.test(text)) return { fault: 'date_ambiguous' };
  const written = (timed?.[1] ?? CHINESE_TIME.exec(text)?.[1] ?? text).replace(/\s+/g, '');
  if (/^\d{1,2}[-/.年]\d{1,2}[-/.月]\d{1,4}日?$/.test(written)) return { fault: 'date_ambiguous' };
  return ofDate(written);
}

function ofDate(text: string): WrittenDay {
  const day = readDate(text);
  if (!day) return { fault: 'format' };
  return day.year < FIRST_YEAR || day.year > LAST_YEAR ? { fault: 'date_outside' } : { day, serial: false };
}

/** Day number of the 1900 date system: 25569 is 1970-01-01. */
function ofSerial(serial: number): WrittenDay {
  if (serial < SERIALS.first || serial > SERIALS.last) return { fault: 'format' };
  const date = new Date((serial - 25_569) * 86_400_000);
  return {
    day: { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() },
    serial: true,
  };
}
