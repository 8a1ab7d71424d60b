import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocate } from '../../../../benchmarks/compute/linear-memory.ts';
import { descriptor } from '../../../../benchmarks/memory/bandwidth/descriptor.ts';
import { instantiateStream } from '../../../../benchmarks/memory/bandwidth/kernels.ts';
import { parseCpuList } from '../../../../benchmarks/memory/bandwidth/pinning.ts';
import { type BandwidthRaw, proof, BandwidthRaw as RawSchema } from '../../../../benchmarks/memory/bandwidth/proof.ts';
import { check } from '../../../../model/schema.ts';

type Thread = BandwidthRaw['passes'][number]['threads'][number];
const ARRAY = 64 << 20;
const challenge = 'c'.repeat(64);

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
  return proof.examine(raw, { settings: { seconds }, transcript: undefined, evidence: () => undefined });
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
    const seen = proof.examine(rawOf([thread(0)]), { settings: {}, transcript, evidence: () => undefined });
    expect(held(seen)).toContain('stale');
  });

  it('of an accelerator stands beside, in elements of its own size, whatever the processor’s cache', () => {
    const device = { device: 'cuda:0', operation: 'copy' as const, arrayBytes: ARRAY, elementBytes: 4 };
    const passes = [{ ...device, threads: [thread(0, { elements: ARRAY / 4, pinned: false })] }];
    const unsupported = [{ device: 'cuda:1', detail: 'out of memory' }];
    const seen = examine({ challenge, lastCacheBytes: 2 ** 40, passes, unsupported });
    expect(seen.metrics).toMatchObject([{ verified: true, labels: { device: 'cuda:0' } }]);
    expect(seen.findings).toMatchObject([{ code: 'unsupported', weight: 'informs', detail: 'cuda:1: out of memory' }]);
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

it('the descriptor’s profiles fit its settings', () => {
  for (const profile of Object.values(descriptor.profiles)) {
    expect(check(descriptor.settings, profile)).toMatchObject({ ok: true });
  }
  expect([descriptor.id, descriptor.version]).toEqual([proof.id, proof.version]);
});
