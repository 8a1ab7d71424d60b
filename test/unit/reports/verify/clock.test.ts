import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Transcript } from '../../../../model/assignment.ts';
import { type BootReading, clocksApart, stretchBetween, WINDOW_CLOCK_LIMIT } from '../../../../model/clock.ts';
import { attemptClockFindings, type RunClock, runClockFindings } from '../../../../reports/verify/clock.ts';

/** A reading at `own` seconds by the controller's clock and `boot` by the kernel's, that took `took` seconds. */
const reading = (own: number, boot: number, took = 0): BootReading => ({
  askedNs: String(Math.round(own * 1e9)),
  answeredNs: String(Math.round((own + took) * 1e9)),
  bootS: Math.round(boot * 100) / 100,
});

const transcriptOf = (clock: BootReading[] | undefined, lastS = 1): Transcript => ({
  schema: 'assay/transcript/v1',
  run: 'r',
  assignment: 'a',
  attempt: 1,
  node: 'n',
  issuedAt: '2026-11-21T01:00:00.000Z',
  endedAt: '2026-11-21T01:00:10.000Z',
  exchanges: [
    { index: 0, label: 'open', commit: '', beacon: 'ab', receivedNs: '1000', answeredNs: '2000' },
    {
      index: 1,
      label: 'done',
      commit: '',
      beacon: 'cd',
      receivedNs: String(lastS * 1e9),
      answeredNs: String(lastS * 1e9),
    },
  ],
  ...(clock && { clock }),
});
const held = (clock: BootReading[] | undefined, lastS?: number) => attemptClockFindings(transcriptOf(clock, lastS));

describe('the controller’s clock in an attempt', () => {
  it('is sound where it runs with the kernel’s', () => {
    expect(held([reading(0, 100), reading(5, 105), reading(10, 110)])).toEqual([]);
  });

  it.each([
    ['at a quarter of the speed', [reading(0, 100), reading(2.5, 110)]],
    ['three per cent slow over ten minutes', [reading(0, 100), reading(582, 700)]],
    ['three per cent fast over ten minutes', [reading(0, 100), reading(618, 700)]],
    [
      'slow in one window and right over the whole',
      [reading(0, 100), reading(1, 102), reading(3, 103), reading(60, 160)],
    ],
    [
      'fast in one window and right over the whole',
      [reading(0, 100), reading(2, 101), reading(3, 103), reading(60, 160)],
    ],
    ['in small steps that add up', Array.from({ length: 100 }, (_, at) => reading(at * 0.9, 100 + at))],
    ['never compared', undefined],
    ['compared by no reading', []],
    ['compared once', [reading(10, 110)]],
    ['compared by readings that take as long as all of it', [reading(0, 100, 10), reading(2.5, 110, 10)]],
    ['compared from after the opening on', [reading(0.5, 100.5), reading(10, 110)]],
    ['with readings that run backwards', [reading(0, 100), reading(5, 105), reading(4, 104), reading(10, 110)]],
  ])('is unsound %s', (_, clock) => {
    expect(held(clock)).toMatchObject([{ code: 'clock_unsound', weight: 'holds' }]);
  });

  it('is unsound where the readings end before the last exchange', () => {
    expect(held([reading(0, 100), reading(10, 110)], 20)).toMatchObject([{ code: 'clock_unsound', weight: 'holds' }]);
  });

  it('gets no blame for a reading that took long', () => {
    expect(held([reading(0, 101.5, 2), reading(10, 110)])).toEqual([]);
  });

  it('is unsound exactly where some pair of readings is too far apart', () => {
    const steps = fc.array(
      fc.record({ own: fc.double({ min: 0, max: 3, noNaN: true }), boot: fc.double({ min: 0, max: 3, noNaN: true }) }),
      { minLength: 1, maxLength: 20 },
    );
    fc.assert(
      fc.property(steps, (drawn) => {
        const clock = [reading(0, 100)];
        let [own, boot] = [0, 100];
        for (const step of drawn) {
          own += step.own;
          boot += step.boot;
          clock.push(reading(own, boot));
        }
        const apart = clock.some((from, i) =>
          clock.slice(i + 1).some((to) => clocksApart(stretchBetween(from, to), WINDOW_CLOCK_LIMIT)),
        );
        expect(held(clock, 0).length > 0).toBe(apart);
      }),
    );
  });
});

const START = Date.parse('2026-11-21T01:00:00.000Z');
const at = (seconds: number): string => new Date(START + seconds * 1000).toISOString();
const run = (change: Partial<RunClock> = {}): RunClock => ({
  plan: { at: at(0), boot: reading(1000, 5000) },
  end: { at: at(600), boot: reading(1600, 5600) },
  stamps: [],
  ...change,
});
const stamp = (of: 'plan' | 'log', askedS: number, genTime: string) => ({
  of,
  sha256: '',
  askedAt: at(askedS),
  at: at(askedS + 0.2),
  genTime,
  response: new Uint8Array(0),
});

describe('the controller’s clocks over a run', () => {
  it('are sound where they run with the kernel’s and with the authority’s', () => {
    expect(runClockFindings(run())).toEqual([]);
    const stamps = [stamp('plan', 1, at(1)), stamp('log', 599, at(599))];
    expect(runClockFindings(run({ stamps }))).toEqual([]);
    // Another time of day, the same speed.
    const shifted = [stamp('plan', 1, at(10_001)), stamp('log', 599, at(10_599))];
    expect(runClockFindings(run({ stamps: shifted }))).toEqual([]);
  });

  it.each([
    ['the monotonic clock ran slow', run({ end: { at: at(600), boot: reading(1400, 5600) } })],
    ['the wall clock was set back', run({ end: { at: at(300), boot: reading(1600, 5600) } })],
    ['the wall clock is no time', run({ end: { at: '2026-12-31T23:59:60Z', boot: reading(1600, 5600) } })],
    ['nothing was read at the plan', run({ plan: { at: at(0) } })],
    ['nothing was read at the end', run({ end: { at: at(600) } })],
    ['an authority saw more time go by', run({ stamps: [stamp('plan', 1, at(1)), stamp('log', 599, at(2399))] })],
    [
      'a stamp was asked for long before it, so that it could have any time',
      run({ stamps: [{ ...stamp('plan', 1, at(1)), askedAt: at(-1800) }, stamp('log', 599, at(2399))] }),
    ],
    [
      'a stamp was asked for long before its record',
      run({ stamps: [stamp('plan', 1, at(1)), { ...stamp('log', 599, at(150)), askedAt: at(150) }] }),
    ],
    [
      'a stamp was asked for after its record',
      run({ stamps: [stamp('plan', 1, at(1)), { ...stamp('log', 599, at(2399)), askedAt: at(2399) }] }),
    ],
    ['an authority saw less time go by', run({ stamps: [stamp('plan', 1, at(1)), stamp('log', 599, at(150))] })],
  ])('are unsound where %s', (_, clock) => {
    const findings = runClockFindings(clock);
    expect(findings.length).toBeGreaterThan(0);
    for (const finding of findings) expect(finding).toMatchObject({ code: 'clock_unsound', weight: 'holds' });
  });
});
