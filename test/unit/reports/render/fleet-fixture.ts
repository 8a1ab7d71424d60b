import type { Accelerator } from '../../../../model/inventory.ts';
import type { Attempt, Report, Verdict } from '../../../../model/report.ts';
import {
  attempt,
  computeOf,
  deviceRow,
  digestOf,
  host,
  inferenceOf,
  measured,
  metric,
  smallReport,
} from './fixture.ts';

/**
 * A repeatable pseudo-random stream of numbers from 0 to 1 (xorshift32), so that the large report is always the same.
 */
function stream(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

function accelerator(node: string, index: number): Accelerator {
  const source = 'synthetic';
  const id = digestOf(`${node} ${index}`);
  return {
    id: `example:${index}`,
    kind: 'package',
    vendor: { value: 'Example', source },
    chip: { value: 'X100 80GB', source },
    uuid: { value: `GPU-${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 28)}`, source },
    serial: { value: id.slice(30, 42).toUpperCase(), source },
    pciAddress: { value: `0000:${(index * 16 + 1).toString(16).padStart(2, '0')}:00.0`, source },
    memoryBytes: { value: 80_000_000_000, source },
    driver: { value: '550.1', source },
  };
}

/** A made-up fleet, marked as synthetic: `nodes` nodes of `devices` accelerators, a few slow, one without values. */
export function fleetReport(nodes: number, devices: number): Report {
  const random = stream(12345);
  const small = smallReport();
  const names = Array.from({ length: nodes }, (_, i) => `node-${String(i + 1).padStart(4, '0')}`);
  const speed = new Map(
    names.map((name) => [name, random() < 0.004 ? 0.7 : random() < 0.02 ? 0.88 : 0.985 + 0.03 * random()]),
  );
  const silent = names[Math.floor(nodes / 2)];
  const attempts: Attempt[] = [];
  for (const [i, node] of names.entries()) {
    for (const [b, benchmark] of ['compute.gemm', 'storage.speed', 'frameworks.adapted', 'inference.onnx'].entries()) {
      const metrics = node === silent ? [] : fleetMetrics(benchmark, devices, speed.get(node)!, random);
      attempts.push({
        ...attempt(node, benchmark, b + 1, metrics),
        sha256: digestOf(`${i} ${b}`),
        telemetry: i % 100 === 0 ? attempt(node, benchmark, 1, []).telemetry : [],
        ...(node === silent && {
          state: 'failed',
          failure: { code: 'node_lost' as const, phase: 'measure', detail: 'no heartbeat for 30 s' },
        }),
      });
    }
  }
  const verdicts = small.verdicts.map(
    (verdict): Verdict => ({
      ...verdict,
      requirements: verdict.requirements.map((result) =>
        result.estimate
          ? {
              ...result,
              nodes: names
                .filter((name) => name !== silent)
                .map((node) => ({
                  node,
                  estimate: {
                    ...result.estimate!,
                    value: result.estimate!.value * (result.estimate!.U > 0 ? speed.get(node)! : 1),
                  },
                })),
            }
          : result,
      ),
      evidence: names.map((name) => digestOf(`${verdict.target} ${name}`)),
    }),
  );
  return {
    ...small,
    number: 'AT-2026-SYNTHETIC',
    synthetic: true,
    profile: 'standard',
    platform: { ...small.platform, nodes, accelerators: nodes * devices, confirmedAccelerators: nodes * devices },
    verdicts,
    attempts,
    compute: computeOf(nodes * devices, (_, rate) =>
      names.slice(0, 20).map((node, i) => deviceRow(node, `cuda:${i % devices}`, rate, 0.7 + 0.01 * i)),
    ),
    inference: inferenceOf(nodes),
    inventories: names.map((name) => ({
      ...host(name),
      accelerators: Array.from({ length: devices }, (_, d) => accelerator(name, d)),
      tools: [{ name: 'example-smi', vendor: 'Example', found: true, version: '1.0' }],
    })),
    log: { ...small.log, entries: attempts.length + 2 },
  };
}

function fleetMetrics(benchmark: string, devices: number, speed: number, random: () => number): Attempt['metrics'] {
  if (benchmark !== 'compute.gemm') return [metric(`${benchmark}.rate`, {}, measured(2e9 * speed, 'B/s', 2e7))];
  return Array.from({ length: devices }, (_, d) => d).flatMap((d) =>
    ['FP32', 'BF16', 'INT8'].map((precision, p) => {
      const value = 6e13 * 8 ** p * speed * (0.99 + 0.02 * random());
      return metric('compute.gemm.rate', { precision, device: `example:${d}` }, measured(value, 'op/s', value * 0.002));
    }),
  );
}
