import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { callers } from '../../../../agent/serve/credentials.ts';
import { Gauge } from '../../../../agent/serve/gauge.ts';
import { Books, metricsText } from '../../../../agent/serve/metrics.ts';
import { identityToken, operatorToken } from '../../../../benchmarks/users/identity.ts';
import { parseGauge } from '../../../../benchmarks/users/server-gauge.ts';

describe('a gauge', () => {
  it('keeps the least, the most and the mean over time of every change since its mark', () => {
    const steps = fc.array(
      fc.record({ wait: fc.integer({ min: 1, max: 50 }), change: fc.integer({ min: -3, max: 3 }) }),
      {
        minLength: 1,
        maxLength: 40,
      },
    );
    fc.assert(
      fc.property(steps, fc.nat(39), (changes, markAfter) => {
        let now = 0;
        const gauge = new Gauge(() => now);
        const seen: number[] = [];
        let value = 0;
        let area = 0;
        let since = 0;
        changes.forEach(({ wait, change }, i) => {
          now += wait;
          area += wait * value;
          gauge.add(change);
          value += change;
          seen.push(value);
          if (i === markAfter) {
            gauge.mark();
            seen.splice(0, seen.length, value);
            area = 0;
            since = now;
          }
        });
        if (markAfter >= changes.length) seen.push(0);
        now += 7;
        area += 7 * value;
        const reading = gauge.read();
        expect(reading).toMatchObject({ current: value, min: Math.min(...seen), max: Math.max(...seen) });
        expect(reading.mean).toBeCloseTo(area / (now - since), 9);
      }),
    );
  });

  it('is shown in Prometheus text that reads back as what it was', () => {
    let now = 0;
    const books = new Books(() => now);
    books.mark();
    books.records.add(300);
    now = 500;
    books.records.add(-100);
    now = 1_000;
    const text = metricsText(books);
    expect(parseGauge(text, 'records')).toEqual({ min: 0, max: 300, mean: 250, seconds: 1 });
    expect(parseGauge(text, 'requests')).toEqual({ min: 0, max: 0, mean: 0, seconds: 1 });
    expect(parseGauge(text.replace('since_mark="mean"} 250', 'since_mark="mean"} NaN'), 'records')).toBeNull();
    expect(parseGauge('', 'records')).toBeNull();
    for (const line of text.trimEnd().split('\n'))
      expect(line).toMatch(/^(# (HELP|TYPE) |assay_serve_\w+(\{[^}]*\})? [\d.]+$)/);
  });
});

describe('credentials', () => {
  const who = callers('the key');
  const bearer = (token: string) => who(`Bearer ${token}`);

  it('tell every user from every other, and the operator from users', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999_999 }), (index) => {
        expect(bearer(identityToken('the key', index))).toEqual({ kind: 'user', index });
      }),
    );
    expect(bearer(operatorToken('the key'))).toEqual({ kind: 'operator' });
    expect(identityToken('the key', 1)).not.toBe(identityToken('the key', 2));
  });

  it('are refused from another key, for another user, cut short or made up', () => {
    const token = identityToken('the key', 7);
    expect(bearer(identityToken('another key', 7))).toBeUndefined();
    expect(bearer(token.replace(/^7/, '8'))).toBeUndefined();
    expect(bearer(`0${token}`)).toBeUndefined();
    expect(bearer(token.slice(0, -1))).toBeUndefined();
    expect(bearer(operatorToken('another key'))).toBeUndefined();
    expect(who(token)).toBeUndefined();
    expect(who(`Basic ${token}`)).toBeUndefined();
    expect(who(undefined)).toBeUndefined();
    fc.assert(fc.property(fc.string(), (text) => bearer(text) === undefined));
  });
});
