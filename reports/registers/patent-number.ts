const WEIGHTS = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5];

/** Kind digit of an application number: 1 invention, 2 utility model, 3 design, 8 and 9 the first two through the PCT. */
const KINDS = {
  1: 'invention',
  2: 'utility_model',
  3: 'design',
  8: 'invention',
  9: 'utility_model',
} as const satisfies Record<number, string>;

export type PatentKind = (typeof KINDS)[keyof typeof KINDS];
export type PatentNumber =
  | { ok: true; number: string; year: number; kind: PatentKind }
  | { ok: false; fault: 'format' | 'year' | 'kind' | 'check' };

/**
 * Reads a Chinese patent application number (ZC 0006-2003): 4 digits year, 1 kind, 7 serial, a point and a check
 * character; `ZL` or `CN` before it and a missing point are let through. Numbers of the 8-digit form that ended in 2003
 * are refused (`format`). `number` comes back in its standard form, without prefix, with the point.
 */
export function readPatentNumber(text: string): PatentNumber {
  const match = /^(?:ZL|CN)?\s*([0-9]{12})\.?([0-9X])$/.exec(text);
  if (!match) return { ok: false, fault: 'format' };
  const digits = match[1]!;
  const year = Number(digits.slice(0, 4));
  if (year < 2003 || year > 2099) return { ok: false, fault: 'year' };
  const kind = (KINDS as Record<string, PatentKind | undefined>)[digits[4]!];
  if (!kind) return { ok: false, fault: 'kind' };
  if (patentCheck(digits) !== match[2]) return { ok: false, fault: 'check' };
  return { ok: true, number: `${digits}.${match[2]}`, year, kind };
}

/** Check character of 12 digits: weighted sum mod 11, where 10 is written X. */
export function patentCheck(digits: string): string {
  const total = WEIGHTS.reduce((sum, weight, i) => sum + weight * Number(digits[i]), 0);
  return total % 11 === 10 ? 'X' : String(total % 11);
}
