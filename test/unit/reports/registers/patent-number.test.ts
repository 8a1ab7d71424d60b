import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCopyrightNumber } from '../../../../reports/registers/copyright-number.ts';
import { patentCheck, readPatentNumber } from '../../../../reports/registers/patent-number.ts';

describe('application numbers of patents', () => {
  it('agrees with a sum done by hand', () => {
    // 2·2+0·3+0·4+3·5+1·6+0·7+1·8+0·9+2·2+3·3+4·4+4·5 = 82 = 7·11 + 5
    expect(patentCheck('200310102344')).toBe('5');
    // 2·2+0+2·4+0+1·6+0+0+0+0+0+0+1·5 = 23 = 2·11 + 1
    expect(patentCheck('202010000001')).toBe('1');
    // 2·2+0+2·4+0+1·6+0+0+0+0+0+1·4+2·5 = 32 = 2·11 + 10, written X
    expect(patentCheck('202010000012')).toBe('X');
  });

  it('reads year and kind and gives the standard form', () => {
    expect(readPatentNumber('ZL200310102344.5')).toEqual({
      ok: true,
      number: '200310102344.5',
      year: 2003,
      kind: 'invention',
    });
    expect(readPatentNumber('CN202010000012X')).toMatchObject({ number: '202010000012.X', kind: 'invention' });
    for (const [digit, kind] of [
      ['2', 'utility_model'],
      ['3', 'design'],
      ['8', 'invention'],
      ['9', 'utility_model'],
    ]) {
      const digits = `2020${digit}0000001`;
      expect(readPatentNumber(`${digits}.${patentCheck(digits)}`)).toMatchObject({ ok: true, kind });
    }
  });

  it('refuses other forms, kinds and years', () => {
    expect(readPatentNumber('98123456.7')).toEqual({ ok: false, fault: 'format' });
    expect(readPatentNumber('202010000001')).toEqual({ ok: false, fault: 'format' });
    expect(readPatentNumber('US10123456B2')).toEqual({ ok: false, fault: 'format' });
    expect(readPatentNumber('200210000001.2')).toEqual({ ok: false, fault: 'year' });
    expect(readPatentNumber(`202070000001.${patentCheck('202070000001')}`)).toEqual({ ok: false, fault: 'kind' });
    expect(readPatentNumber('200310102344.6')).toEqual({ ok: false, fault: 'check' });
  });

  it('never accepts a number with one digit changed', () => {
    const serial = fc.tuple(fc.integer({ min: 2003, max: 2099 }), fc.constantFrom(1, 2, 3, 8, 9), fc.nat(9_999_999));
    fc.assert(
      fc.property(serial, fc.nat(11), fc.nat(9), ([year, kind, n], place, digit) => {
        const digits = `${year}${kind}${String(n).padStart(7, '0')}`;
        const check = patentCheck(digits);
        expect(readPatentNumber(`${digits}.${check}`).ok).toBe(true);
        const changed = digits.slice(0, place) + digit + digits.slice(place + 1);
        if (changed !== digits) expect(readPatentNumber(`${changed}.${check}`).ok).toBe(false);
      }),
    );
  });
});

describe('registration numbers of software', () => {
  it('are a year, SR and digits', () => {
    expect(readCopyrightNumber('2020SR0123456')).toEqual({ number: '2020SR0123456', year: 2020 });
    expect(readCopyrightNumber('2018SR123456')?.year).toBe(2018);
  });

  it('are not the number of the certificate, nor from before the register', () => {
    expect(readCopyrightNumber('软著登字第1234567号')).toBeUndefined();
    expect(readCopyrightNumber('1985SR123456')).toBeUndefined();
    expect(readCopyrightNumber('2020SR12')).toBeUndefined();
    expect(readCopyrightNumber('2020SRABCDEF')).toBeUndefined();
  });
});
