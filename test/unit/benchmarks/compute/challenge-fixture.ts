import { plainRecompute } from '../../../../benchmarks/compute/challenge/audit.ts';
import {
  auditPlan,
  fillMatrix,
  fillState,
  fold,
  schedule,
  sketchRow,
  sketchVector,
} from '../../../../benchmarks/compute/challenge/chain.ts';
import { largestStateBits, type Parameters, weightBits } from '../../../../benchmarks/compute/challenge/parameters.ts';
import { type ChallengeResult, commitLabels, openingText } from '../../../../benchmarks/compute/challenge/samples.ts';
import { openBlock, pickedBlocks, sketchRoot } from '../../../../benchmarks/compute/challenge/sketches.ts';
import { fillWords, keyOf } from '../../../../benchmarks/compute/philox.ts';
import type { Precision } from '../../../../benchmarks/compute/precision.ts';
import type { Transcript } from '../../../../model/assignment.ts';

/** Small sizes: every check sees the same as with large ones, in milliseconds. */
export function smallParameters(precision: Precision, n = 64, m = 16): Parameters {
  const weight = weightBits(precision);
  return { n, m, layers: 4, matrices: 2, weightBits: weight, stateBits: Math.min(8, largestStateBits(precision, n)) };
}

/** Hex beacons that follow from a number: what a controller would draw at random. */
export function beaconsFrom(seed: number): () => string {
  let index = 0;
  return () => {
    const words = new Uint32Array(8);
    fillWords(words, keyOf((seed >>> 0).toString(16).padStart(16, '0')), 77, 0, 8 * index++);
    return [...words].map((word) => word.toString(16).padStart(8, '0')).join('');
  };
}

/** How a node answers one round: sketches of all rows. */
export type Answer = (parameters: Parameters, nonce: string, seed: string, round: number) => Uint32Array;

export const honest: Answer = (parameters, nonce, seed) =>
  Uint32Array.from(plainRecompute(parameters, nonce, [seed], allRows(parameters)));

export function allRows({ m }: Parameters) {
  return Array.from({ length: m }, (_, row) => ({ round: 0, row }));
}

/** A node that does something else to matrices, sums or layers than it should. */
export function deviant(change: {
  matrix?: (entry: number) => number;
  sum?: (sum: number) => number;
  layers?: (schedule: number[]) => number[];
}): Answer {
  return (parameters, nonce, seed) => {
    const { n, m } = parameters;
    const matrices = Array.from({ length: parameters.matrices }, (_, s) => {
      const matrix = new Float64Array(n * n);
      fillMatrix(matrix, parameters, nonce, s);
      return change.matrix ? matrix.map(change.matrix) : matrix;
    });
    const layers = schedule(parameters, seed);
    const vector = sketchVector(parameters, seed);
    return Uint32Array.from({ length: m }, (_, index) => {
      let row = new Float64Array(n);
      fillState(row, parameters, seed, index);
      for (const s of change.layers ? change.layers(layers) : layers) {
        const next = new Float64Array(n);
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let i = 0; i < n; i++) sum += row[i]! * matrices[s]![j * n + i]!;
          next[j] = fold(change.sum ? change.sum(sum) : sum, parameters);
        }
        row = next;
      }
      return sketchRow(row, 0, vector);
    });
  };
}

export interface Exam {
  result: ChallengeResult;
  transcript: Transcript;
  /** Beacon of the attempt's first commit. */
  challenge: string;
  /** Sketches of all rounds, which the node has on disk. */
  sketches: Uint8Array[];
}

