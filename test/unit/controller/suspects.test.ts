import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { suspects } from '../../../controller/suspects.ts';
import type { Assignment, Plan } from '../../../model/assignment.ts';
import { exact } from '../../../model/estimate.ts';
import type { Finding } from '../../../model/measurement.ts';
import type { Admitted } from '../../../reports/verify/admission.ts';

const assignment = (node: number): Assignment => ({
  id: `compute.gemm.${node}`,
  node: `n${node}`,
  benchmark: 'compute.gemm',
  version: '1.0.0',
  metrics: ['compute.gemm.rate'],
  settings: {},
  expectedS: 1,
  timeoutS: 60,
  writesBytes: 0,
  repeats: 3,
});
const planOf = (nodes: number, profile: Plan['profile'] = 'standard'): Plan => ({
  schema: 'assay/plan/v2',
  run: 'r1',
  createdAt: '2026-11-21T01:00:00.000Z',
  guide: { id: 'g', version: '1', sha256: '0'.repeat(64) },
  profile,
  controller: { relation: 'independent', holder: 'Example Laboratory' },
  nodes: Array.from({ length: nodes }, (_, i) => `n${i}`),
  assignments: Array.from({ length: nodes }, (_, i) => assignment(i)),
  unmeasured: [],
  synthetic: false,
});

interface Told {
  readonly metric?: string;
  readonly passed?: boolean;
  readonly findings?: readonly Finding[];
  readonly state?: 'completed' | 'failed';
  readonly labels?: Readonly<Record<string, string>>;
}

/** What a node's attempt gave, as it was admitted. */
function attempt(node: number, value: number, told: Told = {}): Admitted {
  const { metric = 'compute.gemm.rate', passed = true, findings = [], state = 'completed', labels } = told;
  const { id, node: name, benchmark, version } = assignment(node);
  return {
    ok: true,
    sha256: `${node}`.padStart(64, '0'),
    measurement: { assignment: id, node: name, benchmark, version, state } as Admitted['measurement'],
    examination: {
      metrics: [
        {
          metric,
          labels: labels ?? { precision: 'FP32', device: 'cpu' },
          estimate: exact(value, 'op/s'),
          durationS: 5,
          samples: 10,
          verified: true,
          level: 'E1',
        },
      ],
      checks: [{ id: 'correct', passed, detail: '' }],
      findings: [...findings],
    },
  };
}

const ids = (plan: Plan, admitted: readonly Admitted[]): string[] => suspects(plan, admitted).map((s) => s.assignment);
const held: Finding = { code: 'clock_unsound', detail: '', weight: 'holds' };
const shown: Finding = { code: 'throttled', detail: '', weight: 'informs' };

describe('attempts of one assignment', () => {
  it('that contradict each other make it a suspect', () => {
    expect(ids(planOf(1), [attempt(0, 1), attempt(0, 1, { passed: false }), attempt(0, 1)])).toEqual([
      'compute.gemm.0',
    ]);
    expect(suspects(planOf(1), [attempt(0, 1), attempt(0, 1, { findings: [held] })])[0]!.why).toBe(
      '1 of 2 attempts in doubt',
    );
  });

  it('that agree do not: measuring once more would show nothing new', () => {
    expect(ids(planOf(1), [attempt(0, 1), attempt(0, 1)])).toEqual([]);
    expect(ids(planOf(1), [attempt(0, 1, { passed: false }), attempt(0, 1, { findings: [held] })])).toEqual([]);
    expect(ids(planOf(1), [attempt(0, 1), attempt(0, 1, { findings: [shown] })])).toEqual([]);
  });

  it('that did not complete have had their second pass', () => {
    expect(ids(planOf(1), [attempt(0, 1), attempt(0, 1, { state: 'failed', passed: false })])).toEqual([]);
  });

  it('of a quick look are left as they are', () => {
    expect(ids(planOf(1, 'quick'), [attempt(0, 1), attempt(0, 1, { passed: false })])).toEqual([]);
  });
});

describe('a node', () => {
  const fleet = (values: readonly number[], told: Told = {}): Admitted[] =>
    values.map((value, node) => attempt(node, value, told));

  it('far behind the rest of the fleet is a suspect, and one far ahead is not', () => {
    expect(ids(planOf(6), fleet([100, 101, 99, 100, 70, 150]))).toEqual(['compute.gemm.4']);
    expect(suspects(planOf(6), fleet([100, 101, 99, 100, 70, 100]))[0]!.why).toBe(
      'compute.gemm.rate 70 where the fleet has 100',
    );
  });

  it('with more of what should be little is one', () => {
    const residual = { metric: 'compute.gemm.residual' };
    expect(ids(planOf(6), fleet([10, 10, 10, 10, 30, 1], residual))).toEqual(['compute.gemm.4']);
  });

  it('that differs by little, or as the others do among themselves, is none', () => {
    expect(ids(planOf(6), fleet([100, 100, 100, 100, 100, 96]))).toEqual([]);
    expect(ids(planOf(6), fleet([100, 60, 140, 80, 120, 55]))).toEqual([]);
  });

  it('has no fleet to be behind among fewer than five', () => {
    expect(ids(planOf(4), fleet([100, 100, 100, 10]))).toEqual([]);
  });

  it('is compared with the others though the names of their volumes and the numbers of their devices differ', () => {
    const values = [100, 101, 99, 100, 70, 150];
    const named = (labels: (node: number) => Record<string, string>, metric: string): string[] =>
      ids(
        planOf(6),
        values.map((value, node) => attempt(node, value, { metric, labels: labels(node) })),
      );
    const volumes = (node: number) => ({ volume: `ext4:uuid:${node}`, filesystem: 'ext4' });
    expect(named(volumes, 'storage.speed.read')).toEqual(['compute.gemm.4']);
    const devices = (node: number) => ({ precision: 'FP32', device: `cuda:${node}` });
    expect(named(devices, 'compute.gemm.rate')).toEqual(['compute.gemm.4']);
    const kinds = (node: number) => ({ precision: 'FP32', device: node === 4 ? 'cpu' : `cuda:${node}` });
    expect(named(kinds, 'compute.gemm.rate')).toEqual([]);
    const precisions = (node: number) => ({ precision: node === 4 ? 'FP64' : 'FP32', device: 'cuda:0' });
    expect(named(precisions, 'compute.gemm.rate')).toEqual([]);
  });

  it('with one slow device among others that are not is one', () => {
    const of = (node: number, device: number, value: number) =>
      attempt(node, value, { labels: { precision: 'FP32', device: `cuda:${device}` } });
    const all = [0, 1, 2, 3, 4, 5].flatMap((node) =>
      [0, 1, 2].map((device) => of(node, device, node === 3 && device === 2 ? 60 : 100 + device)),
    );
    expect(ids(planOf(6), all)).toEqual(['compute.gemm.3']);
  });

  it('with a metric that nobody knows the direction of is none', () => {
    expect(ids(planOf(6), fleet([100, 100, 100, 100, 100, 1], { metric: 'some.thing' }))).toEqual([]);
  });

  it('is at most once a suspect, in the order of the plan, and half of a fleet is never behind it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1e18, noNaN: true }), { minLength: 5, maxLength: 40 }),
        (values) => {
          const plan = planOf(values.length);
          const found = ids(plan, fleet(values));
          expect(found).toEqual(plan.assignments.map((a) => a.id).filter((id) => found.includes(id)));
          expect(found.length).toBeLessThanOrEqual(values.length / 2);
        },
      ),
    );
  });
});
