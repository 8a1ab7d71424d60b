import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { merklePaths } from '../../../../benchmarks/commitment.ts';
import { descriptor } from '../../../../benchmarks/compute/gemm/descriptor.ts';
import { operandStream, pickRows, rootOf, rowDigests } from '../../../../benchmarks/compute/gemm/opening.ts';
import { proof } from '../../../../benchmarks/compute/gemm/proof.ts';
import {
  commitLabel,
  type GemmRaw,
  operations,
  GemmRaw as RawSchema,
} from '../../../../benchmarks/compute/gemm/samples.ts';
import { type Elements, randomElements } from '../../../../benchmarks/compute/operands.ts';
import { keyOf } from '../../../../benchmarks/compute/philox.ts';
import { PRECISIONS, type Precision } from '../../../../benchmarks/compute/precision.ts';
import type { Transcript } from '../../../../model/assignment.ts';
import type { Examination } from '../../../../model/measurement.ts';
import { check } from '../../../../model/schema.ts';

const hex = (digit: string) => digit.repeat(64);
const WINDOW_NS = 500_000_000;
const SIZE = 48;
const ROWS = 4;
/** What the assignment asked for, as far as the proof looks at it. */
const SETTINGS = { seconds: 5, openedRows: ROWS, precisions: [...PRECISIONS], sizes: [SIZE, 96], deviceSizes: [SIZE] };
const challenge = hex('c');
const beacon = hex('b');

type Result = GemmRaw['precisions'][number]['results'][number];

/** The right product of a precision's seeded operands, its root, and the rows that the beacon opens. */
function outputOf(precision: Precision, change: (c: Elements) => void = () => {}) {
  const key = keyOf(challenge);
  const stream = operandStream(precision);
  const [a, b] = [0, 1].map((part) => randomElements(precision, key, stream, part, 0, SIZE * SIZE));
  const integer = precision.startsWith('INT');
  const c = integer ? new Int32Array(SIZE * SIZE) : new Float32Array(SIZE * SIZE);
  for (let i = 0; i < SIZE; i++) {
    for (let j = 0; j < SIZE; j++) {
      for (let k = 0; k < SIZE; k++) c[i * SIZE + j]! += a![i * SIZE + k]! * b![k * SIZE + j]!;
    }
  }
  change(c);
  const leaves = rowDigests(c, SIZE);
  const rows = pickRows(beacon, SIZE, ROWS);
  const bytes = new Uint8Array(c.buffer);
  return {
    root: Buffer.from(rootOf(leaves)).toString('hex'),
    opening: {
      form: integer ? ('int32' as const) : ('float32' as const),
      paths: merklePaths(leaves, rows).map((path) => path.map((node) => Buffer.from(node).toString('hex'))),
    },
    bytes: new Uint8Array(Buffer.concat(rows.map((row) => bytes.slice(4 * row * SIZE, 4 * (row + 1) * SIZE)))),
  };
}

const outputs = new Map<Precision, ReturnType<typeof outputOf>>();
function rightOutput(precision: Precision) {
  const known = outputs.get(precision) ?? outputOf(precision);
  outputs.set(precision, known);
  return known;
}

/** A device that makes about 10 products in half a second, a little unsteadily. */
function result(changes: Partial<Result> = {}, windows = 10, precision: Precision = 'FP32'): Result {
  let at = 0;
  const { root, opening } = rightOutput(precision);
  return {
    device: 'cpu',
    backend: 'openblas/SkylakeX',
    size: SIZE,
    gate: { wrong: 0, elements: 9409, worst: 1e-7 },
    warmUpS: 0.5,
    windows: Array.from({ length: windows }, (_, i) => {
      const startNs = at;
      at += WINDOW_NS + i * 1_000_000;
      return { startNs, endNs: at, iterations: 10 };
    }),
    verification: { root, beacon, rounds: 4, rms: 3e-7, worst: 1e-6 },
    opening,
    ...changes,
  };
}

function rawOf(results: Result[], precision: Precision = 'FP32'): GemmRaw {
  return { challenge, threads: 2, nullNs: 40, engines: [], precisions: [{ precision, trials: [], results }] };
}

function transcriptOf(raw: GemmRaw, elapsedNs = 9e9): Transcript {
  const exchange = (index: number, label: string, commit: string, beacon: string, at: number) => ({
    index,
    label,
    commit: Buffer.from(commit, 'hex').toString('base64'),
    beacon,
    receivedNs: String(at),
    answeredNs: String(at),
  });
  const committed = raw.precisions.flatMap(({ precision, results }) =>
    results.map((one) => ({ label: commitLabel(precision, one.device), ...one.verification })),
  );
  return {
    schema: 'assay/transcript/v1',
    run: 'r',
    assignment: 'a',
    attempt: 1,
    node: 'n',
    issuedAt: '2026-01-01T00:00:00.000Z',
    endedAt: '2026-01-01T00:01:00.000Z',
    exchanges: [
      exchange(0, 'compute.gemm', '', raw.challenge, 0),
      ...committed.map(({ label, root, beacon: next }, i) => exchange(i + 1, label, root, next, elapsedNs)),
    ],
  };
}

