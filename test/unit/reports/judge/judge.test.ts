import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Guide } from '../../../../model/guide.ts';
import type { Outcome } from '../../../../model/outcome.ts';
import type { Case } from '../../../../reports/judge/case.ts';
import { decide } from '../../../../reports/judge/decide.ts';
import { judge } from '../../../../reports/judge/judge.ts';
import { attempt, makeCase, metric, target } from './builder.ts';

const outcomeOf = (run: Case): Outcome => judge(run).verdicts[0]!.outcome;
const codesOf = (run: Case): string[] => judge(run).verdicts[0]!.reasons.map((r) => r.code);

describe('the decision rule', () => {
  it('passes only when the whole uncertainty lies above the limit', () => {
    const at = (value: number, U: number) => decide({ value, U }, { comparison: '>=', limit: 100 }, 'guarded').outcome;
    expect([at(110, 10), at(109, 10), at(100, 0), at(91, 10), at(90, 10), at(89.9, 10)]).toEqual([
      'pass',
      'indeterminate',
      'pass',
      'indeterminate',
      'indeterminate',
      'fail',
    ]);
  });

  it('is mirrored for an upper limit', () => {
    const at = (value: number, U: number) => decide({ value, U }, { comparison: '<=', limit: 100 }, 'guarded').outcome;
    expect([at(90, 10), at(91, 10), at(110, 10), at(110.1, 10)]).toEqual([
      'pass',
      'indeterminate',
      'indeterminate',
      'fail',
    ]);
  });

  it('leaves the uncertainty aside when it is simple', () => {
    expect(decide({ value: 100, U: 50 }, { comparison: '>=', limit: 100 }, 'simple').outcome).toBe('pass');
    expect(decide({ value: 99, U: 50 }, { comparison: '>=', limit: 100 }, 'simple').outcome).toBe('fail');
  });

  it('never passes a number that is none', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
        fc.constantFrom<'>=' | '<='>('>=', '<='),
        fc.constantFrom<'guarded' | 'simple'>('guarded', 'simple'),
        fc.double(),
        (bad, comparison, rule, other) => {
          expect(decide({ value: bad, U: 0 }, { comparison, limit: 0 }, rule).outcome).toBe('error');
          expect(decide({ value: 1, U: bad }, { comparison, limit: 0 }, rule).outcome).toBe('error');
          expect(decide({ value: other, U: 0 }, { comparison, limit: bad }, rule).outcome).toBe('error');
        },
      ),
    );
  });

  it('takes a negative uncertainty for an error', () => {
    expect(decide({ value: 200, U: -1 }, { comparison: '>=', limit: 100 }, 'guarded').outcome).toBe('error');
  });
});

