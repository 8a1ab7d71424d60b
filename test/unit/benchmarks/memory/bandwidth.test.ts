import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withCompanions } from '../../../../benchmarks/catalog.ts';
import { allocate } from '../../../../benchmarks/compute/linear-memory.ts';
import { lastCaches } from '../../../../benchmarks/memory/bandwidth/caches.ts';
import { descriptor } from '../../../../benchmarks/memory/bandwidth/descriptor.ts';
import { instantiateStream } from '../../../../benchmarks/memory/bandwidth/kernels.ts';
import { parseCpuList, spread } from '../../../../benchmarks/memory/bandwidth/pinning.ts';
import { type BandwidthRaw, proof, BandwidthRaw as RawSchema } from '../../../../benchmarks/memory/bandwidth/proof.ts';
import { check } from '../../../../model/schema.ts';

type Thread = BandwidthRaw['passes'][number]['threads'][number];
const ARRAY = 64 << 20;
const challenge = 'c'.repeat(64);
const SETTINGS = { arrayBytes: ARRAY, deviceArrayBytes: ARRAY, deviceSeconds: 1 };

function thread(startNs: number, changes: Partial<Thread> = {}): Thread {
  let at = startNs;
  const windows = Array.from({ length: 10 }, (_, i) => {
    const from = at;
    at += 100_000_000 + i * 1000;
    return { startNs: from, endNs: at, passes: 5 };
  });
  return { windows, elements: ARRAY / 8, wrong: 0, pinned: true, ...changes };
}

function rawOf(
  threads: Thread[],
  operation: 'copy' | 'triad' = 'copy',
  more: Partial<BandwidthRaw> = {},
): BandwidthRaw {
  const passes = [{ device: 'cpu', operation, arrayBytes: ARRAY, elementBytes: 8, threads }];
  return { challenge, unsupported: [], passes, ...more };
}

function examine(raw: BandwidthRaw, seconds = 1) {
  expect(check(RawSchema, raw)).toMatchObject({ ok: true });
  return proof.examine(raw, { settings: { ...SETTINGS, seconds }, transcript: undefined, evidence: () => undefined });
}

const held = (seen: ReturnType<typeof examine>) => seen.findings.map((finding) => finding.code);

