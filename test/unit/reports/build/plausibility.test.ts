import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { knownChips } from '../../../../benchmarks/compute/chips.ts';
import type { Cpu, Inventory } from '../../../../model/inventory.ts';
import type { Finding } from '../../../../model/measurement.ts';
import { plausibilityFindings } from '../../../../reports/build/plausibility.ts';
import { judge } from '../../../../reports/judge/judge.ts';
import { attempt, makeCase, target } from '../judge/builder.ts';
import { card, examined, inventoryOf, rate } from './node.ts';

const H100 = card('nvidia-0', 'NVIDIA', 'NVIDIA H100 80GB HBM3');
const h100 = inventoryOf([H100]);
const shape = (findings: Finding[]) => findings.map(({ code, weight }) => `${code} ${weight}`);

describe('rates against the chip’s ceiling', () => {
  it('a rate below the peak of a known chip has nothing to explain', () => {
    expect(plausibilityFindings(h100, examined([rate(790, 'cuda:0'), rate(1600, 'cuda:0', 'FP8')]))).toEqual([]);
  });

  it('above a figure of high confidence a rate is held back from five percent on', () => {
    expect(plausibilityFindings(h100, examined([rate(989.4 * 1.049, 'cuda:0')]))).toEqual([]);
    const [finding, ...rest] = plausibilityFindings(h100, examined([rate(989.4 * 1.051, 'cuda:0')]));
    expect(rest).toEqual([]);
    expect(finding).toMatchObject({
      code: 'implausible',
      weight: 'holds',
      metric: 'compute.gemm.rate',
      labels: { precision: 'FP16', device: 'cuda:0', backend: 'torch' },
    });
    expect(finding?.detail).toMatch(
      /^FP16 on cuda:0: 1040 Tera-op\/s is above 1039 .* NVIDIA H100 SXM5, 989\.4 .*high confidence/,
    );
  });

  it.each([
    ['compute.challenge.rate', true],
    ['compute.gemm.peak', true],
    ['compute.gemm.sustained', false],
    ['storage.speed.read', false],
  ])('%s is %s to be looked at', (metric, looked) => {
    const findings = plausibilityFindings(h100, examined([rate(5000, 'cuda:0', 'FP16', metric)]));
    expect(findings.length > 0).toBe(looked);
  });

  it.each([
    ['medium', 'Cambricon', 'MLU370-X4', 96, 0.15],
    ['low', 'Cambricon', 'MLU590-M9', 314, 0.5],
  ])('a figure of %s confidence has a wider tolerance and only informs', (_, vendor, chip, peak, tolerance) => {
    const node = inventoryOf([card('cambricon-0', vendor, chip)]);
    expect(plausibilityFindings(node, examined([rate(peak * (1 + tolerance) * 0.999, 'mlu:0')]))).toEqual([]);
    expect(shape(plausibilityFindings(node, examined([rate(peak * (1 + tolerance) * 1.001, 'mlu:0')])))).toEqual([
      'implausible informs',
    ]);
  });

  it('a die may do its share of the card only', () => {
    const dies = [0, 1].map((n) => card(`amd-0.${n}`, 'AMD', undefined, { kind: 'die', parent: 'amd-0' }));
    const node = inventoryOf([card('amd-0', 'AMD', 'AMD INSTINCT MI250X'), ...dies]);
    expect(plausibilityFindings(node, examined([rate(190, 'cuda:0'), rate(190, 'cuda:1')]))).toEqual([]);
    expect(shape(plausibilityFindings(node, examined([rate(300, 'cuda:1')])))).toEqual(['implausible holds']);
  });

  it('among unequal cards the fastest is assumed, as the number in a label does not tell which it is', () => {
    const node = inventoryOf([card('nvidia-0', 'NVIDIA', 'NVIDIA T4'), H100]);
    expect(plausibilityFindings(node, examined([rate(790, 'cuda:0'), rate(60, 'cuda:1')]))).toEqual([]);
    expect(shape(plausibilityFindings(node, examined([rate(1200, 'cuda:0')])))).toEqual(['implausible holds']);
  });

  it('holds back exactly the number it is about', () => {
    const metrics = [rate(1200, 'cuda:0'), rate(60, 'cuda:0', 'FP32')];
    const findings = plausibilityFindings(h100, examined(metrics));
    const judged = (precision: string) =>
      judge(
        makeCase(
          [target({ metric: 'compute.gemm.rate', limit: 1e12, where: { precision } })],
          [attempt('n1', metrics, { findings })],
        ),
      ).verdicts[0];
    expect(judged('FP32')?.outcome).toBe('pass');
    expect(judged('FP16')).toMatchObject({ outcome: 'indeterminate', reasons: [{ code: 'too_few_nodes' }, {}] });
    expect(judged('FP16')?.reasons.map(({ code }) => code)).toContain('implausible');
  });
});

