import { exact } from '../../../model/estimate.ts';
import type { Metric } from '../../../model/measurement.ts';
import { energyOf, type PowerReading } from '../power.ts';
import type { FirstGemmResult } from './samples.ts';

/**
 * Operations a joule of the whole machine: all that its devices did in the phase over all the energy that the machine
 * took from the first window's start to the last one's end. Or why there is none. `rates` are those of the devices.
 */
export function nodeEfficiency(
  precision: string,
  results: readonly FirstGemmResult[],
  work: (result: FirstGemmResult) => number,
  power: readonly PowerReading[],
  rates: readonly Metric[],
): Metric | string {
  if (results.length === 0 || rates.length < results.length) return 'not all devices gave a rate';
  const fromNs = results.reduce((first, { windows }) => Math.min(first, windows[0]!.startNs), Number.POSITIVE_INFINITY);
  const toNs = results.reduce((last, { windows }) => Math.max(last, windows.at(-1)!.endNs), 0);
  const joules = energyOf(power, fromNs, toNs);
  if (typeof joules === 'string') return joules;
  return {
    metric: 'compute.gemm.nodeEfficiency',
    labels: { precision, meter: 'bmc' },
    estimate: exact(results.reduce((sum, result) => sum + work(result), 0) / joules, 'op/J', power.length, 'exact'),
    durationS: (toNs - fromNs) / 1e9,
    samples: power.length,
    verified: rates.every(({ verified }) => verified),
    level: 'E1',
  };
}
