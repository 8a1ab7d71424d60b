import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../../model/measurement.ts';
import { judge } from '../../../../reports/judge/judge.ts';
import { attempt, makeCase, metric, target } from './builder.ts';

const missed = (changes: Partial<Finding> = {}): Finding => ({
  code: 'library_missing',
  detail: 'oneDNN is not installed',
  metric: 'rate',
  labels: { precision: 'INT8', device: 'cpu', library: 'onednn' },
  weight: 'informs',
  ...changes,
});
const at = (precision: string, value: number) => metric(value, { labels: { precision, device: 'cpu' }, U: 1 });
const judged = (value: number, findings: Finding[], requirement = {}, changes = {}) =>
  judge(
    makeCase(
      [target({ choose: 'precision', ...requirement })],
      [attempt('a', [at('INT8', value)], { findings })],
      changes,
    ),
  ).verdicts[0]!;
const codes = (verdict: ReturnType<typeof judged>) => verdict.reasons.map(({ code }) => code);

describe('a fail on a node that lacks a library', () => {
  it('says the library first where the usual gain would reach the limit', () => {
    const verdict = judged(60, [missed({ gain: 2 })]);
    expect(verdict.outcome).toBe('fail');
    expect(codes(verdict)).toEqual(['library_missing', 'below_limit']);
    expect(verdict.reasons[0]!.detail).toContain('oneDNN');
  });

  it('says it after the limit where the usual gain would not', () => {
    expect(codes(judged(30, [missed({ gain: 2 })]))).toEqual(['below_limit', 'library_missing']);
  });

  it('says it first where the gain is not known', () => {
    expect(codes(judged(30, [missed()]))).toEqual(['library_missing', 'below_limit']);
    expect(codes(judged(30, [missed({ code: 'library_refused' })]))).toEqual(['library_refused', 'below_limit']);
  });

  it('says it first of accelerators that nothing was measured on', () => {
    expect(codes(judged(30, [missed({ labels: { vendor: 'nvidia', library: 'torch' } })]))[0]).toBe('library_missing');
  });

  it('says it of a precision that was not measured, unless another one was claimed', () => {
    const bf16 = missed({ labels: { precision: 'BF16', device: 'cpu', library: 'onednn' } });
    expect(codes(judged(30, [bf16]))).toEqual(['library_missing', 'below_limit']);
    const claims = {
      platform: {},
      targets: { 'compute.capacity': { value: 30, unit: 'op/s', choice: 'INT8' } },
    } as never;
    expect(codes(judged(30, [bf16], {}, { claims }))).not.toContain('library_missing');
  });

  it('says nothing of a library for another metric or another precision', () => {
    expect(codes(judged(30, [missed({ metric: 'other' })]))).toEqual(['below_limit']);
    const run = makeCase(
      [target({ choose: 'precision' })],
      [
        attempt('a', [at('INT8', 60), at('FP64', 1)], {
          findings: [missed({ gain: 2, labels: { precision: 'FP64' } })],
        }),
      ],
    );
    expect(judge(run).verdicts[0]!.reasons.map(({ code }) => code)).toEqual(['below_limit']);
  });

  it('counts what each library would add where different things are counted', () => {
    const distinct = { choose: undefined, fold: 'distinct', label: 'precision', unit: '1', limit: 2 } as const;
    const bf16 = missed({ labels: { precision: 'BF16', device: 'cpu' } });
    const counts = (limit: number, findings: Finding[]) => {
      const { choose: _, ...requirement } = { ...distinct, limit };
      const run = makeCase([target(requirement)], [attempt('a', [at('INT8', 60)], { findings })]);
      return judge(run).verdicts[0]!;
    };
    expect(counts(2, [bf16]).outcome).toBe('fail');
    expect(codes(counts(2, [bf16]))).toEqual(['library_missing', 'below_limit']);
    expect(codes(counts(3, [bf16]))).toEqual(['below_limit', 'library_missing']);
    expect(codes(counts(2, [missed({ gain: 2 })]))).toEqual(['below_limit', 'library_missing']);
  });
});

it('no outcome hangs on a library: neither a pass nor a fail changes', () => {
  for (const value of [60, 100, 150]) {
    const without = judged(value, []);
    const having = judged(value, [missed({ gain: 10 })]);
    expect(having.outcome).toBe(without.outcome);
    if (value === 150) expect(having).toEqual(without);
  }
});
