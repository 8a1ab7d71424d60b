/**
 * How fast a challenge is recomputed on one core: through OpenBLAS, through WebAssembly vectors and through plain loops,
 * in multiply-accumulates a second. `products` is the products alone, at the number of rows that an audit multiplies
 * together; `whole` is an audit with making matrices and states. All must give the same sketches.
 *
 *   node test/bench/compute/audit.ts [--size 2048] [--layers 64] [--audits 64] [--rounds 5] [--out result.json]
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import type { RowProducts } from '../../../benchmarks/benchmark.ts';
import { openBlasProducts } from '../../../benchmarks/compute/backends/openblas.ts';
import { plainRecompute, recompute } from '../../../benchmarks/compute/challenge/audit.ts';
import { auditPlan } from '../../../benchmarks/compute/challenge/chain.ts';
import { largestStateBits, type Parameters, weightBits } from '../../../benchmarks/compute/challenge/parameters.ts';
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

/** The library's products with the time that they took and what they did. */
function watched(products: RowProducts): { products: RowProducts; rate: () => number } {
  let [macs, took] = [0, 0];
  return {
    products: (sums, rows, matrix, count, width, length) => {
      took += seconds(() => products(sums, rows, matrix, count, width, length));
      macs += count * width * length;
    },
    rate: () => giga(macs, took),
  };
}

const rows = [];
for (const precision of values.precisions.split(',') as Precision[]) {
  const stateBits = largestStateBits(precision, n);
  const parameters: Parameters = { n, m: 1024, layers, matrices: 4, weightBits: weightBits(precision), stateBits };
  const plan = auditPlan(parameters, seeds.length, audits, 'cd'.repeat(32));
  const macs = plan.length * layers * n * n;
  const best = { products: 0, openblas: 0, wasm: 0 };
  let [sketches, others]: number[][] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const meter = native && watched(native);
    if (meter) {
      const took = seconds(() => {
        sketches = recompute(parameters, nonce, seeds, plan, meter.products);
      });
      best.openblas = Math.max(best.openblas, giga(macs, took));
      best.products = Math.max(best.products, meter.rate());
    }
    const took = seconds(() => {
      others = recompute(parameters, nonce, seeds, plan);
    });
    best.wasm = Math.max(best.wasm, giga(macs, took));
  }
  if (native && JSON.stringify(sketches) !== JSON.stringify(others)) throw new Error(`${precision}: the two differ`);
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
if (!native) console.log('OpenBLAS is not installed');
for (const row of rows) {
  const [products, whole, wasm] = [row.products, row.openblas, row.wasm].map((rate) => rate.toFixed(1).padStart(6));
  const plain = row.plain.toFixed(2);
  console.log(
    `${row.precision.padEnd(9)} OpenBLAS products ${products}, whole ${whole}; WebAssembly whole ${wasm}; plain loops ${plain}`,
  );
}
if (values.out) {
  const result = { at: new Date().toISOString(), cpu: cpus()[0]?.model, n, layers, audits, rounds, rows };
  writeFileSync(values.out, `${JSON.stringify(result, null, 2)}\n`);
}
