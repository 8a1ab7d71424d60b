import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judge } from '../../../../reports/judge/judge.ts';
import { attempt, makeCase, metric, target } from './builder.ts';

describe('properties of judging', () => {
  const anyMetric = fc
    .record({
      value: fc.oneof(
        fc.double({ min: 0, max: 300, noNaN: true }),
        fc.constantFrom(0, Number.NaN, Number.POSITIVE_INFINITY),
      ),
      U: fc.double({ min: 0, max: 60, noNaN: true }),
      precision: fc.constantFrom('FP16', 'INT8'),
      verified: fc.boolean(),
      durationS: fc.constantFrom(1, 100),
      level: fc.constantFrom('E1' as const, 'E2' as const),
    })
    .map(({ value, U, precision, ...rest }) => metric(value, { U, labels: { device: 'x', precision }, ...rest }));
  const anyAttempt = fc.record({
    metrics: fc.array(anyMetric, { maxLength: 3 }),
    state: fc.constantFrom('completed' as const, 'completed' as const, 'failed' as const, 'timed_out' as const),
    held: fc.boolean(),
  });
  const anyRequirement = fc.record({
    fold: fc.constantFrom('sum' as const, 'minimum' as const, 'maximum' as const),
    comparison: fc.constantFrom('>=' as const, '<=' as const),
    choose: fc.constantFrom(undefined, 'precision'),
  });
  const anyCase = fc
    .record({
      requirement: anyRequirement,
      rule: fc.constantFrom('guarded' as const, 'simple' as const),
      minDurationS: fc.constantFrom(0, 50),
      level: fc.constantFrom('E1' as const, 'E2' as const),
      nodes: fc.array(fc.array(anyAttempt, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
    })
    .map(({ requirement, rule, minDurationS, level, nodes }) => {
      const { choose, ...rest } = requirement;
      const t = target({ ...rest, ...(choose ? { choose } : {}) }, { rule, sufficiency: { level, minDurationS } });
      const attempts = nodes.flatMap((own, n) =>
        own.map(({ metrics, state, held }, i) =>
          attempt(`n${n}`, state === 'completed' ? metrics : [], {
            attempt: i + 1,
            state,
            findings: held ? [{ code: 'implausible', detail: 'x', weight: 'holds' }] : [],
          }),
        ),
      );
      return makeCase([t], attempts);
    });

  it('removing evidence never turns anything into a pass', () => {
    fc.assert(
      fc.property(anyCase, fc.array(fc.nat(), { minLength: 1, maxLength: 4 }), (run, picks) => {
        const gone = new Set(picks.map((p) => p % run.attempts.length));
        const less = { ...run, attempts: run.attempts.filter((_, i) => !gone.has(i)) };
        if (judge(less).overall.outcome === 'passed') expect(judge(run).overall.outcome).toBe('passed');
        // What was removed was issued: its absence alone keeps the target from passing.
        expect(judge(less).verdicts[0]?.outcome).not.toBe('pass');
      }),
      { numRuns: 500 },
    );
  });

  it('a pass always rests on finite, verified, sufficient values that meet the limit', () => {
    let passes = 0;
    fc.assert(
      fc.property(anyCase, (run) => {
        const verdict = judge(run).verdicts[0]!;
        if (verdict.outcome !== 'pass') return;
        passes++;
        const { estimate, comparison, limit, durationS, level } = verdict.requirements[0]!;
        const band = verdict.rule === 'guarded' ? estimate!.U : 0;
        expect(Number.isFinite(estimate!.value)).toBe(true);
        if (comparison === '>=') expect(estimate!.value - band).toBeGreaterThanOrEqual(limit);
        else expect(estimate!.value + band).toBeLessThanOrEqual(limit);
        const { sufficiency } = run.guide.targets[0]!;
        expect(durationS).toBeGreaterThanOrEqual(sufficiency.minDurationS!);
        expect(level >= sufficiency.level).toBe(true);
        expect(run.attempts.some((a) => a.examination.metrics.some((m) => m.verified))).toBe(true);
      }),
      { numRuns: 2000 },
    );
    expect(passes).toBeGreaterThan(0);
  });

  it('a finding that holds never improves an outcome', () => {
    fc.assert(
      fc.property(anyCase, (run) => {
        const worse = {
          ...run,
          attempts: run.attempts.map((a) => ({
            ...a,
            examination: {
              ...a.examination,
              findings: [{ code: 'cached' as const, detail: 'x', weight: 'holds' as const }],
            },
          })),
        };
        expect(judge(worse).verdicts[0]?.outcome).not.toBe('pass');
      }),
      { numRuns: 300 },
    );
  });

  it('the order of attempts does not matter', () => {
    fc.assert(
      fc.property(anyCase, (run) => {
        const turned = { ...run, attempts: [...run.attempts].reverse() };
        expect(judge(turned).verdicts[0]?.outcome).toBe(judge(run).verdicts[0]?.outcome);
      }),
    );
  });
});
