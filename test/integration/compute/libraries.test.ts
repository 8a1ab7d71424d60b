import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LibraryError } from '../../../benchmarks/compute/backends/library-error.ts';
import { onnxruntime } from '../../../benchmarks/compute/backends/onnxruntime.ts';
import { loadNamedLibrary, loadSharedLibrary } from '../../../benchmarks/compute/backends/shared-library.ts';
import { benchmark as gemm } from '../../../benchmarks/compute/gemm/gemm.ts';
import { streamLength } from '../../../benchmarks/compute/gemm/places.ts';
import { startEngines } from '../../../benchmarks/compute/gemm/selection.ts';
import { cpuFlags } from '../../../benchmarks/compute/host.ts';
import { instructionsFor, usualShares } from '../../../benchmarks/compute/libraries.ts';
import { Tried } from '../../../benchmarks/compute/tried.ts';
import { check } from '../../../model/schema.ts';
import { runBenchmark } from './context.ts';

let folder = '';
const before = process.env.ASSAY_ONEDNN;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-libraries-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  if (before === undefined) delete process.env.ASSAY_ONEDNN;
  else process.env.ASSAY_ONEDNN = before;
});

/** What was tried of these backends, as it goes into the samples. */
async function tried(allowed: readonly string[], pythons: readonly string[] = []) {
  const stop = new AbortController();
  const { ready, tried: found } = await startEngines(allowed, new Set(), pythons, 1, stop.signal);
  await Promise.all(ready.map(({ engine }) => engine.stop()));
  for (const one of found) expect(check(Tried, one).ok).toBe(true);
  return found;
}

function faultOf(load: () => unknown): string {
  try {
    load();
  } catch (error) {
    if (error instanceof LibraryError) return error.fault;
    throw error;
  }
  return 'none';
}

it('a library that is not there is missing, by a code that crosses the process of its backend', async () => {
  process.env.ASSAY_ONEDNN = join(folder, 'libdnnl.so.3');
  const found = await tried(['onednn', 'onnxruntime']);
  expect(found.filter(({ backend }) => backend === 'onednn').map(({ fault }) => fault)).toEqual(['missing', 'missing']);
  expect(found.find(({ backend }) => backend === 'onnxruntime')).toMatchObject({
    devices: ['cpu'],
    software: [{ name: 'onnxruntime-node' }],
    lacks: expect.arrayContaining([expect.objectContaining({ precision: 'BF16' })]),
  });
});

it('a library that is there and cannot be loaded is refused', async () => {
  process.env.ASSAY_ONEDNN = join(folder, 'libdnnl.so.3');
  writeFileSync(process.env.ASSAY_ONEDNN, 'no library');
  expect((await tried(['onednn'])).map(({ fault }) => fault)).toEqual(['refused', 'refused']);
});

it('an interpreter without PyTorch, and one that is not there, have none', async () => {
  const bare = join(folder, 'python');
  // Without site, no package is found.
  writeFileSync(bare, '#!/bin/sh\nexec python3 -S "$@"\n');
  chmodSync(bare, 0o755);
  const found = await tried(['torch'], [bare, join(folder, 'none')]);
  expect(found.map(({ backend, fault }) => [backend, fault])).toEqual([
    ['torch', 'missing'],
    ['torch', 'missing'],
  ]);
});

it('an interpreter that breaks is no missing one', async () => {
  const broken = join(folder, 'python');
  writeFileSync(broken, '#!/bin/sh\necho broken >&2\nexit 1\n');
  chmodSync(broken, 0o755);
  expect((await tried(['torch'], [broken])).map(({ fault }) => fault)).toEqual(['refused']);
});

it('where only a file of a version lies that cannot be called, it is too old', () => {
  const at = `${folder}/`;
  const load = () => loadSharedLibrary('thing', ['libassay-thing.so.2'], [at], '', ['libassay-thing.so.1']);
  expect(faultOf(load)).toBe('missing');
  writeFileSync(join(folder, 'libassay-thing.so.1'), '');
  expect(faultOf(load)).toBe('old');
  writeFileSync(join(folder, 'libassay-thing.so.2'), 'no library');
  expect(faultOf(load)).toBe('refused');
  expect(faultOf(() => loadNamedLibrary('thing', join(folder, 'libassay-thing.so.2')))).toBe('refused');
  expect(faultOf(() => loadNamedLibrary('thing', join(folder, 'nothing')))).toBe('missing');
});

it('ONNX Runtime holds the right operand of its products in the order of its kernel, and INT8 stays exact', async () => {
  const backend = onnxruntime();
  await backend.probe(1);
  const size = 48;
  const step = 16;
  const a = Int8Array.from({ length: size * size }, (_, i) => ((i * 89 + 23) % 256) - 128);
  const b = Int8Array.from({ length: size * size }, (_, i) => (i % 3 === 0 ? -128 : 127));
  const right = Int32Array.from({ length: size * size }, (_, at) => {
    let sum = 0;
    for (let k = 0; k < size; k++) sum += a[Math.floor(at / size) * size + k]! * b[k * size + (at % size)]!;
    return sum;
  });
  const streams = (matrix: Int8Array) => {
    const stream = new Int8Array(streamLength(size, step));
    for (let at = 0; at < stream.length; at++) stream[at] = matrix[at % matrix.length]!;
    return stream;
  };
  const gemm = await backend.open('cpu', 'INT8', size, step, streams(a), streams(b));
  await gemm.takeRight!(0);
  // The right operand of a pair is not looked at: the one that was taken is.
  await gemm.multiply([{ a: 0, b: 5 }], []);
  expect(await gemm.output()).toEqual(right);
  await gemm.takeRight!(5);
  await gemm.multiply([{ a: 0, b: 0 }], []);
  expect(await gemm.output()).not.toEqual(right);
  await gemm.close();
});

const flags = [...cpuFlags()];
const instructions = instructionsFor('INT8', flags);
const known = instructions === undefined ? [] : usualShares('INT8', instructions);
const useful = instructions !== undefined && (known.length === 0 || known.some(({ backend }) => backend === 'onednn'));

it.skipIf(!useful)(
  'a measurement without oneDNN names it in what is signed, and the rate is held by nothing for it',
  async () => {
    process.env.ASSAY_ONEDNN = join(folder, 'libdnnl.so.3');
    const short = {
      precisions: ['INT8'],
      sizes: [128],
      trialS: 0.02,
      warmUpS: 0,
      seconds: 0.2,
      windowS: 0.05,
      threads: 1,
    };
    const settings = { ...gemm.descriptor.profiles.quick, ...short, backends: ['onednn', 'onnxruntime'] };
    const { raw, examination } = await runBenchmark(gemm, settings);
    const found = examination.findings.filter(({ code }) => code === 'library_missing');
    expect(found).toMatchObject([
      { labels: { precision: 'INT8', library: 'onednn', used: 'onnxruntime', instructions }, weight: 'informs' },
    ]);
    expect(raw).toMatchObject({ arithmetic: expect.arrayContaining([instructions]), cards: expect.anything() });
    const [rate] = examination.metrics.filter(({ metric }) => metric === 'compute.gemm.rate');
    expect(rate).toMatchObject({ verified: true, labels: { backend: 'onnxruntime' } });
  },
);
