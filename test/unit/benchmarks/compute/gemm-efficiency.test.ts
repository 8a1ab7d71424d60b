import { describe, expect, it } from 'vitest';
import { operations, GemmRaw as RawSchema } from '../../../../benchmarks/compute/gemm/samples.ts';
import type { Examination } from '../../../../model/measurement.ts';
import { check } from '../../../../model/schema.ts';
import { examine, type Result, rawOf, result, SIZE } from './gemm-fixture.ts';

describe('efficiency', () => {
  const metered = (seen: Examination, metric = 'compute.gemm.efficiency') =>
    seen.metrics.filter((one) => one.metric === metric);

  it('is all operations of the phase over all its energy, by the meter that was read', () => {
    const seen = examine(rawOf([result({ energy: { joules: 50, source: 'nvml' } })]));
    expect(metered(seen)).toMatchObject([
      {
        labels: { precision: 'FP32', device: 'cpu', backend: 'openblas/SkylakeX', meter: 'nvml' },
        estimate: { value: (100 * operations(SIZE)) / 50, unit: 'op/J' },
        verified: true,
      },
    ]);
  });

  it('counts all windows of a device, also those that the others did not share', () => {
    const late = result({ device: 'cuda:1', energy: { joules: 10, source: 'nvml' } }, 14);
    const windows = late.windows.slice(4);
    const seen = examine(rawOf([result({ device: 'cuda:0' }, 14), { ...late, windows }]));
    const first = examine(
      rawOf([result({ device: 'cuda:0', energy: { joules: 10, source: 'nvml' } }, 14), { ...late, windows }]),
    );
    expect(metered(seen)[0]!.estimate.value).toBe((100 * operations(SIZE)) / 10);
    expect(metered(first)[0]!.estimate.value).toBe((140 * operations(SIZE)) / 10);
    expect(first.metrics.find((one) => one.metric === 'compute.gemm.rate')!.samples).toBe(10);
  });

  it('without a meter is absent, and the reason is said', () => {
    const seen = examine(rawOf([result({ unmetered: 'RAPL may not be read' })]));
    expect(metered(seen)).toEqual([]);
    expect(seen.findings).toMatchObject([
      { code: 'no_meter', weight: 'informs', detail: expect.stringMatching(/RAPL may not be read/) },
    ]);
    const schema = (joules: number) => check(RawSchema, rawOf([result({ energy: { joules, source: 'rapl' } })])).ok;
    expect([schema(1), schema(0), schema(-1), schema(Number.NaN)]).toEqual([true, false, false, false]);
  });

  const power = (watts: number, seconds: readonly number[] = [0, 1, 2, 3, 4, 5]) =>
    seconds.map((s) => ({ atNs: s * 1e9, watts }));
  const withPower = (results: Result[], nodePower: ReturnType<typeof power>) => {
    const raw = rawOf(results);
    raw.precisions[0]!.nodePower = nodePower;
    return examine(raw);
  };

  it('of the whole machine is what all its devices did over the energy that its controller saw', () => {
    const both = [result({ device: 'cuda:0' }), result({ device: 'cuda:1' })];
    const [whole] = metered(withPower(both, power(600)), 'compute.gemm.nodeEfficiency');
    expect(whole).toMatchObject({
      labels: { precision: 'FP32', meter: 'bmc' },
      verified: true,
      level: 'E1',
      samples: 6,
    });
    expect(whole!.estimate.value / ((200 * operations(SIZE)) / (600 * 5.045))).toBeCloseTo(1, 9);
  });

  it('of the whole machine is absent where power or a device is missing', () => {
    const none = (seen: Examination, why: RegExp) => {
      expect(metered(seen, 'compute.gemm.nodeEfficiency')).toEqual([]);
      expect(seen.findings.find((one) => one.code === 'no_meter')!.detail).toMatch(why);
    };
    none(withPower([result()], power(600, [1, 2])), /too few/);
    none(withPower([result(), result({ device: 'cuda:1', windows: [] })], power(600)), /not all devices/);
    none(withPower([], power(600)), /not all devices/);
    const wrong = withPower([result({ gate: { wrong: 1, elements: 9, worst: 1 } })], power(600));
    expect(metered(wrong, 'compute.gemm.nodeEfficiency')[0]!.verified).toBe(false);
  });
});
