import fc from 'fast-check';
import { expect, it } from 'vitest';
import { creditCodeCheck, creditCodeFault, organisationCheck } from '../../../../reports/registers/credit-code.ts';

const ALPHABET = [...'0123456789ABCDEFGHJKLMNPQRTUWXY'];

it('accepts the example of the standard', () => {
  expect(creditCodeFault('91350100M000100Y43')).toBeUndefined();
});

it('agrees with a sum done by hand', () => {
  // weights 1 3 9 27 19 26 16 17 20 29 25 13 8 24 10 30 28; only the places 1, 2 and 17 hold something:
  // 9·1 + 1·3 + 1·28 = 40, 40 mod 31 = 9, 31 − 9 = 22, and the character of value 22 is N (A is 10, no I)
  expect(creditCodeCheck('91000000000000001')).toBe('N');
  // 31 divides the sum: the check is 0, not 31
  expect(creditCodeCheck('00000000000000000')).toBe('0');
});

it('names what is wrong', () => {
  expect(creditCodeFault('91350100M000100Y4')).toBe('length');
  expect(creditCodeFault('91350100I000100Y43')).toBe('character');
  expect(creditCodeFault('9135M100M000100Y43')).toBe('region');
  expect(creditCodeFault('91350100M000100Y44')).toBe('check');
});

/** A code with the check that the standard asks for, whatever else is wrong. */
const code = (kind: string, region: string, organisation: string): string => {
  const body = kind + region + organisation;
  return body + creditCodeCheck(body);
};

it('has an organisation with a check of its own (GB 11714)', () => {
  // D2143569: 13·3 + 2·7 + 1·9 + 4·10 + 3·5 + 5·8 + 6·4 + 9·2 = 199, 199 mod 11 = 1, 11 − 1 = 10, written X
  expect(organisationCheck('D2143569')).toBe('X');
  expect(organisationCheck('00000000')).toBe('0');
  expect(creditCodeFault(code('91', '440300', 'D2143569X'))).toBeUndefined();
  for (const wrong of '0123456789') {
    expect(creditCodeFault(code('91', '440300', `D2143569${wrong}`))).toBe('organisation');
  }
});

it('has a listed department and kind of body, and a province or the state', () => {
  for (const kind of ['11', '12', '13', '19', '35', '51', '54', '59', '79', '81', '93', 'A1', 'N2', 'Y1']) {
    expect(creditCodeFault(code(kind, '110000', 'D2143569X')), kind).toBeUndefined();
  }
  for (const kind of ['00', '14', '44', '57', '94', '99', 'B1', 'N4', 'Y2', '9A', 'AA']) {
    expect(creditCodeFault(code(kind, '110000', 'D2143569X')), kind).toBe('kind');
  }
  for (const region of ['100000', '110000', '659004', '710000', '820000']) {
    expect(creditCodeFault(code('91', region, 'D2143569X')), region).toBeUndefined();
  }
  for (const region of ['000000', '100001', '160101', '380000', '470000', '550000', '666666', '830000', '990000']) {
    expect(creditCodeFault(code('91', region, 'D2143569X')), region).toBe('province');
  }
});

it('sees every single wrong character and every pair of unequal neighbours that changed places', () => {
  const body = fc.tuple(
    fc.constantFrom('91', '12', '54'),
    fc
      .tuple(fc.constantFrom('11', '44', '65'), fc.integer({ min: 0, max: 9999 }))
      .map(([province, n]) => province + String(n).padStart(4, '0')),
    fc
      .array(fc.constantFrom(...ALPHABET), { minLength: 8, maxLength: 8 })
      .map((a) => a.join('') + organisationCheck(a.join(''))),
  );
  fc.assert(
    fc.property(body, fc.nat(17), fc.constantFrom(...ALPHABET), ([a, b, c], place, other) => {
      const code = a + b + c + creditCodeCheck(a + b + c);
      expect(creditCodeFault(code)).toBeUndefined();
      const wrong = code.slice(0, place) + other + code.slice(place + 1);
      if (other !== code[place]) expect(creditCodeFault(wrong)).toBeDefined();
      const swapped = code.slice(0, place) + (code[place + 1] ?? '') + code[place] + code.slice(place + 2);
      // the check character itself has no weight of its own in the standard's formula, so the last pair is left out
      if (place < 16 && code[place] !== code[place + 1]) expect(creditCodeFault(swapped)).toBeDefined();
    }),
  );
});
