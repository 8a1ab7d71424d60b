/** Characters of a unified social credit code in the order of their values 0 to 30: no I, O, S, V, Z. */
const ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';

/**
 * Kinds of body by registering department (GB 32100-2015 with its amendments, and the civil affairs' kinds of village
 * and residents' committees): 1 establishment office, 2 foreign affairs, 3 justice, 4 culture, 5 civil affairs, 6
 * tourism, 7 religion, 8 trade unions, 9 market regulation, A army, N agriculture, Y other.
 */
const KINDS: Readonly<Record<string, string>> = {
  1: '1239',
  2: '19',
  3: '123459',
  4: '19',
  5: '123459',
  6: '129',
  7: '129',
  8: '19',
  9: '123',
  A: '19',
  N: '1239',
  Y: '1',
};

/** Codes of provinces (GB/T 2260): the first two digits of a region. The registering office of the state has 100000. */
const PROVINCES = new Set(
  '11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82'.split(' '),
);
const STATE = '100000';

export type CreditCodeFault = 'length' | 'character' | 'region' | 'check' | 'kind' | 'province' | 'organisation';

/**
 * Checks a unified social credit code (统一社会信用代码, GB 32100-2015): 18 characters, of which 1 and 2 name the
 * registering department and the kind of body, 3 to 8 are the region's digits, 9 to 17 the organisation, 18 the check.
 * Weight of place i is 3^i mod 31 (i from 0); check = (31 − Σ value·weight mod 31) mod 31. A code whose check is right
 * must also have a listed kind, a province, and an organisation with a check of its own. Gives what is wrong, or
 * nothing.
 */
export function creditCodeFault(code: string): CreditCodeFault | undefined {
  if (code.length !== 18) return 'length';
  for (const character of code) if (!ALPHABET.includes(character)) return 'character';
  const region = code.slice(2, 8);
  if (!/^[0-9]{6}$/.test(region)) return 'region';
  if (code[17] !== creditCodeCheck(code.slice(0, 17))) return 'check';
  if (!KINDS[code[0]!]?.includes(code[1]!)) return 'kind';
  if (region !== STATE && !PROVINCES.has(region.slice(0, 2))) return 'province';
  return code[16] === organisationCheck(code.slice(8, 16)) ? undefined : 'organisation';
}

/** Check character of the first 17 characters, which must all be of the code's alphabet. */
export function creditCodeCheck(first17: string): string {
  let total = 0;
  let weight = 1;
  for (const character of first17) {
    total += ALPHABET.indexOf(character) * weight;
    weight = (weight * 3) % 31;
  }
  return ALPHABET[(31 - (total % 31)) % 31]!;
}

const ORGANISATION_WEIGHTS = [3, 7, 9, 10, 5, 8, 4, 2];

/**
 * Check character of the 8 characters of an organisation code (GB 11714-1997): digits count as they are, A to Z as 10
 * to 35; 11 − Σ value·weight mod 11, where 10 is written X and 11 is written 0.
 */
export function organisationCheck(first8: string): string {
  const total = ORGANISATION_WEIGHTS.reduce((sum, weight, i) => sum + weight * Number.parseInt(first8[i]!, 36), 0);
  const check = (11 - (total % 11)) % 11;
  return check === 10 ? 'X' : String(check);
}
