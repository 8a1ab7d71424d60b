import '../../closed-site.ts';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { buildModel } from '../../../proto/onnx.ts';
import type { InferRequest, OperationsRequest, Request, TrainRequest } from '../messages.ts';
import { inferenceGraph, PARAMETERS, shapeOf, trainingGraph } from '../training-graph.ts';

// ONNX Runtime, trained by graphs that hold forward pass, gradients and update: the npm package has no training
// interface, and its inference engine executes every operation of every step.

const RATE = 0.05;
const MOMENTUM = 0.9;
type Float = 'float32' | 'float64';
type State = Record<string, Tensor>;

interface Trained {
  readonly state: State;
  readonly sizes: TrainRequest;
}

const channel = new Socket({ fd: 3, readable: true, writable: true });
const models = new Map<string, Trained>();
for await (const line of createInterface({ input: channel })) {
  const request = JSON.parse(line) as Request;
  try {
    frame('A', await answer(request));
  } catch (error) {
    frame('R', Buffer.from(String(error instanceof Error ? error.message : error).slice(0, 1500)));
  }
  if (request.ask === 'end') break;
}
channel.end(() => process.exit(0));

function frame(kind: 'A' | 'R', body: Uint8Array): void {
  const head = Buffer.alloc(5);
  head.write(kind, 'latin1');
  head.writeUInt32LE(body.length, 1);
  channel.write(Buffer.concat([head, body]));
}

async function answer(request: Request): Promise<Uint8Array> {
  switch (request.ask) {
    case 'describe': {
      const version: string = createRequire(import.meta.url)('onnxruntime-node/package.json').version;
      const about = { version, build: 'npm', backend: '', devices: ['cpu'], device: 'cpu', accelerated: false };
      return Buffer.from(JSON.stringify(about));
    }
    case 'train':
      return train(request);
    case 'infer':
      return infer(request);
    case 'operations':
      return operations(request);
    case 'onnx':
      return Buffer.from(JSON.stringify({ state: 'loaded', detail: 'trained and inferred from ONNX graphs' }));
    case 'end':
      return Buffer.alloc(0);
  }
}

async function train(request: TrainRequest): Promise<Uint8Array> {
  const { precision, inputs, classes, samples, steps } = request;
  if (precision !== 'float32' && precision !== 'float64') {
    throw new Error('its CPU kernels do not compute in this precision');
  }
  const batch = Math.min(request.batch, samples);
  const session = await open(trainingGraph(request, batch, precision, RATE, MOMENTUM));
  const rows = readRows(request.inputsFile);
  const labels = readFileSync(request.labelsFile);
  let state = start(precision, request);
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
  models.set(precision, { state, sizes: request });
  return Buffer.concat([bytesOf(Float64Array.from(losses)), bytesOf(Float32Array.from(flat))]);
}

async function infer({ precision, inputsFile, samples }: InferRequest): Promise<Uint8Array> {
  const model = models.get(precision);
  if (!model || (precision !== 'float32' && precision !== 'float64')) throw new Error('it was not trained');
  const { state, sizes } = model;
  const session = await open(inferenceGraph(sizes, precision));
  const x = tensor(precision, readRows(inputsFile), [samples, sizes.inputs]);
  const out = await session.run({ x, ...Object.fromEntries(PARAMETERS.map((name) => [name, state[name]!])) });
  await session.release();
  return Uint8Array.from((out.label as Tensor).data as BigInt64Array, Number);
}

/** Draws of ONNX Runtime's own generator; see operations.ts. */
async function operations({ seed }: OperationsRequest): Promise<Uint8Array> {
  const draw = (op: string, output: string, count: number) => ({
    op,
    inputs: [],
    outputs: [output],
    attributes: { dtype: { int: 1 }, seed: { float: seed % 2 ** 24 }, shape: { ints: [count] } },
  });
  const outputs = [
    { name: 'uniform', type: 'float32', shape: [64] },
    { name: 'normal', type: 'float32', shape: [32] },
  ] as const;
  const nodes = [draw('RandomUniform', 'uniform', 64), draw('RandomNormal', 'normal', 32)];
  const session = await open(buildModel({ name: 'draws', inputs: [], outputs, nodes }));
  const out = await session.run({});
  await session.release();
  const values = outputs.flatMap(({ name }) => Array.from((out[name] as Tensor).data as Float32Array));
  return bytesOf(Float64Array.from(values));
}

function bytesOf(values: Float32Array | Float64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function open(model: Uint8Array): Promise<InferenceSession> {
  return InferenceSession.create(model, { executionProviders: ['cpu'], intraOpNumThreads: 1, logSeverityLevel: 3 });
}

/** First weights: uniform after Glorot and Bengio (2010), from the seed; momenta zero. */
function start(precision: Float, request: TrainRequest): State {
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