/** Kept rows of every precision and device. */
function evidence(name: string): Uint8Array | undefined {
  const precision = PRECISIONS.find((one) => name.startsWith(`rows-${one}-`));
  return precision && rightOutput(precision).bytes;
}

function examine(
  raw: GemmRaw,
  transcript: Transcript | undefined = transcriptOf(raw),
  kept: (name: string) => Uint8Array | undefined = evidence,
): Examination {
  expect(check(RawSchema, raw)).toMatchObject({ ok: true });
  return proof.examine(raw, { settings: SETTINGS, transcript, evidence: kept });
}

const rate = (seen: Examination) => seen.metrics.find((one) => one.metric === 'compute.gemm.rate');
const held = (seen: Examination) => seen.findings.filter((one) => one.weight === 'holds').map((one) => one.code);

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

describe('efficiency', () => {
  const metered = (seen: Examination, metric = 'compute.gemm.efficiency') =>
    seen.metrics.filter((one) => one.metric === metric);

  it('is all operations of the phase over all its energy, by the meter that was read', () => {
    const seen = examine(rawOf([result({ energy: { joules: 50, source: 'nvml' } })]));
    expect(metered(seen)).toMatchObject([
      {
        labels: { precision: 'FP32', device: 'cpu', backend: 'openblas/SkylakeX', meter: 'nvml' },
        estimate: { value: (100 * operations(SIZE)) / 50, unit: 'op/J' },
        verified: true,
      },
    ]);
  });

  it('counts all windows of a device, also those that the others did not share', () => {
    const late = result({ device: 'cuda:1', energy: { joules: 10, source: 'nvml' } }, 14);
    const windows = late.windows.slice(4);
    const seen = examine(rawOf([result({ device: 'cuda:0' }, 14), { ...late, windows }]));
    const first = examine(
      rawOf([result({ device: 'cuda:0', energy: { joules: 10, source: 'nvml' } }, 14), { ...late, windows }]),
    );
    expect(metered(seen)[0]!.estimate.value).toBe((100 * operations(SIZE)) / 10);
    expect(metered(first)[0]!.estimate.value).toBe((140 * operations(SIZE)) / 10);
    expect(first.metrics.find((one) => one.metric === 'compute.gemm.rate')!.samples).toBe(10);
  });

  it('without a meter is absent, and the reason is said', () => {
    const seen = examine(rawOf([result({ unmetered: 'RAPL may not be read' })]));
    expect(metered(seen)).toEqual([]);
    expect(seen.findings).toMatchObject([
      { code: 'no_meter', weight: 'informs', detail: expect.stringMatching(/RAPL may not be read/) },
    ]);
    const schema = (joules: number) => check(RawSchema, rawOf([result({ energy: { joules, source: 'rapl' } })])).ok;
    expect([schema(1), schema(0), schema(-1), schema(Number.NaN)]).toEqual([true, false, false, false]);
  });

  const power = (watts: number, seconds: readonly number[] = [0, 1, 2, 3, 4, 5]) =>
    seconds.map((s) => ({ atNs: s * 1e9, watts }));
  const withPower = (results: Result[], nodePower: ReturnType<typeof power>) => {
    const raw = rawOf(results);
    raw.precisions[0]!.nodePower = nodePower;
    return examine(raw);
  };

  it('of the whole machine is what all its devices did over the energy that its controller saw', () => {
    const both = [result({ device: 'cuda:0' }), result({ device: 'cuda:1' })];
    const [whole] = metered(withPower(both, power(600)), 'compute.gemm.nodeEfficiency');
    expect(whole).toMatchObject({
      labels: { precision: 'FP32', meter: 'bmc' },
      verified: true,
      level: 'E1',
      samples: 6,
    });
    expect(whole!.estimate.value / ((200 * operations(SIZE)) / (600 * 5.045))).toBeCloseTo(1, 9);
  });

  it('of the whole machine is absent where power or a device is missing', () => {
    const none = (seen: Examination, why: RegExp) => {
      expect(metered(seen, 'compute.gemm.nodeEfficiency')).toEqual([]);
      expect(seen.findings.find((one) => one.code === 'no_meter')!.detail).toMatch(why);
    };
    none(withPower([result()], power(600, [1, 2])), /too few/);
    none(withPower([result(), result({ device: 'cuda:1', windows: [] })], power(600)), /not all devices/);
    none(withPower([], power(600)), /not all devices/);
    const wrong = withPower([result({ gate: { wrong: 1, elements: 9, worst: 1 } })], power(600));
    expect(metered(wrong, 'compute.gemm.nodeEfficiency')[0]!.verified).toBe(false);
  });
});

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
    expect(twice.looked).toBe(1);
    const apart = rawOf([result()]);
    apart.precisions.push(apart.precisions[0]!);
    expect(reject(apart)).toMatchObject({ codes: ['evidence_mismatch'], looked: 1 });
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
