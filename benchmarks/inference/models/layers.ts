import { buildModel, type GraphNode, type Initializer, type Model, type ValueInfo } from '../../../proto/onnx.ts';
import { Draw } from './draw.ts';

/** Builds a network layer by layer: each call adds nodes and gives the name of what they make. */
export class Layers {
  readonly nodes: GraphNode[] = [];
  readonly initializers: Initializer[] = [];
  /** Weights so far. */
  parameters = 0;
  readonly #draw: Draw;
  #count = 0;

  constructor(seed: string) {
    this.#draw = new Draw(seed);
  }

  node(op: string, inputs: readonly string[], attributes: NonNullable<GraphNode['attributes']> = {}): string {
    const output = `${op}_${this.#count++}`;
    this.nodes.push({ op, inputs, outputs: [output], name: output, attributes });
    return output;
  }

  weights(shape: readonly number[], deviation: number): string {
    const size = shape.reduce((product, extent) => product * extent, 1);
    this.parameters += size;
    return this.#constant('float32', shape, this.#draw.spread(size, deviation));
  }

  floats(shape: readonly number[], values: readonly number[]): string {
    return this.#constant('float32', shape, Float32Array.from(values));
  }

  integers(values: readonly number[]): string {
    return this.#constant('int64', [values.length], BigInt64Array.from(values.map(BigInt)));
  }

  /**
   * Convolution with its bias, the batch normalisation folded in as inference does. He's initialisation (He et al.
   * 2015) keeps the activations' size; `gain` scales it.
   */
  conv(
    x: string,
    from: number,
    to: number,
    kernel: number,
    options: { stride?: number; group?: number; gain?: number } = {},
  ): string {
    const { stride = 1, group = 1, gain = 1 } = options;
    const pad = (kernel - 1) >> 1;
    const fan = (from / group) * kernel * kernel;
    const w = this.weights([to, from / group, kernel, kernel], gain * Math.sqrt(2 / fan));
    const b = this.weights([to], 0.01);
    return this.node('Conv', [x, w, b], {
      kernel_shape: { ints: [kernel, kernel] },
      strides: { ints: [stride, stride] },
      pads: { ints: [pad, pad, pad, pad] },
      group: { int: group },
    });
  }

  /** x · W + b over the last axis. */
  dense(x: string, from: number, to: number, gain = 1): string {
    const w = this.weights([from, to], gain / Math.sqrt(from));
    return this.node('Add', [this.node('MatMul', [x, w]), this.weights([to], 0.01)]);
  }

  layerNorm(x: string, width: number, epsilon: number): string {
    const scale = this.floats([width], new Array(width).fill(1));
    const shift = this.weights([width], 0.01);
    this.parameters += width;
    return this.node('LayerNormalization', [x, scale, shift], { axis: { int: -1 }, epsilon: { float: epsilon } });
  }

  /** x · Φ(x), by the error function. */
  gelu(x: string): string {
    const erf = this.node('Erf', [this.node('Mul', [x, this.floats([], [Math.SQRT1_2])])]);
    const half = this.node('Mul', [x, this.floats([], [0.5])]);
    return this.node('Mul', [half, this.node('Add', [erf, this.floats([], [1])])]);
  }

  /** The model file, with the last layers' values under the names of the outputs. */
  build(name: string, inputs: readonly ValueInfo[], outputs: readonly (ValueInfo & { from: string })[]): Uint8Array {
    const named = outputs.map(
      ({ from, name: output }): GraphNode => ({
        op: 'Identity',
        inputs: [from],
        outputs: [output],
        name: `${output}_out`,
      }),
    );
    const model: Model = {
      name,
      inputs,
      outputs: outputs.map(({ from: _from, ...value }) => value),
      initializers: this.initializers,
      nodes: [...this.nodes, ...named],
    };
    return buildModel(model);
  }

  #constant(type: Initializer['type'], shape: readonly number[], data: Initializer['data']): string {
    const name = `c${this.initializers.length}`;
    this.initializers.push({ name, type, shape, data });
    return name;
  }
}
