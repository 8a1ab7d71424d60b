import type { Accelerator, Inventory } from '../../../../model/inventory.ts';
import type { Finding, Metric } from '../../../../model/measurement.ts';

const fact = <T>(value: T) => ({ value, source: 'test' });

/** An accelerator of an inventory. */
export function card(
  id: string,
  vendor: string,
  chip: string | undefined,
  more: Partial<Pick<Accelerator, 'kind' | 'parent'>> = {},
): Accelerator {
  return { id, kind: 'package', vendor: fact(vendor), ...(chip === undefined ? {} : { chip: fact(chip) }), ...more };
}

export function inventoryOf(
  accelerators: Accelerator[],
  more: Partial<Pick<Inventory, 'cpu' | 'findings' | 'node'>> = {},
): Inventory {
  return {
    schema: 'assay/inventory/v1',
    node: 'n1',
    takenAt: '2026-03-02T08:15:00.000Z',
    host: {},
    cpu: {},
    memory: {},
    disks: [],
    mounts: [],
    links: [],
    accelerators,
    tools: [],
    software: [],
    findings: [],
    unread: [],
    ...more,
  };
}

/** Tera-operations per second of a device at a precision. */
export function rate(tera: number, device: string, precision = 'FP16', metric = 'compute.gemm.rate'): Metric {
  return {
    metric,
    labels: { precision, device, backend: 'torch' },
    estimate: { value: tera * 1e12, unit: 'op/s', U: 0, k: 2, n: 10, method: 'batch_means' },
    durationS: 10,
    samples: 10,
    verified: true,
    level: 'E1',
  };
}

export const examined = (metrics: Metric[], findings: Finding[] = []) => ({
  examination: { metrics, checks: [], findings },
  telemetry: [],
});
