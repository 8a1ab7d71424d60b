import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { merklePaths } from '../../../../benchmarks/commitment.ts';
import { descriptor } from '../../../../benchmarks/compute/gemm/descriptor.ts';
import { operandStream, pickRows, rootOf, rowDigests } from '../../../../benchmarks/compute/gemm/opening.ts';
import { operandsIn, sumsAt } from '../../../../benchmarks/compute/gemm/operand-cuts.ts';
import { firstProof, proof } from '../../../../benchmarks/compute/gemm/proof.ts';
import { operations, GemmRaw as RawSchema } from '../../../../benchmarks/compute/gemm/samples.ts';
import { type Elements, randomElements } from '../../../../benchmarks/compute/operands.ts';
import { keyOf } from '../../../../benchmarks/compute/philox.ts';
import { PRECISIONS, type Precision } from '../../../../benchmarks/compute/precision.ts';
import type { Transcript } from '../../../../model/assignment.ts';
import type { Examination } from '../../../../model/measurement.ts';
import { check } from '../../../../model/schema.ts';
import { findProof } from '../../../../reports/verify/proofs.ts';
import {
  beacon,
  challenge,
  evidence,
  examine,
  held,
  hex,
  madeWrong,
  type Result,
  ROWS,
  rate,
  rawOf,
  result,
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
      windows: one.windows.map((w) => ({ ...w, startNs: w.startNs + byNs, endNs: w.endNs + byNs })),
    });
    const seen = examine(
      rawOf([result({ device: 'cuda:0' }, 14), shift(result({ device: 'cuda:1' }, 14), 1_000_000_000)]),
    );
    const rates = seen.metrics.filter((one) => one.metric === 'compute.gemm.rate');
    expect(rates.map((one) => one.samples)).toEqual([12, 12]);
    const apart = examine(rawOf([result({ device: 'cuda:0' }), shift(result({ device: 'cuda:1' }), 60_000_000_000)]));
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
      [{ startNs: 0, endNs: 1e9, iterations: 0, looks: [1] }],
      [{ startNs: 0, endNs: 1e9, iterations: 1, looks: [] }],
      [{ startNs: 0, endNs: Number.NaN, iterations: 1, looks: [1] }],
      [{ startNs: 0, endNs: Number.POSITIVE_INFINITY, iterations: 1, looks: [1] }],
    ]) {
      expect(check(RawSchema, rawOf([result({ windows })])).ok).toBe(false);
    }
    expect(check(RawSchema, rawOf([verified({ rms: Number.NaN })])).ok).toBe(false);
  });

  it('in windows of no length gives no rate', () => {
    expect(
      rate(examine(rawOf([result({ windows: [{ startNs: 5, endNs: 5, iterations: 3, looks: [3] }] })]))),
    ).toBeUndefined();
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
  const wrongFromTheStart = (precision: Precision, change: (c: Elements) => void) =>
    examine(rawOf([madeWrong({ change }, precision)], precision));

  it('are recomputed: what the node says of its residual is not believed', () => {
    expect(rate(examine(rawOf([verified({ rms: 0, worst: 0 }, 'INT8')], 'INT8')))!.verified).toBe(true);
    expect(incorrect(wrongFromTheStart('FP32', (c) => c.fill(0)))).toMatch(/is not the product/);
    expect(incorrect(wrongFromTheStart('FP32', (c) => c.fill(Number.NaN)))).toMatch(/is not the product/);
    expect(incorrect(wrongFromTheStart('FP32', (c) => c.set(c.map((x) => x * 1.001))))).toMatch(/is not the product/);
    expect(incorrect(wrongFromTheStart('INT8', (c) => c.set(c.map((x) => x + 1))))).toMatch(/is not the product/);
  });

  it('that are missing, cut, changed or from elsewhere do not fit', () => {
    const raw = rawOf([result()]);
    expect(incorrect(examine(raw, transcriptOf(raw), () => undefined))).toMatch(/not among the evidence/);
    expect(incorrect(examine(raw, transcriptOf(raw), (name) => evidence(name)!.slice(4)))).toMatch(/were to be opened/);
    const changed = (name: string) => evidence(name)!.map((byte, i) => (i === 17 ? byte ^ 1 : byte));
    expect(incorrect(examine(raw, transcriptOf(raw), changed))).toMatch(/not of the output committed to/);
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

describe('products inside the windows', () => {
  const incorrect = (seen: Examination) => {
    expect(held(seen)).toContain('incorrect_result');
    expect(rate(seen)!.verified).toBe(false);
    return seen.checks.find((one) => one.id === 'gemm.products')!.detail;
  };
  const withLooks = (looks: (numbers: number[], window: number) => number[]) => {
    const right = result();
    return rawOf([{ ...right, windows: right.windows.map((w, i) => ({ ...w, looks: looks(w.looks, i) })) }]);
  };

  it('are looked at in every window, the last one always, and some are recomputed', () => {
    const seen = examine(rawOf([result()]));
    expect(seen.checks.find((one) => one.id === 'gemm.products')).toMatchObject({
      passed: true,
      detail: expect.stringMatching(/20 products in 10 windows looked at and right, 8 of them recomputed/),
    });
    expect(incorrect(examine(withLooks((looks, w) => (w === 3 ? [4, 9] : looks))))).toMatch(
      /the last product of window 3 was not looked at/,
    );
    expect(incorrect(examine(withLooks((looks, w) => (w === 3 ? [10, 10] : looks))))).toMatch(/of window 3/);
  });

  it('that the node itself found wrong give no verified rate', () => {
    const right = result();
    const products = { ...right.products, wrong: 1, worst: 1 };
    expect(incorrect(examine(rawOf([{ ...right, products }])))).toMatch(/1 of 20 products wrong/);
  });

  it.each(['FP32', 'FP64', 'BF16', 'INT8'] as const)(
    'of %s that are those of the product before are seen, whatever the node says',
    (precision) => {
      const right = verified({ rms: 0, worst: 0 }, precision);
      expect(rate(examine(rawOf([right], precision)))!.verified).toBe(true);
      // As a library leaves it that returns without working: each look shows what the one before showed.
      const old: Elements[] = [];
      const stale = madeWrong(
        {
          changeLook(values, i) {
            old.push(values.slice());
            if (i > 0) values.set(old[i - 1]!);
          },
        },
        precision,
      );
      const detail = incorrect(examine(rawOf([stale], precision)));
      expect(detail).toMatch(/product (4|10) of window \d is not the product/);
    },
  );

  it('that are missing, changed or of other places are not those that were committed to', () => {
    const right = result();
    const raw = rawOf([right]);
    const without = (name: string) => (name.startsWith('looks') ? undefined : evidence(name));
    expect(incorrect(examine(raw, transcriptOf(raw), without))).toMatch(/not among the evidence/);
    const changed = (name: string) => evidence(name)!.map((byte, i) => (i === 17 ? byte ^ 1 : byte));
    expect(incorrect(examine(raw, transcriptOf(raw), changed))).toMatch(/was not committed to/);
    for (const other of [{ order: 'columns' }, { changes: 'left' }] as const) {
      const products = { ...right.products, ...other };
      expect(incorrect(examine(rawOf([{ ...right, products }])))).toMatch(/is not the product/);
    }
    expect(incorrect(examine(withLooks((looks, w) => (w < 8 ? looks : [5, 10]))))).toMatch(/is not the product/);
  });
});

describe('samples of version 1.0.0', () => {
  it('are examined as they were then', () => {
    const old = outputOfFirst('FP32');
    const { products, ...rest } = result();
    const windows = rest.windows.map(({ looks, ...window }) => window);
    const own = { ...rest, windows, opening: old.opening, verification: { ...rest.verification, root: old.root } };
    const raw = { ...rawOf([]), precisions: [{ precision: 'FP32' as const, trials: [], results: [own] }] };
    expect(check(firstProof.raw, raw)).toMatchObject({ ok: true });
    expect(check(RawSchema, raw).ok).toBe(false);
    const kept = () => old.bytes;
    const seen = firstProof.examine(raw, { settings: SETTINGS, transcript: undefined, evidence: kept });
    expect(rate(seen)!.verified).toBe(true);
    expect(seen.checks.map(({ id }) => id)).toEqual(['gemm.gate', 'gemm.freivalds', 'gemm.rows']);
    expect(findProof('compute.gemm', '1.0.0')).toBe(firstProof);
    expect(findProof('compute.gemm', descriptor.version)).toBe(proof);
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

/** The product of whole streams of version 1.0.0, its root, and the rows that the beacon opens. */
function outputOfFirst(precision: Precision) {
  const key = keyOf(challenge);
  const [a, b] = [0, 1].map((part) => randomElements(precision, key, operandStream(precision), part, 0, SIZE * SIZE));
  const all = Array.from({ length: SIZE }, (_, i) => i);
  const operands = operandsIn(a!, b!, SIZE, { a: 0, b: 0, order: 'rows' });
  const c = new Float32Array(sumsAt(operands, { rows: all, columns: all }));
  const leaves = rowDigests(c, SIZE);
  const rows = pickRows(beacon, SIZE, ROWS);
  return {
    root: Buffer.from(rootOf(leaves)).toString('hex'),
    opening: {
      form: 'float32' as const,
      paths: merklePaths(leaves, rows).map((path) => path.map((node) => Buffer.from(node).toString('hex'))),
    },
    bytes: new Uint8Array(
      Buffer.concat(rows.map((row) => new Uint8Array(c.slice(row * SIZE, (row + 1) * SIZE).buffer))),
    ),
  };
}

function verified(changes: Partial<Result['verification']>, precision: Precision = 'FP32'): Result {
  const right = result({}, 10, precision);
  return { ...right, verification: { ...right.verification, ...changes } };
}

function equalWindows(): Result['windows'] {
  return result().windows.map((w, i) => ({ ...w, startNs: i * WINDOW_NS, endNs: (i + 1) * WINDOW_NS }));
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
