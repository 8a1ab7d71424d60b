import { expect } from 'vitest';
import { proof } from '../../../../benchmarks/compute/gemm/proof.ts';
import { commitLabel, type GemmRaw, GemmRaw as RawSchema } from '../../../../benchmarks/compute/gemm/samples.ts';
import { PRECISIONS, type Precision } from '../../../../benchmarks/compute/precision.ts';
import type { Transcript } from '../../../../model/assignment.ts';
import type { Examination } from '../../../../model/measurement.ts';
import { check } from '../../../../model/schema.ts';
import { type Made, madeProducts, type Run } from './made-products.ts';

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

/** What was kept beside the last results that were made, by name. */
const kept = new Map<string, Uint8Array>();
const known = new Map<string, Made>();

/** The products of a run on this device, made once. */
function madeOnce(precision: Precision, device: string, looks: readonly (readonly number[])[]): Made {
  const name = JSON.stringify([precision, device, looks]);
  const made = known.get(name) ?? madeProducts({ precision, challenge, device, size: SIZE, looks });
  known.set(name, made);
  return made;
}

/** The parts of a result that its products give; what they leave as evidence is kept. */
export function partsOf({ root, open }: Made): Pick<Result, 'opening' | 'products'> & { root: string } {
  const { kept: own, ...parts } = open(beacon, ROWS);
  for (const [name, bytes] of own) kept.set(name, bytes);
  return { ...parts, root };
}

/** A run of the fixture whose products an honest node would have made otherwise. */
export function madeWrong(
  changes: Pick<Run, 'change' | 'changeLook'>,
  precision: Precision = 'FP32',
  looks: readonly (readonly number[])[] = result({}, 10, precision).windows.map((window) => window.looks),
): Result {
  const right = result({}, 10, precision);
  const { root, ...parts } = partsOf(
    madeProducts({ precision, challenge, device: 'cpu', size: SIZE, looks, ...changes }),
  );
  return { ...right, ...parts, verification: { ...right.verification, root, rms: 0, worst: 0 } };
}

/** A device that makes about 10 products in half a second, a little unsteadily; two of each window are looked at. */
export function result(changes: Partial<Result> = {}, windows = 10, precision: Precision = 'FP32'): Result {
  let at = 0;
  const looks = Array.from({ length: windows }, () => [4, 10]);
  const { root, ...parts } = partsOf(madeOnce(precision, changes.device ?? 'cpu', looks));
  return {
    device: 'cpu',
    backend: 'openblas/SkylakeX',
    size: SIZE,
    gate: { wrong: 0, elements: 9409, worst: 1e-7 },
    warmUpS: 0.5,
    windows: looks.map((numbers, i) => {
      const startNs = at;
      at += WINDOW_NS + i * 1_000_000;
      return { startNs, endNs: at, iterations: 10, looks: numbers };
    }),
    verification: { root, beacon, rounds: 4, rms: 3e-7, worst: 1e-6 },
    ...parts,
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

/** Kept rows and looks of every precision and device. */
export function evidence(name: string): Uint8Array | undefined {
  return kept.get(name);
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
