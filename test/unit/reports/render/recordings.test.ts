import { describe, expect, it } from 'vitest';
import type { Attempt } from '../../../../model/report.ts';
import { withRecordings } from '../../../../reports/build/recordings.ts';
import { environment } from '../../../../reports/render/html/environment.ts';
import { chooseRecordings } from '../../../../reports/render/html/recordings.ts';
import { smallReport } from './fixture.ts';

const report = smallReport();
const [one] = report.attempts.filter(({ telemetry }) => telemetry.length > 0);
const completed: Attempt = { ...one!, state: 'completed', findings: [] };

/** As many attempts of one benchmark, of which the last is of another and the one before it failed. */
const many = (count: number): Attempt[] =>
  Array.from({ length: count }, (_, i) => ({
    ...completed,
    node: `node-${i}`,
    ...(i === count - 1 && { benchmark: 'compute.challenge' }),
    ...(i === count - 2 && { state: 'failed' }),
  }));

describe('the recordings of a large run', () => {
  it('are those with something wrong, one of each benchmark, and the first ones, in the order they ran', () => {
    const nodes = chooseRecordings(many(100)).map(({ node }) => node);
    expect(nodes).toEqual([...Array.from({ length: 10 }, (_, i) => `node-${i}`), 'node-98', 'node-99']);
  });

  it('are kept, and of the others how many readings there are', () => {
    const all = many(100);
    const kept = withRecordings(all);
    const drawn = chooseRecordings(kept);
    expect(drawn.map(({ node }) => node)).toEqual(chooseRecordings(all).map(({ node }) => node));
    expect(drawn.every(({ telemetry, readings }) => telemetry === one!.telemetry && readings === undefined)).toBe(true);
    const left = kept.filter((attempt) => !drawn.includes(attempt));
    expect(left.length).toBe(88);
    expect(left.every(({ telemetry, readings }) => telemetry.length === 0 && readings === one!.telemetry.length)).toBe(
      true,
    );
    const page = environment({ ...report, attempts: kept }).text;
    expect(page).toContain('12 of 100 recordings are drawn');
    expect(page).toContain('log/entries.jsonl');
  });

  it('are all kept in a small one, and attempts without any stay as they are', () => {
    const few = [...many(12), { ...completed, telemetry: [] }];
    expect(withRecordings(few)).toEqual(few);
    expect(environment({ ...report, attempts: few }).text).not.toContain('recordings are drawn');
  });
});
