import { describe, expect, it } from 'vitest';
import { canonicalBytes, parseStrict } from '../../../evidence/canonical.ts';

/** Measurements as a run of a thousand nodes has them: nested, with numbers, both scripts and repeated keys. */
function bigDocument(megabytes: number): unknown[] {
  const items: unknown[] = [];
  for (let bytes = 0, i = 0; bytes < megabytes * 1e6; i++) {
    const item = {
      schema: 'assay/measurement/v1',
      node: `节点-${i}`,
      metrics: Array.from({ length: 20 }, (_, k) => ({
        metric: 'compute.gemm.rate',
        labels: { device: `GPU-${k}`, note: 'with "quotes"\n' },
        estimate: { value: 1e16 / (i + k + 1), unit: 'op/s', U: k / 7, k: 2, n: 30 },
        verified: true,
      })),
      samples: Array.from({ length: 300 }, (_, k) => (k * 1103515245 + i) / 65_537),
    };
    items.push(item);
    bytes += JSON.stringify(item).length;
  }
  return items;
}

describe('a document of 50 MB', () => {
  it('is written canonically and read strictly in seconds', { timeout: 60_000 }, () => {
    const document = bigDocument(50);
    const started = performance.now();
    const bytes = canonicalBytes(document);
    const written = performance.now();
    const read = parseStrict(bytes);
    const done = performance.now();
    expect(bytes.length).toBeGreaterThan(45e6);
    expect((read as unknown[]).length).toBe(document.length);
    // Under half of this on two quiet cores; what must be noticed is a way of reading that is not linear.
    expect(written - started).toBeLessThan(6000);
    expect(done - written).toBeLessThan(6000);
  });

  it('is refused as fast when it is hostile', { timeout: 60_000 }, () => {
    const started = performance.now();
    const keys = `{${Array.from({ length: 400_000 }, (_, i) => `"k${i}":0`).join(',')},"k0":1}`;
    expect(() => parseStrict(keys)).toThrow('a key that occurs twice');
    expect(() => parseStrict('['.repeat(10_000_000))).toThrow('nesting too deep');
    expect(() => parseStrict(`"${'\\"'.repeat(10_000_000)}`)).toThrow('no end');
    expect(() => parseStrict(`1${'0'.repeat(10_000_000)}`)).toThrow('a number of too many digits');
    expect(() => parseStrict(`0.${'0'.repeat(10_000_000)}1e10000010`)).toThrow('a number of too many digits');
    expect(() => parseStrict(`${' '.repeat(10_000_000)}x`)).toThrow('an unexpected character');
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
