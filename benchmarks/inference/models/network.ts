import { buildModel, type GraphNode, type Initializer } from '../../../proto/onnx.ts';
import { CUT, INPUTS, layers, type Network, OUTPUTS } from '../../users/network.ts';

/**
 * ONNX graph of a small network: `input` FP32 [batch, 64] → `output` FP32 [batch, 16].
 * With `ids`, an INT64 input `id` [batch] comes back as output `record`: each answer names the record it is for.
 */
export function networkModel(network: Network, options: { ids: boolean }): Uint8Array {
  const initializers: Initializer[] = [
    { name: 'zero', type: 'float32', shape: [], data: new Float32Array([0]) },
    { name: 'cut', type: 'float32', shape: [], data: new Float32Array([CUT]) },
  ];
  const nodes: GraphNode[] = [];
  const stack = layers(network);
  let x = 'input';
  stack.forEach((layer, l) => {
    const last = l === stack.length - 1;
    initializers.push(
      { name: `w${l}`, type: 'float32', shape: [layer.outputs, layer.inputs], data: layer.weights },
      { name: `b${l}`, type: 'float32', shape: [layer.outputs], data: layer.biases },
    );
    nodes.push({
      op: 'Gemm',
      inputs: [x, `w${l}`, `b${l}`],
      outputs: [last ? 'output' : `s${l}`],
      attributes: { transB: { int: 1 } },
    });
    if (!last) nodes.push({ op: 'Clip', inputs: [`s${l}`, 'zero', 'cut'], outputs: [`h${l}`] });
    x = `h${l}`;
  });
  if (options.ids) nodes.push({ op: 'Identity', inputs: ['id'], outputs: ['record'] });
  return buildModel({
    name: network.model,
    inputs: [
      { name: 'input', type: 'float32', shape: ['batch', INPUTS] },
      ...(options.ids ? [{ name: 'id', type: 'int64', shape: ['batch'] } as const] : []),
    ],
    outputs: [
      { name: 'output', type: 'float32', shape: ['batch', OUTPUTS] },
      ...(options.ids ? [{ name: 'record', type: 'int64', shape: ['batch'] } as const] : []),
    ],
    initializers,
    nodes,
  });
}
