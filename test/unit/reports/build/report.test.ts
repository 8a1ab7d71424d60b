import { describe, expect, it } from 'vitest';
import { MerkleTree } from '../../../../evidence/merkle.ts';
import type { Metric } from '../../../../model/measurement.ts';
import { countParts } from '../../../../reports/build/parts.ts';
import { withPlausibility } from '../../../../reports/build/plausibility.ts';
import { buildReport } from '../../../../reports/build/report.ts';
import type { Admitted } from '../../../../reports/verify/admission.ts';
import type { Replay } from '../../../../reports/verify/replay.ts';
import { attempt, makeCase, target } from '../judge/builder.ts';
import { card, inventoryOf, rate } from './node.ts';

const FACTS = { number: 'AT-1', judgedAt: '2026-01-02T00:00:00.000Z', software: { name: 'assay', version: '0' } };

/** A run in which node n1 measured these, judged by one target on the rate in FP16. */
function replayOf(metrics: Metric[], inventory = inventoryOf([card('nvidia-0', 'NVIDIA', 'NVIDIA H100 80GB HBM3')])) {
  const judged = attempt('n1', metrics);
  const requirement = { metric: 'compute.gemm.rate', limit: 1e12, where: { precision: 'FP16' } };
  const { guide, plan, issued } = makeCase([target(requirement)], [judged]);
  const measurement = {
    assignment: judged.assignment,
    attempt: 1,
    node: 'n1',
    benchmark: 'compute.gemm',
    version: '1.0.0',
    state: 'completed',
    startedAt: FACTS.judgedAt,
    elapsedS: 10,
    settings: {},
    phases: [],
    telemetry: [],
    evidence: [],
    software: [],
  } as unknown as Admitted['measurement'];
  const admitted: Admitted = { ok: true, measurement, examination: judged.examination, sha256: judged.sha256 };
  return {
    guide,
    guideSha256: '0'.repeat(64),
    claims: undefined,
    waivers: [],
    registers: undefined,
    inputPaths: new Set<string>(),
    plan,
    controllerKeyId: 'a'.repeat(64),
    inventories: [inventory],
    issued,
    admitted: [admitted],
    rejected: [],
    lost: [],
    open: [],
    cancelled: false,
    period: { from: FACTS.judgedAt, to: FACTS.judgedAt },
    clock: {
      plan: { at: FACTS.judgedAt, boot: { askedNs: '0', answeredNs: '0', bootS: 9 } },
      end: { at: FACTS.judgedAt, boot: { askedNs: '1', answeredNs: '1', bootS: 9 } },
      stamps: [],
    },
    tree: new MerkleTree(),
    indexOf: new Map<string, number>(),
  } satisfies Replay;
}

describe('a report', () => {
  it('passes a rate that the node’s chip can do, and shows nothing beside it', () => {
    const report = buildReport(replayOf([rate(790, 'cuda:0')]), FACTS);
    expect(report.verdicts[0]?.outcome).toBe('pass');
    expect(report.attempts[0]?.findings).toEqual([]);
  });

  it('never passes one that it cannot do, and says why beside the attempt', () => {
    const run = replayOf([rate(2000, 'cuda:0')]);
    const before = JSON.stringify(run.admitted);
    const report = buildReport(run, FACTS);
    expect(report.verdicts[0]?.outcome).toBe('indeterminate');
    expect(report.verdicts[0]?.reasons.map(({ code }) => code)).toContain('implausible');
    expect(report.attempts[0]?.findings).toMatchObject([{ code: 'implausible', weight: 'holds' }]);
    expect(JSON.stringify(run.admitted)).toBe(before);
    expect(JSON.stringify(buildReport(run, FACTS))).toBe(JSON.stringify(report));
  });

  it('says that a chip has no reference, and judges the rate as it is', () => {
    const report = buildReport(replayOf([rate(790, 'cuda:0')], inventoryOf([card('nvidia-0', 'NVIDIA', 'Z9')])), FACTS);
    expect(report.verdicts[0]?.outcome).toBe('pass');
    expect(report.attempts[0]?.findings).toMatchObject([{ code: 'no_reference', weight: 'informs' }]);
  });
});

