import { describe, expect, it } from 'vitest';
import { departures } from '../../../benchmarks/departures.ts';

describe('what departs from an assignment', () => {
  it('is nothing where all agree', () => {
    expect(departures([])).toBeUndefined();
    expect(
      departures([
        ['users', 4, 4],
        ['steps', [[1, 2]], [[1, 2]]],
        ['file', null, null],
      ]),
    ).toBeUndefined();
  });

  it('is named with both values', () => {
    const knobs = [
      ['users', 3, 4],
      ['rows', 2, 2],
      ['steps', [1], []],
    ] as const;
    expect(departures(knobs)).toBe('users was 3, asked was 4; steps was [1], asked was []');
  });

  it('is also a setting that is not there, which agrees with nothing', () => {
    expect(departures([['users', undefined, undefined]])).toBe('users was nothing, asked was nothing');
    expect(departures([['users', 3, undefined]])).toContain('asked was nothing');
    expect(departures([['users', 3, Number.NaN]])).toBeDefined();
    expect(departures([['users', '3', 3]])).toBeDefined();
  });
});