describe('a target', () => {
  it('passes on verified, sufficient evidence over the limit', () => {
    const run = makeCase([target({})], [attempt('a', [metric(60)]), attempt('b', [metric(60)])]);
    expect(outcomeOf(run)).toBe('pass');
    expect(judge(run).overall.outcome).toBe('passed');
  });

  it('fails with its true gap', () => {
    const run = makeCase([target({})], [attempt('a', [metric(50)])]);
    const verdict = judge(run).verdicts[0]!;
    expect(verdict.outcome).toBe('fail');
    expect(verdict.requirements[0]?.ratio).toBe(0.5);
    expect(judge(run).overall.outcome).toBe('not_passed');
  });

  it('without a number says what its completed attempts found in place of one, and nothing that is about others', () => {
    const holds = { weight: 'holds', detail: 'the engine was saturated' } as const;
    const run = (where?: Record<string, string>): Case =>
      makeCase(
        [target(where ? { where } : {})],
        [
          attempt('a', [], {
            findings: [
              { code: 'tool_saturated', ...holds, labels: { device: 'cpu' } },
              { code: 'too_short', ...holds, metric: 'another.metric' },
              { code: 'throttled', detail: 'y', weight: 'informs' },
            ],
          }),
        ],
      );
    const [verdict] = judge(run()).verdicts;
    expect(verdict!.reasons).toEqual([
      { code: 'tool_saturated', detail: 'bench.a attempt 1: the engine was saturated' },
    ]);
    expect(codesOf(run({ device: 'cpu' }))).toEqual(['tool_saturated']);
    expect(codesOf(run({ device: 'cuda:0' }))).toEqual(['evidence_missing']);
    const crashed = attempt('a', [], {
      attempt: 2,
      state: 'failed',
      failure: { code: 'crashed', phase: 'measure', detail: 'x' },
    });
    const both = run();
    const after = makeCase(both.guide.targets, [...both.attempts, crashed]);
    expect([outcomeOf(after), codesOf(after)]).toEqual(['error', ['tool_saturated', 'crashed']]);
  });

  it.each<[string, Case, Outcome, string]>([
    ['nothing planned', makeCase([target({})], []), 'not_tested', 'not_measured'],
    ['an attempt without metrics', makeCase([target({})], [attempt('a', [])]), 'error', 'evidence_missing'],
    [
      'an attempt without metrics that says why',
      makeCase([target({})], [attempt('a', [], { findings: [{ code: 'zero_work', detail: 'x', weight: 'holds' }] })]),
      'error',
      'zero_work',
    ],
    [
      'outputs not verified',
      makeCase([target({})], [attempt('a', [metric(500, { verified: false })])]),
      'error',
      'incorrect_result',
    ],
    ['NaN', makeCase([target({})], [attempt('a', [metric(Number.NaN)])]), 'error', 'implausible'],
    ['infinity', makeCase([target({})], [attempt('a', [metric(Number.POSITIVE_INFINITY)])]), 'error', 'implausible'],
    [
      'another unit',
      makeCase([target({})], [attempt('a', [metric(500, { estimate: { ...metric(500).estimate, unit: 'op/min' } })])]),
      'error',
      'parse_error',
    ],
    ['no samples', makeCase([target({})], [attempt('a', [metric(500, { samples: 0 })])]), 'indeterminate', 'zero_work'],
    [
      'a crash',
      makeCase(
        [target({})],
        [attempt('a', [], { state: 'failed', failure: { code: 'crashed', phase: 'measure', detail: 'x' } })],
      ),
      'error',
      'crashed',
    ],
    ['a time-out', makeCase([target({})], [attempt('a', [], { state: 'timed_out' })]), 'error', 'timed_out'],
    [
      'a node that cannot',
      makeCase([target({})], [attempt('a', [], { state: 'unsupported' })]),
      'not_tested',
      'unsupported',
    ],
    [
      'a cancelled attempt',
      makeCase([target({})], [attempt('a', [], { state: 'cancelled' })]),
      'not_tested',
      'cancelled',
    ],
    [
      'too short a time',
      makeCase([target({}, { sufficiency: { level: 'E1', minDurationS: 60 } })], [attempt('a', [metric(500)])]),
      'indeterminate',
      'too_short',
    ],
    [
      'too few samples',
      makeCase([target({}, { sufficiency: { level: 'E1', minSamples: 11 } })], [attempt('a', [metric(500)])]),
      'indeterminate',
      'too_few_samples',
    ],
    [
      'too few repeats',
      makeCase([target({}, { sufficiency: { level: 'E1', minRepeats: 3 } })], [attempt('a', [metric(500)])]),
      'indeterminate',
      'too_few_samples',
    ],
    [
      'too low a level',
      makeCase([target({}, { sufficiency: { level: 'E2' } })], [attempt('a', [metric(500)])]),
      'indeterminate',
      'level_too_low',
    ],
    [
      'a limit within the uncertainty',
      makeCase([target({})], [attempt('a', [metric(105, { U: 10 })])]),
      'indeterminate',
      'within_uncertainty',
    ],
    [
      'a node that is missing',
      makeCase([target({})], [attempt('a', [metric(500)]), attempt('b', [], { state: 'failed' })]),
      'indeterminate',
      'too_few_nodes',
    ],
    [
      'an attempt that was issued and is not there',
      makeCase([target({})], [attempt('a', [metric(500)])], { issued: { 'bench.a': 2 } }),
      'indeterminate',
      'evidence_missing',
    ],
    [
      'a device that is counted twice',
      makeCase([target({})], [attempt('a', [metric(500)])], {
        findings: [{ code: 'duplicate_device', detail: 'uuid', weight: 'holds' }],
      }),
      'indeterminate',
      'duplicate_device',
    ],
  ])('is no pass with %s', (_, run, outcome, code) => {
    expect(outcomeOf(run)).toBe(outcome);
    expect(codesOf(run)).toContain(code);
    expect(judge(run).overall.outcome).not.toBe('passed');
  });

  it('stays a clear fail even where the evidence is thin', () => {
    const run = makeCase(
      [target({}, { sufficiency: { level: 'E2', minDurationS: 600 } })],
      [attempt('a', [metric(50)])],
    );
    expect(outcomeOf(run)).toBe('fail');
    expect(codesOf(run)).toEqual(expect.arrayContaining(['below_limit', 'too_short', 'level_too_low']));
  });

  it('is judged by the worst of its repeats', () => {
    const t = target({});
    const run = makeCase([t], [attempt('a', [metric(150)]), attempt('a', [metric(90)], { attempt: 2 })]);
    expect(outcomeOf(run)).not.toBe('pass');
    expect(judge(run).verdicts[0]?.requirements[0]?.estimate?.value).toBe(90);
  });

  it('is not added up over precisions', () => {
    const t = target({ choose: 'precision' });
    const run = makeCase(
      [t],
      [
        attempt('a', [
          metric(60, { labels: { device: 'x', precision: 'FP16' } }),
          metric(70, { labels: { device: 'x', precision: 'INT8' } }),
        ]),
      ],
    );
    const requirement = judge(run).verdicts[0]!.requirements[0]!;
    expect(requirement.outcome).toBe('fail');
    expect(requirement.choice).toEqual({ label: 'precision', value: 'INT8', by: 'best' });
    expect(requirement.alternatives.map((a) => a.value)).toEqual(['FP16']);
  });

  it('is judged at the claimed precision, and has no value there if it was not measured', () => {
    const metrics = [metric(150, { labels: { device: 'x', precision: 'INT8' } })];
    const claims = (choice: string): Partial<Case> => ({
      claims: { schema: 'assay/claims/v1', targets: { 'compute.capacity': { value: 120, unit: 'op/s', choice } } },
    });
    const t = [target({ choose: 'precision' })];
    expect(outcomeOf(makeCase(t, [attempt('a', metrics)], claims('INT8')))).toBe('pass');
    expect(outcomeOf(makeCase(t, [attempt('a', metrics)], claims('FP16')))).not.toBe('pass');
  });

  it('counts a label once, and only where the result was verified', () => {
    const t = target({ fold: 'distinct', label: 'engine', limit: 2, unit: 'count' }, { rule: 'simple' });
    const of = (engine: string, verified = true) => metric(1, { labels: { engine }, verified });
    expect(outcomeOf(makeCase([t], [attempt('a', [of('torch'), of('torch')])]))).toBe('fail');
    expect(outcomeOf(makeCase([t], [attempt('a', [of('torch'), of('jax', false)])]))).toBe('fail');
    expect(outcomeOf(makeCase([t], [attempt('a', [of('torch')]), attempt('b', [of('jax')])]))).toBe('pass');
  });

  it('counts zero, and fails, when completed work gave nothing to count', () => {
    const t = target({ fold: 'distinct', label: 'engine', limit: 2, unit: 'count' }, { rule: 'simple' });
    expect(outcomeOf(makeCase([t], [attempt('a', [])]))).toBe('fail');
  });

  it('fails no count for what was held back, and clears none by what did no work', () => {
    const t = target({ fold: 'distinct', label: 'engine', limit: 2, unit: 'count' }, { rule: 'simple' });
    const of = (engine: string, value = 1) => metric(value, { labels: { engine } });
    const held = { code: 'environment_altered', detail: 'x', weight: 'holds' } as const;
    const all = (engines: string[]) =>
      makeCase(
        [t],
        [
          attempt(
            'a',
            engines.map((engine) => of(engine)),
            { findings: [held] },
          ),
        ],
      );
    expect(outcomeOf(all(['torch', 'jax']))).toBe('indeterminate');
    expect(outcomeOf(all(['torch']))).toBe('fail');
    expect(outcomeOf(makeCase([t], [attempt('a', [of('torch'), of('jax', 0)])]))).toBe('fail');
    expect(outcomeOf(makeCase([t], [attempt('a', [of('torch', 0), of('jax', 0)])]))).toBe('fail');
  });

  it('says when the value is below the claim', () => {
    const run = makeCase([target({})], [attempt('a', [metric(150)])], {
      claims: { schema: 'assay/claims/v1', targets: { 'compute.capacity': { value: 200, unit: 'op/s' } } },
    });
    expect(outcomeOf(run)).toBe('pass');
    expect(codesOf(run)).toContain('below_claim');
  });

  it('is counted over the fleet where no benchmark measures it, and none is a count', () => {
    const t = target(
      { metric: 'domestic.share', fold: 'minimum', limit: 0.5, unit: 'ratio' },
      { kind: 'counted', rule: 'simple' },
    );
    const of = (value: number) => ({
      metric: metric(value, { metric: 'domestic.share', estimate: { ...metric(value).estimate, unit: 'ratio' } }),
      sha256: 'c'.repeat(64),
    });
    const run = makeCase([t], [], { counted: [of(1), of(0)] });
    expect(outcomeOf(run)).toBe('fail');
    expect(codesOf(run)).toEqual(['below_limit']);
    expect(outcomeOf({ ...run, counted: [of(1)] })).toBe('pass');
    expect(outcomeOf({ ...run, counted: [] })).toBe('not_tested');
    expect(outcomeOf({ ...run, counted: [of(Number.NaN)] })).toBe('error');
  });

  it('does not pass on synthetic evidence', () => {
    const run = makeCase([target({})], [attempt('a', [metric(150)])]);
    expect(outcomeOf({ ...run, plan: { ...run.plan, synthetic: true } })).toBe('indeterminate');
  });
});

