import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addWindows, spread } from '../../../../benchmarks/storage/jobs.ts';
import { percentileEstimate } from '../../../../benchmarks/storage/latency.ts';
import { chunkPlace, epochOf } from '../../../../benchmarks/storage/samples.ts';

describe('bytes over windows', () => {
  it('go to the windows in proportion to the time in each', () => {
    const windows: number[] = [];
    spread(windows, 50, 250, 100, 400);
    expect(windows).toEqual([100, 200, 100]);
  });

  it('are all there, wherever the chunks begin and end', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 0, max: 3000 })), { maxLength: 30 }),
        (chunks) => {
          const windows: number[] = [];
          for (const [from, length] of chunks) spread(windows, from, from + length, 100, 4096);
          expect(addWindows([windows]).reduce((a, b) => a + b, 0)).toBeCloseTo(4096 * chunks.length, 4);
          expect(windows.every((bytes) => bytes >= 0)).toBe(true);
        },
      ),
    );
  });

  it('of several lanes are added up', () => {
    expect(addWindows([[1, 2], [3], [0, 0, 5]])).toEqual([4, 2, 5]);
  });
});

describe('the place of a chunk', () => {
  it('is its own: no two chunks share bytes of a file', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), (files) => {
        const places = Array.from({ length: 100 }, (_, chunk) => chunkPlace(chunk, files, 4096));
        expect(new Set(places.map(({ file, offset }) => `${file} ${offset}`)).size).toBe(100);
        expect(places.every(({ file, offset }) => file < files && offset % 4096 === 0)).toBe(true);
      }),
    );
  });

  it('holds the last pass up to where that came', () => {
    expect([0, 4, 5].map((chunk) => epochOf({ epoch: 2, epochChunks: 5 }, chunk))).toEqual([2, 2, 1]);
  });
});

describe('a percentile', () => {
  it('is that of the nearest rank, with the ranks around it as its doubt', () => {
    const values = Array.from({ length: 1000 }, (_, i) => i + 1);
    const p99 = percentileEstimate(values, 0.99, 's');
    expect(p99.value).toBe(990);
    expect(p99.U).toBeGreaterThanOrEqual(6);
    expect(p99.U).toBeLessThanOrEqual(8);
    expect(percentileEstimate([5, 5, 5], 0.5, 's')).toMatchObject({ value: 5, U: 0 });
  });
});
