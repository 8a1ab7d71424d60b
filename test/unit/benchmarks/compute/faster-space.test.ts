import { describe, expect, it } from 'vitest';
import { fasterSpace } from '../../../../benchmarks/compute/challenge/faster-space.ts';
import type { Space } from '../../../../benchmarks/compute/challenge/space.ts';

/** A space that takes so many milliseconds for a row and writes down what it is asked. */
function spaceOf(name: string, millisecondsPerRow: number, clock: { ms: number }, log: string[]): Space {
  const loaded = new Map<number, number>();
  return {
    rows: 8,
    fill: (s, nonce) => void log.push(`${name} fills ${s} from ${nonce}`),
    load: (i, state) => void loaded.set(i, state[0]!),
    multiply(s, count) {
      log.push(`${name} multiplies ${s}`);
      clock.ms += millisecondsPerRow * count;
      return Float64Array.from({ length: count }, (_, i) => loaded.get(i)! * (s + 1));
    },
  };
}

function race(one: number, other: number) {
  const clock = { ms: 0 };
  const log: string[] = [];
  const space = fasterSpace(
    spaceOf('one', one, clock, log),
    { ...spaceOf('other', other, clock, log), rows: 4 },
    () => clock.ms,
  );
  for (let s = 0; s < 4; s++) space.fill(s, 'ab');
  const product = (s: number) => {
    space.load(0, Int32Array.of(5));
    space.load(1, Int32Array.of(-7));
    return [...space.multiply(s, 2)];
  };
  return { space, log, product };
}

describe('the faster of two spaces', () => {
  it('is found by turns, whichever it is, and does the rest alone', () => {
    for (const [one, other, fast, slow] of [
      [1, 3, 'one', 'other'],
      [3, 1, 'other', 'one'],
    ] as const) {
      const { log, product } = race(one, other);
      for (let i = 0; i < 12; i++) product(0);
      expect(log.filter((line) => line === `${slow} multiplies 0`)).toHaveLength(2);
      expect(log.filter((line) => line === `${fast} multiplies 0`)).toHaveLength(10);
    }
  });

  it('gives the sums of whichever has the turn, from the rows that were loaded for it', () => {
    const { product } = race(1, 2);
    for (let i = 0; i < 10; i++) expect(product(i % 4)).toEqual([5 * ((i % 4) + 1), -7 * ((i % 4) + 1)]);
  });

  it('makes each matrix once where it is needed, and the slower one never makes most of them', () => {
    const { log, product } = race(1, 2);
    expect(log).toEqual([]);
    for (const s of [0, 0, 1, 1, 0, 1, 2, 3, 2, 3]) product(s);
    const filled = (name: string) => log.filter((line) => line.startsWith(`${name} fills`));
    expect(filled('one').sort()).toEqual([
      'one fills 0 from ab',
      'one fills 1 from ab',
      'one fills 2 from ab',
      'one fills 3 from ab',
    ]);
    expect(filled('other').sort()).toEqual(['other fills 0 from ab', 'other fills 1 from ab']);
  });

  it('takes no more rows at once than either does', () => {
    expect(race(1, 2).space.rows).toBe(4);
  });
});
