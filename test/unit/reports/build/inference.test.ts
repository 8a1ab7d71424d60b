import { describe, expect, it } from 'vitest';
import { Inference } from '../../../../model/compute.ts';
import type { Metric } from '../../../../model/measurement.ts';
import { check } from '../../../../model/schema.ts';
import { inferenceOf } from '../../../../reports/build/inference.ts';
import type { Case, JudgedAttempt } from '../../../../reports/judge/case.ts';
import { attempt, makeCase, metric, target } from '../judge/builder.ts';

const METRICS = [
  'inference.latency.p90',
  'inference.latency.p99',
  'inference.server.rate',
  'inference.offline.rate',
  'inference.overhead.p50',
];

function runOf(attempts: readonly JudgedAttempt[], benchmark = 'inference.onnx'): Case {
  const run = makeCase([target({})], attempts);
  const assignments = run.plan.assignments.map((one) => ({
    ...one,
    benchmark,
    metrics: [...METRICS, 'edge.latency.p99'],
  }));
  return { ...run, plan: { ...run.plan, assignments } };
}

const LABELS = { model: 'resnet50', precision: 'FP32', provider: 'cuda' };
const value = (id: string, number: number, unit: string, scenario: string): Metric => {
  const base = metric(number, { metric: id, labels: { ...LABELS, scenario } });
  return { ...base, estimate: { ...base.estimate, unit } };
};
const p90 = (seconds: number): Metric => value('inference.latency.p90', seconds, 's', 'SingleStream');
const offline = (rate: number): Metric => value('inference.offline.rate', rate, 'sample/s', 'Offline');
const withChecks = (one: JudgedAttempt, detail: string): JudgedAttempt => ({
  ...one,
  examination: { ...one.examination, checks: [{ id: 'answers_right/resnet50', passed: true, detail }] },
});

function sectionOf(run: Case) {
  const section = inferenceOf(run);
  if (section) expect(check(Inference, section)).toMatchObject({ ok: true });
  return section;
}

describe('what networks reached', () => {
  it('is there only where one of the benchmarks was run', () => {
    expect(inferenceOf(runOf([attempt('n1', [p90(0.01)])], 'compute.gemm'))).toBeUndefined();
    expect(sectionOf(runOf([attempt('n1', [])]))).toEqual({ values: [], overheads: [], unsupported: [] });
  });

  it('is told by the worst node, the slower one for latencies and the lower one for rates', () => {
    const attempts = [attempt('n1', [p90(0.01), offline(100)]), attempt('n2', [p90(0.02), offline(90)])];
    const { values } = sectionOf(runOf([...attempts, attempt('n3', [p90(0.012), offline(95)])]))!;
    expect(values.map((v) => [v.metric, v.node, v.estimate.value, v.median, v.nodes])).toEqual([
      ['inference.latency.p90', 'n2', 0.02, 0.012, 3],
      ['inference.offline.rate', 'n2', 90, 95, 3],
    ]);
  });

  it('shows a value that does not count before any that does, with the reason', () => {
    const finding = { code: 'incorrect_result', detail: 'x', weight: 'holds' } as const;
    const attempts = [attempt('n1', [p90(0.01)], { findings: [finding] }), attempt('n2', [p90(0.02)])];
    const { values } = sectionOf(runOf(attempts))!;
    expect(values).toMatchObject([{ node: 'n1', counts: false, reasons: ['incorrect_result'], nodes: 2 }]);
  });

  it('names what really ran, from the check of that very network', () => {
    const one = withChecks(attempt('n1', [p90(0.01)]), '8 samples right; 3 nodes on CPUExecutionProvider');
    const { values } = sectionOf(runOf([one]))!;
    expect(values[0]).toMatchObject({ provider: 'cuda', ran: '8 samples right; 3 nodes on CPUExecutionProvider' });
  });

  it('says of the highest rate what it kept and what was tried above it', () => {
    const server = value('inference.server.rate', 90, 'query/s', 'Server');
    const one = attempt('n1', [server]);
    const checks = [{ id: 'server_limit/resnet50', passed: true, detail: '90 queries/s kept 20 ms at p99' }];
    const { values } = sectionOf(runOf([{ ...one, examination: { ...one.examination, checks } }]))!;
    expect(values).toMatchObject([{ metric: 'inference.server.rate', detail: '90 queries/s kept 20 ms at p99' }]);
  });

  it('keeps providers and precisions apart', () => {
    const cpu = p90(0.05);
    const { values } = sectionOf(
      runOf([attempt('n1', [p90(0.01), { ...cpu, labels: { ...cpu.labels, provider: 'cpu' } }])]),
    )!;
    expect(values.map((v) => v.provider).sort()).toEqual(['cpu', 'cuda']);
  });

  it('lists the cost of the tool itself, and what is not supported once', () => {
    const overhead = value('inference.overhead.p50', 0.0001, 's', 'Server');
    const unsupported = { code: 'unsupported', detail: 'bert-base: no CUDA', weight: 'informs' } as const;
    const attempts = ['n1', 'n2'].map((node) => attempt(node, [overhead], { findings: [unsupported] }));
    expect(sectionOf(runOf(attempts))).toMatchObject({
      overheads: [{ scenario: 'Server', nodes: 2, node: 'n1', estimate: { value: 0.0001 } }],
      unsupported: ['bert-base: no CUDA'],
    });
  });

  it('leaves out what is no number', () => {
    expect(sectionOf(runOf([attempt('n1', [p90(Number.NaN), offline(Number.POSITIVE_INFINITY)])]))!.values).toEqual([]);
  });
});
