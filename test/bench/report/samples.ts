import { commitLabel, type GemmRaw, operations } from '../../../benchmarks/compute/gemm/samples.ts';
import type { Elements } from '../../../benchmarks/compute/operands.ts';
import { RESIDUAL_BOUND } from '../../../benchmarks/compute/precision.ts';
import { sha256Hex } from '../../../evidence/digest.ts';
import type { Transcript } from '../../../model/assignment.ts';
import { madeProducts } from '../../unit/benchmarks/compute/made-products.ts';

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
  /** Kept beside the samples, by name: the opened rows and looks. */
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
    const results = devices.map((device, at) => {
      const windows = windowsOf(shape, rate, order * stepNs, random);
      // A wrong one has every element off.
      const change = (output: Elements) => void (shape.wrong && output.set(output.map((value) => value + 1)));
      const looks = windows.map((window) => window.looks);
      const { root, open } = madeProducts({ precision, challenge, device, size: SIZE, looks, change });
      const afterNs = at === 0 ? stepNs : 1_000_000;
      const beacon = exchange(commitLabel(precision, device), Buffer.from(root, 'hex'), afterNs);
      const { kept: own, opening, products } = open(beacon, shape.openedRows);
      for (const [name, bytes] of own) kept.set(name, bytes);
      const rms = RESIDUAL_BOUND[precision] * 0.1 * (0.5 + random());
      return {
        device,
        backend: 'invented',
        size: SIZE,
        gate: { wrong: 0, elements: 4096, worst: rms },
        warmUpS: 1,
        windows,
        verification: { root, beacon, rounds: 4, rms, worst: 2 * rms },
        opening,
        products,
      };
    });
    const trials = devices.map((device) => ({ device, backend: 'invented', size: SIZE, opsPerSecond: rate }));
    return { precision, trials, results };
  });
  const engines = [{ name: 'invented', devices }];
  const raw: GemmRaw = { challenge, threads: 256, nullNs: 41, engines, precisions };
  return { raw, exchanges, kept, elapsedS: passedNs / 1e9 + 1 };
}

/** Whole products in consecutive windows, 1 % of spread between them. */
function windowsOf(shape: Shape, rate: number, startNs: number, random: () => number) {
  let at = startNs;
  return Array.from({ length: shape.windows }, () => {
    const iterations = Math.max(1, Math.round((shape.windowS * rate) / operations(SIZE)));
    const tookNs = Math.round(((iterations * operations(SIZE)) / rate) * (1 + (random() - 0.5) * 0.02) * 1e9);
    const window = { startNs: at, endNs: at + tookNs, iterations, looks: [iterations] };
    at += tookNs;
    return window;
  });
}
