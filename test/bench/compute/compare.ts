/**
 * Our backends beside their peers on this machine, in one run: OpenBLAS from C, numpy, PyTorch, and a loop of fused
 * multiply-adds in registers for the true peak. All take turns for several rounds, so that a busy moment hits all of
 * them; best and median of the rounds are printed, with the share of the peak, and written as JSON.
 *
 *   node test/bench/compute/compare.ts [--precisions FP32,FP64] [--sizes 2048,4096] [--rounds 5] [--seconds 2] [--threads 2]
 *     [--out result.json]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { TURN } from '../../../benchmarks/compute/gemm/places.ts';
import { operations } from '../../../benchmarks/compute/gemm/samples.ts';
import { type Ready, startEngines } from '../../../benchmarks/compute/gemm/selection.ts';
import { coreCount, cpuFlags } from '../../../benchmarks/compute/host.ts';
import type { Precision } from '../../../benchmarks/compute/precision.ts';
import { median } from '../../../model/estimate.ts';

const { values } = parseArgs({
  options: {
    precisions: { type: 'string', default: 'FP32,FP64,INT8,BF16' },
    sizes: { type: 'string', default: '2048,4096' },
    rounds: { type: 'string', default: '5' },
    threads: { type: 'string' },
    seconds: { type: 'string', default: '2' },
    out: { type: 'string' },
  },
});
const sizes = values.sizes.split(',').map(Number);
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
const threads = Number(values.threads ?? coreCount());
const folder = mkdtempSync(join(tmpdir(), 'assay-bench-'));
const here = import.meta.dirname;
const missing: string[] = [];

interface Contender {
  readonly name: string;
  readonly ours: boolean;
  /** Operations a second, best moment of one turn. */
  turn(): Promise<number> | number;
}

interface Row {
  precision: string;
  size: number;
  name: string;
  ours: boolean;
  best: number;
  median: number;
  share?: number;
}

function build(source: string, ...flags: string[]): string | undefined {
  const program = join(folder, source.replace('.c', ''));
  try {
    execFileSync('gcc', ['-O2', ...flags, join(here, source), '-o', program], { stdio: ['ignore', 'ignore', 'pipe'] });
    return program;
  } catch (error) {
    missing.push(`${source}: ${error instanceof Error ? error.message.split('\n')[0] : error}`);
    return undefined;
  }
}

function json(program: string, parts: (string | number)[], env: Record<string, string> = {}): Record<string, number> {
  const options = { encoding: 'utf8' as const, env: { ...process.env, ...env }, timeout: 120_000 };
  return JSON.parse(execFileSync(program, parts.map(String), { ...options, stdio: ['ignore', 'pipe', 'ignore'] }));
}

function works(contender: () => unknown, name: string): boolean {
  try {
    contender();
    return true;
  } catch (error) {
    missing.push(`${name}: ${error instanceof Error ? error.message.split('\n')[0] : error}`);
    return false;
  }
}

const stop = new AbortController();
const fma = build('fma.c', '-march=native', '-pthread');
const blas = build('blas.c', '-ldl');
const pythons = ['python3', '/usr/bin/python3'];
const backends = ['onednn', 'onnxruntime', 'openblas', 'torch'];
const { ready } = await startEngines(backends, cpuFlags(), pythons, threads, stop.signal);
const cores = ready.filter((one) => one.candidate.backend === 'openblas');
const seed = '0123456789abcdef'.repeat(4);

function ours(one: Ready, precision: Precision, size: number): Contender {
  return {
    name: one.name,
    ours: true,
    async turn() {
      await one.engine.ask('open', { device: 'cpu', precision, size, seed, stream: 1 });
      const { windows } = await one.engine.ask('run', { seconds, windowS: seconds / 8, turn: TURN.trial });
      await one.engine.ask('close', {});
      return Math.max(...windows.map((w) => (w.iterations * operations(size) * 1e9) / Number(w.endNs - w.startNs)));
    },
  };
}

function peers(precision: Precision, size: number): Contender[] {
  const list: Contender[] = [];
  const add = (name: string, run: () => number) => {
    if (works(run, name)) list.push({ name, ours: false, turn: run });
  };
  if (blas && (precision === 'FP32' || precision === 'FP64')) {
    const letter = precision === 'FP32' ? 's' : 'd';
    for (const { candidate, name } of cores) {
      const core = name.split('/')[1] ?? 'default';
      add(`OpenBLAS from C (${core})`, () => json(blas, [threads, size, seconds, letter], candidate.environment).best!);
    }
  }
  const script = join(here, 'peers.py');
  // numpy multiplies no BF16, and its products of small integers wrap around.
  for (const module of precision === 'BF16' || precision === 'INT8' ? ['torch'] : ['numpy', 'torch']) {
    for (const python of pythons) {
      const count = list.length;
      add(`${module} (${python})`, () => json(python, [script, module, threads, size, seconds, precision]).best!);
      if (list.length > count) break;
    }
  }
  return list;
}

const rows: Row[] = [];
const peaks: Record<string, number[]> = { FP32: [], FP64: [], INT8: [], BF16: [] };
for (const precision of values.precisions.split(',') as Precision[]) {
  for (const size of sizes) {
    const able = ready.filter((one) =>
      one.devices.some((d) => d.id === 'cpu' && d.offers.some((o) => o.precision === precision && !o.emulated)),
    );
    const all = [...able.map((one) => ours(one, precision, size)), ...peers(precision, size)];
    const seen = new Map<string, number[]>();
    for (let round = 0; round < rounds; round++) {
      if (fma) for (const [name, rate] of Object.entries(json(fma, [threads, 0.3]))) peaks[name]?.push(rate);
      for (const one of all) seen.set(one.name, [...(seen.get(one.name) ?? []), await one.turn()]);
    }
    console.error(`${precision} ${size}: ${all.length} compared`);
    for (const { name, ours: own } of all) {
      const rates = seen.get(name)!;
      rows.push({ precision, size, name, ours: own, best: Math.max(...rates), median: median(rates) });
    }
  }
}
await Promise.all(ready.map((one) => one.engine.stop()));
rmSync(folder, { recursive: true });

const peak = Object.fromEntries(Object.entries(peaks).map(([name, rates]) => [name, Math.max(0, ...rates)]));
const giga = (rate: number) => (rate / 1e9).toFixed(1).padStart(8);
console.log(`${cpus()[0]?.model ?? 'CPU'}, ${threads} threads; peak by multiply-adds in registers, Gop/s:`, peak);
for (const row of rows) {
  const top = peak[row.precision];
  if (top) row.share = row.best / top;
  const share = row.share === undefined ? '' : `${(100 * row.share).toFixed(1)} % of peak`;
  const who = `${row.ours ? 'ours ' : '     '}${row.name}`;
  console.log(
    `${row.precision} ${String(row.size).padStart(5)}  ${who.padEnd(34)}${giga(row.best)}${giga(row.median)}  ${share}`,
  );
}
for (const line of missing) console.log(`not compared: ${line}`);
if (values.out) {
  const result = { at: new Date().toISOString(), cpu: cpus()[0]?.model, threads, rounds, seconds, peak, rows, missing };
  writeFileSync(values.out, `${JSON.stringify(result, null, 2)}\n`);
}