describe('where nothing trustworthy is known', () => {
  it.each([
    ['an unknown chip', inventoryOf([card('nvidia-0', 'NVIDIA', 'NVIDIA Z999')]), 'no entry for NVIDIA Z999'],
    ['a card without a name', inventoryOf([card('nvidia-0', 'NVIDIA', undefined)]), 'no name'],
    ['a chip without figures', inventoryOf([card('hygon-0', 'Hygon', 'BW1000')]), 'no trustworthy FP16 figure'],
  ])('%s is said and nothing is guessed', (_, inventory, why) => {
    const findings = plausibilityFindings(inventory, examined([rate(1e6, 'cuda:0')]));
    expect(shape(findings)).toEqual(['no_reference informs']);
    expect(findings[0]?.detail).toContain(why);
    expect(findings[0]?.labels).toEqual({ precision: 'FP16', device: 'cuda:0' });
  });

  it('one unknown among the cards that it may be is enough', () => {
    const node = inventoryOf([card('nvidia-0', 'NVIDIA', 'NVIDIA Z999'), H100]);
    expect(shape(plausibilityFindings(node, examined([rate(1, 'cuda:0')])))).toEqual(['no_reference informs']);
  });

  it('is said once for a device and precision, whatever was measured of it', () => {
    const metrics = ['compute.gemm.rate', 'compute.gemm.peak'].map((metric) => rate(1, 'cuda:0', 'FP16', metric));
    const unknown = inventoryOf([card('nvidia-0', 'NVIDIA', 'NVIDIA Z999')]);
    expect(plausibilityFindings(unknown, examined(metrics))).toHaveLength(1);
  });

  it('an emulated precision does not count and is not looked at', () => {
    const emulated: Finding = {
      code: 'emulated',
      detail: 'FP32 inside',
      metric: 'compute.gemm.rate',
      labels: { precision: 'FP16', device: 'cpu' },
      weight: 'holds',
    };
    const metrics = [rate(1, 'cpu'), rate(1, 'cpu', 'FP32')];
    const findings = plausibilityFindings(inventoryOf([]), examined(metrics, [emulated]));
    expect(findings.map(({ labels }) => labels?.precision)).toEqual(['FP32']);
  });
});

