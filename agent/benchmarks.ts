import type { Benchmark } from '../benchmarks/benchmark.ts';

/**
 * Every benchmark this agent can run, loaded only when it is asked for: a node that never runs a benchmark
 * never loads what it needs.
 */
const BENCHMARKS: Record<string, () => Promise<unknown>> = {
  'compute.gemm': async () => (await import('../benchmarks/compute/gemm/gemm.ts')).benchmark,
  'compute.challenge': async () => (await import('../benchmarks/compute/challenge/challenge.ts')).benchmark,
  'edge.realtime': async () => (await import('../benchmarks/inference/realtime/benchmark.ts')).benchmark,
  'inference.onnx': async () => (await import('../benchmarks/inference/benchmark.ts')).benchmark,
  'frameworks.train': async () => (await import('../benchmarks/frameworks/train.ts')).benchmark,
  'memory.bandwidth': async () => (await import('../benchmarks/memory/bandwidth/bandwidth.ts')).benchmark,
  'records.simultaneous': async () => (await import('../benchmarks/records/benchmark.ts')).benchmark,
  'storage.volume': async () => (await import('../benchmarks/storage/volume.ts')).benchmark,
  'users.concurrent': async () => (await import('../benchmarks/users/benchmark.ts')).benchmark,
};

/** The benchmark with this id, or undefined. */
export async function loadBenchmark(id: string): Promise<Benchmark | undefined> {
  return Object.hasOwn(BENCHMARKS, id) ? ((await BENCHMARKS[id]?.()) as Benchmark) : undefined;
}
