/**
 * How fast a challenge is recomputed on one core: by OpenBLAS, by WebAssembly vectors, by whichever of the two an audit
 * finds faster, and by plain loops, in multiply-accumulates a second. `products` is the products alone, at the numbers of
 * rows that an audit multiplies together; `whole` is an audit with making matrices and states. All must give the same
 * sketches. OpenBLAS takes the kernels that OPENBLAS_CORETYPE names, where the environment has it.
 *
 *   node test/bench/compute/audit.ts [--size 2048] [--layers 64] [--audits 64] [--rounds 5] [--out result.json]
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { loadOpenBlas, openBlasProducts } from '../../../benchmarks/compute/backends/openblas.ts';
import { plainRecompute, recompute, recomputeIn } from '../../../benchmarks/compute/challenge/audit.ts';
import { type Audit, auditPlan, type Entries } from '../../../benchmarks/compute/challenge/chain.ts';
import { nativeSpace } from '../../../benchmarks/compute/challenge/native-space.ts';
import { largestStateBits, type Parameters, weightBits } from '../../../benchmarks/compute/challenge/parameters.ts';
import type { Space } from '../../../benchmarks/compute/challenge/space.ts';
import { vectorSpace } from '../../../benchmarks/compute/challenge/vector-space.ts';
import { cpuFlags } from '../../../benchmarks/compute/host.ts';
import type { Precision } from '../../../benchmarks/compute/precision.ts';

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '2048' },
    layers: { type: 'string', default: '64' },
    audits: { type: 'string', default: '64' },
    rounds: { type: 'string', default: '5' },
    precisions: { type: 'string', default: 'FP64,FP32,BF16,INT8' },
    out: { type: 'string' },
  },
});
const [n, layers, audits, rounds] = [values.size, values.layers, values.audits, values.rounds].map(Number) as [
  number,
  number,
  number,
  number,
];
const native = openBlasProducts(1, cpuFlags());
const nonce = 'ab'.repeat(32);
const seeds = Array.from({ length: 16 }, (_, i) => (i + 16).toString(16).repeat(32));
const giga = (macs: number, seconds: number) => macs / seconds / 1e9;

/** Time on the processor: what else the machine does is not counted, only what it takes of caches and memory. */
function seconds(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

/** An audit in one space: the rates of the whole and of the products alone, and the sketches. */
function audit(space: Space, parameters: Parameters, plan: readonly Audit[]) {
  let [macs, products] = [0, 0];
  let sketches: number[] = [];
  const watched: Space = {
    ...space,
    multiply(s, count) {
      let sums: Entries = new Int32Array(0);
      products += seconds(() => {
        sums = space.multiply(s, count);
      });
      macs += count * parameters.n ** 2;
      return sums;
    },
  };
  const whole = seconds(() => {
    sketches = recomputeIn(watched, parameters, nonce, seeds, plan);
  });
  return { sketches, whole: giga(macs, whole), products: giga(macs, products) };
}

const rows = [];
for (const precision of values.precisions.split(',') as Precision[]) {
  const stateBits = largestStateBits(precision, n);
  const parameters: Parameters = { n, m: 1024, layers, matrices: 4, weightBits: weightBits(precision), stateBits };
  const plan = auditPlan(parameters, seeds.length, audits, 'cd'.repeat(32));
  const together = Math.min(128, plan.length);
  const best = { openBlas: { whole: 0, products: 0 }, wasm: { whole: 0, products: 0 }, faster: 0 };
  let sketches: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const [name, make] of [
      ['openBlas', () => native && nativeSpace(parameters, together, native)],
      ['wasm', () => vectorSpace(parameters, together)],
    ] as const) {
      const space = make();
      if (!space) continue;
      const done = audit(space, parameters, plan);
      best[name].whole = Math.max(best[name].whole, done.whole);
      best[name].products = Math.max(best[name].products, done.products);
      if (sketches.length > 0 && `${sketches}` !== `${done.sketches}`) throw new Error(`${precision}: the two differ`);
      sketches = done.sketches;
    }
    const took = seconds(() => {
      const chosen = recompute(parameters, nonce, seeds, plan, native);
      if (`${chosen}` !== `${sketches}`) throw new Error(`${precision}: an audit differs from both`);
    });
    best.faster = Math.max(best.faster, giga(plan.length * layers * n * n, took));
  }
  // One row and one matrix are enough: every row takes the plain loops as long as any other.
  const short = { ...parameters, layers: 32, matrices: 1 };
  const one = plan.slice(0, 1);
  let first: number[] = [];
  const took = seconds(() => {
    first = plainRecompute(short, nonce, seeds, one);
  });
  if (first[0] !== recompute(short, nonce, seeds, one)[0]) throw new Error('plain loops differ');
  rows.push({ precision, stateBits, ...best, plain: giga(short.layers * n * n, took) });
}
console.log(
  `${cpus()[0]?.model ?? 'CPU'}, one thread, n = ${n}, ${layers} layers, ${audits} rows; GMAC/s, best of ${rounds}`,
);
console.log(native ? `OpenBLAS with its kernels for ${loadOpenBlas().core}` : 'OpenBLAS is not installed');
for (const row of rows) {
  const [blasProducts, blas, wasmProducts, wasm, faster] = [
    row.openBlas.products,
    row.openBlas.whole,
    row.wasm.products,
    row.wasm.whole,
    row.faster,
  ].map((rate) => rate.toFixed(1).padStart(5));
  console.log(
    `${row.precision.padEnd(9)} OpenBLAS products ${blasProducts}, whole ${blas}; WebAssembly products ${wasmProducts}, whole ${wasm}; an audit ${faster}; plain loops ${row.plain.toFixed(2)}`,
  );
}
if (values.out) {
  const result = { at: new Date().toISOString(), cpu: cpus()[0]?.model, n, layers, audits, rounds, rows };
  writeFileSync(values.out, `${JSON.stringify(result, null, 2)}\n`);
}
