/**
 * The small networks that the built-in service answers with: fully connected layers of `sizes`, cut off between
 * layers. `task` is what one user asks for (about 4.3 million operations a row), `record` is lighter (1.3 million).
 *
 * All numbers in them are whole: inputs −8 to 7, weights −1, 0 or 1, biases −8 to 7, activations cut off to 0 … 127.
 * No sum passes 1,024 · 127 + 8 < 2^24, so every partial sum is exact in FP32 whatever the order of additions, and
 * every factor fits BF16: two honest machines give the same bytes, and a checker needs no tolerance.
 */
export interface Network {
  /** Name of the model on the service. */
  readonly model: string;
  readonly sizes: readonly number[];
  /** Start of the generator that draws the weights; not zero. */
  readonly seed: number;
}

export const TASK_NETWORK: Network = { model: 'assay-tasks', sizes: [64, 1024, 1024, 1024, 16], seed: 0x9e3779b9 };
export const RECORD_NETWORK: Network = { model: 'assay-records', sizes: [64, 768, 768, 16], seed: 0x85ebca6b };

/** Every network takes rows of 64 values and gives rows of 16. */
export const INPUTS = 64;
export const OUTPUTS = 16;
export const CUT = 127;

/** One layer; `weights` row-major, one row an output. */
export interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  readonly weights: Float32Array;
  readonly biases: Float32Array;
}

/** The weights, drawn from xorshift32 (Marsaglia 2003, "Xorshift RNGs") so that anyone can draw them again. */
export function layers(network: Network): readonly Layer[] {
  const known = drawn.get(network);
  if (known) return known;
  let state = network.seed;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  const made: Layer[] = [];
  for (let l = 1; l < network.sizes.length; l++) {
    const inputs = network.sizes[l - 1]!;
    const outputs = network.sizes[l]!;
    const weights = new Float32Array(inputs * outputs);
    for (let i = 0; i < weights.length; i++) weights[i] = (next() % 3) - 1;
    const biases = new Float32Array(outputs);
    for (let i = 0; i < outputs; i++) biases[i] = (next() % 16) - 8;
    made.push({ inputs, outputs, weights, biases });
  }
  drawn.set(network, made);
  return made;
}

const drawn = new WeakMap<Network, readonly Layer[]>();

/** Answers for `rows` inputs of 64 values each: 16 values a row. A second implementation beside the ONNX graph. */
export function forward(network: Network, input: Float32Array, rows: number): Float32Array {
  if (input.length !== rows * INPUTS) throw new Error(`${input.length} values are not ${rows} rows of ${INPUTS}`);
  const answers = new Float32Array(rows * OUTPUTS);
  const stack = layers(network);
  const last = stack.length - 1;
  const activations = stack.map((layer) => new Float32Array(layer.outputs));
  for (let row = 0; row < rows; row++) {
    let x = input.subarray(row * INPUTS, (row + 1) * INPUTS);
    for (let l = 0; l <= last; l++) {
      const y = activations[l]!;
      apply(stack[l]!, x, y, l < last);
      x = y;
    }
    answers.set(x, row * OUTPUTS);
  }
  return answers;
}

/** Four outputs at a time, so that the additions of one don't wait for each other; every layer has a multiple of four. */
function apply(layer: Layer, x: Float32Array, y: Float32Array, cut: boolean): void {
  const { inputs, weights, biases } = layer;
  const low = cut ? 0 : Number.NEGATIVE_INFINITY;
  const high = cut ? CUT : Number.POSITIVE_INFINITY;
  for (let j = 0; j < y.length; j += 4) {
    let s0 = biases[j]!;
    let s1 = biases[j + 1]!;
    let s2 = biases[j + 2]!;
    let s3 = biases[j + 3]!;
    const r0 = j * inputs;
    const r1 = r0 + inputs;
    const r2 = r1 + inputs;
    const r3 = r2 + inputs;
    for (let i = 0; i < inputs; i++) {
      const value = x[i]!;
      s0 += weights[r0 + i]! * value;
      s1 += weights[r1 + i]! * value;
      s2 += weights[r2 + i]! * value;
      s3 += weights[r3 + i]! * value;
    }
    y[j] = Math.min(high, Math.max(low, s0));
    y[j + 1] = Math.min(high, Math.max(low, s1));
    y[j + 2] = Math.min(high, Math.max(low, s2));
    y[j + 3] = Math.min(high, Math.max(low, s3));
  }
}
