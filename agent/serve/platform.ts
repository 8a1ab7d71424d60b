import { randomBytes } from 'node:crypto';
import type { Service } from '../../benchmarks/benchmark.ts';
import { findDescriptor } from '../../benchmarks/catalog.ts';
import type { Order } from '../../proto/wire.ts';
import { defaultWorkers, startService } from './service.ts';

/**
 * The platform under test for an order that needs one: the built-in inference service on loopback, with user
 * credentials of its own, unless the settings name an endpoint of the operator's.
 */
export async function serviceFor(order: Order): Promise<{ service: Service; stop(): Promise<void> } | undefined> {
  if (!findDescriptor(order.benchmark)?.service || order.settings.endpoint) return undefined;
  const identityKey = randomBytes(32).toString('hex');
  const service = await startService({ host: '127.0.0.1', port: 0, identityKey, workers: defaultWorkers() });
  return { service, stop: service.stop };
}
