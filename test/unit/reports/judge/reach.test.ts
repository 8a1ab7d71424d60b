import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Claims } from '../../../../model/guide.ts';
import type { Outcome } from '../../../../model/outcome.ts';
import type { Untried } from '../../../../model/untried.ts';
import { judge } from '../../../../reports/judge/judge.ts';
import { attempt, makeCase, metric, target } from './builder.ts';
import { LENGTHS, measured, type Platform } from './platform.ts';

/** Meets every target of the guide that is simulated, by far. */
const STRONG: Platform = {
  usableBytes: 1.3e15,
  freeShare: 0.9,
  writeRate: 60e9,
  readRate: 90e9,
  startS: 0.05,
  readLatencyS: 0.0002,
  tasks: 5_000,
  taskS: 0.5,
  errorShare: 0,
  unfairness: 0,
  records: 1_000_000,
  device: 'cuda:0',
  rates: { FP64: 1e15, FP32: 1e15, FP16: 2e16, INT8: 3e16 },
  engines: ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, onPath: true, seconds: 20 })),
  interpretersNamed: true,
};

function verdictOf(platform: Platform, profile: (typeof LENGTHS)[number], id: string) {
  return judge(measured(platform, profile)).verdicts.find((verdict) => verdict.target === id)!;
}

const codes = (verdict: { reasons: readonly { code: string }[] }): string[] => verdict.reasons.map(({ code }) => code);

describe('what the settings of a run could not reach', () => {
  it('is no fail: a quick run writes 1 GiB of the terabyte that must be proven', () => {
    const verdict = verdictOf(STRONG, 'quick', 'storage.capacity');
    expect(verdict.outcome).toBe('indeterminate');
    expect(codes(verdict)).toContain('too_little_tried');
    expect(codes(verdict)).not.toContain('below_limit');
    expect(verdictOf(STRONG, 'standard', 'storage.capacity').outcome).toBe('pass');
  });

  it('is a fail all the same where the storage itself has less than the limit', () => {
    const verdict = verdictOf({ ...STRONG, usableBytes: 5e11 }, 'quick', 'storage.capacity');
    expect(verdict.requirements.map(({ outcome }) => outcome)).toEqual(['fail', 'fail']);
    expect(codes(verdict)).not.toContain('too_little_tried');
  });

  it('is no fail where precisions, frameworks or tasks were not tried, and one where they were', () => {
    const bf16 = { ...STRONG, rates: { FP64: 2e13, FP32: 5e13, BF16: 2e16, FP16: 2e16 } };
    expect(verdictOf(bf16, 'quick', 'compute.capacity').outcome).toBe('indeterminate');
    expect(codes(verdictOf(bf16, 'quick', 'compute.capacity'))).toContain('too_little_tried');
    expect(verdictOf(bf16, 'standard', 'compute.capacity').outcome).toBe('pass');
    const slow = { ...STRONG, device: 'cpu', rates: { FP64: 1e11, FP32: 2e11, INT8: 1e12 } };
    expect(verdictOf(slow, 'quick', 'compute.capacity').outcome).toBe('fail');

    expect(verdictOf({ ...slow, device: 'cuda:0' }, 'quick', 'compute.capacity').outcome).toBe('indeterminate');
    expect(verdictOf({ ...slow, device: 'cuda:0' }, 'standard', 'compute.capacity').outcome).toBe('fail');

    const venvs = { ...STRONG, engines: STRONG.engines.map((e, i) => ({ ...e, onPath: i === 0 })) };
    expect(codes(verdictOf({ ...venvs, interpretersNamed: false }, 'full', 'frameworks.adapted'))).toContain(
      'too_little_tried',
    );
    expect(verdictOf(venvs, 'standard', 'frameworks.adapted').outcome).toBe('pass');
    const three = { ...STRONG, engines: STRONG.engines.slice(0, 3) };
    expect(verdictOf(three, 'quick', 'frameworks.adapted').outcome).toBe('fail');
    const none = { ...STRONG, engines: [], interpretersNamed: false };
    expect(verdictOf(none, 'standard', 'frameworks.adapted').outcome).toBe('indeterminate');
    const sluggish = { ...STRONG, engines: STRONG.engines.map((engine) => ({ ...engine, seconds: 100 })) };
    expect(verdictOf(sluggish, 'quick', 'frameworks.adapted').outcome).toBe('indeterminate');

    const long = { ...STRONG, taskS: 9 };
    expect(verdictOf(long, 'quick', 'users.concurrent').outcome).toBe('indeterminate');
    expect(verdictOf(long, 'full', 'users.concurrent').outcome).toBe('pass');
    expect(verdictOf({ ...STRONG, tasks: 900 }, 'quick', 'users.concurrent').outcome).toBe('fail');
    expect(verdictOf({ ...STRONG, unfairness: 0.5 }, 'quick', 'users.concurrent').outcome).toBe('fail');
  });

  it('says at a claimed precision that nobody asked for that it was not tried', () => {
    const run = measured(STRONG, 'quick');
    const claims: Claims = {
      schema: 'assay/claims/v1',
      targets: { 'compute.capacity': { value: 1e16, unit: 'op/s', choice: 'FP16' } },
    };
    const verdict = judge({ ...run, claims }).verdicts[0]!;
    expect([verdict.outcome, codes(verdict)]).toEqual(['not_tested', ['too_little_tried']]);
  });
});

