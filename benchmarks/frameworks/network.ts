import { TASK } from './task.ts';

const { inputs, hidden, classes } = TASK;

/** Numbers in one network: hidden layer (inputs × hidden, row by row, then its bias), output layer (hidden × classes, bias). */
export const WEIGHTS = inputs * hidden + hidden + hidden * classes + classes;

/** Reads weights from base64 of little-endian 32-bit floats. Undefined if the size is wrong or a number is not finite. */
export function readWeights(base64: string): Float32Array | undefined {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length !== WEIGHTS * 4) return undefined;
  const weights = Float32Array.from({ length: WEIGHTS }, (_, i) => bytes.readFloatLE(i * 4));
  return weights.every(Number.isFinite) ? weights : undefined;
}

/** Classes that a network of one hidden layer with ReLU gives for rows of inputs: the first of equal best. */
export function classify(weights: Float32Array, rows: Float32Array): Uint8Array {
  const bias1 = inputs * hidden;
  const layer2 = bias1 + hidden;
  const bias2 = layer2 + hidden * classes;
  const count = rows.length / inputs;
  const labels = new Uint8Array(count);
  const middle = new Float64Array(hidden);
  for (let i = 0; i < count; i++) {
    for (let h = 0; h < hidden; h++) {
      let sum = weights[bias1 + h]!;
      for (let j = 0; j < inputs; j++) sum += rows[i * inputs + j]! * weights[j * hidden + h]!;
      middle[h] = Math.max(0, sum);
    }
    let best = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < classes; c++) {
      let sum = weights[bias2 + c]!;
      for (let h = 0; h < hidden; h++) sum += middle[h]! * weights[layer2 + h * classes + c]!;
      if (sum > best) {
        best = sum;
        labels[i] = c;
      }
    }
  }
  return labels;
}

/** Share of places where two lists of labels agree; 0 for lists of different length or none. */
export function agreement(a: Uint8Array, b: Uint8Array): number {
  if (a.length === 0 || a.length !== b.length) return 0;
  let same = 0;
  for (let i = 0; i < a.length; i++) if (a[i] === b[i]) same++;
  return same / a.length;
}

/** Reads labels written as one digit each. Undefined for anything else. */
export function readLabels(text: string): Uint8Array | undefined {
  return /^[0-9]*$/.test(text) ? Uint8Array.from(text, (digit) => Number(digit)) : undefined;
}
