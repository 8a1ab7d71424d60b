import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Compute } from '../../../../model/compute.ts';
import type { Finding, Metric } from '../../../../model/measurement.ts';
import { check } from '../../../../model/schema.ts';
import { computeOf } from '../../../../reports/build/compute.ts';
import { kindsOf } from '../../../../reports/build/kinds.ts';
import type { Case, JudgedAttempt } from '../../../../reports/judge/case.ts';
import { judge } from '../../../../reports/judge/judge.ts';
import { attempt, makeCase, target } from '../judge/builder.ts';
import { card, inventoryOf, rate } from './node.ts';

const METRICS = [
  'compute.gemm.rate',
  'compute.gemm.peak',
  'compute.gemm.sustained',
  'compute.gemm.efficiency',
  'compute.gemm.nodeEfficiency',
  'compute.challenge.rate',
  'compute.challenge.overhead',
  'compute.challenge.efficiency',
  'compute.challenge.opened',
  'memory.bandwidth.rate',
];
const H100 = 'NVIDIA H100 80GB HBM3';
const CAPACITY = target({ metric: 'compute.challenge.rate', choose: 'precision', limit: 1e16 });

/** A run in which every node was asked for everything there is of compute. */
function runOf(attempts: readonly JudgedAttempt[], changes: Partial<Case> = {}): Case {
  const run = makeCase([CAPACITY], attempts, changes);
  const assignments = run.plan.assignments.map((one) => ({ ...one, benchmark: 'compute.gemm', metrics: METRICS }));
  return { ...run, plan: { ...run.plan, assignments } };
}

function sectionOf(run: Case, cards = [card('nvidia-0', 'NVIDIA', H100), card('nvidia-1', 'NVIDIA', H100)]) {
  const inventories = run.plan.nodes.map((node) => inventoryOf(cards, { node }));
  const section = computeOf(run, judge(run).verdicts, kindsOf(inventories));
  if (section) expect(check(Compute, section)).toMatchObject({ ok: true });
  return section;
}

const challenge = (tera: number, device: string, precision = 'FP16'): Metric => ({
  ...rate(tera, device, precision, 'compute.challenge.rate'),
  level: 'E2',
});
const other = (metric: string, value: number, unit: string, device: string, labels = {}): Metric => {
  const base = rate(1, device, 'FP16', metric);
  return { ...base, labels: { ...base.labels, ...labels }, estimate: { ...base.estimate, value, unit } };
};
const held = (code: Finding['code'], device: string): Finding => ({
  code,
  detail: `${code} on ${device}`,
  metric: 'compute.gemm.rate',
  labels: { device },
  weight: 'holds',
});

