import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeInfer,
  decodeInferResponse,
  encodeInfer,
  encodeInferRequest,
  type WireInferRequest,
  type WireInferResponse,
} from '../../../../proto/inference/grpc.ts';
import { decode, encode, loadSchema } from '../../../../proto/loader.ts';

const schema = loadSchema('inference/inference.proto');
const request = schema.lookupType('inference.ModelInferRequest');
const response = schema.lookupType('inference.ModelInferResponse');
const floats = (values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

describe('gRPC messages of the inference protocol', () => {
  it('brings raw tensors over the wire and back, bit for bit', () => {
    fc.assert(
      fc.property(fc.array(fc.float({ noNaN: false }), { minLength: 1, maxLength: 20 }), (values) => {
        const input = { name: 'x', datatype: 'FP32', shape: [values.length], data: floats(values) } as const;
        const bytes = encode(request, encodeInferRequest('m', { id: 'i', inputs: [input] }));
        const decoded = decodeInfer(decode(request, bytes) as WireInferRequest);
        expect(decoded.ok && [...decoded.value.inputs[0]!.data]).toEqual([...input.data]);
        expect(decoded.ok && decoded.value.inputs[0]!.shape).toEqual([values.length]);
        const back = encode(response, encodeInfer({ modelName: 'm', outputs: [input] }));
        const answer = decodeInferResponse(decode(response, back) as WireInferResponse);
        expect(answer.ok && [...answer.value.outputs[0]!.data]).toEqual([...input.data]);
      }),
    );
  });

  it('reads typed contents as well as raw ones', () => {
    const typed = {
      name: 'x',
      datatype: 'INT64',
      shape: ['2'],
      contents: { int64Contents: ['-5', '9007199254740993'] },
    };
    const wire = decode(request, encode(request, { modelName: 'm', inputs: [typed] })) as WireInferRequest;
    const decoded = decodeInfer(wire);
    expect(decoded.ok && [...new BigInt64Array(decoded.value.inputs[0]!.data.buffer)]).toEqual([
      -5n,
      9007199254740993n,
    ]);
  });

  it.each([
    ['no inputs', { modelName: 'm' }],
    ['an unknown datatype', { inputs: [{ name: 'x', datatype: 'BYTES', shape: ['1'] }] }],
    ['too few bytes', { inputs: [{ name: 'x', datatype: 'FP32', shape: ['2'] }], rawInputContents: [floats([1])] }],
    [
      'raw contents for some inputs only',
      {
        inputs: [
          { name: 'x', datatype: 'FP32', shape: ['1'] },
          { name: 'y', datatype: 'FP32', shape: ['1'] },
        ],
        rawInputContents: [floats([1])],
      },
    ],
    ['a negative size', { inputs: [{ name: 'x', datatype: 'FP32', shape: ['-1'] }], rawInputContents: [floats([1])] }],
    [
      'a size beyond reason',
      { inputs: [{ name: 'x', datatype: 'FP32', shape: ['9223372036854775807'] }], rawInputContents: [floats([1])] },
    ],
  ])('turns away %s', (_what, message) => {
    expect(decodeInfer(message).ok).toBe(false);
  });
});
