import { descriptor } from '../../../benchmarks/compute/gemm/descriptor.ts';
import { startEngines } from '../../../benchmarks/compute/gemm/selection.ts';
import { coreCount, cpuFlags, equipment } from '../../../benchmarks/compute/host.ts';
import { PRECISIONS } from '../../../benchmarks/compute/precision.ts';

/**
 * Helper process: starts every compute backend the way the benchmarks do, each in a process of its own, and prints
 * which devices and precisions it has by trial, or why it does not work here. Measures nothing.
 */
const { backends, pythons } = descriptor.profiles.quick;
const flags = cpuFlags();
const { ready, tried } = await startEngines(backends, flags, pythons, coreCount(), new AbortController().signal);
const value = {
  ready: ready.map(({ name, candidate, devices, software }) => ({
    backend: candidate.backend,
    name,
    software,
    devices: devices.map(({ id, name, uuid, offers }) => ({
      id,
      name,
      ...(uuid === undefined ? {} : { uuid }),
      precisions: PRECISIONS.filter((p) => offers.some(({ precision, emulated }) => precision === p && !emulated)),
    })),
  })),
  failed: tried.flatMap(({ name, failed }) => (failed === undefined ? [] : [{ name, why: failed }])),
  tried,
  ...equipment(flags),
};
await Promise.all(ready.map(({ engine }) => engine.stop()));
process.stdout.write(JSON.stringify({ ok: true, value }), () => process.exit(0));
