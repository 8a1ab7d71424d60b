import { canonicalBytes } from '../../evidence/canonical.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import { devicesBehind } from '../../model/devices.ts';
import { type Estimate, exact } from '../../model/estimate.ts';
import type { Metric } from '../../model/measurement.ts';
import { domesticShare, type MeasuredCapacity } from '../../model/vendors.ts';
import type { Case } from '../judge/case.ts';
import { holdsBack } from '../judge/readings.ts';
import type { Replay } from '../verify/replay.ts';

/** The precision that processors and accelerators are compared by: every device has it. */
const COMMON_PRECISION = 'FP32';

/** What the shares are counted from: of the attempts, with everything that was found about them. */
type Counted = Pick<Replay, 'inventories' | 'admitted'>;

/**
 * Shares of domestic parts over the inventories of the run: by count, and by measured capacity where the capacity of
 * every counted part is known. One metric a kind of part; a kind of which there is none gives no metric.
 */
export function countParts(run: Counted): Case['counted'] {
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

/** By card: what its devices gave, in the last attempt that measured them. A card with a silent die has no capacity. */
function measuredCapacity(run: Counted): MeasuredCapacity {
  const cpus: Record<string, number> = {};
  const devices = new Map<string, number>();
  const byNode = new Map(run.inventories.map((inventory) => [inventory.node, inventory]));
  for (const { measurement, examination } of run.admitted) {
    const { node } = measurement;
    const rates = examination.metrics.filter(
      ({ metric, labels, verified }) =>
        metric === 'compute.gemm.rate' && labels.precision === COMMON_PRECISION && verified,
    );
    if (rates.length === 0) continue;
    for (const rate of rates) {
      const { labels, estimate } = rate;
      // What cannot be true is no capacity: then there is no share, in place of a wrong one.
      if (examination.findings.some((finding) => holdsBack(finding, rate))) continue;
      if (labels.device === 'cpu') {
        cpus[node] = estimate.value;
        continue;
      }
      const { device } = devicesBehind(labels.device ?? '', byNode.get(node)?.accelerators ?? []);
      if (device) devices.set(`${node}/${device.id}`, estimate.value);
    }
  }
  const accelerators: Record<string, number> = {};
  for (const { node, accelerators: all } of run.inventories) {
    for (const card of all.filter(({ kind }) => kind === 'package')) {
      const dies = all.filter(({ kind, parent }) => kind === 'die' && parent === card.id);
      const rates = (dies.length > 0 ? dies : [card]).map(({ id }) => devices.get(`${node}/${id}`));
      if (rates.some((rate) => rate === undefined)) continue;
      accelerators[`${node}/${card.id}`] = rates.reduce<number>((sum, rate) => sum + rate!, 0);
    }
  }
  return { unit: 'op/s', accelerators, cpus };
}
