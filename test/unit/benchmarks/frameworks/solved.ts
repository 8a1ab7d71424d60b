import { createHash } from 'node:crypto';
import { engineOf, FRAMEWORKS } from '../../../../benchmarks/frameworks/engines.ts';
import { WEIGHTS } from '../../../../benchmarks/frameworks/network.ts';
import { operationsOf, operationsSeed } from '../../../../benchmarks/frameworks/operations.ts';
import { publishedBuilds } from '../../../../benchmarks/frameworks/published/builds.ts';
import {
  answersCommit,
  type FrameworkRun,
  type FrameworksSamples,
  type LoadedObject,
  type Outside,
  weightsCommit,
} from '../../../../benchmarks/frameworks/samples.ts';
import { examplesOf, prototypesOf, TASK } from '../../../../benchmarks/frameworks/task.ts';
import type { Transcript } from '../../../../model/assignment.ts';

export const CHALLENGE = '5c'.repeat(32);
export const HELD_OUT = 512;

/**
 * Weights that solve a challenge's task without training: one or two hidden units a corner, that fire near it alone.
 * Which corners have two, and in which unit they begin, follows from `turn`: another one gives another network, in any
 * order of units.
 */
export function solution(challenge: string, turn = 0): Float32Array {
  const { inputs, hidden, classes, prototypes } = TASK;
  const corners = prototypesOf(challenge);
  const weights = new Float32Array(WEIGHTS);
  const bias1 = inputs * hidden;
  const halves = createHash('sha256').update(`turn ${turn}`).digest();
  let next = turn;
  for (let p = 0; p < prototypes; p++) {
    const count = halves[p]! % 2 === 0 ? 1 : 2;
    for (let k = 0; k < count; k++) {
      const unit = next++ % hidden;
      for (let j = 0; j < inputs; j++) weights[j * hidden + unit] = corners[p * inputs + j]!;
      weights[bias1 + unit] = -(inputs - 12);
      weights[bias1 + hidden + unit * classes + (p % classes)] = 1 / count;
    }
  }
  return weights;
}

/** The same network with unit h in the place of unit `factor`·h + 3; the factor must be odd. */
export function permutedUnits(weights: Float32Array, factor: number): Float32Array {
  const { inputs, hidden, classes } = TASK;
  const layer2 = (inputs + 1) * hidden;
  const moved = Float32Array.from(weights);
  for (let h = 0; h < hidden; h++) {
    const place = (factor * h + 3) % hidden;
    for (let j = 0; j <= inputs; j++) moved[j * hidden + place] = weights[j * hidden + h]!;
    for (let c = 0; c < classes; c++) moved[layer2 + place * classes + c] = weights[layer2 + h * classes + c]!;
  }
  return moved;
}

/** A network that gives the same answers: its units in another order, each scaled, all scores shifted and tripled. */
export function disguised(weights: Float32Array): Float32Array {
  const { inputs, hidden, classes } = TASK;
  const layer2 = (inputs + 1) * hidden;
  const changed = permutedUnits(weights, 5);
  for (let h = 0; h < hidden; h++) {
    const scale = 2 ** ((h % 5) - 2);
    for (let j = 0; j <= inputs; j++) changed[j * hidden + h] = changed[j * hidden + h]! * scale;
    for (let c = 0; c < classes; c++) {
      const at = layer2 + h * classes + c;
      changed[at] = 3 * (changed[at]! / scale + (h % 3) / 8);
    }
  }
  const bias2 = layer2 + hidden * classes;
  for (let c = 0; c < classes; c++) changed[bias2 + c] = 3 * changed[bias2 + c]! + 1;
  return changed;
}

export const base64 = (values: Float32Array) =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');

/** The published build of an engine as a process has it loaded. */
export function objectOf(engine: string): LoadedObject {
  const { file, bytes, sha256 } = publishedBuilds().find((build) => build.engine === engine)!;
  return { path: `/opt/site-packages/${file}`, bytes, sha256, buildId: '', symbols: [], record: 'same' };
}

/** What is seen of a process that has the published build of an engine loaded; none for an engine that is not known. */
export function outsideOf(engine: string): Outside {
  const known = publishedBuilds().some((build) => build.engine === engine);
  return { libraries: ['libc.so.6'], objects: known ? [objectOf(engine)] : [], devices: [] };
}

/** A run of PyTorch as it is when all went well. */
export function runOf(held: string, over: Partial<FrameworkRun> = {}): FrameworkRun {
  const labels = examplesOf(CHALLENGE, held, 'held', HELD_OUT).labels.join('');
  // No two frameworks and no two precisions come to the same weights.
  const engine = engineOf(over.framework ?? 'pytorch', over.backend ?? '');
  const turn = 2 * FRAMEWORKS.findIndex(({ id }) => id === (over.framework ?? 'pytorch'));
  const one = {
    steps: 240,
    trainSeconds: 0.2,
    inferSeconds: 0.01,
    firstLoss: 2.1,
    lastLoss: 0.001,
    labels,
  };
  return {
    framework: 'pytorch',
    title: 'PyTorch',
    command: ['python3', 'probe_pytorch.py'],
    version: '2.0',
    build: '',
    backend: '',
    devices: ['cpu'],
    device: 'cpu',
    accelerated: false,
    held,
    runs: [
      { precision: 'float32', weights: base64(solution(CHALLENGE, turn)), ...one },
      { precision: 'float64', weights: base64(solution(CHALLENGE, turn + 1)), ...one },
    ],
    refused: [],
    onnx: { state: 'exported', detail: '' },
    outside: outsideOf(engine),
    operations: operationsOf(engine, operationsSeed(held)) ?? [],
    seconds: 2,
    ...over,
  };
}

export const HELD = '77'.repeat(32);

export function samplesOf(...runs: FrameworkRun[]): FrameworksSamples {
  return { challenge: CHALLENGE, interpreters: [], accelerators: [], runs, absent: [], present: [], unreachable: [] };
}

/** What the controller wrote down of such a run. */
export function transcriptOf(samples: FrameworksSamples): Transcript {
  const exchanges: Transcript['exchanges'] = [];
  const add = (label: string, commit: Uint8Array, beacon: string) => {
    const times = { receivedNs: String(exchanges.length), answeredNs: String(exchanges.length) };
    exchanges.push({
      index: exchanges.length,
      label,
      commit: Buffer.from(commit).toString('base64'),
      beacon,
      ...times,
    });
  };
  add('open', Buffer.from('[]'), samples.challenge);
  for (const run of samples.runs) if (run.held !== '') add(`trained.${run.framework}`, weightsCommit(run), run.held);
  add('answers', answersCommit(samples.runs), '00'.repeat(32));
  const at = '2026-01-01T00:00:00Z';
  return {
    schema: 'assay/transcript/v1',
    run: 'r',
    assignment: 'a',
    attempt: 1,
    node: 'n',
    issuedAt: at,
    endedAt: at,
    exchanges,
  };
}
