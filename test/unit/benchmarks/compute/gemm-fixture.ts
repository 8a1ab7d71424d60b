import { expect } from 'vitest';
import { merklePaths } from '../../../../benchmarks/commitment.ts';
import { operandStream, pickRows, rootOf, rowDigests } from '../../../../benchmarks/compute/gemm/opening.ts';
import { proof } from '../../../../benchmarks/compute/gemm/proof.ts';
import { commitLabel, type GemmRaw, GemmRaw as RawSchema } from '../../../../benchmarks/compute/gemm/samples.ts';
import { type Elements, randomElements } from '../../../../benchmarks/compute/operands.ts';
import { keyOf } from '../../../../benchmarks/compute/philox.ts';
import { PRECISIONS, type Precision } from '../../../../benchmarks/compute/precision.ts';
import type { Transcript } from '../../../../model/assignment.ts';
import type { Examination } from '../../../../model/measurement.ts';
import { check } from '../../../../model/schema.ts';

export const hex = (digit: string) => digit.repeat(64);
export const WINDOW_NS = 500_000_000;
export const SIZE = 48;
export const ROWS = 4;
/** What the assignment asked for, as far as the proof looks at it. */
export const SETTINGS = {
  seconds: 5,
  openedRows: ROWS,
  precisions: [...PRECISIONS],
  sizes: [SIZE, 96],
  deviceSizes: [SIZE],
};
export const challenge = hex('c');
export const beacon = hex('b');

export type Result = GemmRaw['precisions'][number]['results'][number];

/** The right product of a precision's seeded operands, its root, and the rows that the beacon opens. */
export function outputOf(precision: Precision, change: (c: Elements) => void = () => {}) {
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
export function rightOutput(precision: Precision) {
  const known = outputs.get(precision) ?? outputOf(precision);
  outputs.set(precision, known);
  return known;
}

/** A device that makes about 10 products in half a second, a little unsteadily. */
export function result(changes: Partial<Result> = {}, windows = 10, precision: Precision = 'FP32'): Result {
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

export function rawOf(results: Result[], precision: Precision = 'FP32'): GemmRaw {
  return { challenge, threads: 2, nullNs: 40, engines: [], precisions: [{ precision, trials: [], results }] };
}

export function transcriptOf(raw: GemmRaw, elapsedNs = 9e9): Transcript {
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
export function evidence(name: string): Uint8Array | undefined {
  const precision = PRECISIONS.find((one) => name.startsWith(`rows-${one}-`));
  return precision && rightOutput(precision).bytes;
}

export function examine(
  raw: GemmRaw,
  transcript: Transcript | undefined = transcriptOf(raw),
  kept: (name: string) => Uint8Array | undefined = evidence,
): Examination {
  expect(check(RawSchema, raw)).toMatchObject({ ok: true });
  return proof.examine(raw, { settings: SETTINGS, transcript, evidence: kept });
}

export const rate = (seen: Examination) => seen.metrics.find((one) => one.metric === 'compute.gemm.rate');
export const held = (seen: Examination) => seen.findings.filter((one) => one.weight === 'holds').map((one) => one.code);
