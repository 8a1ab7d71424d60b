import { describe, expect, it } from 'vitest';
import type { Relation } from '../../../../model/controller.ts';
import type { EvidenceLevel } from '../../../../model/outcome.ts';
import type { Case } from '../../../../reports/judge/case.ts';
import { judge } from '../../../../reports/judge/judge.ts';
import { attempt, makeCase, metric, target } from './builder.ts';

/** A value of a level against a target that asks for another, in a run of either kind. */
function run(asked: EvidenceLevel, level: EvidenceLevel, relation: Relation, value = 150): Case {
  const made = makeCase([target({}, { sufficiency: { level: asked } })], [attempt('a', [metric(value, { level })])]);
  return { ...made, plan: { ...made.plan, controller: { relation, holder: 'X' } } };
}
const verdict = (of: Case) => judge(of).verdicts[0]!;
const codes = (of: Case) => verdict(of).reasons.map(({ code }) => code);

describe('the level that is asked for', () => {
  it.each(['E1', 'E2', 'E3'] as const)('is at most E1 in a self-test of a target that asks for %s', (asked) => {
    expect(verdict(run(asked, 'E1', 'self'))).toMatchObject({ outcome: 'pass', level: 'E1', relation: 'self' });
    expect(verdict(run(asked, 'E0', 'self')).outcome).toBe('indeterminate');
  });

  it('is the whole of it in an independent run', () => {
    expect(verdict(run('E2', 'E2', 'independent'))).toMatchObject({ outcome: 'pass', relation: 'independent' });
    expect(verdict(run('E2', 'E1', 'independent')).outcome).toBe('indeterminate');
    expect(codes(run('E2', 'E1', 'independent'))).toEqual(['level_too_low']);
  });

  it('of E3 makes a value that meets the limit one to repeat from a witness, and of a fail a fail', () => {
    for (const level of ['E1', 'E2'] as const) {
      expect(verdict(run('E3', level, 'independent')).outcome).toBe('indeterminate');
      expect(codes(run('E3', level, 'independent'))).toEqual(['level_too_low', 'witness_needed']);
    }
    expect(verdict(run('E3', 'E1', 'independent', 50)).outcome).toBe('fail');
    expect(codes(run('E3', 'E1', 'independent', 50))).toEqual(['below_limit', 'level_too_low']);
  });
});

it('passes of mandatory targets are counted by the level that they rest on', () => {
  const one = target({}, { sufficiency: { level: 'E0' } });
  const two = { ...one, id: 'storage.speed', requirements: [{ ...one.requirements[0]!, metric: 'other' }] };
  const informative = { ...one, id: 'edge.realtime', mandatory: false };
  const failing = { ...one, id: 'users.concurrent', requirements: [{ ...one.requirements[0]!, limit: 1e6 }] };
  const metrics = [metric(150, { level: 'E2' }), metric(150, { metric: 'other', level: 'E1' })];
  const { overall } = judge(makeCase([one, two, informative, failing], [attempt('a', metrics)]));
  expect(overall.passes).toEqual({ E0: 0, E1: 1, E2: 1, E3: 0 });
});

it.each(['passed', 'not_passed'] as const)('a guide that nobody knows gives no outcome of the whole: %s', (judged) => {
  const made = run('E1', 'E1', 'self', judged === 'passed' ? 150 : 50);
  expect(judge(made).overall).toMatchObject({ outcome: judged });
  expect(judge(made).overall).not.toHaveProperty('judged');
  expect(judge({ ...made, guideKnown: false }).overall).toMatchObject({ outcome: 'cannot_tell', judged });
});

describe('a metric that a finding excludes', () => {
  const excludes = { code: 'host_processor', detail: 'x', labels: { device: 'cpu' }, weight: 'excludes' } as const;
  const on = (device: string, precision: string, value: number) => metric(value, { labels: { device, precision } });
  const choosing = target({ choose: 'precision' });
  const counting = target({ fold: 'distinct', label: 'precision', limit: 2, unit: 'count' }, { rule: 'simple' });
  const claims = (choice: string): Partial<Case> => ({
    claims: { schema: 'assay/claims/v1', targets: { 'compute.capacity': { value: 1, unit: 'op/s', choice } } },
  });

  it('adds nothing to a sum, and takes nothing from what else passes', () => {
    const of = (accelerator: number) =>
      makeCase(
        [choosing],
        [attempt('a', [on('cuda:0', 'FP16', accelerator), on('cpu', 'FP16', 90)], { findings: [excludes] })],
      );
    expect(verdict(of(110))).toMatchObject({
      outcome: 'pass',
      reasons: [],
      requirements: [{ estimate: { value: 110 } }],
    });
    expect(verdict(of(90))).toMatchObject({ outcome: 'fail', requirements: [{ estimate: { value: 90 } }] });
    expect(codes(of(90))).toEqual(['below_limit', 'host_processor']);
  });

  it('takes nothing from what else passes when it was held back, too', () => {
    const held = (device: string) =>
      ({
        code: 'too_short',
        detail: 'y',
        metric: 'rate',
        labels: { device, precision: 'FP16' },
        weight: 'holds',
      }) as const;
    const metrics = [on('cuda:0', 'FP16', 110), on('cpu', 'FP16', 90)];
    const of = (device: string, own = metrics) =>
      makeCase([choosing], [attempt('a', own, { findings: [excludes, held(device)] })]);
    expect(verdict(of('cpu'))).toMatchObject({ outcome: 'pass', reasons: [] });
    // The finding may stand for a rate that is not there.
    expect(verdict(of('cpu', [metrics[0]!]))).toMatchObject({ outcome: 'pass', reasons: [] });
    expect(verdict(of('cuda:0')).outcome).toBe('indeterminate');
    expect(verdict(of('cuda:1')).outcome).toBe('indeterminate');
  });

  it('is no choice, neither the best nor the claimed one, and its reason is said', () => {
    const metrics = [on('cuda:0', 'FP16', 50), on('cpu', 'FP64', 1000)];
    const of = (changes: Partial<Case>) =>
      makeCase([choosing], [attempt('a', metrics, { findings: [excludes] })], changes);
    expect(verdict(of({}))).toMatchObject({ outcome: 'fail', requirements: [{ choice: { value: 'FP16' } }] });
    expect(verdict(of(claims('FP64')))).toMatchObject({ outcome: 'error' });
    expect(codes(of(claims('FP64')))).toEqual(['host_processor']);
  });

  it('is not counted among distinct ones', () => {
    const metrics = [on('cuda:0', 'FP16', 50), on('cpu', 'FP64', 50)];
    const counted = (findings: (typeof excludes)[]) => makeCase([counting], [attempt('a', metrics, { findings })]);
    expect(verdict(counted([])).outcome).toBe('pass');
    expect(verdict(counted([excludes]))).toMatchObject({ outcome: 'fail', requirements: [{ counted: ['FP16'] }] });
    expect(codes(counted([excludes]))).toContain('host_processor');
  });

  it('and nothing else was measured is said as the reason', () => {
    const alone = makeCase([choosing], [attempt('a', [on('cpu', 'FP16', 500)], { findings: [excludes] })]);
    expect(verdict(alone).outcome).toBe('error');
    expect(codes(alone)).toEqual(['host_processor']);
  });
});