describe('rates by precision', () => {
  it('are there only where something was measured', () => {
    expect(sectionOf(runOf([attempt('n1', [])]))).toBeUndefined();
    expect(sectionOf(runOf([attempt('n1', [{ ...rate(Number.NaN, 'cuda:0') }])]))).toBeUndefined();
  });

  it('add up devices and nodes, never precisions, widest precision first', () => {
    const one = [rate(700, 'cuda:0'), rate(600, 'cuda:1'), rate(40, 'cuda:0', 'FP64'), rate(1, 'cuda:0', 'ODD')];
    const section = sectionOf(runOf([attempt('n1', one), attempt('n2', [rate(500, 'cuda:0')])]))!;
    expect(
      section.precisions.map((p) => [p.precision, p.measured!.estimate!.value / 1e12, p.measured!.devices]),
    ).toEqual([
      ['FP64', 40, 1],
      ['FP16', 1800, 3],
      ['ODD', 1, 1],
    ]);
    expect(section.devices).toBe(3);
  });

  it('are the sums that the judge makes, repeats and all', () => {
    const repeats = [1, 2].map((n) =>
      attempt('n1', [challenge(700 + n, 'cuda:0'), challenge(650 - n, 'cuda:1')], { attempt: n }),
    );
    const run = runOf(repeats);
    const [verdict] = judge(run).verdicts;
    const [found] = sectionOf(run)!.precisions;
    expect(found!.challenged!.estimate).toEqual(verdict!.requirements[0]!.estimate);
    expect(found!.challenged!.level).toBe('E2');
    expect(found!.judged).toBe(true);
    expect(found!.measured).toBeUndefined();
  });

  it('leave out what is held back, say so, and count nothing where all of it is', () => {
    const metrics = [rate(700, 'cuda:0'), rate(900, 'cuda:1')];
    const some = sectionOf(runOf([attempt('n1', metrics, { findings: [held('implausible', 'cuda:1')] })]))!;
    expect(some.precisions[0]!.measured).toMatchObject({ devices: 1, counts: true, held: 1, reasons: ['implausible'] });
    const findings = [held('implausible', 'cuda:0'), held('too_short', 'cuda:1')];
    const none = sectionOf(runOf([attempt('n1', metrics, { findings })]))!;
    expect(none.precisions[0]!.measured).toMatchObject({ devices: 2, counts: false, held: 2 });
    expect(none.precisions[0]!.slowest.map((d) => d.counts)).toEqual([false, false]);
    const wrong = metrics.map((m) => ({ ...m, verified: false }));
    const [bad] = sectionOf(runOf([attempt('n1', wrong)]))!.precisions;
    expect(bad!.measured).toMatchObject({
      devices: 0,
      counts: false,
      held: 2,
      reasons: ['incorrect_result'],
      level: 'E0',
    });
    expect(bad!.measured!.estimate).toBeUndefined();
    expect(bad!.peak).toBeUndefined();
  });

  it('show the claim at its own precision and the requirement at each', () => {
    const claims = (choice?: string): Case['claims'] => ({
      schema: 'assay/claims/v1',
      targets: { 'compute.capacity': { value: 2e15, unit: 'op/s', ...(choice && { choice }) } },
    });
    const attempts = [attempt('n1', [challenge(700, 'cuda:0'), challenge(60, 'cuda:0', 'FP32')])];
    const shown = (run: Case) => sectionOf(run)!.precisions.map((p) => [p.precision, p.claimed, p.required, p.judged]);
    expect(shown(runOf(attempts, { claims: claims('FP32') }))).toEqual([
      ['FP32', 2e15, 1e16, true],
      ['FP16', undefined, 1e16, false],
    ]);
    // Without a choice the claim is about the precision that was judged, which is the best one.
    expect(shown(runOf(attempts, { claims: claims() }))).toEqual([
      ['FP32', undefined, 1e16, false],
      ['FP16', 2e15, 1e16, true],
    ]);
  });

  it('set the challenge against the device’s own timing, over the devices that have both', () => {
    const metrics = [rate(700, 'cuda:0'), challenge(665, 'cuda:0'), rate(600, 'cuda:1'), challenge(300, 'cuda:1')];
    const [found] = sectionOf(runOf([attempt('n1', [...metrics, rate(500, 'cuda:7')])]))!.precisions;
    expect(found!.agreement).toMatchObject({ devices: 2, outside: 1, least: 0.85, most: 1.2 });
    expect(found!.agreement!.ratio).toBeCloseTo(965 / 1300, 12);
    expect(found!.slowest.find((d) => d.device === 'cuda:1')!.ratio).toBe(0.5);
    expect(found).not.toHaveProperty('proofShare');
  });

  it('tell the highest share of the time that proving cost', () => {
    const cost = [0.04, 0.09].map((share, n) => other('compute.challenge.overhead', share, 'ratio', `cuda:${n}`));
    const [found] = sectionOf(runOf([attempt('n1', [challenge(665, 'cuda:0'), ...cost])]))!.precisions;
    expect(found!.proofShare).toBe(0.09);
  });
});

