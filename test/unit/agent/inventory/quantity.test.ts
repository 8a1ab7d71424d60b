import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bytes,
  celsius,
  isAbsent,
  megahertz,
  numberAndUnit,
  pciAddress,
  plainNumber,
  share,
  watts,
} from '../../../../agent/inventory/quantity.ts';

describe('numbers with units', () => {
  it.each([
    ['65,536 MiB', 65536, 'MiB'],
    ['1 048 576', 1048576, ''],
    ['65_536MB', 65536, 'MB'],
    ['38,5 C', 38.5, 'C'],
    ['1,234.5W', 1234.5, 'W'],
    ['１２８ MiB', 128, 'MiB'],
    ['-12', -12, ''],
    ['1e3', 1000, ''],
  ])('reads %s as %d %s', (text, value, unit) => {
    expect(numberAndUnit(text)).toEqual({ value, unit });
  });

  it.each(['N/A', '[N/A]', '-', '', 'NA', '[Not Supported]', 'unknown', '未知', 'W 12', 'Infinity', 'NaN', '1e999'])(
    'gives no number for %s',
    (text) => {
      expect(numberAndUnit(text)).toBeUndefined();
    },
  );

  it('takes MB of a vendor tool for MiB and the heading for a missing unit', () => {
    expect(bytes('65536 MB')).toBe(2 ** 36);
    expect(bytes('65536MiB')).toBe(2 ** 36);
    expect(bytes('64 GiB')).toBe(2 ** 36);
    expect(bytes('34342961152')).toBe(34342961152);
    expect(bytes('98304', 'MiB')).toBe(98304 * 2 ** 20);
    expect(bytes('12 apples')).toBeUndefined();
    expect(bytes('-5 MiB')).toBeUndefined();
  });

  it('converts temperatures, powers, clocks and shares', () => {
    expect(celsius('45C')).toBe(45);
    expect(celsius('45 ℃')).toBe(45);
    expect(celsius('113 °F')).toBe(45);
    expect(celsius('45 V')).toBeUndefined();
    expect(watts('41000 mW')).toBe(41);
    expect(watts('0.35 kW')).toBe(350);
    expect(watts('48 J')).toBeUndefined();
    expect(megahertz('1.5 GHz')).toBe(1500);
    expect(share('37 %')).toBeCloseTo(0.37);
    expect(share('37 W')).toBeUndefined();
    expect(plainNumber('0')).toBe(0);
    expect(plainNumber('0 %')).toBeUndefined();
  });

  it('brings PCI addresses to one form', () => {
    expect(pciAddress('00000000:3B:00.0')).toBe('0000:3b:00.0');
    expect(pciAddress('3b:00.0')).toBe('0000:3b:00.0');
    expect(pciAddress('0000:06:0:0')).toBeUndefined();
    expect(pciAddress('0:2d:00.0')).toBe('0000:2d:00.0');
  });

  it('never throws and never gives a number that is not finite', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('', 'MiB', '%', 'C'), (text, unit) => {
        for (const value of [
          bytes(text, unit),
          celsius(text),
          watts(text),
          megahertz(text),
          share(text),
          plainNumber(text),
        ]) {
          expect(value === undefined || Number.isFinite(value)).toBe(true);
        }
        expect(typeof isAbsent(text)).toBe('boolean');
        pciAddress(text);
      }),
    );
  });

  it('reads back every grouped integer that it could be shown', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 1), (n) => {
        expect(numberAndUnit(n.toLocaleString('en-US'))?.value).toBe(n);
      }),
    );
  });
});
