import type { Inventory } from '../../model/inventory.ts';
import type { Finding } from '../../model/measurement.ts';
import type { Attempted } from './plausibility.ts';

/** A benchmark that has one of these measures the computing devices of its node, the host's processor among them. */
const RATES: ReadonlySet<string> = new Set(['compute.gemm.rate', 'compute.challenge.rate']);
/** How metrics call all processors of a node together. */
const PROCESSOR = 'cpu';

/**
 * Attempts in which the computing rates of a host's processor are set aside where its node reports accelerators: the
 * platform is what its accelerators can do, and a precision that they lack is not made up for by the host. Pure.
 */
export function withoutHosts<A extends Attempted>(attempts: readonly A[], inventories: readonly Inventory[]): A[] {
  const accelerated = new Set(inventories.filter((one) => one.accelerators.length > 0).map(({ node }) => node));
  return attempts.map((attempt) => {
    const { measurement, examination } = attempt;
    const onHost = examination.metrics.some((m) => RATES.has(m.metric) && m.labels.device === PROCESSOR);
    if (!accelerated.has(measurement.node) || !onHost) return attempt;
    const finding: Finding = {
      code: 'host_processor',
      // The same for every node: a fleet would have as many reasons as nodes.
      detail: 'rates of host processors whose nodes report accelerators',
      labels: { device: PROCESSOR },
      weight: 'excludes',
    };
    return { ...attempt, examination: { ...examination, findings: [...examination.findings, finding] } };
  });
}
