/**
 * How long a large run takes to be handed over and to be verified, and how much memory.
 *
 *   node test/bench/report/report.ts [--nodes 2000] [--accelerators 8] [--windows 10] [--readings 45]
 *        [--repeats 1] [--keep FOLDER]
 *
 * Each job runs in a process of its own, so that the peak of resident memory is its own. `build` is what a controller does
 * at the end of its run, `rebuild` the same from the files alone, `parts` where the time of that goes. Every opened row of
 * a product is recomputed; the products are small here (n = 64), real ones cost their share of n² more.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { handOver } from '../../../controller/handover.ts';
import { canonicalBytes } from '../../../evidence/canonical.ts';
import { generateKeyPair, pemSigner } from '../../../evidence/keys.ts';
import { renderDocuments } from '../../../reports/build/documents.ts';
import { renderPages } from '../../../reports/build/pages.ts';
import { buildReport } from '../../../reports/build/report.ts';
import { builtinGuides, type LoadedGuide, readGuide } from '../../../reports/guides/builtin.ts';
import { startPrinter } from '../../../reports/render/printer.ts';
import { openBundle } from '../../../reports/verify/disk.ts';
import { checkFiles } from '../../../reports/verify/files.ts';
import { PATHS } from '../../../reports/verify/layout.ts';
import { replay } from '../../../reports/verify/replay.ts';
import { verifyWhole } from '../../../reports/verify/whole.ts';
import { knownOf, reopen } from './reopen.ts';
import { makeSyntheticRun } from './synthetic.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    nodes: { type: 'string', default: '2000' },
    accelerators: { type: 'string', default: '8' },
    windows: { type: 'string', default: '10' },
    readings: { type: 'string', default: '45' },
    repeats: { type: 'string', default: '1' },
    keep: { type: 'string' },
  },
});
const [job, folder = ''] = positionals;
const bundle = (): string => join(folder, 'bundle');
const keyFile = (): string => join(folder, 'controller.key');

/** The built-in guide with its first target asked of compute.gemm, so that a value is folded over the whole fleet. */
function fleetGuide(): LoadedGuide {
  const { guide } = builtinGuides()[0]!;
  const targets = guide.targets.map((target) =>
    target.id === 'compute.capacity'
      ? { ...target, requirements: [{ ...target.requirements[0]!, metric: 'compute.gemm.rate' }] }
      : target,
  );
  return readGuide(canonicalBytes({ ...guide, id: 'synthetic-fleet', targets }), 'fleet guide');
}

async function make(): Promise<void> {
  const { privatePem } = generateKeyPair();
  const signer = pemSigner(privatePem);
  writeFileSync(keyFile(), privatePem, { mode: 0o600 });
  const run = await makeSyntheticRun(bundle(), {
    nodes: Number(values.nodes),
    accelerators: Number(values.accelerators),
    windows: Number(values.windows),
    readings: Number(values.readings),
    repeats: Number(values.repeats),
    precisions: ['FP64', 'FP32', 'BF16', 'INT8'],
    guide: fleetGuide(),
    signer,
  });
  run.directory.writeFile(PATHS.controllerKey, signer.publicKeyPem);
  run.directory.close();
}

const FACTS = {
  number: 'SYNTHETIC',
  judgedAt: '2026-11-21T04:00:00.000Z',
  software: { name: 'assay', version: '0.0.0' },
};

/** What a controller has in hand at the end of a run: what it made of every measurement when it came in. */
async function build(): Promise<void> {
  const known = knownOf(openBundle(bundle()));
  startClock();
  await handOver(reopen(bundle()), pemSigner(readFileSync(keyFile(), 'utf8')), FACTS, undefined, known);
}

/** The same from the files alone. */
async function rebuild(): Promise<void> {
  await handOver(reopen(bundle()), pemSigner(readFileSync(keyFile(), 'utf8')), FACTS);
}

