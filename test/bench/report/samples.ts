import { commitLabel, type GemmRaw, operations } from '../../../benchmarks/compute/gemm/proof.ts';
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

const SIZE = 8192;
/** Time outside the windows: null run, trials, warm-up and proof, seconds. */
const OVERHEAD_S = 12;

export interface Exchanged {
  readonly raw: GemmRaw;
  readonly exchanges: Transcript['exchanges'];
  /** How long it took by either clock, seconds. */
  readonly elapsedS: number;
}

/** Raw samples of an attempt and the exchanges with the controller that belong to it, all from one seed. */
export function syntheticGemm(shape: Shape, name: string, random: () => number): Exchanged {
  const beaconOf = (label: string): string => sha256Hex(`${name}\n${label}\nbeacon`);
  const exchanges: Transcript['exchanges'] = [];
  let passedNs = 2_000_000;
  const exchange = (label: string, commit: Buffer, afterNs: number): string => {
    passedNs += afterNs;
    exchanges.push({
      index: exchanges.length,
      label,
      commit: commit.toString('base64'),
      beacon: beaconOf(label),
      receivedNs: String(passedNs),
      answeredNs: String(passedNs + 40_000),
    });
    return beaconOf(label);
  };
  const challenge = exchange('compute.gemm', Buffer.from(name), 0);
  const devices = Array.from({ length: shape.devices }, (_, at) => `synthetic-${at}`);
  const measuredS = shape.windows * shape.windowS;
  const stepNs = Math.round((measuredS * 1.02 + OVERHEAD_S / shape.precisions.length) * 1e9);
  const precisions = shape.precisions.map((precision, order): GemmRaw['precisions'][number] => {
    const rate = shape.opsPerSecond * 2 ** order;
    const results = devices.map((device, at) => {
      const label = commitLabel(precision, device);
      const sha256 = sha256Hex(`${name}\n${label}`);
      const beacon = exchange(label, Buffer.from(sha256, 'hex'), at === 0 ? stepNs : 1_000_000);
      const rms = RESIDUAL_BOUND[precision] * 0.1 * (0.5 + random());
      return {
        device,
        backend: 'invented',
        size: SIZE,
        gate: { wrong: shape.wrong ? 3 : 0, elements: 4096, worst: rms },
        warmUpS: 1,
        windows: windowsOf(shape, rate, order * stepNs, random),
        verification: { sha256, beacon, rounds: 4, rms, worst: 2 * rms },
      };
    });
    const trials = devices.map((device) => ({ device, backend: 'invented', size: SIZE, opsPerSecond: rate }));
    return { precision, trials, results };
  });
  const engines = [{ name: 'invented', devices }];
  const raw: GemmRaw = { challenge, threads: 256, nullNs: 41, engines, precisions };
  return { raw, exchanges, elapsedS: passedNs / 1e9 + 1 };
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
