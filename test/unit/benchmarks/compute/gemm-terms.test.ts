import { describe, expect, it } from 'vitest';
import { proof } from '../../../../benchmarks/compute/gemm/proof.ts';
import { type GemmRaw, GemmRaw as RawSchema } from '../../../../benchmarks/compute/gemm/samples.ts';
import { check } from '../../../../model/schema.ts';
import { evidence, held, rawOf, result, SETTINGS, transcriptOf } from './gemm-fixture.ts';

describe('what was not asked for', () => {
  const reject = (raw: GemmRaw, changes: Record<string, unknown> = {}) => {
    const looked: string[] = [];
    const seen = proof.examine(raw, {
      settings: { ...SETTINGS, ...changes },
      transcript: transcriptOf(raw),
      evidence: (name) => {
        looked.push(name);
        return evidence(name);
      },
    });
    return { codes: held(seen), rates: seen.metrics.length, looked: looked.length };
  };
  const refused = { codes: ['evidence_mismatch', 'zero_work'], rates: 0, looked: 0 };

  it('as a size proves nothing and costs whoever checks nothing', () => {
    expect(reject(rawOf([result()])).rates).toBeGreaterThan(0);
    expect(reject(rawOf([result({ size: 64 })]))).toEqual(refused);
    expect(reject(rawOf([result()]), { sizes: [64] })).toEqual(refused);
    expect(reject(rawOf([result()]), { sizes: undefined })).toEqual(refused);
    // 96 is a size for processors only.
    expect(reject(rawOf([result({ size: 96, device: 'cuda:0' })]))).toEqual(refused);
  });

  it('as a precision proves nothing', () => {
    expect(reject(rawOf([result()]), { precisions: ['FP64'] })).toEqual(refused);
    expect(reject(rawOf([result()]), { precisions: undefined })).toEqual(refused);
  });

  it('twice from one device counts once and is held back', () => {
    const twice = reject(rawOf([result(), result()]));
    expect(twice.codes).toEqual(['evidence_mismatch']);
    // Its rows and its looks.
    expect(twice.looked).toBe(2);
    const apart = rawOf([result()]);
    apart.precisions.push(apart.precisions[0]!);
    expect(reject(apart)).toMatchObject({ codes: ['evidence_mismatch'], looked: 2 });
  });

  it('in size or number does not fit the schema', () => {
    for (const size of [0, 1, 8, 50, 32768 + 16, 1e9]) {
      expect(check(RawSchema, rawOf([result({ size })])).ok).toBe(false);
    }
    const one = result();
    expect(check(RawSchema, rawOf(new Array(256).fill(one))).ok).toBe(true);
    expect(check(RawSchema, rawOf(new Array(257).fill(one))).ok).toBe(false);
    const { precisions } = rawOf([]);
    expect(check(RawSchema, { ...rawOf([]), precisions: new Array(10).fill(precisions[0]) }).ok).toBe(false);
    const window = { startNs: 0, endNs: 1, iterations: 1 };
    expect(check(RawSchema, rawOf([{ ...one, windows: new Array(100_001).fill(window) }])).ok).toBe(false);
  });
});