/** The same work in its parts, to see where the time goes. */
async function parts(): Promise<void> {
  let from = performance.now();
  const lap = (name: string): void => {
    const now = performance.now();
    process.stderr.write(`  ${name.padEnd(28)} ${((now - from) / 1000).toFixed(2)} s\n`);
    from = now;
  };
  const opened = openBundle(bundle());
  lap(`list ${opened.paths.length} files`);
  const replayed = replay(opened);
  if (!replayed.ok) throw new Error('the log does not replay');
  lap('replay and examine');
  const report = buildReport(replayed.replay, FACTS);
  lap('judge');
  const bytes = canonicalBytes(report);
  lap(`report.json, ${(bytes.byteLength / 1e6).toFixed(0)} MB`);
  const pages = renderPages(report);
  lap('pages');
  const printer = startPrinter({ root: process.getuid?.() === 0 });
  await renderDocuments(report, pages.get(PATHS.html)!, printer).finally(printer.close);
  lap('documents (PDF, DOCX)');
  checkFiles(opened);
  lap('digests of all files');
}

async function verify(): Promise<void> {
  const result = await verifyWhole(openBundle(bundle()), undefined);
  const bad = result.steps.filter((s) => s.state === 'bad');
  if (!result.authentic) throw new Error(`not authentic: ${JSON.stringify(bad).slice(0, 500)}`);
}

interface Cost {
  readonly wallS: number;
  readonly cpuS: number;
  readonly peakMB: number;
}

/** Where the clock was started; until then, the start of the process. */
let mark = { wallMs: 0, cpu: { user: 0, system: 0 } };

function startClock(): void {
  mark = { wallMs: performance.now(), cpu: process.cpuUsage() };
}

function printCost(): void {
  const { user, system } = process.cpuUsage(mark.cpu);
  const cost: Cost = {
    wallS: (performance.now() - mark.wallMs) / 1000,
    cpuS: (user + system) / 1e6,
    peakMB: process.resourceUsage().maxRSS / 1024,
  };
  process.stdout.write(`${JSON.stringify(cost)}\n`);
}

function inProcess(name: string, scratch: string): Cost {
  const forwarded = ['nodes', 'accelerators', 'windows', 'readings', 'repeats'] as const;
  const args = forwarded.flatMap((key) => [`--${key}`, values[key]]);
  // As ./assay starts Node.
  const flags = ['--max-semi-space-size=64', ...process.execArgv];
  const ended = spawnSync(process.execPath, [...flags, import.meta.filename, name, scratch, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (ended.status !== 0) throw new Error(`${name} ended with ${ended.status ?? ended.signal}`);
  return JSON.parse(ended.stdout) as Cost;
}

function main(): void {
  const scratch = values.keep ?? mkdtempSync(join(tmpdir(), 'assay-bench-'));
  mkdirSync(scratch, { recursive: true });
  try {
    const line = (what: string, { wallS, cpuS, peakMB }: Cost): void =>
      void process.stdout.write(
        `${what.padEnd(8)} ${wallS.toFixed(1)} s wall, ${cpuS.toFixed(1)} s CPU, peak ${peakMB.toFixed(0)} MB resident\n`,
      );
    process.stdout.write(`${values.nodes} nodes x ${values.accelerators} accelerators\n`);
    line('make', inProcess('make', scratch));
    line('build', inProcess('build', scratch));
    line('rebuild', inProcess('rebuild', scratch));
    line('verify', inProcess('verify', scratch));
    line('parts', inProcess('parts', scratch));
    for (const name of [
      'report.html',
      'report.json',
      'log/entries.jsonl',
      'manifest.json',
      'report.csv',
      'junit.xml',
    ]) {
      process.stdout.write(`${name} ${(statSync(join(scratch, 'bundle', name)).size / 1e6).toFixed(2)} MB\n`);
    }
  } finally {
    if (values.keep === undefined) rmSync(scratch, { recursive: true, force: true });
  }
}

const JOBS: Readonly<Record<string, () => Promise<void>>> = { make, build, rebuild, parts, verify };
if (job === undefined) main();
else {
  await JOBS[job]!();
  printCost();
}
