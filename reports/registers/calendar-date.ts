/** A day of the proleptic Gregorian calendar, without a time zone. */
export interface CalendarDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** Reads `2021-06-30`, `2021/6/30`, `2021.6.30` or `2021年6月30日`; nothing for a day that does not exist. */
export function readDate(text: string): CalendarDate | undefined {
  const match = /^([0-9]{4})(?:-|\/|\.|年)([0-9]{1,2})(?:-|\/|\.|月)([0-9]{1,2})日?$/.exec(text);
  if (!match) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  return { year, month, day };
}

/** Days since 1970-01-01, for comparing and subtracting. */
export function dayNumber(date: CalendarDate): number {
  return Date.UTC(date.year, date.month - 1, date.day) / 86_400_000;
}

/**
 * Length of a period from the first to the last day, both included, in calendar years: 2020-01-01 to 2021-12-31 is
 * exactly 2. What is left over after whole years is a share of the year it falls in.
 */
export function yearsBetween(first: CalendarDate, last: CalendarDate): number {
  const end = dayNumber(last) + 1;
  let whole = last.year - first.year + 1;
  while (whole > 0 && anniversary(first, whole) > end) whole--;
  const from = anniversary(first, whole);
  return whole + (end - from) / (anniversary(first, whole + 1) - from);
}

/** The day `years` after a date; 29 February becomes 28 February in a year that has none. */
function anniversary(date: CalendarDate, years: number): number {
  const year = date.year + years;
  return dayNumber({ year, month: date.month, day: Math.min(date.day, daysInMonth(year, date.month)) });
}

function daysInMonth(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}
