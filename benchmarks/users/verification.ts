import '../closed-site.ts';
import ort from 'onnxruntime-node';
import { networkModel } from '../inference/models/network.ts';
import { INPUTS, type Network, OUTPUTS } from './network.ts';
import { taskDigest, writeRow } from './task.ts';
import { native } from './thread.ts';
import { KeptTasks } from './work.ts';

const BATCH = 1_024;

/**
 * Works out the right answer to every task's own row with ONNX Runtime in this process, and compares it with what the
 * service gave. Gives the places of those that are wrong; failed tasks are left out. Blocks while it computes.
 */
export async function verifyOwnRows(network: Network, challenge: string, bytes: Uint8Array): Promise<number[]> {
  const kept = new KeptTasks(bytes);
  const places: number[] = [];
  for (let i = 0; i < kept.count; i++) if (!kept.failed(i)) places.push(i);
  const answers = await answerRows(network, places.length, (index, into, at) => {
    const place = places[index]!;
    writeRow(taskDigest(challenge, 'hold', kept.user(place), kept.sequence(place)), into, at);
  });
  const right = Buffer.from(answers.buffer);
  const rowBytes = OUTPUTS * 4;
  return places.filter(
    (place, index) =>
      Buffer.compare(kept.ownRow(place), right.subarray(index * rowBytes, (index + 1) * rowBytes)) !== 0,
  );
}

/** Answers of a network to many rows by ONNX Runtime's CPU provider; `write` puts row `index` into the batch. */
export async function answerRows(
  network: Network,
  rows: number,
  write: (index: number, into: Float32Array, at: number) => void,
): Promise<Float32Array> {
  const model = networkModel(network, { ids: false });
  const options: ort.InferenceSession.SessionOptions = {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  };
  const session = await native(() => ort.InferenceSession.create(model, options));
  const answers = new Float32Array(rows * OUTPUTS);
  try {
    for (let from = 0; from < rows; from += BATCH) {
      const size = Math.min(BATCH, rows - from);
      const input = new Float32Array(size * INPUTS);
      for (let i = 0; i < size; i++) write(from + i, input, i * INPUTS);
      const feeds = { input: new ort.Tensor('float32', input, [size, INPUTS]) };
      const { output } = await native(() => session.run(feeds));
      answers.set(output!.data as Float32Array, from * OUTPUTS);
    }
  } finally {
    await session.release();
  }
  return answers;
}
