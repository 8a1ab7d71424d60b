import type { Profile } from '../model/assignment.ts';
import type { Descriptor } from './benchmark.ts';
import { descriptor as challenge } from './compute/challenge/descriptor.ts';
import { descriptor as gemm } from './compute/gemm/descriptor.ts';
import { descriptor as frameworks } from './frameworks/descriptor.ts';
import { descriptor as inference } from './inference/descriptor.ts';
import { descriptor as realtime } from './inference/realtime/descriptor.ts';
import { descriptor as bandwidth } from './memory/bandwidth/descriptor.ts';
import { descriptor as records } from './records/descriptor.ts';
import { descriptor as storage } from './storage/descriptor.ts';
import { descriptor as users } from './users/descriptor.ts';

/** Every benchmark there is, in the order they run on a node: quick looks first, what heats or fills the node last. */
export const CATALOG: readonly Descriptor[] = [
  frameworks,
  gemm,
  challenge,
  bandwidth,
  inference,
  realtime,
  storage,
  users,
  records,
] as readonly Descriptor[];

/**
 * Benchmarks that run beside others though no target asks for them: compute without the bandwidth of the memory behind
 * it is a number on paper, and a challenged rate counts only as far as plain products bear it out.
 */
const COMPANIONS: Readonly<Record<string, readonly string[]>> = {
  'compute.gemm': ['memory.bandwidth'],
  'compute.challenge': ['compute.gemm', 'memory.bandwidth'],
};

/** These benchmarks and those that run beside them, in the order of the catalogue. */
export function withCompanions(ids: readonly string[]): readonly Descriptor[] {
  const wanted = new Set([...ids, ...ids.flatMap((id) => COMPANIONS[id] ?? [])]);
  return CATALOG.filter(({ id }) => wanted.has(id));
}

/** The descriptor with this id, or undefined. */
export const findDescriptor = (id: string): Descriptor | undefined => CATALOG.find((d) => d.id === id);

/** Ids of the metrics that a benchmark yields. */
export const metricIds = (descriptor: Descriptor): string[] => descriptor.metrics.map((m) => m.id);

/** Effective settings: those of the profile, with what the operator changed. */
export function effectiveSettings(
  descriptor: Descriptor,
  profile: Profile,
  changes: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return { ...(descriptor.profiles[profile] as Record<string, unknown>), ...changes };
}
