import '../closed-site.ts';
import ort from 'onnxruntime-node';
import { native } from '../users/thread.ts';
import { Draw } from './models/draw.ts';
import type { SampleTensor } from './models/model.ts';

/**
 * Samples for a model that somebody else made: normal-like floats and zeros and ones for integers, in the shapes that
 * the file says; sizes that it leaves open are 1. Throws for inputs of other types.
 */
export async function operatorSample(model: Uint8Array, digests: readonly string[]): Promise<SampleTensor[][]> {
  const session = await native(() => ort.InferenceSession.create(model, { executionProviders: ['cpu'] }));
  const inputs = session.inputMetadata.map((input) => {
    if (!input.isTensor) throw new Error(`input ${input.name} is no tensor`);
    const { type } = input;
    // Half floats as well: onnxruntime-node does not take them from a Node that has them itself.
    if (type !== 'float32' && type !== 'int64') throw new Error(`input ${input.name} is ${type}`);
    const shape = input.shape.map((size) => (typeof size === 'number' && size > 0 ? size : 1));
    return { name: input.name, type, shape } as const;
  });
  await session.release();
  return digests.map((digest) => {
    const draw = new Draw(digest);
    return inputs.map(({ name, type, shape }): SampleTensor => {
      const size = shape.reduce((product, extent) => product * extent, 1);
      if (type === 'float32') return { name, type, shape, data: draw.spread(size, 1) };
      return { name, type, shape, data: BigInt64Array.from({ length: size }, () => BigInt(draw.bits() & 1)) };
    });
  });
}
