import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Case, JudgedAttempt } from '../../../../reports/judge/case.ts';
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

  /** Nodes whose devices are each measured in each of several repeats, at each precision: what is gone can be missed. */
  const wholeCase = fc
    .record({
      fold: fc.constantFrom('sum' as const, 'minimum' as const, 'maximum' as const, 'distinct' as const),
      comparison: fc.constantFrom('>=' as const, '<=' as const),
      choose: fc.boolean(),
      precisions: fc.constantFrom(['FP16'], ['FP16', 'INT8']),
      nodes: fc.integer({ min: 1, max: 2 }),
      devices: fc.integer({ min: 1, max: 2 }),
      repeats: fc.integer({ min: 2, max: 3 }),
      values: fc.infiniteStream(
        fc.record({
          value: fc.oneof({ weight: 6, arbitrary: fc.constantFrom(90, 100, 110) }, fc.constantFrom(0, 20, 300)),
          verified: fc.oneof({ weight: 12, arbitrary: fc.constant(true) }, fc.constant(false)),
          held: fc.oneof({ weight: 12, arbitrary: fc.constant(false) }, fc.constant(true)),
          backend: fc.constantFrom('x', 'y'),
        }),
      ),
    })
    .map(({ fold, comparison, choose, precisions, nodes, devices, repeats, values }) => {
      const counts = fold === 'distinct';
      const range = (length: number) => Array.from({ length }, (_, i) => i);
      const attempts = range(nodes).flatMap((node) =>
        range(repeats).map((repeat) => {
          const told = range(devices).flatMap((device) =>
            precisions.map((precision) => {
              const { value, verified, held, backend } = values.next().value!;
              const labels = { device: `cuda:${device}`, precision, backend };
              return { metric: metric(value, { labels, verified }), held };
            }),
          );
          const findings = told.flatMap(({ metric: { metric: id, labels }, held }) =>
            held ? [{ code: 'too_short' as const, detail: 'x', metric: id, labels, weight: 'holds' as const }] : [],
          );
          const sha256 = `${node}${repeat}`.padEnd(64, '0');
          const metrics = told.map((one) => one.metric);
          return attempt(`n${node}`, metrics, { attempt: repeat + 1, sha256, findings });
        }),
      );
      const asked = counts ? { label: 'precision', unit: 'count', limit: precisions.length } : { limit: 100 };
      const t = target({ fold, comparison, ...asked, ...(choose && !counts ? { choose: 'precision' } : {}) });
      return makeCase([t], attempts);
    });

  type Less = (run: Case, pick: number) => Case;
  const from = (
    run: Case,
    pick: number,
    change: (one: JudgedAttempt) => Partial<JudgedAttempt['examination']>,
  ): Case => {
    const at = pick % run.attempts.length;
    const attempts = run.attempts.map((one, i) =>
      i === at ? { ...one, examination: { ...one.examination, ...change(one) } } : one,
    );
    return { ...run, attempts };
  };
  const withoutMetric: Less = (run, pick) =>
    from(run, pick, ({ examination: { metrics } }) => ({
      metrics: metrics.filter((_, i) => i !== Math.floor(pick / 7) % metrics.length),
    }));
  const withoutMetrics: Less = (run, pick) => from(run, pick, () => ({ metrics: [] }));
  const withoutAll: Less = (run, pick) => from(run, pick, () => ({ metrics: [], findings: [] }));
  const withoutDevice: Less = (run, pick) =>
    from(run, pick, ({ examination: { metrics, findings } }) => {
      const gone = metrics[Math.floor(pick / 7) % metrics.length]!.labels.device;
      return {
        metrics: metrics.filter(({ labels }) => labels.device !== gone),
        findings: findings.filter(({ labels }) => labels?.device !== gone),
      };
    });

  it.each<[string, Less]>([
    ['one metric', withoutMetric],
    ["one attempt's metrics", withoutMetrics],
    ["one attempt's metrics and what was found in them", withoutAll],
    ["one device's result with what was found of it", withoutDevice],
  ])('removing %s never makes a pass of what was none, nor lets one pass by what is gone', (_, less) => {
    let passes = 0;
    let lost = 0;
    fc.assert(
      fc.property(wholeCase, fc.nat({ max: 10_000 }), (run, pick) => {
        const { fold, choose } = run.guide.targets[0]!.requirements[0]!;
        const before = judge(run).verdicts[0]!;
        const after = judge(less(run, pick)).verdicts[0]!;
        if (before.outcome === 'pass') passes++;
        if (after.outcome === 'pass') expect(before.outcome).toBe('pass');
        if (before.outcome === 'pass' && after.outcome !== 'pass') {
          lost++;
          // Another choice may stand for it, and a count may have nothing left; of all others it is said what is missing.
          if (fold !== 'distinct' && choose === undefined) {
            expect(after.outcome).toBe('indeterminate');
            expect(after.reasons.map((r) => r.code)).toContain('evidence_missing');
          }
        }
        if (fold !== 'distinct' && choose === undefined) expect(after.outcome).not.toBe('pass');
      }),
      { numRuns: 1000 },
    );
    expect(Math.min(passes, lost)).toBeGreaterThan(20);
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
