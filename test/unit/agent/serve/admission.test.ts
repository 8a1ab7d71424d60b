import { describe, expect, it } from 'vitest';
import { admit } from '../../../../agent/serve/admission.ts';
import type { ServedModel } from '../../../../agent/serve/models.ts';
import type { InferRequest, Tensor } from '../../../../proto/inference/tensor.ts';

const model: ServedModel = {
  name: 'm',
  version: '1',
  inputs: [
    { name: 'x', datatype: 'FP32', row: [2] },
    { name: 'id', datatype: 'INT64', row: [] },
  ],
  outputs: [{ name: 'y', datatype: 'FP32', row: [1] }],
  maxRows: 3,
  batchRows: 8,
  bytes: new Uint8Array(),
};
const x = (rows: number, value = 1): Tensor => ({
  name: 'x',
  datatype: 'FP32',
  shape: [rows, 2],
  data: new Uint8Array(new Float32Array(rows * 2).fill(value).buffer),
});
const id = (rows: number): Tensor => ({
  name: 'id',
  datatype: 'INT64',
  shape: [rows],
  data: new Uint8Array(new BigInt64Array(rows).buffer),
});
const ask = (inputs: Tensor[], outputs: string[] = []): InferRequest => ({ inputs, outputs, binaryOutputs: 'all' });
const refusal = (request: InferRequest) => {
  const admitted = admit(model, request);
  return admitted.ok ? 'admitted' : admitted.refusal;
};

describe('admission of a request', () => {
  it('puts inputs into the order of the model and counts rows', () => {
    const admitted = admit(model, ask([id(2), x(2)]));
    expect(admitted.ok && admitted.rows).toBe(2);
    expect(admitted.ok && admitted.inputs.map((input) => input.name)).toEqual(['x', 'id']);
  });

  it.each([
    ['a missing input', ask([x(1)]), 'malformed'],
    ['an input too many', ask([x(1), id(1), { ...id(1), name: 'other' }]), 'malformed'],
    ['a wrong name', ask([x(1), { ...id(1), name: 'ID' }]), 'malformed'],
    ['a wrong type', ask([{ ...x(1), datatype: 'INT32' }, id(1)]), 'malformed'],
    ['a wrong row shape', ask([{ ...x(1), shape: [2, 1] }, id(2)]), 'malformed'],
    ['a shape without a batch', ask([{ ...x(1), shape: [] }, id(1)]), 'malformed'],
    ['different numbers of rows', ask([x(1), id(2)]), 'malformed'],
    ['no rows', ask([x(0), id(0)]), 'malformed'],
    ['an output that is not there', ask([x(1), id(1)], ['z']), 'malformed'],
    ['too many rows', ask([x(4), id(4)]), 'too_large'],
    ['NaN', ask([x(1, Number.NaN), id(1)]), 'not_finite'],
    ['an infinity', ask([x(1, Number.NEGATIVE_INFINITY), id(1)]), 'not_finite'],
  ])('turns away %s', (_what, request, expected) => {
    expect(refusal(request)).toBe(expected);
  });

  it('sees NaN in bytes that begin anywhere, and takes the largest float for what it is', () => {
    const shifted = (value: number) => {
      const bytes = Buffer.alloc(9);
      bytes.writeFloatLE(value, 1);
      return { ...x(1), data: bytes.subarray(1) };
    };
    expect(refusal(ask([shifted(Number.NaN), id(1)]))).toBe('not_finite');
    expect(refusal(ask([shifted(3.4028234663852886e38), id(1)]))).toBe('admitted');
  });
});
