import fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { buildModel, type Graph, type Model, modelType, tensorBytes } from '../../../proto/onnx.ts';

const affine: Model = {
  name: 'affine',
  inputs: [{ name: 'x', type: 'float32', shape: ['batch', 2] }],
  outputs: [{ name: 'y', type: 'float32', shape: ['batch', 2] }],
  initializers: [
    { name: 'w', type: 'float32', shape: [2, 2], data: new Float32Array([1, 2, 3, 4]) },
    { name: 'b', type: 'float32', shape: [2], data: new Float32Array([10, 20]) },
  ],
  nodes: [
    { op: 'MatMul', inputs: ['x', 'w'], outputs: ['xw'] },
    { op: 'Add', inputs: ['xw', 'b'], outputs: ['y'] },
  ],
};

async function evaluate(model: Model, feeds: Record<string, ort.Tensor>): Promise<Record<string, ort.Tensor>> {
  const session = await ort.InferenceSession.create(buildModel(model), { intraOpNumThreads: 1 });
  const outputs = await session.run(feeds);
  await session.release();
  return outputs as Record<string, ort.Tensor>;
}

describe('an ONNX model of our own making', () => {
  it('runs in ONNX Runtime and gives what its graph says', async () => {
    const x = new ort.Tensor('float32', new Float32Array([1, 0, 0, 1]), [2, 2]);
    const { y } = await evaluate(affine, { x });
    expect([...(y!.data as Float32Array)]).toEqual([11, 22, 13, 24]);
    expect(y!.dims).toEqual([2, 2]);
  });

  it('carries every kind of attribute to the operator', async () => {
    const branch = (name: string, value: number): Graph => ({
      name,
      inputs: [],
      outputs: [{ name: `${name}_out`, type: 'float32', shape: [1] }],
      nodes: [
        {
          op: 'Constant',
          inputs: [],
          outputs: [`${name}_out`],
          attributes: {
            value: { tensor: { name: 'c', type: 'float32', shape: [1], data: new Float32Array([value]) } },
          },
        },
      ],
    });
    const model: Model = {
      name: 'attributes',
      inputs: [
        { name: 'x', type: 'float32', shape: [1, 2] },
        { name: 'flag', type: 'bool', shape: [] },
      ],
      outputs: [
        { name: 'sum', type: 'float32', shape: [1] },
        { name: 'chosen', type: 'float32', shape: [1] },
        { name: 'padded', type: 'float32', shape: [1, 4] },
      ],
      initializers: [{ name: 'pads', type: 'int64', shape: [4], data: new BigInt64Array([0n, 1n, 0n, 1n]) }],
      nodes: [
        {
          op: 'ReduceMean',
          inputs: ['x'],
          outputs: ['mean'],
          attributes: { axes: { ints: [1] }, keepdims: { int: 0 } },
        },
        { op: 'LeakyRelu', inputs: ['mean'], outputs: ['sum'], attributes: { alpha: { float: 0.5 } } },
        {
          op: 'If',
          inputs: ['flag'],
          outputs: ['chosen'],
          attributes: { then_branch: { graph: branch('yes', 7) }, else_branch: { graph: branch('no', 9) } },
        },
        { op: 'Pad', inputs: ['x', 'pads'], outputs: ['padded'], attributes: { mode: { string: 'edge' } } },
      ],
    };
    const outputs = await evaluate(model, {
      x: new ort.Tensor('float32', new Float32Array([-1, -3]), [1, 2]),
      flag: new ort.Tensor('bool', [false], []),
    });
    expect([...(outputs.sum!.data as Float32Array)]).toEqual([-1]);
    expect(outputs.sum!.dims).toEqual([1]);
    expect([...(outputs.chosen!.data as Float32Array)]).toEqual([9]);
    expect([...(outputs.padded!.data as Float32Array)]).toEqual([-1, -1, -3, -3]);
  });

  it('reads back as the same graph, whatever the names, shapes and bytes', () => {
    const name = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_/.:-]{0,20}$/);
    fc.assert(
      fc.property(
        fc.uniqueArray(name, { minLength: 2, maxLength: 6 }),
        fc.array(fc.nat(4), { maxLength: 3 }),
        fc.constantFrom('float32', 'float64', 'int8', 'int64', 'float16', 'int4' as const),
        fc.integer({ min: 1, max: 30 }),
        (names, shape, type, opset) => {
          const data = new Uint8Array(tensorBytes(type, shape)).map((_, i) => (i * 37 + 11) & 255);
          const model: Model = {
            name: 'g',
            opset,
            inputs: [],
            outputs: names.slice(1).map((n) => ({ name: n, type, shape })),
            initializers: [{ name: names[0]!, type, shape, data }],
            nodes: names.slice(1).map((n) => ({ op: 'Identity', inputs: [names[0]!], outputs: [n] })),
          };
          const read = modelType().toObject(modelType().decode(buildModel(model)), { longs: Number, arrays: true });
          expect(read.opsetImport).toEqual([{ version: opset }]);
          expect(read.graph.initializer[0].dims).toEqual(shape);
          expect(Uint8Array.from(read.graph.initializer[0].rawData ?? [])).toEqual(data);
          expect(read.graph.output.map((o: { name: string }) => o.name)).toEqual(names.slice(1));
          expect(read.graph.node).toHaveLength(names.length - 1);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('a graph that could not be one is refused', () => {
  const broken: [string, Model, RegExp][] = [
    [
      'a name used before it is made',
      { ...affine, nodes: [...affine.nodes].reverse() },
      /node Add_0 uses "xw" before it is made/,
    ],
    ['a name made twice', { ...affine, nodes: [...affine.nodes, affine.nodes[0]!] }, /makes "xw" a second time/],
    [
      'an output that nothing makes',
      { ...affine, outputs: [{ name: 'z', type: 'float32', shape: [] }] },
      /nothing makes the output "z"/,
    ],
    [
      'a constant whose bytes do not fill its shape',
      { ...affine, initializers: [affine.initializers![0]!, { ...affine.initializers![1]!, shape: [3] }] },
      /tensor b: 8 bytes for float32 \[3\], not 12/,
    ],
    [
      'a shape with a size that is no whole number',
      { ...affine, initializers: [affine.initializers![0]!, { ...affine.initializers![1]!, shape: [0.5] }] },
      /size 0\.5/,
    ],
    [
      'an operator set without a version',
      { ...affine, nodes: [{ ...affine.nodes[0]!, domain: 'com.microsoft' }, affine.nodes[1]!] },
      /operator set "com.microsoft", which has no version/,
    ],
  ];
  it.each(broken)('%s', (_, model, message) => {
    expect(() => buildModel(model)).toThrow(message);
  });
});
