import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { largestTogether, type Timed } from '../../../../reports/build/windows.ts';

const timed = (subject: string, fromS: number, toS: number): Timed => ({ subject, fromS, toS });
const together = (...all: Timed[]) => [...largestTogether(all, 0.9)].sort();

describe('the most that worked in one window', () => {
  it('are all where they began and ended nearly together', () => {
    expect(together(timed('a', 0, 100), timed('b', 5, 105), timed('c', 10, 100))).toEqual(['a', 'b', 'c']);
  });

  it('are those who share nine tenths of the longest time, to the point', () => {
    expect(together(timed('a', 0, 100), timed('b', 10, 110))).toEqual(['a', 'b']);
    expect(together(timed('a', 0, 100), timed('b', 10.001, 110.001))).toHaveLength(1);
    expect(together(timed('a', 0, 100), timed('b', 0, 89.9))).toHaveLength(1);
  });

  it('must all share one time: each with the next is not enough', () => {
    expect(together(timed('a', 0, 100), timed('b', 8, 108), timed('c', 16, 116))).toHaveLength(2);
  });

  it('may be in any of several windows, and count once however often they worked', () => {
    const first = [timed('a', 0, 100), timed('b', 1, 101), timed('c', 50, 150)];
    const second = [timed('a', 200, 300), timed('b', 201, 301), timed('c', 202, 302)];
    expect(together(...first, ...second)).toEqual(['a', 'b', 'c']);
    expect(together(timed('a', 0, 100), timed('a', 1, 101), timed('a', 200, 300))).toEqual(['a']);
  });

  it('are none where no time is a time', () => {
    expect(together()).toEqual([]);
    expect(together(timed('a', Number.NaN, 1), timed('b', 5, 5), timed('c', 9, 2), timed('d', 0, Infinity))).toEqual(
      [],
    );
  });

  it('are as many as trying all sets finds, and they do share that much', () => {
    const moment = fc.integer({ min: 0, max: 12 });
    const one = fc.record({ subject: fc.constantFrom('a', 'b', 'c', 'd', 'e'), fromS: moment, lasting: moment });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 8 }), fc.constantFrom(0.5, 0.75, 0.9, 1), (all, share) => {
        const windows = all.map(({ subject, fromS, lasting }) => timed(subject, fromS, fromS + lasting));
        const real = windows.filter(({ fromS, toS }) => toS > fromS);
        let most = 0;
        for (let mask = 1; mask < 2 ** real.length; mask++) {
          const chosen = real.filter((_, i) => mask & (1 << i));
          const shared = Math.min(...chosen.map(({ toS }) => toS)) - Math.max(...chosen.map(({ fromS }) => fromS));
          const longest = Math.max(...chosen.map(({ fromS, toS }) => toS - fromS));
          if (shared < share * longest) continue;
          most = Math.max(most, new Set(chosen.map(({ subject }) => subject)).size);
        }
        expect(largestTogether(windows, share).size).toBe(most);
      }),
      { numRuns: 500 },
    );
  });

  it('are found among four times as many attempts in about four times the time, not sixteen', () => {
    const fleetOf = (nodes: number) =>
      Array.from({ length: nodes }, (_, node) =>
        [0, 1, 2].map((repeat) => timed(`n${node}`, 10_000 * repeat + node / 10, 10_000 * repeat + 125 + node / 10)),
      ).flat();
    /** The least of several times: whatever else this machine does only adds to it. */
    const leastMs = (nodes: number, tries: number) => {
      const fleet = fleetOf(nodes);
      const times = Array.from({ length: tries }, () => {
        const started = performance.now();
        expect(largestTogether(fleet, 0.9).size).toBeGreaterThan(120);
        return performance.now() - started;
      });
      return Math.min(...times);
    };
    leastMs(500, 2);
    expect(leastMs(2000, 4)).toBeLessThan(11 * leastMs(500, 8));
  });
});