describe('nodes that were challenged', () => {
  const opened = (at: number, durationS: number): Metric => ({
    ...other('compute.challenge.opened', 1.79e9 + at, 's', 'cuda:0'),
    durationS,
  });
  const run = (windows: readonly [node: string, attempt: number, at: number, durationS: number][]) =>
    runOf(
      windows.map(([node, n, at, durationS]) =>
        attempt(node, [challenge(600, 'cuda:0'), opened(at, durationS)], { attempt: n, sha256: `${node}${n}` }),
      ),
    );

  it('worked at once for as long as all their windows share, by the controller’s clock', () => {
    const [found] = sectionOf(
      run([
        ['n1', 1, 0, 10],
        ['n2', 1, 2, 8],
        ['n3', 1, 1, 10],
      ]),
    )!.precisions;
    expect(found!.together).toEqual({ nodes: 3, seconds: 8, share: 0.8 });
  });

  it('did not work at once where one came after the other, and one node alone says nothing of it', () => {
    const [found] = sectionOf(
      run([
        ['n1', 1, 0, 10],
        ['n2', 1, 10, 10],
      ]),
    )!.precisions;
    expect(found!.together).toEqual({ nodes: 2, seconds: 0, share: 0 });
    expect(sectionOf(run([['n1', 1, 0, 10]]))!.precisions[0]).not.toHaveProperty('together');
  });

  it('that do not count are not among those that worked at once', () => {
    const late = run([
      ['n1', 1, 0, 10],
      ['n2', 1, 1, 10],
      ['n3', 1, 500, 10],
    ]);
    const attempts = late.attempts.map((one) => {
      const finding: Finding = { ...held('not_simultaneous', 'cuda:0'), metric: 'compute.challenge.rate' };
      return one.node === 'n3' ? { ...one, examination: { ...one.examination, findings: [finding] } } : one;
    });
    const [found] = sectionOf({ ...late, attempts })!.precisions;
    expect(found!.together).toEqual({ nodes: 2, seconds: 9, share: 0.9 });
    expect(found!.challenged).toMatchObject({ devices: 2, held: 1, reasons: ['not_simultaneous'] });
  });

  it('are judged by the worst of the repeats, repeat by repeat', () => {
    const windows = [
      ['n1', 1, 0, 10],
      ['n2', 1, 0, 10],
      ['n1', 2, 100, 10],
      ['n2', 2, 105, 10],
    ] as const;
    const [found] = sectionOf(run(windows.map((one) => [...one])))!.precisions;
    expect(found!.together).toEqual({ nodes: 2, seconds: 5, share: 0.5 });
  });
});

describe('the share of the dense peak', () => {
  it('is of the published peaks of all devices together', () => {
    const [found] = sectionOf(runOf([attempt('n1', [rate(700, 'cuda:0'), rate(600, 'cuda:1')])]))!.precisions;
    expect(found!.peak!.opsPerSecond).toBeCloseTo(2 * 989.4e12, -9);
    expect(found!.peak!.share).toBeCloseTo(1300 / (2 * 989.4), 9);
    expect(found!.peak).toMatchObject({ firm: true, basis: [expect.stringMatching(/^NVIDIA H100.*high confidence/)] });
  });

  it('is that of the challenge where nothing was timed on the devices', () => {
    const section = sectionOf(runOf([attempt('n1', [challenge(665, 'cuda:0')])]))!;
    expect(section.precisions[0]!.peak!.share).toBeCloseTo(665 / 989.4, 9);
    expect(section.precisions[0]).toMatchObject({ backends: ['torch'], slowest: [] });
    expect(section.roofs).toEqual([]);
  });

  it('is not there where the peak of one device is not known', () => {
    const cards = [card('nvidia-0', 'NVIDIA', H100), card('nvidia-1', 'NVIDIA', 'Z9')];
    const run = runOf([attempt('n1', [rate(700, 'cuda:0'), rate(600, 'cuda:1')])]);
    const [found] = sectionOf(run, cards)!.precisions;
    expect(found!.peak).toBeUndefined();
    expect(found!.withoutPeak).toBe(2);
  });

  it('of a processor rests on its clock, and is firm only at the highest one', () => {
    const run = runOf([attempt('n1', [rate(0.1, 'cpu', 'FP32')])]);
    const at = (clock: 'maximum' | 'current') => {
      const cpu = { peaks: [{ precision: 'FP32', opsPerSecond: 2e11, clockMHz: 3000, clock, basis: 'cores × clock' }] };
      const kinds = kindsOf([inventoryOf([], { cpu })]);
      return computeOf(run, [], kinds)!.precisions[0]!.peak;
    };
    expect(at('maximum')).toEqual({ opsPerSecond: 2e11, share: 0.5, firm: true, basis: ['cores × clock'] });
    expect(at('current')).toMatchObject({ firm: false });
    expect(computeOf(run, [], kindsOf([]))!.precisions[0]!.peak).toBeUndefined();
  });
});

