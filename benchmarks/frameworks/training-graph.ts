import { buildModel, type GraphNode, type Initializer } from '../../proto/onnx.ts';

/** Sizes of a network with one hidden layer. */
export interface Sizes {
  readonly inputs: number;
  readonly hidden: number;
  readonly classes: number;
}

/** Names of the weights in the order in which they are handed over. */
export const PARAMETERS = ['w1', 'b1', 'w2', 'b2'] as const;

/** Shape of a parameter. */
export function shapeOf(name: (typeof PARAMETERS)[number], { inputs, hidden, classes }: Sizes): number[] {
  return { w1: [inputs, hidden], b1: [hidden], w2: [hidden, classes], b2: [classes] }[name];
}

type Float = 'float32' | 'float64';

const node = (op: string, inputs: string[], output: string, attributes: GraphNode['attributes'] = {}): GraphNode => ({
  op,
  inputs,
  outputs: [output],
  attributes,
});

/**
 * One step of training as a graph: forward pass, gradients of the mean cross-entropy, and the update by momentum.
 * The runtime executes every operation of it; what stands here is only which ones (the chain rule written out by hand).
 *
 * In: `x` (batch × inputs), `y` (batch × classes, one-hot), parameters, `m_*` momenta. Out: `loss`, `new_*`, `new_m_*`.
 */
export function trainingGraph(sizes: Sizes, batch: number, type: Float, rate: number, momentum: number): Uint8Array {
  const scalar = (name: string, value: number): Initializer => ({
    name,
    type,
    shape: [],
    data: type === 'float32' ? Float32Array.of(value) : Float64Array.of(value),
  });
  const forward = [
    node('MatMul', ['x', 'w1'], 'xw1'),
    node('Add', ['xw1', 'b1'], 'z1'),
    node('Relu', ['z1'], 'a1'),
    node('MatMul', ['a1', 'w2'], 'aw2'),
    node('Add', ['aw2', 'b2'], 'z2'),
    node('Softmax', ['z2'], 'p', { axis: { int: 1 } }),
    node('Add', ['p', 'tiny'], 'p_safe'),
    node('Log', ['p_safe'], 'log_p'),
    node('Mul', ['y', 'log_p'], 'y_log_p'),
    node('ReduceSum', ['y_log_p'], 'log_sum', { keepdims: { int: 0 } }),
    node('Mul', ['log_sum', 'minus_mean'], 'loss'),
  ];
  const backward = [
    node('Sub', ['p', 'y'], 'p_y'),
    node('Mul', ['p_y', 'mean'], 'd2'),
    node('Transpose', ['a1'], 'a1_t'),
    node('MatMul', ['a1_t', 'd2'], 'g_w2'),
    node('ReduceSum', ['d2', 'rows'], 'g_b2', { keepdims: { int: 0 } }),
    node('Transpose', ['w2'], 'w2_t'),
    node('MatMul', ['d2', 'w2_t'], 'da1'),
    node('Greater', ['z1', 'zero'], 'alive'),
    node('Cast', ['alive'], 'mask', { to: { int: type === 'float32' ? 1 : 11 } }),
    node('Mul', ['da1', 'mask'], 'd1'),
    node('Transpose', ['x'], 'x_t'),
    node('MatMul', ['x_t', 'd1'], 'g_w1'),
    node('ReduceSum', ['d1', 'rows'], 'g_b1', { keepdims: { int: 0 } }),
  ];
  const update = PARAMETERS.flatMap((name) => [
    node('Mul', [`m_${name}`, 'momentum'], `kept_${name}`),
    node('Add', [`kept_${name}`, `g_${name}`], `new_m_${name}`),
    node('Mul', [`new_m_${name}`, 'rate'], `step_${name}`),
    node('Sub', [name, `step_${name}`], `new_${name}`),
  ]);
  const state = PARAMETERS.flatMap((name) => [
    { name, type, shape: shapeOf(name, sizes) },
    { name: `m_${name}`, type, shape: shapeOf(name, sizes) },
  ]);
  return buildModel({
    name: 'training',
    inputs: [
      { name: 'x', type, shape: [batch, sizes.inputs] },
      { name: 'y', type, shape: [batch, sizes.classes] },
      ...state,
    ],
    outputs: [
      { name: 'loss', type, shape: [] },
      ...state.map(({ name, ...rest }) => ({ name: `new_${name}`, ...rest })),
    ],
    initializers: [
      scalar('mean', 1 / batch),
      scalar('minus_mean', -1 / batch),
      scalar('zero', 0),
      scalar('tiny', 1e-12),
      scalar('rate', rate),
      scalar('momentum', momentum),
      { name: 'rows', type: 'int64', shape: [1], data: BigInt64Array.of(0n) },
    ],
    nodes: [...forward, ...backward, ...update],
  });
}

/** The trained network as a graph of its own: `x` (any rows × inputs) to `label` (class numbers). */
export function inferenceGraph(sizes: Sizes, type: Float): Uint8Array {
  return buildModel({
    name: 'inference',
    inputs: [
      { name: 'x', type, shape: ['rows', sizes.inputs] },
      ...PARAMETERS.map((name) => ({ name, type, shape: shapeOf(name, sizes) })),
    ],
    outputs: [{ name: 'label', type: 'int64', shape: ['rows'] }],
    nodes: [
      node('MatMul', ['x', 'w1'], 'xw1'),
      node('Add', ['xw1', 'b1'], 'z1'),
      node('Relu', ['z1'], 'a1'),
      node('MatMul', ['a1', 'w2'], 'aw2'),
      node('Add', ['aw2', 'b2'], 'z2'),
      node('ArgMax', ['z2'], 'label', { axis: { int: 1 }, keepdims: { int: 0 } }),
    ],
  });
}
