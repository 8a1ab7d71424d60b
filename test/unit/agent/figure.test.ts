import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LiveFigure } from '../../../agent/figure.ts';
import { Telemetry } from '../../../model/measurement.ts';
import { check } from '../../../model/schema.ts';

/** A live figure whose clock is set by hand, in seconds. */
function figure() {
  let atS = 0;
  const live = new LiveFigure(() => BigInt(Math.round(atS * 1e9)));
  return {
    live,
    at: (seconds: number) => {
      atS = seconds;
    },
    tell: (value: number, label = 'FP32', unit = 'op/s') => live.report({ value, unit, label }),
  };
}

describe('a live figure', () => {
  it('is none before the benchmark reports one', () => {
    expect(figure().live.since()).toBeUndefined();
  });

  it('is the mean of what came since the reading before, so that two devices at once both show', () => {
    const { live, tell } = figure();
    for (const value of [100, 300, 100, 300]) tell(value);
    expect(live.since()).toEqual({ value: 200, unit: 'op/s', label: 'FP32' });
    tell(400);
    expect(live.since()).toEqual({ value: 400, unit: 'op/s', label: 'FP32' });
  });

  it('is of one thing only: another label or unit begins anew', () => {
    const { live, tell } = figure();
    tell(100, 'FP64');
    tell(300, 'FP32');
    expect(live.since()).toMatchObject({ value: 300, label: 'FP32' });
    tell(300, 'FP32');
    tell(7, 'FP32', 'B/s');
    expect(live.since()).toEqual({ value: 7, unit: 'B/s', label: 'FP32' });
  });

  it('stands for five seconds in which nothing new came, and for no more', () => {
    const { live, at, tell } = figure();
    tell(100);
    live.since();
    at(5);
    expect(live.since()).toMatchObject({ value: 100 });
    at(5.001);
    expect(live.since()).toBeUndefined();
  });

  it('is forgotten when another phase begins', () => {
    const { live, tell } = figure();
    tell(100);
    live.forget();
    expect(live.since()).toBeUndefined();
  });

  it('always fits the telemetry, whatever a benchmark reports', () => {
    const word = fc.oneof(fc.string({ maxLength: 80 }), fc.constant('op/s'));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.double(), word, word), { maxLength: 8 }), (reports) => {
        const { live, tell } = figure();
        for (const [value, unit, label] of reports) tell(value, label, unit);
        const told = live.since();
        if (told) expect(check(Telemetry, { atS: 1, figure: told })).toMatchObject({ ok: true });
      }),
    );
    const { live, tell } = figure();
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) tell(value);
    tell(1, 'x'.repeat(65));
    expect(live.since()).toBeUndefined();
  });
});
