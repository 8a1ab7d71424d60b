import { describe, expect, it } from 'vitest';
import type { Accelerator, Inventory } from '../../../../model/inventory.ts';
import type { Finding, Metric } from '../../../../model/measurement.ts';
import { confirmedAccelerators } from '../../../../reports/build/confirmed.ts';
import { withoutHosts } from '../../../../reports/build/hosts.ts';
import { card, inventoryOf, rate } from './node.ts';

const H100 = 'NVIDIA H100 80GB HBM3';
const cards = (n: number): Accelerator[] => Array.from({ length: n }, (_, at) => card(`nvidia-${at}`, 'NVIDIA', H100));
const challenged = (...devices: string[]): Metric[] =>
  devices.map((device) => rate(700, device, 'FP16', 'compute.challenge.rate'));
const attempted = (metrics: Metric[], findings: Finding[] = [], node = 'n1') => ({
  measurement: { node },
  examination: { metrics, checks: [], findings },
});
const confirmed = (accelerators: Accelerator[], ...metrics: Metric[]): number =>
  confirmedAccelerators([attempted(metrics)], [inventoryOf(accelerators)]);

describe('a reported card', () => {
  it('is confirmed by its own answer to the challenge, and by nothing that was only reported', () => {
    expect(confirmed(cards(1000))).toBe(0);
    expect(confirmed(cards(8), ...challenged('cuda:0', 'cuda:3'))).toBe(2);
    expect(confirmed(cards(2), ...challenged('cuda:0', 'cuda:0', 'cuda:9', 'cpu', 'npu:0', ''))).toBe(1);
    expect(confirmed(cards(2), rate(700, 'cuda:0', 'FP16', 'compute.gemm.rate'))).toBe(0);
  });

  it('is not confirmed by an answer that is wrong, none, no number or held back', () => {
    const [one] = challenged('cuda:0');
    const estimate = (value: number): Metric => ({ ...one!, estimate: { ...one!.estimate, value } });
    for (const bad of [{ ...one!, verified: false }, estimate(0), estimate(-1), estimate(Number.NaN)]) {
      expect(confirmed(cards(1), bad)).toBe(0);
    }
    const held: Finding = { code: 'implausible', detail: '', labels: { device: 'cuda:0' }, weight: 'holds' };
    expect(confirmedAccelerators([attempted([one!], [held])], [inventoryOf(cards(1))])).toBe(0);
    expect(confirmedAccelerators([attempted([one!], [], 'n2')], [inventoryOf(cards(1))])).toBe(0);
  });

  it('of several dies is confirmed when each has answered, and one in slices never', () => {
    const die = (n: number) => card(`i-0.${n}`, 'Iluvatar CoreX', 'BI-V150', { kind: 'die', parent: 'i-0' });
    const dual = [card('i-0', 'Iluvatar CoreX', 'BI-V150'), die(0), die(1)];
    expect(confirmed(dual, ...challenged('cuda:0'))).toBe(0);
    expect(confirmed(dual, ...challenged('cuda:0', 'cuda:1'))).toBe(1);
    const slice = card('nvidia-0/1', 'NVIDIA', H100, { kind: 'partition', parent: 'nvidia-0' });
    expect(confirmed([...cards(1), slice], ...challenged('cuda:0'))).toBe(0);
  });

  it('among unequal ones is confirmed when all have answered: nobody knows which number is which', () => {
    const mixed = [...cards(1), card('nvidia-1', 'NVIDIA', 'NVIDIA T4')];
    expect(confirmed(mixed, ...challenged('cuda:0'))).toBe(0);
    expect(confirmed(mixed, ...challenged('cuda:0', 'cuda:1'))).toBe(2);
  });

  it('whose identity stands in two places is not confirmed in either', () => {
    const twin = { ...cards(1)[0]!, uuid: { value: 'GPU-1234-5678', source: 'test' } };
    const inventories: Inventory[] = ['n1', 'n2'].map((node) => inventoryOf([twin], { node }));
    const both = ['n1', 'n2'].map((node) => attempted(challenged('cuda:0'), [], node));
    expect(confirmedAccelerators(both, inventories)).toBe(0);
    expect(confirmedAccelerators(both.slice(0, 1), inventories.slice(0, 1))).toBe(1);
  });
});

describe('the rates of a host processor', () => {
  const metrics = [...challenged('cpu', 'cuda:0'), rate(1, 'cpu')];

  it('are set aside where the node reports accelerators, by a code, and nowhere else', () => {
    const [attempt] = withoutHosts([attempted(metrics)], [inventoryOf(cards(1))]);
    expect(attempt!.examination.findings).toMatchObject([
      { code: 'host_processor', weight: 'excludes', labels: { device: 'cpu' } },
    ]);
    expect(attempt!.examination.metrics).toEqual(metrics);
    const without = attempted(metrics);
    expect(withoutHosts([without], [inventoryOf([])])).toEqual([without]);
    expect(withoutHosts([without], [inventoryOf(cards(1), { node: 'n2' })])).toEqual([without]);
  });

  it('take other metrics of the processor nothing: memory of a host is measured as ever', () => {
    const memory = attempted([{ ...rate(1, 'cpu'), metric: 'memory.bandwidth.rate' }]);
    expect(withoutHosts([memory], [inventoryOf(cards(1))])).toEqual([memory]);
  });
});
