import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  headerLength,
} from '../../../../proto/inference/http.ts';
import { type Datatype, ELEMENT_BYTES, type Tensor } from '../../../../proto/inference/tensor.ts';

const tensor: fc.Arbitrary<Tensor> = fc
  .record({
    name: fc.string({ minLength: 1, maxLength: 12 }),
    datatype: fc.constantFrom(...(Object.keys(ELEMENT_BYTES) as Datatype[])),
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
  })
  .chain(({ name, datatype, shape }) => {
    const bytes = shape.reduce((product, size) => product * size, ELEMENT_BYTES[datatype]);
    return fc
      .uint8Array({ minLength: bytes, maxLength: bytes })
      .map((data) => ({ name, datatype, shape, data }) satisfies Tensor);
  });
const tensors = fc.uniqueArray(tensor, { selector: (t) => t.name, minLength: 1, maxLength: 4 });
const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const plain = ({ name, datatype, shape, data }: Tensor) => ({ name, datatype, shape, data: [...data] });

describe('HTTP bodies of the inference protocol', () => {
  it('gives back every request that it wrote, bit for bit', () => {
    fc.assert(
      fc.property(tensors, fc.option(fc.string({ maxLength: 20 }), { nil: undefined }), (inputs, id) => {
        const { bytes, headerLength: length } = encodeRequest({ inputs, ...(id === undefined ? {} : { id }) });
        const decoded = decodeRequest(bytes, length);
        expect(decoded.ok && decoded.value.inputs.map(plain)).toEqual(inputs.map(plain));
        expect(decoded.ok && decoded.value.id).toBe(id);
        expect(decoded.ok && decoded.value.binaryOutputs).toBe('all');
      }),
    );
  });

  it('gives back every answer that it wrote, bit for bit', () => {
    fc.assert(
      fc.property(tensors, (outputs) => {
        const { bytes, headerLength: length } = encodeResponse({ modelName: 'm', outputs }, 'all');
        const decoded = decodeResponse(bytes, length);
        expect(decoded.ok && decoded.value.outputs.map(plain)).toEqual(outputs.map(plain));
      }),
    );
  });

  it('reads flat and nested JSON data alike', () => {
    const head = { name: 'x', datatype: 'FP32', shape: [2, 2] };
    const flat = decodeRequest(json({ inputs: [{ ...head, data: [1, 2, 3, 4] }] }), undefined);
    const nested = decodeRequest(
      json({
        inputs: [
          {
            ...head,
            data: [
              [1, 2],
              [3, 4],
            ],
          },
        ],
      }),
      undefined,
    );
    expect(flat.ok && [...new Float32Array(flat.value.inputs[0]!.data.buffer)]).toEqual([1, 2, 3, 4]);
    expect(nested).toEqual(flat);
  });

  it('never throws and never accepts bytes that it was not told of, whatever comes', () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.json().map((text) => new TextEncoder().encode(text)),
    );
    fc.assert(
      fc.property(anything, fc.option(fc.integer({ min: -5, max: 400 }), { nil: undefined }), (body, length) => {
        expect(decodeRequest(body, length).ok).toBe(false);
        expect(decodeResponse(body, length).ok).toBeTypeOf('boolean');
      }),
    );
  });

  it.each([
    ['no inputs', { inputs: [] }],
    ['an unknown datatype', { inputs: [{ name: 'x', datatype: 'FP31', shape: [1], data: [1] }] }],
    ['too few elements', { inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1] }] }],
    ['a negative size', { inputs: [{ name: 'x', datatype: 'FP32', shape: [-1], data: [] }] }],
    ['a fraction for an integer', { inputs: [{ name: 'x', datatype: 'INT64', shape: [1], data: [1.5] }] }],
    ['a number out of range', { inputs: [{ name: 'x', datatype: 'INT8', shape: [1], data: [128] }] }],
    ['a number for a truth value', { inputs: [{ name: 'x', datatype: 'BOOL', shape: [1], data: [1] }] }],
    ['a string for a number', { inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: ['1'] }] }],
    ['16-bit floats as JSON', { inputs: [{ name: 'x', datatype: 'FP16', shape: [1], data: [1] }] }],
    ['neither data nor bytes', { inputs: [{ name: 'x', datatype: 'FP32', shape: [1] }] }],
    [
      'a size that does not fit',
      { inputs: [{ name: 'x', datatype: 'FP32', shape: [1], parameters: { binary_data_size: 8 } }] },
    ],
    [
      'bytes that are not there',
      { inputs: [{ name: 'x', datatype: 'FP32', shape: [1], parameters: { binary_data_size: 4 } }] },
    ],
    ['a shape beyond reason', { inputs: [{ name: 'x', datatype: 'FP32', shape: [1e9, 1e9], data: [] }] }],
    [
      'one name twice',
      {
        inputs: [
          { name: 'x', datatype: 'FP32', shape: [1], data: [1] },
          { name: 'x', datatype: 'FP32', shape: [1], data: [2] },
        ],
      },
    ],
  ])('turns away %s', (_what, request) => {
    const decoded = decodeRequest(json(request), undefined);
    expect(decoded.ok).toBe(false);
  });

  it('turns away bytes that belong to no tensor', () => {
    const { bytes, headerLength: length } = encodeRequest({
      inputs: [{ name: 'x', datatype: 'INT8', shape: [2], data: Uint8Array.of(1, 2) }],
    });
    const longer = new Uint8Array([...bytes, 9]);
    expect(decodeRequest(longer, length)).toEqual({ ok: false, problem: '1 bytes belong to no tensor' });
  });

  it('refuses to say NaN in JSON', () => {
    const data = new Uint8Array(new Float32Array([Number.NaN]).buffer);
    const answer = { modelName: 'm', outputs: [{ name: 'y', datatype: 'FP32', shape: [1], data } as const] };
    expect(() => encodeResponse(answer, new Set())).toThrow(RangeError);
    expect(encodeResponse(answer, 'all').bytes.length).toBeGreaterThan(0);
  });

  it('takes only a plain whole number for the length of the JSON part', () => {
    expect(headerLength(undefined)).toBeUndefined();
    expect(headerLength('17')).toBe(17);
    for (const wrong of ['-1', '1.5', '0x10', '', '1e3', ' 5', ['1', '2']]) expect(headerLength(wrong)).toBeNaN();
    expect(decodeRequest(json({ inputs: [] }), Number.NaN).ok).toBe(false);
  });
});