describe('the roofs', () => {
  it('put the ridge where rate and bandwidth meet, triad before copy', () => {
    const metrics = [
      rate(700, 'cuda:0'),
      other('memory.bandwidth.rate', 2.8e12, 'B/s', 'cuda:0', { operation: 'copy' }),
      other('memory.bandwidth.rate', 3e12, 'B/s', 'cuda:0', { operation: 'triad' }),
      other('compute.gemm.efficiency', 1e12, 'op/J', 'cuda:0'),
    ];
    const section = sectionOf(runOf([attempt('n1', metrics)]))!;
    expect(section.roofs).toMatchObject([
      {
        chip: H100,
        precision: 'FP16',
        devices: 1,
        rate: 7e14,
        bandwidth: { bytesPerSecond: 3e12, operation: 'triad', devices: 1 },
        ridge: 7e14 / 3e12,
        efficiency: 1e12,
      },
    ]);
    expect(section.roofs[0]!.bandwidthShare).toBeCloseTo(3 / 3.35, 2);
    expect(section).toMatchObject({ metered: 1, devices: 1 });
    expect(section.precisions[0]!.efficiency).toEqual({ opsPerJoule: 1e12, devices: 1 });
  });

  it('have no ridge where no bandwidth counts', () => {
    const wrong = { ...other('memory.bandwidth.rate', 3e12, 'B/s', 'cuda:0', { operation: 'triad' }), verified: false };
    const section = sectionOf(runOf([attempt('n1', [rate(700, 'cuda:0'), wrong])]))!;
    expect(section.roofs[0]).not.toHaveProperty('ridge');
    expect(section.roofs[0]).not.toHaveProperty('bandwidth');
    expect(section.precisions[0]).not.toHaveProperty('efficiency');
  });

  it('have the efficiency of whole machines beside that of devices, nodes without a meter left out', () => {
    const machine = (value: number): Metric => ({
      ...other('compute.gemm.nodeEfficiency', value, 'op/J', ''),
      labels: { precision: 'FP16', meter: 'bmc' },
    });
    const attempts = [
      attempt('n1', [rate(100, 'cuda:0'), rate(100, 'cuda:1'), machine(1e12)]),
      attempt('n2', [rate(100, 'cuda:0'), machine(0.5e12)]),
      attempt('n3', [rate(900, 'cuda:0')]),
    ];
    const [found] = sectionOf(runOf(attempts))!.precisions;
    expect(found!.nodeEfficiency).toEqual({ opsPerJoule: 300e12 / 400, nodes: 2 });
    expect(found).not.toHaveProperty('efficiency');
  });

  it('have the reason why no energy was read, once', () => {
    const finding = (precision: string): Finding => ({
      code: 'no_meter',
      detail: `${precision} on cuda:0 by torch: no counter: none is listed`,
      weight: 'informs',
    });
    const findings = [finding('FP16'), finding('FP32')];
    const section = sectionOf(runOf([attempt('n1', [rate(700, 'cuda:0')], { findings })]))!;
    expect(section).toMatchObject({ metered: 0, unmetered: ['no counter: none is listed'] });
  });

  it('have the efficiency of the challenge apart, of devices that were only challenged too', () => {
    const chained = (value: number, device: string) => other('compute.challenge.efficiency', value, 'op/J', device);
    const metrics = [rate(100, 'cuda:0'), challenge(90, 'cuda:0'), challenge(270, 'cuda:1')];
    const section = sectionOf(
      runOf([attempt('n1', [...metrics, chained(1e12, 'cuda:0'), chained(0.5e12, 'cuda:1')])]),
    )!;
    expect(section.precisions[0]).not.toHaveProperty('efficiency');
    expect(section.precisions[0]!.challengeEfficiency!.devices).toBe(2);
    expect(section.precisions[0]!.challengeEfficiency!.opsPerJoule).toBeCloseTo(360e12 / (90 + 540), 0);
    expect(section).toMatchObject({ metered: 2, devices: 2 });
    const wrong = [chained(1e12, 'cuda:0'), { ...chained(9e12, 'cuda:1'), verified: false }];
    const [found] = sectionOf(runOf([attempt('n1', [...metrics, ...wrong])]))!.precisions;
    expect(found!.challengeEfficiency).toEqual({ opsPerJoule: 1e12, devices: 1 });
  });

  it('weigh efficiency by energy, not by device', () => {
    const metrics = [rate(100, 'cuda:0'), rate(300, 'cuda:1')].flatMap((m, i) => [
      m,
      other('compute.gemm.efficiency', [1e12, 0.5e12][i]!, 'op/J', m.labels.device!),
    ]);
    const [found] = sectionOf(runOf([attempt('n1', metrics)]))!.precisions;
    expect(found!.efficiency!.opsPerJoule).toBeCloseTo(400e12 / (100 + 600), 0);
  });
});

