import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { descriptor } from '../../../../benchmarks/compute/gemm/descriptor.ts';
import { pickRows } from '../../../../benchmarks/compute/gemm/opening.ts';
import { proof } from '../../../../benchmarks/compute/gemm/proof.ts';
import { operations, GemmRaw as RawSchema } from '../../../../benchmarks/compute/gemm/samples.ts';
import type { Elements } from '../../../../benchmarks/compute/operands.ts';
import { PRECISIONS, type Precision } from '../../../../benchmarks/compute/precision.ts';
import type { Transcript } from '../../../../model/assignment.ts';
import type { Examination } from '../../../../model/measurement.ts';
import { check } from '../../../../model/schema.ts';
import {
  evidence,
  examine,
  held,
  hex,
  outputOf,
  type Result,
  rate,
  rawOf,
  result,
  rightOutput,
  SETTINGS,
  SIZE,
  transcriptOf,
  WINDOW_NS,
} from './gemm-fixture.ts';

describe('a sound measurement', () => {
  it('gives the median rate of its windows with its uncertainty, verified, at E1', () => {
    const seen = examine(rawOf([result()]));
    expect(held(seen)).toEqual([]);
    const metric = rate(seen)!;
    expect(metric).toMatchObject({
      labels: { precision: 'FP32', device: 'cpu', backend: 'openblas/SkylakeX' },
      samples: 10,
      verified: true,
      level: 'E1',
    });
    const expected = (10 * operations(SIZE)) / 0.5045;
    expect(metric.estimate.value / expected).toBeCloseTo(1, 3);
    expect(metric.estimate.U).toBeGreaterThan(0);
    expect(metric.estimate.U).toBeLessThan(0.02 * expected);
  });

  it('gives the agent, who has no transcript, the same numbers', () => {
    const raw = rawOf([result()]);
    expect(proof.examine(raw, { settings: SETTINGS, transcript: undefined, evidence })).toEqual(examine(raw));
  });

  it('of several devices counts only what all of them did in one window', () => {
    const shift = (one: Result, byNs: number): Result => ({
      ...one,
      device: 'cuda:1',
      windows: one.windows.map((w) => ({ ...w, startNs: w.startNs + byNs, endNs: w.endNs + byNs })),
    });
    const seen = examine(rawOf([result({ device: 'cuda:0' }, 14), shift(result({}, 14), 1_000_000_000)]));
    const rates = seen.metrics.filter((one) => one.metric === 'compute.gemm.rate');
    expect(rates.map((one) => one.samples)).toEqual([12, 12]);
    const apart = examine(rawOf([result({ device: 'cuda:0' }), shift(result(), 60_000_000_000)]));
    expect(apart.metrics).toEqual([]);
    expect(held(apart)).toContain('zero_work');
  });
});

describe('a measurement that must not count', () => {
  const cases: [string, string, () => Examination][] = [
    [
      'whose small product was wrong',
      'incorrect_result',
      () => examine(rawOf([result({ gate: { wrong: 1, elements: 9409, worst: 1 } })])),
    ],
    [
      'whose residual is that of a lower precision',
      'incorrect_result',
      () => examine(rawOf([verified({ rms: 1e-3 })])),
    ],
    ['with one bad row', 'incorrect_result', () => examine(rawOf([verified({ worst: 1e-2 })]))],
    [
      'of integers that are off by anything',
      'incorrect_result',
      () => examine(rawOf([verified({ rms: 1e-9, worst: 0 }, 'INT8')], 'INT8')),
    ],
    ['of an emulated precision', 'emulated', () => examine(rawOf([result({ emulated: 'in FP32' })]))],
    ['without windows', 'zero_work', () => examine(rawOf([result({ windows: [] })]))],
    ['shorter than it should be', 'too_short', () => examine(rawOf([result({}, 8)]))],
    ['whose windows are exactly equal', 'implausible', () => examine(rawOf([result({ windows: equalWindows() })]))],
    ['whose windows overlap', 'evidence_mismatch', () => examine(rawOf([result({ windows: overlapping() })]))],
    ['that took longer than the controller saw', 'clock_unsound', () => slower()],
    ['whose output was never committed to', 'evidence_mismatch', () => tampered((t) => void t.exchanges.pop())],
    [
      'whose output is another than the one committed to',
      'evidence_mismatch',
      () =>
        tampered((t) => {
          t.exchanges[1]!.commit = Buffer.alloc(32).toString('base64');
        }),
    ],
    [
      'that chose its own random vectors',
      'evidence_mismatch',
      () =>
        tampered((t) => {
          t.exchanges[1]!.beacon = hex('0');
        }),
    ],
    [
      'on inputs of another challenge',
      'stale',
      () =>
        tampered((t) => {
          t.exchanges[0]!.beacon = hex('0');
        }),
    ],
    ['that measured nothing', 'zero_work', () => examine({ ...rawOf([]), precisions: [] })],
  ];
  it.each(cases)('%s', (_, code, run) => {
    const seen = run();
    expect(held(seen)).toContain(code);
    if (code === 'incorrect_result' || code === 'emulated') expect(rate(seen)).toMatchObject({ verified: false });
  });

  it('with a window that did no work, NaN or infinity does not fit the schema', () => {
    for (const windows of [
      [{ startNs: 0, endNs: 1e9, iterations: 0 }],
      [{ startNs: 0, endNs: Number.NaN, iterations: 1 }],
      [{ startNs: 0, endNs: Number.POSITIVE_INFINITY, iterations: 1 }],
    ]) {
      expect(check(RawSchema, rawOf([result({ windows })])).ok).toBe(false);
    }
    expect(check(RawSchema, rawOf([verified({ rms: Number.NaN })])).ok).toBe(false);
  });

  it('in windows of no length gives no rate', () => {
    expect(rate(examine(rawOf([result({ windows: [{ startNs: 5, endNs: 5, iterations: 3 }] })])))).toBeUndefined();
  });

  it('unsupported is said, not held against the rest', () => {
    const raw = rawOf([result()]);
    raw.precisions.push({ precision: 'FP16', unsupported: 'no backend', trials: [], results: [] });
    const seen = examine(raw);
    expect(held(seen)).toEqual([]);
    expect(seen.findings).toMatchObject([{ code: 'unsupported', weight: 'informs', detail: 'FP16: no backend' }]);
  });
});

