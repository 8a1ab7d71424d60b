import { describe, expect, it } from 'vitest';
import table from '../../../../benchmarks/compute/chips.json' with { type: 'json' };

/**
 * Ratios that the silicon of nearly all chips has: INT8 and FP8 at twice FP16, FP16 at twice TF32, BF16 as FP16. A figure
 * that was taken from a sparse column, from another accumulation or from another chip shows here. What is otherwise and
 * true, or otherwise and all that is published, is listed with why.
 */
const RATIOS: readonly (readonly [over: string, under: string, ratio: number])[] = [
  ['INT8', 'FP16', 2],
  ['FP8', 'FP16', 2],
  ['FP8', 'BF16', 2],
  ['FP16', 'TF32', 2],
  ['BF16', 'FP16', 1],
];

const OTHERWISE: Readonly<Record<string, string>> = {
  'RTX 4090 INT8/FP16': 'FP16 is with FP32 accumulation, half of what the card does with FP16',
  'RTX 4090D INT8/FP16': 'as RTX 4090',
  'RTX 5090 INT8/FP16': 'as RTX 4090',
  'MI250X INT8/FP16': 'CDNA 2 has no faster INT8',
  'MI210 INT8/FP16': 'CDNA 2 has no faster INT8',
  'Gaudi3 FP8/BF16': 'one rate for both, as published',
  'MLU370-X8 INT8/FP16': 'published so: FP16 96, INT8 256',
  'MLU370-X4 INT8/FP16': 'published so',
  'MLU370-S4 INT8/FP16': 'published so',
  'K200 INT8/FP16': 'published so; INT8 is of low confidence',
  'MR-V100 INT8/FP16': 'published so; INT8 is of low confidence',
};

type Peaks = Readonly<Record<string, readonly [tera: number, source: number, confidence: string]>>;

describe('the figures of one chip', () => {
  const odd = table.chips.flatMap(({ chip, peaks }) =>
    RATIOS.flatMap(([over, under, ratio]) => {
      const [a, b] = [(peaks as unknown as Peaks)[over], (peaks as unknown as Peaks)[under]];
      const off = a && b ? a[0] / b[0] / ratio : 1;
      return off < 0.95 || off > 1.05 ? [{ name: `${chip} ${over}/${under}`, confidence: a![2] }] : [];
    }),
  );

  it('agree with each other, or are listed with the reason', () => {
    const unlisted = odd.map(({ name }) => name).filter((name) => !(name in OTHERWISE));
    expect(unlisted.filter((name) => !/TF32/.test(name))).toEqual([]);
    expect(Object.keys(OTHERWISE).filter((name) => !odd.some((one) => one.name === name))).toEqual([]);
  });

  it('hold a result back only where what is odd is known to be true', () => {
    const holding = odd.filter(({ confidence, name }) => confidence === 'high' && !/TF32/.test(name));
    expect(holding.map(({ name }) => name).sort()).toEqual([
      'MI210 INT8/FP16',
      'MI250X INT8/FP16',
      'RTX 4090 INT8/FP16',
    ]);
  });

  it('TF32 is at least what FP32 is and at most FP16', () => {
    for (const { chip, peaks } of table.chips) {
      const { TF32, FP32, FP16 } = peaks as unknown as Peaks;
      if (TF32 && FP16) expect([chip, TF32[0] <= FP16[0] * 1.01]).toEqual([chip, true]);
      if (TF32 && FP32) expect([chip, TF32[0] >= FP32[0] * 0.99]).toEqual([chip, true]);
    }
  });
});
