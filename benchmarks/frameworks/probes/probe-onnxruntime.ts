import '../../closed-site.ts';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { InferRequest, Message, TrainRequest } from '../messages.ts';
import { inferenceGraph, PARAMETERS, shapeOf, trainingGraph } from '../training-graph.ts';

// ONNX Runtime, trained by graphs that hold forward pass, gradients and update: the npm package has no training
// interface, and its inference engine executes every operation of every step.

const RATE = 0.05;
const MOMENTUM = 0.9;
type Float = 'float32' | 'float64';
type State = Record<string, Tensor>;

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const version: string = createRequire(import.meta.url)('onnxruntime-node/package.json').version;
send({
  type: 'hello',
  framework: 'ONNX Runtime',
  version,
  build: 'npm',
  backend: '',
  devices: ['cpu'],
  device: 'cpu',
  accelerated: false,
});
const request = await receive<TrainRequest>('train');
const models: { precision: Float; state: State }[] = [];
for (const precision of request.precisions) {
  if (precision === 'float32' || precision === 'float64') await attempt(precision, () => train(precision));
  else send({ type: 'failed', precision, detail: 'its CPU kernels do not compute in this precision' });
}
send({ type: 'ready' });
const asked = await receive<InferRequest>('infer');
for (const { precision, state } of models) await attempt(precision, () => infer(precision, state));
send({ type: 'onnx', state: 'loaded', detail: 'trained and inferred from ONNX graphs' });
send({ type: 'done', libraries: libraries() });
process.exit(0);

async function attempt(precision: Float, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    send({ type: 'failed', precision, detail: String(error).slice(0, 1500) });
  }
}

async function train(precision: Float): Promise<void> {
  const began = performance.now();
  const { inputs, classes, samples, steps } = request;
  const batch = Math.min(request.batch, samples);
  const session = await open(trainingGraph(request, batch, precision, RATE, MOMENTUM));
  const rows = readRows(request.inputsFile);
  const labels = readFileSync(request.labelsFile);
  let state = start(precision);
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const first = (step % Math.floor(samples / batch)) * batch;
    const x = tensor(precision, rows.subarray(first * inputs, (first + batch) * inputs), [batch, inputs]);
    const wanted = new Float64Array(batch * classes);
    for (let i = 0; i < batch; i++) wanted[i * classes + labels[first + i]!] = 1;
    const out = await session.run({ x, y: tensor(precision, wanted, [batch, classes]), ...state });
    losses.push(Number((out.loss as Tensor).data[0]));
    state = Object.fromEntries(Object.keys(state).map((name) => [name, out[`new_${name}`] as Tensor]));
  }
  await session.release();
  const flat = PARAMETERS.flatMap((name) => Array.from(state[name]!.data as Float32Array | Float64Array));
  if (![...flat, losses[0]!, losses.at(-1)!].every(Number.isFinite))
    throw new Error('weights or losses are not finite');
  models.push({ precision, state });
  send({
    type: 'trained',
    precision,
    steps,
    seconds: (performance.now() - began) / 1000,
    firstLoss: losses[0]!,
    lastLoss: losses.at(-1)!,
    weights: Buffer.from(Float32Array.from(flat).buffer).toString('base64'),
  });
}

async function infer(precision: Float, state: State): Promise<void> {
  const began = performance.now();
  const session = await open(inferenceGraph(request, precision));
  const x = tensor(precision, readRows(asked.inputsFile), [asked.samples, request.inputs]);
  const out = await session.run({ x, ...Object.fromEntries(PARAMETERS.map((name) => [name, state[name]!])) });
  const labels = Array.from((out.label as Tensor).data as BigInt64Array, String).join('');
  await session.release();
  send({ type: 'inferred', precision, seconds: (performance.now() - began) / 1000, labels });
}

function open(model: Uint8Array): Promise<InferenceSession> {
  return InferenceSession.create(model, { executionProviders: ['cpu'], intraOpNumThreads: 1, logSeverityLevel: 3 });
}

/** First weights: uniform after Glorot and Bengio (2010), from the seed; momenta zero. */
function start(precision: Float): State {
  let word = request.seed >>> 0 || 1;
  const random = () => {
    // xorshift32 (Marsaglia 2003)
    word ^= word << 13;
    word >>>= 0;
    word ^= word >>> 17;
    word ^= word << 5;
    word >>>= 0;
    return word / 2 ** 31 - 1;
  };
  const state: State = {};
  for (const name of PARAMETERS) {
    const shape = shapeOf(name, request);
    const size = shape.reduce((a, b) => a * b, 1);
    const reach = shape.length === 2 ? Math.sqrt(6 / (shape[0]! + shape[1]!)) : 0;
    state[name] = tensor(
      precision,
      Float64Array.from({ length: size }, () => reach * random()),
      shape,
    );
    state[`m_${name}`] = tensor(precision, new Float64Array(size), shape);
  }
  return state;
}

function tensor(precision: Float, values: Float32Array | Float64Array, shape: number[]): Tensor {
  return precision === 'float32'
    ? new Tensor('float32', Float32Array.from(values), shape)
    : new Tensor('float64', Float64Array.from(values), shape);
}

function readRows(path: string): Float32Array {
  const bytes = readFileSync(path);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

function libraries(): string[] {
  const names = new Set<string>();
  for (const line of readFileSync('/proc/self/maps', 'utf8').split('\n')) {
    const path = line.split(/\s+/).slice(5).join(' ');
    if (path.startsWith('/') && /\.so|\.node$/.test(path)) names.add(basename(path).slice(0, 200));
  }
  return [...names].sort();
}

function send(message: Message): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

async function receive<T extends { type: string }>(type: T['type']): Promise<T> {
  const line = await lines.next();
  if (line.done) process.exit(3);
  const value = JSON.parse(line.value) as T;
  if (value.type !== type) throw new Error(`expected ${type}, got ${value.type}`);
  return value;
}
