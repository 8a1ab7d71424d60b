import { describe, expect, it } from 'vitest';
import { canonicalBytes } from '../../../../evidence/canonical.ts';
import type { Metric } from '../../../../model/measurement.ts';
import type { Case } from '../../../../reports/judge/case.ts';
import { judge } from '../../../../reports/judge/judge.ts';
import { attempt, makeCase, metric, target } from './builder.ts';

const outcomeOf = (run: Case) => judge(run).verdicts[0]!.outcome;
const codesOf = (run: Case) => judge(run).verdicts[0]!.reasons.map((r) => r.code);

/** The same run, planned with so many repeats of every assignment. */
function repeated(run: Case, repeats: number): Case {
  return { ...run, plan: { ...run.plan, assignments: run.plan.assignments.map((a) => ({ ...a, repeats })) } };
}

describe('repeats', () => {
  const crash = attempt('a', [], { attempt: 2, state: 'failed' });

  it('that the plan asks for and that did not complete keep a target from passing', () => {
    const run = repeated(makeCase([target({})], [attempt('a', [metric(500)]), crash]), 3);
    expect(outcomeOf(run)).toBe('indeterminate');
    expect(codesOf(run)).toContain('too_few_samples');
    expect(outcomeOf(repeated(makeCase([target({})], [attempt('a', [metric(500)])]), 1))).toBe('pass');
  });

  it('that crashed are named beside a pass', () => {
    const run = makeCase([target({})], [attempt('a', [metric(500)]), crash]);
    expect(outcomeOf(run)).toBe('pass');
    expect(codesOf(run)).toContain('crashed');
  });

  it('do not count a label whose result is right only sometimes', () => {
    const t = target({ fold: 'distinct', label: 'precision', limit: 2, unit: 'count' }, { rule: 'simple' });
    const of = (precision: string, verified = true) => metric(1, { labels: { precision, device: 'x' }, verified });
    const second = (metrics: Metric[]) => attempt('a', metrics, { attempt: 2, sha256: 'b'.repeat(64) });
    const run = makeCase([t], [attempt('a', [of('FP32'), of('FP16')]), second([of('FP32'), of('FP16', false)])]);
    expect(outcomeOf(run)).not.toBe('pass');
    expect(judge(run).verdicts[0]!.requirements[0]!.counted).toEqual(['FP32']);
    const steady = makeCase([t], [attempt('a', [of('FP32'), of('FP16')]), second([of('FP32'), of('FP16')])]);
    expect(outcomeOf(steady)).toBe('pass');
  });
});

describe('rejected evidence', () => {
  it('is not made good by another attempt', () => {
    const run = makeCase([target({})], [attempt('a', [metric(500)], { attempt: 2 })], {
      issued: { 'bench.a': 2 },
      unanswered: [{ assignment: 'bench.a', code: 'evidence_mismatch', detail: 'the samples do not give the numbers' }],
    });
    expect(outcomeOf(run)).toBe('indeterminate');
    expect(codesOf(run)).toContain('evidence_mismatch');
  });

  /** One accepted attempt, or none, and a refused one that its node signed all the same. */
  const refused = (accepted: number | undefined, shown: number): Case =>
    makeCase([target({})], [attempt('a', [metric(accepted ?? 0)])], {
      ...(accepted === undefined ? { attempts: [] } : {}),
      issued: { 'bench.a': accepted === undefined ? 1 : 2 },
      unanswered: [
        {
          assignment: 'bench.a',
          code: 'evidence_missing',
          detail: 'evidence samples.json is missing',
          shown: attempt('a', [metric(shown)], { attempt: 2, sha256: 'b'.repeat(64) }),
        },
      ],
    });

  it('that shows a fail is a fail, alone and beside an attempt that is accepted', () => {
    for (const accepted of [undefined, 50]) {
      expect(outcomeOf(refused(accepted, 50))).toBe('fail');
      expect(codesOf(refused(accepted, 50))).toContain('below_limit');
    }
    expect(codesOf(refused(undefined, 50))).toContain('evidence_missing');
  });

  it('that shows more than enough is no pass and takes no fail away', () => {
    expect(outcomeOf(refused(undefined, 500))).toBe('error');
    expect(outcomeOf(refused(500, 500))).toBe('indeterminate');
    expect(outcomeOf(refused(50, 500))).toBe('fail');
  });
});