describe('a rejected result', () => {
  const rejected = (metrics: Metric[], inventory?: ReturnType<typeof inventoryOf>): Replay => {
    const run = replayOf(metrics, inventory);
    const { measurement, examination, sha256 } = run.admitted[0]!;
    const { node, assignment, attempt } = measurement;
    const said = { node, assignment, attempt, code: 'evidence_missing' as const, detail: '', sha256 };
    return { ...run, admitted: [], rejected: [{ ...said, missing: [], shown: { measurement, examination, sha256 } }] };
  };
  const outcome = (run: Replay) => buildReport(run, FACTS).verdicts[0]?.outcome;

  it('does not count against a platform by what its host’s processor did', () => {
    expect(outcome(rejected([rate(0.5, 'cuda:0')]))).toBe('fail');
    expect(outcome(rejected([rate(0.5, 'cpu')]))).toBe('error');
    expect(outcome(rejected([rate(0.5, 'cpu')], inventoryOf([])))).toBe('fail');
  });

  it('does not count against a platform by what its settings could not reach', () => {
    const bytes = (metric: string, value: number): Metric => {
      const one = rate(0, 'disk', 'FP16', metric);
      return { ...one, labels: { volume: 'v' }, estimate: { ...one.estimate, value, unit: 'B' } };
    };
    const of = (attested: number): Replay => {
      const run = rejected([bytes('storage.capacity.proven', 1e9), bytes('storage.capacity.attested', attested)]);
      const proven = { metric: 'storage.capacity.proven', limit: 1e12, unit: 'B' };
      const { guide, plan } = makeCase([target(proven)], [attempt('n1', [])]);
      const [one] = run.rejected as [Replay['rejected'][number]];
      const shown = { ...one.shown!, measurement: { ...one.shown!.measurement, benchmark: 'storage.volume' } };
      return { ...run, guide, plan, rejected: [{ ...one, shown }] };
    };
    expect(outcome(of(5e11))).toBe('fail');
    expect(outcome(of(1e15))).toBe('error');
  });
});

it('judges what only shows over all attempts, too', () => {
  const challenged = rate(790, 'cuda:0', 'FP16', 'compute.challenge.rate');
  const node = inventoryOf([card('nvidia-0', 'NVIDIA', 'NVIDIA H100 80GB HBM3')]);
  expect(buildReport(replayOf([challenged], node), FACTS).attempts[0]?.findings).toMatchObject([
    { code: 'rates_differ', weight: 'informs' },
  ]);
  const alone = replayOf([challenged], node);
  const assignments = alone.plan.assignments.map((one) => ({ ...one, benchmark: 'compute.gemm' }));
  const asked = buildReport({ ...alone, plan: { ...alone.plan, assignments } }, FACTS);
  expect(asked.attempts[0]?.findings).toMatchObject([{ code: 'rates_differ', weight: 'holds' }]);
  const slow = buildReport(replayOf([challenged, rate(500, 'cuda:0')], node), FACTS);
  expect(slow.attempts[0]?.findings).toMatchObject([{ code: 'rates_differ', weight: 'holds' }]);
});

describe('shares by measured capacity', () => {
  const capacity = (metrics: Metric[], ...cards: Parameters<typeof inventoryOf>[0]) => {
    const { admitted, inventories } = replayOf(metrics, inventoryOf(cards));
    const counted = countParts({ inventories, admitted: withPlausibility(admitted, inventories) });
    return counted.find(({ metric }) => metric.metric === 'domestic.capacity')?.metric.estimate.value;
  };
  const dies = [0, 1].map((n) =>
    card(`iluvatar-0.${n}`, 'Iluvatar CoreX', 'BI-V150', { kind: 'die', parent: 'iluvatar-0' }),
  );
  const iluvatar = [card('iluvatar-0', 'Iluvatar CoreX', 'BI-V150'), ...dies];

  it('take the rate of a card from the device that it was measured as', () => {
    const ascend = [0, 1].map((n) => card(`ascend-${n}`, 'Huawei Ascend', '910B3'));
    expect(capacity([rate(60, 'npu:0', 'FP32'), rate(70, 'npu:1', 'FP32')], ...ascend)).toBe(1);
    const mixed = [card('ascend-0', 'Huawei Ascend', '910B3'), card('nvidia-0', 'NVIDIA', 'NVIDIA T4')];
    expect(capacity([rate(21, 'npu:0', 'FP32'), rate(7, 'cuda:0', 'FP32')], ...mixed)).toBe(0.75);
    // More than the card can do is no capacity, and without the capacity of every card there is no share.
    expect(capacity([rate(21, 'npu:0', 'FP32'), rate(25, 'cuda:0', 'FP32')], ...mixed)).toBeUndefined();
  });

  it('add up the dies of a card, and leave a card with a silent die without a capacity', () => {
    const foreign = card('musa-none', 'AMD', 'MI210');
    expect(capacity([rate(20, 'cuda:0', 'FP32'), rate(20, 'cuda:1', 'FP32')], ...iluvatar)).toBe(1);
    expect(capacity([rate(20, 'cuda:0', 'FP32')], ...iluvatar)).toBeUndefined();
    // Which of unequal cards a label means is not known: then there is no share by capacity.
    expect(capacity([rate(20, 'cuda:0', 'FP32'), rate(20, 'cuda:1', 'FP32')], ...iluvatar, foreign)).toBeUndefined();
  });
});