describe('amounts that the settings bound', () => {
  const untried = (above: number, upTo?: number): { untried: Untried[] } => ({
    untried: [{ kind: 'amount', metric: 'rate', above, ...(upTo === undefined ? {} : { upTo }) }],
  });
  const outcome = (attempts: Parameters<typeof makeCase>[1], limit = 100): Outcome =>
    judge(makeCase([target({ limit })], attempts)).verdicts[0]!.outcome;

  it('decide nothing below the limit, whatever came out of them', () => {
    expect(outcome([attempt('a', [metric(50)], untried(50))])).toBe('indeterminate');
    expect(outcome([attempt('a', [metric(40)], untried(50))])).toBe('indeterminate');
  });

  it('fail a platform that was asked for the limit and gave less', () => {
    expect(outcome([attempt('a', [metric(50)], untried(100))])).toBe('fail');
    expect(outcome([attempt('a', [metric(50)], untried(50, 60))])).toBe('fail');
    expect(outcome([attempt('a', [metric(50)])])).toBe('fail');
  });

  it('are looked at together where nodes add up', () => {
    const full = attempt('a', [metric(4)], untried(60));
    expect(outcome([full, attempt('b', [metric(60)], untried(60))])).toBe('indeterminate');
    expect(outcome([full, attempt('b', [metric(5)], untried(60))])).toBe('fail');
    expect(outcome([full, attempt('b', [metric(60)], untried(60, 70))])).toBe('fail');
  });

  it('do not excuse a repeat that was asked for enough', () => {
    const attempts = [attempt('a', [metric(50)], untried(50)), attempt('a', [metric(60)], { attempt: 2, sha256: 'b' })];
    expect(outcome(attempts)).toBe('fail');
  });

  it('never make a pass', () => {
    const some = fc.record({
      value: fc.double({ min: 0, max: 200, noNaN: true }),
      above: fc.double({ min: 0, max: 200, noNaN: true }),
      upTo: fc.option(fc.double({ min: 0, max: 400, noNaN: true }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(some, { minLength: 1, maxLength: 3 }), (nodes) => {
        const plain = nodes.map(({ value }, i) => attempt(`n${i}`, [metric(value)]));
        const bounded = plain.map((one, i) => ({ ...one, ...untried(nodes[i]!.above, nodes[i]!.upTo) }));
        const [before, after] = [outcome(plain), outcome(bounded)];
        expect(after === before || (before === 'fail' && after === 'indeterminate')).toBe(true);
      }),
    );
  });
});

describe('a fail of a measurement that is too short', () => {
  const judged = (value: number, durationS: number): Outcome => {
    const rule = { rule: 'simple', sufficiency: { level: 'E1', minDurationS: 60 } } as const;
    return judge(makeCase([target({}, rule)], [attempt('a', [metric(value, { U: 10, durationS })])])).verdicts[0]!
      .outcome;
  };

  it('needs to be clear beyond its uncertainty, also under the simple rule', () => {
    expect(judged(95, 5)).toBe('indeterminate');
    expect(judged(95, 60)).toBe('fail');
    expect(judged(80, 5)).toBe('fail');
  });
});

describe('the length of a profile', () => {
  const times = (...values: number[]) => fc.constantFrom(...values);
  const anyRate = fc.option(times(1e9, 1e12, 3e14, 5e15, 1.2e16, 5e16), { nil: undefined });
  const anyRates = fc
    .record({ FP64: anyRate, FP32: anyRate, TF32: anyRate, FP16: anyRate, BF16: anyRate, INT8: anyRate, INT4: anyRate })
    .map((rates) => Object.fromEntries(Object.entries(rates).filter(([, rate]) => rate !== undefined)));
  const anyPlatform: fc.Arbitrary<Platform> = fc.record({
    usableBytes: times(1e10, 4e11, 3e12, 9e14, 1.3e15, 5e15),
    freeShare: times(0.02, 0.05, 0.5, 1),
    writeRate: times(5e7, 1e9, 1.5e10, 2.5e10, 1e11),
    readRate: times(5e7, 1e9, 3e10, 5e10, 2e11),
    startS: times(0, 0.02, 0.1, 0.3),
    readLatencyS: times(1e-5, 2e-4, 0.02),
    tasks: times(10, 900, 1_050, 5_000),
    taskS: times(0.01, 0.5, 3, 7, 9, 12, 25),
    errorShare: times(0, 0.0004, 0.01, 0.3),
    unfairness: times(0, 0.01, 0.2, 3),
    records: times(1_000, 99_000, 105_000, 1_000_000),
    device: fc.constant('cuda:0'),
    rates: anyRates,
    engines: fc
      .array(fc.record({ onPath: fc.boolean(), seconds: times(10, 100, 500, 5_000) }), { maxLength: 6 })
      .map((engines) => engines.map((engine, i) => ({ id: `engine ${i}`, ...engine }))),
    interpretersNamed: fc.boolean(),
  });

  it('never decides against a platform: what a shorter one fails, every longer one fails; what it passes, they pass', () => {
    let fails = 0;
    let passes = 0;
    fc.assert(
      fc.property(anyPlatform, (platform) => {
        const byLength = LENGTHS.map((profile) => judge(measured(platform, profile)).verdicts);
        for (const [i, shorter] of byLength.entries()) {
          for (const longer of byLength.slice(i + 1)) {
            for (const [t, verdict] of shorter.entries()) {
              const { outcome } = longer[t]!;
              if (verdict.outcome === 'fail') expect([verdict.target, outcome]).toEqual([verdict.target, 'fail']);
              if (verdict.outcome === 'pass') expect([verdict.target, outcome]).toEqual([verdict.target, 'pass']);
              if (verdict.outcome === 'fail') fails++;
              if (verdict.outcome === 'pass') passes++;
            }
          }
        }
      }),
      { numRuns: 300 },
    );
    // Neither kind is empty: the property says something.
    expect(Math.min(fails, passes)).toBeGreaterThan(20);
  });

  it('decides for a strong platform as soon as it is long enough, and for none before', () => {
    const outcomes = LENGTHS.map((profile) => judge(measured(STRONG, profile)).verdicts.map(({ outcome }) => outcome));
    expect(outcomes[0]).not.toContain('fail');
    for (const all of outcomes.slice(1)) expect(all).toEqual(all.map(() => 'pass'));
  });
});
