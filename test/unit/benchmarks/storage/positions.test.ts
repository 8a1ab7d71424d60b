import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { challengedUnits, rulerUnits, undetectedShare, walk } from '../../../../benchmarks/storage/positions.ts';

const challenge = (seed: number) => seed.toString(16).padStart(64, '0');

describe('the units of a challenge', () => {
  it('have one in every stratum and none twice', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 1, max: 700 }), (units, samples) => {
        const { sample, ruler } = challengedUnits(challenge(units), units, samples);
        const strata = Math.min(units, samples);
        expect(sample.length).toBe(strata);
        const hit = new Set(sample.map((unit) => Math.floor(((unit + 1) * strata - 1) / units)));
        expect(hit.size).toBe(strata);
        const all = [...sample, ...ruler];
        expect(new Set(all).size).toBe(all.length);
        expect(all.every((unit) => Number.isInteger(unit) && unit >= 0 && unit < units)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('are the same for the same challenge and others for another', () => {
    const a = challengedUnits(challenge(1), 262_144, 688);
    expect(challengedUnits(challenge(1), 262_144, 688)).toEqual(a);
    expect(challengedUnits(challenge(2), 262_144, 688).sample).not.toEqual(a.sample);
  });

  it('catch a volume that is 1.03 % short nearly always', () => {
    const units = 262_144;
    const kept = Math.floor(units * (1 - 0.0103));
    let missed = 0;
    for (let seed = 0; seed < 200; seed++) {
      const { sample } = challengedUnits(challenge(seed), units, 688);
      if (!sample.some((unit) => unit >= kept)) missed++;
    }
    // Strata make it certain as soon as the missing end is longer than a stratum: 1.03 % is seven of them.
    expect(missed).toBe(0);
  });

  it('catch a volume with 1 % of its units missing at random places with 99.9 %', () => {
    const units = 20_000;
    let missed = 0;
    for (let seed = 0; seed < 1000; seed++) {
      const { sample } = challengedUnits(challenge(seed), units, 688);
      if (!sample.some((unit) => (unit * 7919 + seed) % 100 === 0)) missed++;
    }
    expect(missed).toBeLessThan(6);
  });
});

describe('the ruler', () => {
  it('has two marks at every distance, so that every wrap-around shows', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 3000 }), (units) => {
        const marks = rulerUnits(units);
        const set = new Set(marks);
        for (let distance = 1; distance < units; distance++) {
          expect(marks.some((mark) => set.has(mark + distance))).toBe(true);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('costs about two roots of the volume', () => {
    expect(rulerUnits(1_000_000).length).toBeLessThanOrEqual(2001);
    expect(rulerUnits(0)).toEqual([]);
    expect(rulerUnits(1)).toEqual([0]);
  });

  it('shows the exact modulus of a device that keeps the last write', () => {
    const units = 10_000;
    for (const modulus of [1, 100, 101, 3900, 9999]) {
      const kept = new Map<number, number>();
      for (let unit = 0; unit < units; unit++) kept.set(unit % modulus, unit);
      const distances = rulerUnits(units)
        .map((unit) => kept.get(unit % modulus)! - unit)
        .filter((distance) => distance !== 0);
      expect(distances.length).toBeGreaterThan(0);
      expect(distances.every((distance) => distance % modulus === 0)).toBe(true);
      expect(distances).toContain(Math.floor((units - 1) / modulus) * modulus);
    }
  });
});

describe('the order of reading', () => {
  it('meets every chunk once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 0, max: 1e6 }), (count, seed) => {
        const order = walk(challenge(seed), count);
        const seen = new Set(Array.from({ length: count }, (_, index) => order(index)));
        expect(seen.size).toBe(count);
        expect(Math.max(...seen)).toBe(count - 1);
      }),
    );
  });

  it('is not the order of writing', () => {
    const order = walk(challenge(5), 1000);
    expect(Array.from({ length: 5 }, (_, index) => order(index))).not.toEqual([0, 1, 2, 3, 4]);
  });
});

describe('the share a sample may miss', () => {
  it('is 1 % for 688 blocks at 99.9 %, and everything for none', () => {
    expect(undetectedShare(688)).toBeCloseTo(0.01, 4);
    expect(undetectedShare(0)).toBe(1);
  });
});