describe('a device that the inventory does not list', () => {
  const four = [0, 1, 2, 3].map((n) => card(`nvidia-${n}`, 'NVIDIA', 'NVIDIA H100 80GB HBM3'));
  const ascend = card('ascend-0', 'Huawei Ascend', '910B3');
  const bare = card('nvidia-0', 'NVIDIA', undefined);

  it.each<[string, string, Inventory | undefined]>([
    ['with a number beyond what is listed', 'cuda:4', inventoryOf(four)],
    ['with no card at all', 'cuda:0', inventoryOf([])],
    ['with only another vendor’s cards', 'cuda:0', inventoryOf([ascend])],
    ['of another vendor', 'npu:0', inventoryOf(four)],
    ['of a kind that nobody makes', 'foo:3', inventoryOf(four)],
    ['that is another processor', 'cpu:1', inventoryOf(four)],
    ['that is a processor by another name', 'CPU', inventoryOf(four)],
    ['that is a processor with a blank', 'cpu ', inventoryOf(four)],
    ['without a number', 'cuda', inventoryOf(four)],
    ['with a number that has two spellings', 'cuda:01', inventoryOf(four)],
    ['with a number that is none', 'cuda:-1', inventoryOf(four)],
    ['without a name', '', inventoryOf(four)],
    ['named like what every object has', 'constructor:0', inventoryOf(four)],
    ['of a node without an inventory', 'cuda:0', undefined],
    ['that is the processor of a node without an inventory', 'cpu', undefined],
  ])('%s has no rate that counts', (_, device, node) => {
    for (const metric of ['compute.gemm.rate', 'compute.gemm.peak', 'compute.challenge.rate']) {
      const one = rate(1, device, 'FP16', metric);
      const findings = plausibilityFindings(node, examined([one]));
      expect(findings).toMatchObject([{ code: 'unlisted_device', weight: 'holds', metric, labels: one.labels }]);
      const run = makeCase([target({ metric, limit: 1 })], [attempt('n1', [one], { findings })]);
      expect(judge(run).verdicts[0]?.outcome).not.toBe('pass');
    }
  });

  it('takes nothing from those that it lists', () => {
    const findings = plausibilityFindings(inventoryOf(four), examined([rate(1, 'cuda:3'), rate(1, 'cuda:4')]));
    expect(findings.filter(({ code }) => code === 'unlisted_device').map(({ labels }) => labels?.device)).toEqual([
      'cuda:4',
    ]);
  });

  it('is not one that only the bus names, nor a slice', () => {
    expect(shape(plausibilityFindings(inventoryOf([bare]), examined([rate(1, 'cuda:0')])))).toEqual([
      'no_reference informs',
    ]);
    const slice = card('nvidia-0.mig-0', 'NVIDIA', 'MIG 3g.40gb', { kind: 'partition', parent: 'nvidia-0' });
    const findings = plausibilityFindings(inventoryOf([slice]), examined([rate(1, 'cuda:0'), rate(1, 'cuda:1')]));
    expect(shape(findings)).toEqual(['no_reference informs', 'unlisted_device holds']);
  });
});

describe('processors', () => {
  const cpu = (more: Partial<NonNullable<Cpu['peaks']>[number]>): Cpu => ({
    peaks: [
      { precision: 'FP32', opsPerSecond: 1e12, clockMHz: 3000, clock: 'maximum', basis: 'cores × clock', ...more },
    ],
  });
  const seen = (tera: number, is: Cpu, clockMHz?: number) =>
    shape(
      plausibilityFindings(inventoryOf([], { cpu: is }), {
        ...examined([rate(tera, 'cpu', 'FP32')]),
        telemetry: clockMHz === undefined ? [] : [{ atS: 1, cpuClockMHz: clockMHz }],
      }),
    );

  it('are held to the theoretical peak at their highest clock', () => {
    expect(seen(1.019, cpu({}))).toEqual([]);
    expect(seen(1.021, cpu({}))).toEqual(['implausible holds']);
  });

  it('may run faster than the driver’s highest clock if that was seen, but not faster than any processor does', () => {
    expect(seen(1.3, cpu({}), 4000)).toEqual([]);
    expect(seen(1.4, cpu({}), 4000)).toEqual(['implausible holds']);
    expect(seen(50, cpu({}), 1e9)).toEqual(['implausible holds']);
    expect(seen(1.3, cpu({}), Number.NaN)).toEqual(['implausible holds']);
  });

  it.each([{ clock: 'base' }, { clock: 'current' }, { assumedUnits: true }] as const)(
    'are only asked about half above a peak that is no upper limit: %o',
    (more) => {
      expect(seen(1.49, cpu(more))).toEqual([]);
      expect(seen(1.51, cpu(more))).toEqual(['implausible informs']);
      expect(seen(14.9, cpu(more))).toEqual(['implausible informs']);
      expect(seen(15.1, cpu(more))).toEqual(['implausible holds']);
    },
  );

  it('without a known peak have no reference', () => {
    expect(seen(1, {})).toEqual(['no_reference informs']);
    expect(seen(1, cpu({ precision: 'FP64' }))).toEqual(['no_reference informs']);
  });
});

