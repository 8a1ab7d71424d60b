import { describe, expect, it } from 'vitest';
import { MODELS } from '../../../../benchmarks/inference/models/catalogue.ts';
import { networkModel } from '../../../../benchmarks/inference/models/network.ts';
import { storedPrecision } from '../../../../benchmarks/inference/precision.ts';
import { RECORD_NETWORK } from '../../../../benchmarks/users/network.ts';
import { buildModel, type ElementType, type Initializer } from '../../../../proto/onnx.ts';

const weights = (name: string, type: ElementType, size: number, bits: number): Initializer => ({
  name,
  type,
  shape: [size],
  data: new Uint8Array(Math.ceil((size * bits) / 8)),
});
const model = (...initializers: Initializer[]) =>
  buildModel({
    name: 'weights',
    inputs: [{ name: 'x', type: 'float32', shape: [1] }],
    outputs: [{ name: 'y', type: 'float32', shape: [1] }],
    initializers,
    nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
    irVersion: 10,
  });

describe('the precision of the weights of a model', () => {
  it.each<[ElementType, number, string]>([
    ['float64', 64, 'FP64'],
    ['float32', 32, 'FP32'],
    ['float16', 16, 'FP16'],
    ['bfloat16', 16, 'BF16'],
    ['float8e4m3fn', 8, 'FP8'],
    ['int8', 8, 'INT8'],
    ['uint8', 8, 'INT8'],
    ['int4', 4, 'INT4'],
  ])('of %s is read from the file', (type, bits, precision) => {
    expect(storedPrecision(model(weights('w', type, 64, bits), weights('scale', 'float32', 8, 32)))).toBe(precision);
  });

  it('is that of most of them, whatever shapes and indexes say', () => {
    const few = weights('a', 'float32', 10, 32);
    expect(storedPrecision(model(few, weights('b', 'float16', 11, 16)))).toBe('FP16');
    expect(storedPrecision(model(few, weights('b', 'float16', 9, 16)))).toBe('FP32');
    expect(storedPrecision(model(few, weights('shape', 'int64', 50, 64)))).toBe('FP32');
  });

  it('is FP32 in what we build ourselves, and where there are no weights', () => {
    expect(storedPrecision(networkModel(RECORD_NETWORK, { ids: true }))).toBe('FP32');
    expect(storedPrecision(MODELS.find(({ id }) => id === 'mobilenetv2')!.build())).toBe('FP32');
    expect(storedPrecision(model())).toBe('FP32');
  });

  it('is not made up for what is no model', () => {
    expect(() => storedPrecision(new TextEncoder().encode('this is no model'))).toThrow();
  });
});