/** One challenge as node and controller go through it; the node needs `roundNs` for a round and says `saidNs`. */
export function challenge(options: {
  precision?: Precision;
  parameters?: Parameters;
  rounds?: number;
  seed?: number;
  answer?: Answer;
  roundNs?: number;
  saidNs?: number;
  device?: string;
  audits?: number;
}): Exam {
  const precision = options.precision ?? 'FP32';
  const parameters = options.parameters ?? smallParameters(precision);
  const answer = options.answer ?? honest;
  const roundNs = options.roundNs ?? 1e9;
  const saidNs = options.saidNs ?? roundNs;
  const draw = beaconsFrom(options.seed ?? 1);
  const exchanges: Transcript['exchanges'] = [];
  let clock = 5e8;
  const commit = (label: string, bytes: Uint8Array): string => {
    const beacon = draw();
    exchanges.push({
      index: exchanges.length,
      label,
      commit: Buffer.from(bytes).toString('base64'),
      beacon,
      receivedNs: String(Math.round(clock)),
      answeredNs: String(Math.round(clock)),
    });
    return beacon;
  };
  const opened = commit('compute.challenge', new Uint8Array(0));
  const said = { precision, device: options.device ?? 'cpu', backend: 'plain', parameters };
  const labels = commitLabels(said);
  const nonce = commit(labels.open, new TextEncoder().encode(openingText(said)));
  let seed = commit(labels.ready, new Uint8Array(0));
  const rounds: ChallengeResult['rounds'] = [];
  const all: Uint8Array[] = [];
  for (let round = 0; round < (options.rounds ?? 3); round++) {
    const sketches = answer(parameters, nonce, seed, round);
    const bytes = new Uint8Array(4 * sketches.length);
    for (const [row, value] of sketches.entries()) new DataView(bytes.buffer).setUint32(4 * row, value, true);
    clock += roundNs;
    const startNs = round * saidNs;
    const root = sketchRoot(bytes);
    rounds.push({
      seed,
      root: Buffer.from(root).toString('hex'),
      startNs,
      endNs: startNs + saidNs,
      productNs: 0.9 * saidNs,
    });
    all.push(bytes);
    seed = commit(labels.round, root);
  }
  const openings = openAll(parameters, all, seed, options.audits);
  const result: ChallengeResult = { ...said, selfTest: { rows: 16, wrong: 0 }, nonce, rounds, audit: seed, openings };
  const transcript: Transcript = {
    schema: 'assay/transcript/v1',
    run: 'r',
    assignment: 'a',
    attempt: 1,
    node: 'n',
    issuedAt: '2026-01-01T00:00:00.000Z',
    endedAt: '2026-01-01T01:00:00.000Z',
    exchanges,
  };
  return { result, transcript, challenge: opened, sketches: all };
}

/** What a beacon picks of these sketches. */
export function openAll(parameters: Parameters, sketches: readonly Uint8Array[], beacon: string, audits = 16) {
  const picked = pickedBlocks(auditPlan(parameters, sketches.length, audits, beacon));
  return picked.map(({ round, block }) => openBlock(sketches[round]!, block));
}

/** Several challenges as one attempt: each begins so many nanoseconds later than it did alone. */
export function joined(parts: readonly { exam: Exam; laterNs: number }[]): {
  results: ChallengeResult[];
  transcript: Transcript;
  challenge: string;
} {
  const [first] = parts;
  const later = (ns: string, by: number) => String(BigInt(ns) + BigInt(by));
  const exchanges = parts
    .flatMap(({ exam, laterNs }, i) =>
      exam.transcript.exchanges.slice(i === 0 ? 0 : 1).map((exchange) => ({
        ...exchange,
        receivedNs: later(exchange.receivedNs, laterNs),
        answeredNs: later(exchange.answeredNs, laterNs),
      })),
    )
    .sort((a, b) => Number(BigInt(a.receivedNs) - BigInt(b.receivedNs)))
    .map((exchange, index) => ({ ...exchange, index }));
  return {
    results: parts.map(({ exam }) => exam.result),
    transcript: { ...first!.exam.transcript, exchanges },
    challenge: first!.exam.challenge,
  };
}

/** Settings of an assignment that asks for just these parameters. */
export function settingsOf(
  { n, m, matrices }: Parameters,
  audits = 16,
  precisions: readonly Precision[] = ['FP32'],
): Record<string, unknown> {
  return { size: n, rows: m, deviceSize: n, deviceRows: m, matrices, audits, seconds: 0.001, precisions };
}
