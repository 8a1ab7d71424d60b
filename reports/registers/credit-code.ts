/** Characters of a unified social credit code in the order of their values 0 to 30: no I, O, S, V, Z. */
const ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';

export type CreditCodeFault = 'length' | 'character' | 'region' | 'check';

/**
 * Checks a unified social credit code (统一社会信用代码, GB 32100-2015): 18 characters, of which 1 and 2 name the
 * registering department and the kind of body, 3 to 8 are the region's digits, 9 to 17 the organisation, 18 the check.
 * Weight of place i is 3^i mod 31 (i from 0); check = (31 − Σ value·weight mod 31) mod 31. Gives what is wrong, or nothing.
 */
export function creditCodeFault(code: string): CreditCodeFault | undefined {
  if (code.length !== 18) return 'length';
  for (const character of code) if (!ALPHABET.includes(character)) return 'character';
  if (!/^[0-9]{6}$/.test(code.slice(2, 8))) return 'region';
  return code[17] === creditCodeCheck(code.slice(0, 17)) ? undefined : 'check';
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