describe('a registered target', () => {
  const registered: Guide['targets'][number] = {
    ...target({ metric: 'clients.distinct', limit: 100, unit: 'count' }),
    kind: 'registered',
    id: 'service.clients',
    rule: 'simple',
    register: 'clients',
    count: 'clients.distinct',
    sufficiency: { level: 'E0' },
  };
  const run = (count: number | undefined) =>
    makeCase([registered], [], {
      registers:
        count === undefined
          ? undefined
          : {
              counts: { 'clients.distinct': count },
              registers: [{ name: 'clients', sha256: 'f'.repeat(64), problems: [] }],
            },
    });

  it('is judged by the count of its register', () => {
    expect([outcomeOf(run(100)), outcomeOf(run(99)), outcomeOf(run(0))]).toEqual(['pass', 'fail', 'fail']);
    expect(judge(run(100)).verdicts[0]?.level).toBe('E0');
  });

  it('is not tested without a register', () => {
    expect(outcomeOf(run(undefined))).toBe('not_tested');
    expect(codesOf(run(undefined))).toEqual(['register_missing']);
  });

  it('never passes on a count that is no number', () => {
    expect(outcomeOf(run(Number.NaN))).toBe('error');
  });
});

describe('the whole', () => {
  it('is not a pass when there is nothing mandatory', () => {
    const run = makeCase([target({}, { mandatory: false })], [attempt('a', [metric(500)])]);
    expect(judge(run).overall.outcome).toBe('cannot_tell');
  });

  it('cannot tell when nothing failed and something is open', () => {
    expect(judge(makeCase([target({})], [])).overall.outcome).toBe('cannot_tell');
  });

  const waiver = {
    target: 'compute.capacity',
    reason: 'being extended in spring',
    approvedBy: 'x',
    approvedAt: '2026-01-01T00:00:00Z',
    expiresAt: '2026-02-01T00:00:00Z',
  };
  const waived = (allowsWaivers: boolean, changes: object = {}) => {
    const run = makeCase([target({})], [attempt('a', [metric(50)])], { waivers: [{ ...waiver, ...changes }] });
    return judge({ ...run, guide: { ...run.guide, allowsWaivers } });
  };

  it('is passed with deviations only if the guide allows waivers, and the outcome stays a fail', () => {
    expect(waived(true).overall.outcome).toBe('passed_with_deviations');
    expect(waived(true).verdicts[0]?.outcome).toBe('fail');
    expect(waived(false).overall.outcome).toBe('not_passed');
  });

  it('does not take a waiver that has ended or has not begun', () => {
    expect(waived(true, { expiresAt: '2026-01-02T00:00:00Z' }).overall.outcome).toBe('not_passed');
    expect(waived(true, { approvedAt: '2026-01-03T00:00:00Z' }).overall.outcome).toBe('not_passed');
  });
});