describe('memory bandwidth', () => {
  it('is what all threads move together, in bytes by STREAM’s rule', () => {
    const copy = examine(rawOf([thread(0), thread(0)]));
    expect(held(copy)).toEqual([]);
    expect(copy.metrics[0]).toMatchObject({ verified: true, labels: { operation: 'copy', device: 'cpu' } });
    expect(copy.metrics[0]!.estimate.value / (2 * 5 * 2 * ARRAY * 10)).toBeCloseTo(1, 3);
    const triad = examine(rawOf([thread(0)], 'triad'));
    expect(triad.metrics[0]!.estimate.value / (5 * 3 * ARRAY * 10)).toBeCloseTo(1, 3);
  });

  it('counts only the time in which all threads worked', () => {
    const seen = examine(rawOf([thread(0), thread(500_000_000)]), 0.4);
    expect(seen.metrics[0]!.durationS).toBeLessThan(0.51);
    expect(seen.metrics[0]!.estimate.value / (2 * 5 * 2 * ARRAY * 10)).toBeCloseTo(1, 2);
    expect(held(examine(rawOf([thread(0), thread(500_000_000)])))).toContain('too_short');
    expect(held(examine(rawOf([thread(0), thread(5_000_000_000)])))).toContain('zero_work');
  });

  it('is held back when the arrays are wrong, not whole, in the cache, or of another challenge', () => {
    const wrong = examine(rawOf([thread(0, { wrong: 1 })]));
    expect(held(wrong)).toContain('incorrect_result');
    expect(wrong.metrics[0]!.verified).toBe(false);
    expect(held(examine(rawOf([thread(0, { elements: 10 })])))).toContain('incorrect_result');
    expect(held(examine(rawOf([thread(0)], 'copy', { lastCacheBytes: ARRAY })))).toContain('implausible');
    const equal = Array.from({ length: 10 }, (_, i) => ({ startNs: i * 1e8, endNs: (i + 1) * 1e8, passes: 5 }));
    expect(held(examine(rawOf([thread(0, { windows: equal })])))).toContain('implausible');
    const exchange = { index: 0, label: '', commit: '', beacon: 'd'.repeat(64), receivedNs: '0', answeredNs: '0' };
    const transcript = {
      schema: 'assay/transcript/v1' as const,
      run: 'r',
      assignment: 'a',
      attempt: 1,
      node: 'n',
      issuedAt: '2026-01-01T00:00:00.000Z',
      endedAt: '2026-01-01T00:00:00.000Z',
      exchanges: [exchange],
    };
    const seen = proof.examine(rawOf([thread(0)]), { settings: SETTINGS, transcript, evidence: () => undefined });
    expect(held(seen)).toContain('stale');
  });

  it('of an accelerator stands beside, in elements of its own size, whatever the processor’s cache', () => {
    const device = { device: 'cuda:0', operation: 'copy' as const, arrayBytes: ARRAY, elementBytes: 4 };
    const passes = [{ ...device, threads: [thread(0, { elements: ARRAY / 4, pinned: false })] }];
    const unsupported = [{ device: 'cuda:1', detail: 'out of memory' }];
    const seen = examine({ challenge, lastCacheBytes: 2 ** 40, passes, unsupported }, 60);
    expect(seen.metrics).toMatchObject([{ verified: true, labels: { device: 'cuda:0' } }]);
    expect(seen.findings).toMatchObject([{ code: 'unsupported', weight: 'informs', detail: 'cuda:1: out of memory' }]);
    const brief = thread(0, { elements: ARRAY / 4, windows: thread(0).windows.slice(0, 7) });
    expect(held(examine({ challenge, passes: [{ ...device, threads: [brief] }], unsupported: [] }))).toEqual([
      'too_short',
    ]);
  });

  it('is held back when it is not what was asked for, is there twice, or its windows cannot be', () => {
    const refused = (raw: BandwidthRaw) => {
      const seen = examine(raw);
      expect(held(seen)).toContain('evidence_mismatch');
      expect(seen.metrics).toHaveLength(0);
    };
    const pass = rawOf([thread(0)]).passes[0]!;
    const { arrayBytes } = pass;
    refused({ ...rawOf([]), passes: [{ ...pass, arrayBytes: 2 * arrayBytes }] });
    // Small arrays of few threads may lie in a cache; of many they are what the memory had room for.
    const small = { ...pass, arrayBytes: arrayBytes / 4 };
    refused({ ...rawOf([]), passes: [small] });
    const half = thread(0, { elements: ARRAY / 32 });
    expect(held(examine({ ...rawOf([]), passes: [{ ...small, threads: new Array(6).fill(half) }] }))).toEqual([]);
    refused({ ...rawOf([]), passes: [{ ...small, device: 'cuda:0', threads: new Array(6).fill(half) }] });
    expect(held(examine({ ...rawOf([]), passes: [pass, pass] }))).toEqual(['evidence_mismatch']);
    const windows = thread(0).windows.map((w, i) => (i === 4 ? { ...w, startNs: w.startNs - 1 } : w));
    refused(rawOf([thread(0), thread(0, { windows })]));
    refused(rawOf([thread(0, { windows: [{ startNs: 3, endNs: 3, passes: 1 }] })]));
  });

  it('of more than any node has does not fit the schema', () => {
    expect(check(RawSchema, rawOf(new Array(2049).fill(thread(0)))).ok).toBe(false);
    const windows = new Array(10_001).fill({ startNs: 0, endNs: 1, passes: 1 });
    expect(check(RawSchema, rawOf([thread(0, { windows })])).ok).toBe(false);
    const { passes } = rawOf([thread(0)]);
    expect(check(RawSchema, { ...rawOf([]), passes: [{ ...passes[0]!, arrayBytes: 1000 }] }).ok).toBe(false);
  });

  it('of nothing is no pass', () => {
    expect(held(examine({ ...rawOf([]), passes: [] }))).toContain('zero_work');
    expect(held(examine(rawOf([])))).toContain('zero_work');
    expect(held(examine(rawOf([thread(0, { windows: [] })])))).toContain('zero_work');
  });
});

it('the loops write what they say', () => {
  const memory = allocate(3 * 65536);
  const kernels = instantiateStream(memory);
  const [a, b, c] = [0, 1, 2].map((i) => new Float64Array(memory.buffer, i * 65536, 8192));
  for (let i = 0; i < 8192; i++) {
    b![i] = i;
    c![i] = 2 * i + 1;
  }
  kernels.copy(0, 65536, 65536);
  expect(a).toEqual(b);
  kernels.triad(0, 65536, 131072, 65536);
  expect([...a!]).toEqual(Array.from({ length: 8192 }, (_, i) => i + 3 * (2 * i + 1)));
});

