import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Estimate } from '../../../../model/estimate.ts';
import {
  binaryBytes,
  percent,
  plusMinus,
  quantity,
  signedPercent,
  significant,
  whole,
} from '../../../../reports/text/quantity.ts';

function estimate(value: number, unit: string, U: number): Estimate {
  return { value, unit, U, k: 2, n: 20, method: 'batch_means' };
}

describe('quantities', () => {
  it('are decimal SI, operations in the guide’s own word', () => {
    expect(quantity(1e16, 'op/s')).toBe('10 Peta-ops');
    expect(quantity(2.07e11, 'op/s')).toBe('207 Giga-ops');
    expect(quantity(1e15, 'B')).toBe('1 PB');
    expect(quantity(4e10, 'B/s')).toBe('40 GB/s');
    expect(quantity(0.0005, 's')).toBe('500 µs');
    expect(quantity(0.001, 'ratio')).toBe('0.1 %');
    expect(quantity(100_000, 'count')).toBe('100,000');
    expect(quantity(1.5, 'furlong')).toBe('1.5 furlong');
    expect(quantity(0, 'B')).toBe('0 B');
  });

  it('can be shown on the scale of their limit, however small they are', () => {
    expect(quantity(2.07e11, 'op/s', 1e16)).toBe('0.000207 Peta-ops');
    expect(quantity(0, 's', 0.005)).toBe('0 ms');
    expect(quantity(5e7, 'B', 1e15)).toBe('5×10⁻⁸ PB');
    expect(quantity(1.35e-15, 'ratio')).toBe('1.35×10⁻¹⁵');
    expect(quantity(-2e-12, 'W')).toBe('-2×10⁻¹² W');
  });

  it('are never rounded into a limit that they do not meet', () => {
    expect(quantity(9.999996e15, 'op/s', 1e16)).toBe('10 Peta-ops');
    expect(quantity(9.999996e15, 'op/s', 1e16, 1e16)).toBe('9.999996 Peta-ops');
    fc.assert(
      fc.property(fc.double({ min: 0.5, max: 1.5, noNaN: true }), (share) => {
        const limit = 1e16;
        const value = limit * share;
        if (Math.abs(share - 1) > 1e-12)
          expect(quantity(value, 'op/s', limit, limit)).not.toBe(quantity(limit, 'op/s'));
      }),
    );
  });

  it('that are no numbers are a dash', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(quantity(value, 'B')).toBe('—');
      expect(plusMinus(estimate(value, 'B', 1))).toBe('—');
      expect(plusMinus(estimate(1, 'B', value))).toBe('—');
      expect(percent(value)).toBe('—');
      expect(signedPercent(value)).toBe('—');
    }
  });

  it('have bytes in the binary unit of the same step beside them', () => {
    expect(binaryBytes(1e15)).toBe('0.8882 PiB');
    expect(binaryBytes(2 ** 50)).toBe('1 PiB');
    expect(binaryBytes(1024)).toBe('1 KiB');
    expect(binaryBytes(0)).toBe('0 B');
  });
});

describe('uncertainty', () => {
  it('has two significant digits and the value ends at the same place', () => {
    expect(plusMinus(estimate(2.0713e11, 'op/s', 1.234e9))).toBe('207.1 ± 1.2 Giga-ops');
    expect(plusMinus(estimate(2.0713e11, 'op/s', 1.234e9), 1e16)).toBe('0.0002071 ± 0.0000012 Peta-ops');
    expect(plusMinus(estimate(12_345, 'W', 321))).toBe('12,350 ± 320 W');
    expect(plusMinus(estimate(0.951, 'ratio', 0.0123))).toBe('(95.1 ± 1.2) %');
  });

  it('that rounds up to the next power of ten keeps two digits', () => {
    expect(plusMinus(estimate(2.0713e11, 'op/s', 9.96e9))).toBe('207 ± 10 Giga-ops');
  });

  it('of an exact count is not written', () => {
    expect(plusMinus(estimate(1000, 'count', 0))).toBe('1,000');
  });

  it('reads back to within half of its last place', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 999, noNaN: true }),
        fc.double({ min: 0.001, max: 0.5, noNaN: true }),
        (value, U) => {
          const [v, u] = plusMinus(estimate(value, 'W', U))
            .replace(/,| W/g, '')
            .split(' ± ')
            .map(Number) as [number, number];
          expect(Math.abs(u - U)).toBeLessThanOrEqual(U * 0.051);
          expect(Math.abs(v - value)).toBeLessThanOrEqual(U * 0.051);
        },
      ),
    );
  });
});

describe('shares', () => {
  it('carry their sign and are never rounded to all or nothing', () => {
    expect(signedPercent(0.234)).toBe('+23.4 %');
    expect(signedPercent(-0.99998)).toBe('−99.998 %');
    expect(signedPercent(-1)).toBe('−100.0 %');
    expect(signedPercent(0)).toBe('+0.0 %');
    expect(signedPercent(0.00004)).toBe('+0.004 %');
  });

  it('of bars are in per cent', () => {
    expect(percent(0.962)).toBe('96.2 %');
    expect(percent(0.0000207)).toBe('0.00207 %');
    expect(percent(45)).toBe('4,500 %');
  });
});

it('numbers are written out without an exponent', () => {
  expect(significant(1.23e-9, 3)).toBe('0.00000000123');
  expect(significant(123_456_789, 4)).toBe('123,456,789');
  expect(whole(1234567)).toBe('1,234,567');
  fc.assert(
    fc.property(fc.double({ min: 1e-12, max: 1e15, noNaN: true }), (value) => {
      expect(significant(value, 4)).toMatch(/^[\d,]+(\.\d+)?$/);
    }),
  );
});