describe('one thing counted twice', () => {
  it('is not added up where two assignments of the plan measure the same device', () => {
    const run = makeCase([target({})], [attempt('a', [metric(60)])]);
    const [first] = run.plan.assignments;
    const again = attempt('a', [metric(60)], { assignment: 'again', sha256: 'b'.repeat(64) });
    const twice: Case = {
      ...run,
      plan: { ...run.plan, assignments: [first!, { ...first!, id: 'again' }] },
      issued: { 'bench.a': 1, again: 1 },
      attempts: [...run.attempts, again],
    };
    expect(judge(twice).verdicts[0]!.requirements[0]!.estimate!.value).toBe(60);
    expect(outcomeOf(twice)).toBe('fail');
  });

  const bytes = (value: number, volume: string): Metric => {
    const estimate = { ...metric(value).estimate, unit: 'B' };
    return metric(value, { estimate, labels: { volume, filesystem: 'nfs' } });
  };

  it('is counted once where two nodes mount one volume, and a pass that rests on counting it twice is none', () => {
    const t = target({ unit: 'B' }, { rule: 'simple' });
    const of = (a: Metric, b: Metric) => makeCase([t], [attempt('a', [a]), attempt('b', [b])]);
    const shared = of(bytes(60, 'nfs:box:/x'), bytes(60, 'nfs:box:/x'));
    expect(judge(shared).verdicts[0]!.requirements[0]!.estimate!.value).toBe(60);
    expect(outcomeOf(shared)).toBe('indeterminate');
    expect(codesOf(shared)).toContain('duplicate_device');
    expect(outcomeOf(of(bytes(60, 'nfs:box:/x'), bytes(60, 'nfs:box:/y')))).toBe('pass');
    expect(outcomeOf(of(bytes(120, 'nfs:box:/x'), bytes(120, 'nfs:box:/x')))).toBe('pass');
    expect(outcomeOf(of(bytes(40, 'nfs:box:/x'), bytes(40, 'nfs:box:/x')))).toBe('fail');
  });

  it('is a sum all the same where nodes read one volume together at a rate of their own', () => {
    const rate = (node: string) => attempt(node, [metric(60, { labels: { volume: 'nfs:box:/x' } })]);
    expect(outcomeOf(makeCase([target({})], [rate('a'), rate('b')]))).toBe('pass');
  });
});

describe('numbers at the edge of what a double holds', () => {
  const huge = (device: string) => metric(1.7e308, { labels: { device } });

  it('are an error, and never a report that cannot be written, where their sum is infinite', () => {
    const run = makeCase([target({})], [attempt('a', [huge('x'), huge('y')])]);
    expect(outcomeOf(run)).toBe('error');
    expect(codesOf(run)).toContain('implausible');
    expect(() => canonicalBytes(judge(run))).not.toThrow();
  });

  it('are an error where the spread of repeats is infinite', () => {
    const repeats = [huge('x'), metric(-1.7e308, { labels: { device: 'x' } })];
    const run = makeCase([target({})], [attempt('a', repeats)]);
    expect(outcomeOf(run)).not.toBe('pass');
    expect(() => canonicalBytes(judge(run))).not.toThrow();
  });

  it('do not stop the judge when there are very many of them', () => {
    const many = Array.from({ length: 200_000 }, (_, i) => metric(1, { labels: { device: `d${i % 3}` } }));
    expect(outcomeOf(makeCase([target({})], [attempt('a', many)]))).toBe('fail');
  });
});

describe('a time of nothing', () => {
  it('does not meet an upper limit', () => {
    const t = target({ comparison: '<=', limit: 10, unit: 's', fold: 'maximum' });
    const took = (value: number) => metric(value, { estimate: { ...metric(value).estimate, unit: 's' } });
    expect(outcomeOf(makeCase([t], [attempt('a', [took(0)])]))).toBe('indeterminate');
    expect(outcomeOf(makeCase([t], [attempt('a', [took(1e-6)])]))).toBe('pass');
  });
});