describe('how many devices', () => {
  const four = inventoryOf([0, 1, 2, 3].map((n) => card(`nvidia-${n}`, 'NVIDIA', 'NVIDIA H100 80GB HBM3')));
  const measured = (count: number) => Array.from({ length: count }, (_, n) => rate(700, `cuda:${n}`));

  it('more measured than the node has is held back, whatever each of them gave', () => {
    expect(plausibilityFindings(four, examined(measured(4)))).toEqual([]);
    const findings = plausibilityFindings(four, examined(measured(5)));
    expect(findings).toContainEqual(
      expect.objectContaining({
        code: 'implausible',
        weight: 'holds',
        metric: 'compute.gemm.rate',
        labels: { precision: 'FP16' },
      }),
    );
    expect(findings.map(({ detail }) => detail).join('\n')).toContain('5 devices were measured');
  });

  it('slices of a card are devices of their own to its software', () => {
    const slice = card('nvidia-3.mig-0', 'NVIDIA', 'MIG 3g.40gb', { kind: 'partition', parent: 'nvidia-3' });
    const sliced = inventoryOf([...four.accelerators, slice]);
    expect(shape(plausibilityFindings(sliced, examined(measured(5))))).not.toContain('implausible holds');
  });

  it.each<[string, string, string, number]>([
    ['MIG slices of a card', 'NVIDIA', 'NVIDIA H100 80GB HBM3', 989.4],
    ['slices of an Ascend card', 'Huawei Ascend', '910B3', 313],
  ])('%s together are held to what the card can do', (_, vendor, chip, peak) => {
    const word = vendor === 'NVIDIA' ? 'cuda' : 'npu';
    const slices = [0, 1, 2].map((n) => card(`x-0.${n}`, vendor, 'slice', { kind: 'partition', parent: 'x-0' }));
    const node = inventoryOf([card('x-0', vendor, chip), ...slices]);
    const together = (share: number) =>
      shape(plausibilityFindings(node, examined([0, 1, 2].map((n) => rate((peak * share) / 3, `${word}:${n}`)))));
    expect(together(1)).toEqual([]);
    const [finding] = together(2);
    expect(finding).toMatch(/^implausible (holds|informs)$/);
    if (vendor === 'NVIDIA') expect(together(1.06)).toEqual(['implausible holds']);
  });

  it('a device that the bus does not have is told where its rate is counted', () => {
    const findings = [{ code: 'not_on_bus', detail: 'a tool reports …', device: 'nvidia-2' }];
    const node = inventoryOf(four.accelerators, { findings });
    expect(plausibilityFindings(node, examined(measured(4)))).toEqual([
      {
        code: 'implausible',
        detail: 'cuda:2 is or may be nvidia-2, which a tool reports and the PCI bus does not have',
        labels: { device: 'cuda:2' },
        weight: 'informs',
      },
    ]);
    expect(plausibilityFindings(node, examined(measured(2)))).toEqual([]);
  });
});

describe('any rate and any node', () => {
  const devices = fc.constantFrom(
    'cuda:0',
    'cuda:7',
    'npu:0',
    'mlu:1',
    'cpu',
    '',
    'cuda',
    'constructor:0',
    '__proto__',
  );
  const chips = fc.constantFrom(...knownChips().map(({ vendor, chip }) => [vendor, chip] as const), [
    'NVIDIA',
    'Z',
  ] as const);

  it('more is never less suspicious, and a pass needs a reference or says that there is none', () => {
    fc.assert(
      fc.property(
        fc.array(chips, { maxLength: 4 }),
        devices,
        fc.constantFrom('FP64', 'FP32', 'FP16', 'FP8', 'INT8', 'toString'),
        fc.double({ min: 0, max: 1e5, noNaN: true }),
        fc.double({ min: 1, max: 10, noNaN: true }),
        (listed, device, precision, tera, factor) => {
          const node = inventoryOf(listed.map(([vendor, chip], i) => card(`x-${i}`, vendor, chip)));
          const at = (value: number) => shape(plausibilityFindings(node, examined([rate(value, device, precision)])));
          const [less, more] = [at(tera), at(tera * factor)];
          for (const code of less) expect(more).toContain(code);
          const far = at(1e9);
          expect(far.length).toBeGreaterThan(0);
        },
      ),
    );
  });
});
