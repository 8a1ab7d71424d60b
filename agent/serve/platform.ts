import { randomBytes } from 'node:crypto';
import { findDescriptor } from '../../benchmarks/catalog.ts';
import type { Order } from '../../proto/wire.ts';
import type { Platform } from '../attempt.ts';
import { defaultWorkers, startService } from './service.ts';

/**
 * The platform under test for an order that needs one: the built-in inference service on loopback, with user
 * credentials of its own, unless the settings name an endpoint of the operator's.
 */
export async function platformFor(order: Order): Promise<Platform | undefined> {
  if (!findDescriptor(order.benchmark)?.service || order.settings.endpoint) return undefined;
  const identityKey = randomBytes(32).toString('hex');
  const running = await startService({ host: '127.0.0.1', port: 0, identityKey, workers: defaultWorkers() });
  const { url, model, pid } = running;
  return { service: { url, model, identityKey }, pid, stop: running.stop };
}
