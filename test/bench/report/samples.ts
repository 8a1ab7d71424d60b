import { merklePaths } from '../../../benchmarks/commitment.ts';
import { openingName, operandStream, pickRows, rootOf, rowDigests } from '../../../benchmarks/compute/gemm/opening.ts';
import { commitLabel, type GemmRaw, operations } from '../../../benchmarks/compute/gemm/samples.ts';
import { randomElements } from '../../../benchmarks/compute/operands.ts';
import { keyOf } from '../../../benchmarks/compute/philox.ts';
import { RESIDUAL_BOUND } from '../../../benchmarks/compute/precision.ts';
import { sha256Hex } from '../../../evidence/digest.ts';
import type { Transcript } from '../../../model/assignment.ts';

type PrecisionName = GemmRaw['precisions'][number]['precision'];

/** What an invented attempt of compute.gemm looks like. */
export interface Shape {
  readonly devices: number;
  readonly precisions: readonly PrecisionName[];
  /** Windows of `windowS` seconds a device and precision. */
  readonly windows: number;
  readonly windowS: number;
  readonly openedRows: number;
  /** Operations a second of one device in the first precision; each further one is twice as fast. */
  readonly opsPerSecond: number;
  /** The outputs that were timed are wrong. */
  readonly wrong?: boolean;
}

/** A source of numbers in [0, 1) that a seed determines (mulberry32). */
export function numbersFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Size of the matrices. Small, because every opened row is really recomputed by whoever checks. */
export const SIZE = 64;
/** Time outside the windows: null run, trials, warm-up and proof, seconds. */
const OVERHEAD_S = 12;

export interface Exchanged {
  readonly raw: GemmRaw;
  readonly exchanges: Transcript['exchanges'];
  /** Kept beside the samples, by name: the opened rows. */
  readonly kept: ReadonlyMap<string, Uint8Array>;
  /** How long it took by either clock, seconds. */
  readonly elapsedS: number;
}

/** Raw samples of an attempt and the exchanges with the controller that belong to it, all from one seed. */
export function syntheticGemm(shape: Shape, name: string, random: () => number): Exchanged {
  const exchanges: Transcript['exchanges'] = [];
  const kept = new Map<string, Uint8Array>();
  let passedNs = 2_000_000;
  const exchange = (label: string, commit: Uint8Array, afterNs: number): string => {
    passedNs += afterNs;
    const beacon = sha256Hex(`${name}\n${label}\nbeacon`);
    exchanges.push({
      index: exchanges.length,
      label,
      commit: Buffer.from(commit).toString('base64'),
      beacon,
      receivedNs: String(passedNs),
      answeredNs: String(passedNs + 40_000),
    });
    return beacon;
  };
  const challenge = exchange('compute.gemm', Buffer.from(name), 0);
  const devices = Array.from({ length: shape.devices }, (_, at) => `synthetic-${at}`);
  const measuredS = shape.windows * shape.windowS;
  const stepNs = Math.round((measuredS * 1.02 + OVERHEAD_S / shape.precisions.length) * 1e9);
  const precisions = shape.precisions.map((precision, order): GemmRaw['precisions'][number] => {
    const rate = shape.opsPerSecond * 2 ** order;
    const output = product(precision, challenge, shape.wrong === true);
    const leaves = rowDigests(output, SIZE);
    const root = Buffer.from(rootOf(leaves));
    const results = devices.map((device, at) => {
      const beacon = exchange(commitLabel(precision, device), root, at === 0 ? stepNs : 1_000_000);
      const rows = pickRows(beacon, SIZE, shape.openedRows);
      kept.set(openingName(precision, device), Buffer.concat(rows.map((row) => rowBytes(output, row))));
      const rms = RESIDUAL_BOUND[precision] * 0.1 * (0.5 + random());
      const paths = merklePaths(leaves, rows).map((path) => path.map((hash) => Buffer.from(hash).toString('hex')));
      return {
        device,
        backend: 'invented',
        size: SIZE,
        gate: { wrong: 0, elements: 4096, worst: rms },
        warmUpS: 1,
        windows: windowsOf(shape, rate, order * stepNs, random),
        verification: { root: root.toString('hex'), beacon, rounds: 4, rms, worst: 2 * rms },
        opening: { form: output instanceof Int32Array ? ('int32' as const) : ('float64' as const), paths },
      };
    });
    const trials = devices.map((device) => ({ device, backend: 'invented', size: SIZE, opsPerSecond: rate }));
    return { precision, trials, results };
  });
  const engines = [{ name: 'invented', devices }];
  const raw: GemmRaw = { challenge, threads: 256, nullNs: 41, engines, precisions };
  return { raw, exchanges, kept, elapsedS: passedNs / 1e9 + 1 };
}

/** The product of the operands that the challenge gives; a wrong one has every element off. */
function product(precision: PrecisionName, challenge: string, wrong: boolean): Float64Array | Int32Array {
  const [key, stream] = [keyOf(challenge), operandStream(precision)];
  const [a, b] = [0, 1].map((part) => randomElements(precision, key, stream, part, 0, SIZE * SIZE));
  const output = precision.startsWith('INT') ? new Int32Array(SIZE * SIZE) : new Float64Array(SIZE * SIZE);
  for (let i = 0; i < SIZE; i++) {
    for (let k = 0; k < SIZE; k++) {
      const factor = a![i * SIZE + k]!;
      for (let j = 0; j < SIZE; j++) output[i * SIZE + j]! += factor * b![k * SIZE + j]!;
    }
  }
  return wrong ? output.map((value) => value + 1) : output;
}

function rowBytes(output: Float64Array | Int32Array, row: number): Uint8Array {
  const stride = SIZE * output.BYTES_PER_ELEMENT;
  return new Uint8Array(output.buffer, output.byteOffset + row * stride, stride);
}

/** Whole products in consecutive windows, 1 % of spread between them. */
function windowsOf(shape: Shape, rate: number, startNs: number, random: () => number) {
  let at = startNs;
  return Array.from({ length: shape.windows }, () => {
    const iterations = Math.max(1, Math.round((shape.windowS * rate) / operations(SIZE)));
    const tookNs = Math.round(((iterations * operations(SIZE)) / rate) * (1 + (random() - 0.5) * 0.02) * 1e9);
    const window = { startNs: at, endNs: at + tookNs, iterations };
    at += tookNs;
    return window;
  });
}