describe('the slowest devices', () => {
  it('are measured against the median of their own kind', () => {
    const cards = [0, 1, 2].map((n) => card(`nvidia-${n}`, 'NVIDIA', H100));
    const npus = [0, 1, 2].map((n) => card(`ascend-${n}`, 'Huawei Ascend', '910B3'));
    const metrics = [700, 690, 350].map((tera, n) => rate(tera, `cuda:${n}`));
    const others = [200, 201, 202].map((tera, n) => rate(tera, `npu:${n}`));
    const [found] = sectionOf(runOf([attempt('n1', [...others, ...metrics])]), [...cards, ...npus])!.precisions;
    expect(found!.slowest[0]).toMatchObject({ device: 'cuda:2', medianShare: 350 / 690 });
    expect(found!.slowest.find((d) => d.device === 'npu:0')!.medianShare).toBeCloseTo(200 / 201, 12);
    expect(found!.slowest).toHaveLength(6);
  });

  it('are at most twenty of a fleet, and the section stays small', () => {
    const cards = Array.from({ length: 8 }, (_, n) => card(`nvidia-${n}`, 'NVIDIA', H100));
    const attempts = Array.from({ length: 200 }, (_, n) =>
      attempt(
        `n${n}`,
        cards.map((_, d) => rate(n === 7 ? 300 : 700 + ((n * 7 + d) % 13), `cuda:${d}`)),
      ),
    );
    const section = sectionOf(runOf(attempts), cards)!;
    expect(section.precisions[0]!.slowest).toHaveLength(20);
    expect(section.precisions[0]!.slowest.slice(0, 8).every((d) => d.node === 'n7')).toBe(true);
    expect(section.precisions[0]!.measured!.devices).toBe(1600);
    expect(JSON.stringify(section).length).toBeLessThan(20_000);
  });
});

it('is the same whatever the order of the attempts, and never throws', () => {
  const metric = fc
    .record({
      tera: fc.oneof(fc.double({ min: 0.001, max: 2000, noNaN: true }), fc.constantFrom(0, Number.NaN, -1, Infinity)),
      device: fc.constantFrom('cpu', 'cuda:0', 'cuda:1', 'npu:0', '', '__proto__'),
      precision: fc.constantFrom('FP64', 'FP16', 'INT8', '', 'constructor'),
      name: fc.constantFrom(...METRICS),
      verified: fc.boolean(),
    })
    .map(({ tera, device, precision, name, verified }) => ({ ...rate(tera, device, precision, name), verified }));
  fc.assert(
    fc.property(fc.array(fc.array(metric, { maxLength: 6 }), { minLength: 1, maxLength: 4 }), (all) => {
      const attempts = all.map((metrics, n) => attempt(`n${n}`, metrics));
      const forward = JSON.stringify(sectionOf(runOf(attempts)));
      const backward = runOf([...attempts].reverse());
      const plan = runOf(attempts).plan;
      expect(JSON.stringify(sectionOf({ ...backward, plan }))).toBe(forward);
    }),
    { numRuns: 200 },
  );
});
