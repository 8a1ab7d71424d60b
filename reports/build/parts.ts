import { canonicalBytes } from '../../evidence/canonical.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import { type Estimate, exact } from '../../model/estimate.ts';
import type { Metric } from '../../model/measurement.ts';
import { domesticShare, type MeasuredCapacity } from '../../model/vendors.ts';
import type { Case } from '../judge/case.ts';
import type { Replay } from '../verify/replay.ts';

/** The precision that processors and accelerators are compared by: every device has it. */
const COMMON_PRECISION = 'FP32';

/**
 * Shares of domestic parts over the inventories of the run: by count, and by measured capacity where the capacity of
 * every counted part is known. One metric a kind of part; a kind of which there is none gives no metric.
 */
export function countParts(run: Pick<Replay, 'inventories' | 'admitted'>): Case['counted'] {
  if (run.inventories.length === 0) return [];
  const sha256 = sha256Hex(canonicalBytes(run.inventories));
  return domesticShare(run.inventories, measuredCapacity(run)).flatMap((share) => {
    const labels = { part: share.kind, device: share.kind };
    const metrics: Metric[] = [];
    const add = (metric: string, value: number, n: number): void => {
      const estimate: Estimate = exact(value, 'ratio', n);
      metrics.push({ metric, labels, estimate, durationS: 0, samples: n, verified: true, level: 'E1' });
    };
    if (share.ratioByCount !== undefined) add('domestic.share', share.ratioByCount, share.counted);
    if (share.capacity) add('domestic.capacity', share.capacity.ratio, share.counted);
    return metrics.map((metric) => ({ metric, sha256 }));
  });
}

function measuredCapacity(run: Pick<Replay, 'admitted'>): MeasuredCapacity {
  const accelerators: Record<string, number> = {};
  const cpus: Record<string, number> = {};
  for (const { measurement, examination } of run.admitted) {
    for (const { metric, labels, estimate, verified } of examination.metrics) {
      if (metric !== 'compute.gemm.rate' || labels.precision !== COMMON_PRECISION || !verified) continue;
      if (labels.device?.startsWith('cpu')) cpus[measurement.node] = estimate.value;
      else accelerators[`${measurement.node}/${labels.device}`] = estimate.value;
    }
  }
  return { unit: 'op/s', accelerators, cpus };
}
