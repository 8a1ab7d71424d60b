import { describe, expect, it } from 'vitest';
import type { Telemetry } from '../../../../model/measurement.ts';
import { environmentFindings } from '../../../../reports/verify/environment.ts';

const samples = (count: number, make: (i: number) => Partial<Telemetry>): Telemetry[] =>
  Array.from({ length: count }, (_, i) => ({ atS: i, ...make(i) }));
const slowed = (count: number, reasons: (i: number) => string[] | undefined, id = 'nvidia-0') =>
  samples(count, (i) => {
    const throttleReasons = reasons(i);
    return { devices: [{ id, ...(throttleReasons ? { throttleReasons } : {}) }] };
  });

describe('what telemetry says of a measurement', () => {
  it('nothing, where there is none', () => {
    expect(environmentFindings([])).toEqual([]);
    expect(environmentFindings([{ atS: 1 }])).toEqual([]);
  });

  it('tells stolen and foreign load above their limits, and not at them', () => {
    expect(environmentFindings(samples(4, () => ({ cpuSteal: 0.01, cpuOther: 0.1 })))).toEqual([]);
    expect(environmentFindings(samples(4, () => ({ cpuSteal: 0.02, cpuOther: 0.25 })))).toEqual([
      { code: 'background_load', detail: '2.0 % of the processor was stolen by the host', weight: 'informs' },
      { code: 'background_load', detail: 'other processes took 25.0 % of the processor', weight: 'informs' },
    ]);
  });

  it('names the device that was slowed, and how often for which reason', () => {
    const telemetry = slowed(100, (i) => [...(i < 40 ? ['sw_power_cap'] : []), ...(i < 2 ? ['hw_slowdown'] : [])]);
    expect(environmentFindings(telemetry)).toEqual([
      {
        code: 'throttled',
        detail: 'nvidia-0 was slowed in 40.0 % of 100 samples: hw_slowdown 2.0 %, sw_power_cap 40.0 %',
        weight: 'informs',
      },
    ]);
  });

  it('says nothing of a device that braked for a moment, nor of one that does not tell', () => {
    expect(environmentFindings(slowed(100, (i) => (i < 5 ? ['hw_slowdown'] : [])))).toEqual([]);
    expect(environmentFindings(slowed(100, (i) => (i < 6 ? ['hw_slowdown'] : [])))).toHaveLength(1);
    expect(environmentFindings(slowed(100, () => undefined))).toEqual([]);
  });

  it('counts over the samples of each device alone', () => {
    const both = [...slowed(10, () => ['hw_slowdown'], 'nvidia-1'), ...slowed(990, () => [], 'nvidia-0')];
    expect(environmentFindings(both).map(({ detail }) => detail)).toEqual([
      'nvidia-1 was slowed in 100.0 % of 10 samples: hw_slowdown 100.0 %',
    ]);
  });
});
