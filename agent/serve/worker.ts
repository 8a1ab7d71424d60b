import '../../benchmarks/closed-site.ts';
import { parentPort, workerData } from 'node:worker_threads';
import ort from 'onnxruntime-node';
import type { Batch, BatchResult, WireTensor, WorkerModels } from './batch.ts';

/**
 * A thread with one session a model: the runtime blocks whoever calls it, so it never runs on the thread that
 * answers the network. One compute thread and no spinning, because several of these share the cores with the rest.
 */
const models = workerData as WorkerModels;
const port = parentPort;
if (!port) throw new Error('worker.ts runs as a worker thread only');

const sessions = new Map<string, ort.InferenceSession>();
for (const { name, bytes } of models) {
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
  });
  sessions.set(name, session);
}

port.on('message', (batch: Batch) => {
  void answer(batch).then(({ result, buffers }) => port.postMessage(result, buffers));
});
port.postMessage('ready');

async function answer(batch: Batch): Promise<{ result: BatchResult; buffers: ArrayBuffer[] }> {
  try {
    const session = sessions.get(batch.model);
    if (!session) throw new Error(`no session for ${batch.model}`);
    const feeds: Record<string, ort.Tensor> = {};
    for (const input of batch.inputs) feeds[input.name] = toTensor(input);
    const fetched = await session.run(feeds);
    const outputs: WireTensor[] = [];
    for (const [name, tensor] of Object.entries(fetched)) outputs.push(fromTensor(name, tensor));
    return { result: { batch: batch.batch, ok: true, outputs }, buffers: outputs.map((output) => output.buffer) };
  } catch (error) {
    return { result: { batch: batch.batch, ok: false, problem: String(error) }, buffers: [] };
  }
}

function toTensor(input: WireTensor): ort.Tensor {
  if (input.datatype === 'FP32') return new ort.Tensor('float32', new Float32Array(input.buffer), input.shape);
  if (input.datatype === 'INT64') return new ort.Tensor('int64', new BigInt64Array(input.buffer), input.shape);
  throw new Error(`input ${input.name} is ${input.datatype}`);
}

/** Copies: the runtime's own memory cannot be handed to another thread. */
function fromTensor(name: string, tensor: ort.Tensor): WireTensor {
  const data = tensor.data;
  if (data instanceof Float32Array) {
    return { name, datatype: 'FP32', shape: tensor.dims, buffer: new Float32Array(data).buffer };
  }
  if (data instanceof BigInt64Array) {
    return { name, datatype: 'INT64', shape: tensor.dims, buffer: new BigInt64Array(data).buffer };
  }
  throw new Error(`output ${name} is ${tensor.type}`);
}