it('no change of the verification makes a failed check pass', () => {
  fc.assert(
    fc.property(fc.double({ min: 1.01e-5, noNaN: true }), fc.double({ min: 0, noNaN: true }), (rms, worst) => {
      fc.pre(Number.isFinite(rms) && Number.isFinite(worst));
      expect(rate(examine(rawOf([verified({ rms, worst })])))!.verified).toBe(false);
    }),
  );
});

describe('opened rows', () => {
  const incorrect = (seen: Examination) => {
    expect(held(seen)).toContain('incorrect_result');
    expect(rate(seen)!.verified).toBe(false);
    return seen.checks.find((one) => one.id === 'gemm.rows')!.detail;
  };
  /** A node whose output was wrong from the start and who committed to it all the same. */
  const wrongFromTheStart = (precision: Precision, change: (c: Elements) => void) => {
    const wrong = outputOf(precision, change);
    const right = result({ opening: wrong.opening }, 10, precision);
    const raw = rawOf(
      [{ ...right, verification: { ...right.verification, root: wrong.root, rms: 0, worst: 0 } }],
      precision,
    );
    return examine(raw, transcriptOf(raw), () => wrong.bytes);
  };

  it('are recomputed: what the node says of its residual is not believed', () => {
    expect(rate(examine(rawOf([verified({ rms: 0, worst: 0 }, 'INT8')], 'INT8')))!.verified).toBe(true);
    expect(incorrect(wrongFromTheStart('FP32', (c) => c.fill(0)))).toMatch(/is not the product/);
    expect(incorrect(wrongFromTheStart('FP32', (c) => c.fill(Number.NaN)))).toMatch(/is not the product/);
    expect(incorrect(wrongFromTheStart('FP32', (c) => c.set(c.map((x) => x * 1.001))))).toMatch(/is not the product/);
    expect(incorrect(wrongFromTheStart('INT8', (c) => c.set(c.map((x) => x + 1))))).toMatch(/is not the product/);
  });

  it('that are missing, cut, changed or from elsewhere do not fit', () => {
    const raw = rawOf([result()]);
    const { bytes } = rightOutput('FP32');
    expect(incorrect(examine(raw, transcriptOf(raw), () => undefined))).toMatch(/not among the evidence/);
    expect(incorrect(examine(raw, transcriptOf(raw), () => bytes.slice(4)))).toMatch(/were to be opened/);
    const changed = bytes.slice();
    changed[17]! ^= 1;
    expect(incorrect(examine(raw, transcriptOf(raw), () => changed))).toMatch(/not of the output committed to/);
    const none = rawOf([result({ opening: { form: 'float32', paths: [] } })]);
    expect(incorrect(examine(none))).toMatch(/were to be opened/);
  });

  it('are picked by the beacon, distinct and within the output', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 64 }),
        fc.stringMatching(/^[0-9a-f]{64}$/),
        (size, count, drawn) => {
          const rows = pickRows(drawn, size, count);
          expect(rows).toHaveLength(Math.min(size, count));
          expect(new Set(rows).size).toBe(rows.length);
          expect(rows.every((row) => row >= 0 && row < size)).toBe(true);
        },
      ),
    );
  });
});

describe('the descriptor', () => {
  it('has profiles that fit its settings, and a quick one of at most 40 s', () => {
    for (const profile of Object.values(descriptor.profiles)) {
      expect(check(descriptor.settings, profile)).toMatchObject({ ok: true });
    }
    expect(descriptor.cost(descriptor.profiles.quick).seconds).toBeLessThanOrEqual(40);
    expect(descriptor.profiles.standard.seconds).toBeGreaterThanOrEqual(120);
    expect(descriptor.profiles.full.seconds).toBe(1800);
    expect(descriptor.profiles.full.precisions).toEqual([...PRECISIONS]);
  });

  it('has the same id and version as the proof, and all its metrics', () => {
    expect([descriptor.id, descriptor.version]).toEqual([proof.id, proof.version]);
    const ids = descriptor.metrics.map((one) => one.id);
    expect(examine(rawOf([result()])).metrics.every((one) => ids.includes(one.metric))).toBe(true);
  });
});

function verified(changes: Partial<Result['verification']>, precision: Precision = 'FP32'): Result {
  const right = result({}, 10, precision);
  return { ...right, verification: { ...right.verification, ...changes } };
}

function equalWindows(): Result['windows'] {
  return Array.from({ length: 10 }, (_, i) => ({ startNs: i * WINDOW_NS, endNs: (i + 1) * WINDOW_NS, iterations: 10 }));
}

function overlapping(): Result['windows'] {
  return result().windows.map((w, i) => ({ ...w, startNs: i === 5 ? w.startNs - 1000 : w.startNs }));
}

function slower(): Examination {
  const raw = rawOf([result()]);
  return examine(raw, transcriptOf(raw, 2e9));
}

function tampered(change: (transcript: Transcript) => void): Examination {
  const raw = rawOf([result()]);
  const transcript = structuredClone(transcriptOf(raw));
  change(transcript);
  return examine(raw, transcript);
}