describe('the last caches of a machine', () => {
  let base = '';
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'assay-caches-'));
  });
  afterEach(() => rmSync(base, { recursive: true }));

  function cache(cpu: number, level: number, size: string, sharing: string): void {
    const folder = join(base, `cpu${cpu}`, 'cache', `index${level}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'level'), `${level}\n`);
    writeFileSync(join(folder, 'size'), `${size}\n`);
    writeFileSync(join(folder, 'shared_cpu_list'), `${sharing}\n`);
  }

  it('are added, each once however many cores share it', () => {
    for (const cpu of [0, 1, 2, 3]) {
      cache(cpu, 1, '48K', String(cpu));
      cache(cpu, 2, '1024K', String(cpu));
      cache(cpu, 3, '32768K', cpu < 2 ? '0-1' : '2-3');
    }
    expect(lastCaches(base)).toBe(2 * 32 * 2 ** 20);
  });

  it('are not known where nothing is listed', () => {
    expect(lastCaches(base)).toBeUndefined();
    expect(lastCaches(join(base, 'missing'))).toBeUndefined();
    cache(0, 3, 'much', '0');
    expect(lastCaches(base)).toBeUndefined();
  });
});

describe('threads', () => {
  const nodes = [
    { id: 0, cpus: [0, 1, 4, 5] },
    { id: 1, cpus: [2, 3] },
  ];
  const placed = (threads: number) => spread(nodes, threads).map((place) => place && `${place.node}:${place.cpu}`);

  it('go over all memory nodes in turn, one to a processor', () => {
    expect(placed(2)).toEqual(['0:0', '1:2']);
    expect(placed(6)).toEqual(['0:0', '1:2', '0:1', '1:3', '0:4', '0:5']);
  });

  it('stay nowhere where there are more of them than processors, or none are known', () => {
    expect(placed(7)).toEqual(new Array(7).fill(undefined));
    expect(spread([], 2)).toEqual([undefined, undefined]);
  });

  it('of one node give what that node moves, held against its share of the caches', () => {
    const whole = rawOf([thread(0), thread(0), thread(0), thread(0)], 'copy', { lastCacheBytes: ARRAY * 2 });
    const [pass] = whole.passes;
    const seen = examine({ ...whole, passes: [pass!, { ...pass!, device: 'node1', threads: pass!.threads.slice(2) }] });
    expect(held(seen)).toEqual([]);
    expect(seen.metrics[0]!.estimate.value / seen.metrics[1]!.estimate.value).toBeCloseTo(2, 6);
    const alone = examine({ ...whole, passes: [{ ...pass!, device: 'node1', threads: pass!.threads.slice(2) }] });
    expect(held(alone)).toContain('implausible');
  });
});

describe('a list of processors', () => {
  it('is read as the kernel writes it', () => {
    expect(parseCpuList('0-3,8,10-11\n')).toEqual([0, 1, 2, 3, 8, 10, 11]);
    expect(parseCpuList('')).toEqual([]);
    expect(parseCpuList('x,4,1-')).toEqual([4]);
  });

  it('never breaks on anything', () => {
    fc.assert(fc.property(fc.string(), (text) => parseCpuList(text).every((cpu) => Number.isInteger(cpu))));
  });
});

it('runs beside compute and beside nothing else', () => {
  const ids = (...asked: string[]) => withCompanions(asked).map(({ id }) => id);
  // Plain products run beside the challenge, too: without them nothing bears its rates out.
  expect(ids('compute.challenge')).toEqual(['compute.gemm', 'compute.challenge', 'memory.bandwidth']);
  expect(ids('storage.volume', 'compute.gemm')).toEqual(['compute.gemm', 'memory.bandwidth', 'storage.volume']);
  expect(ids('storage.volume')).toEqual(['storage.volume']);
  expect(ids()).toEqual([]);
});

it('the descriptor’s profiles fit its settings', () => {
  for (const profile of Object.values(descriptor.profiles)) {
    expect(check(descriptor.settings, profile)).toMatchObject({ ok: true });
  }
  expect([descriptor.id, descriptor.version]).toEqual([proof.id, proof.version]);
});
