/**
 * Reads a Chinese software copyright registration number (计算机软件著作权登记号): 4-digit year, `SR`, 4 to 8 digits, for
 * example 2020SR0123456. Gives year and number, or nothing. The number of the certificate (软著登字第…号) is another one
 * and is refused, and so are years before the register existed (1992).
 */
export function readCopyrightNumber(text: string): { number: string; year: number } | undefined {
  const match = /^([0-9]{4})SR([0-9]{4,8})$/.exec(text);
  if (!match) return undefined;
  const year = Number(match[1]);
  return year >= 1992 && year <= 2099 ? { number: text, year } : undefined;
}
