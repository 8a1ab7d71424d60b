import { TASK } from './task.ts';

const { inputs, hidden, classes } = TASK;

/** Numbers that make up one hidden unit: its incoming weights, its bias, its outgoing weights. */
const UNIT = inputs + 1 + classes;

/**
 * A network of one hidden layer with everything taken off that changes no answer of it: which unit is which is left to
 * `alike`; a unit whose input grows by a factor while its output shrinks by it (ReLU is positively homogeneous), a
 * number added to the scores of all classes, and a factor on all scores.
 */
export interface Canon {
  /** One row of `UNIT` numbers for each hidden unit; all of them together have the length 1. */
  readonly units: Float64Array;
  readonly bias: Float64Array;
}

/** The canonical form of weights as `readWeights` gives them. A unit that reaches no score is all zeros. */
export function canonOf(weights: Float32Array): Canon {
  const bias1 = inputs * hidden;
  const layer2 = bias1 + hidden;
  const units = new Float64Array(hidden * UNIT);
  for (let h = 0; h < hidden; h++) {
    const into = Float64Array.from({ length: inputs + 1 }, (_, j) => weights[j * hidden + h]!);
    const out = centred(weights.subarray(layer2 + h * classes, layer2 + (h + 1) * classes));
    const [coming, going] = [Math.hypot(...into), Math.hypot(...out)];
    if (coming === 0 || going === 0) continue;
    const even = Math.sqrt(going / coming);
    units.set(
      into.map((value) => value * even),
      h * UNIT,
    );
    units.set(
      out.map((value) => value / even),
      h * UNIT + inputs + 1,
    );
  }
  const bias = centred(weights.subarray(layer2 + hidden * classes));
  const size = Math.sqrt(squares(units));
  // Both factors of a score carry the square root of what is on the score.
  return size === 0
    ? { units, bias }
    : { units: units.map((value) => value / size), bias: bias.map((value) => value / size ** 2) };
}

/**
 * Whether two networks are one in whatever order their hidden units stand: each unit of the one is set against the
 * nearest of the other that is left, and the length of all differences may be at most `limit` of the length of the
 * second. Independent trainings are set apart like this too: they came to 0.89 and more.
 */
export function alike(a: Canon, b: Canon, limit: number): boolean {
  const most = limit ** 2 * (squares(b.units) + squares(b.bias));
  const left = new Set(Array.from({ length: hidden }, (_, h) => h));
  let apart = difference(a.bias, 0, b.bias, 0, classes);
  for (let h = 0; h < hidden && apart <= most; h++) {
    let nearest = -1;
    let least = Number.POSITIVE_INFINITY;
    for (const other of left) {
      const far = difference(a.units, h * UNIT, b.units, other * UNIT, UNIT);
      if (far < least) [nearest, least] = [other, far];
    }
    left.delete(nearest);
    apart += least;
  }
  return apart <= most;
}

function centred(values: Float32Array): Float64Array {
  const mean = values.reduce((total, value) => total + value, 0) / values.length;
  return Float64Array.from(values, (value) => value - mean);
}

function squares(values: Float64Array): number {
  return values.reduce((total, value) => total + value * value, 0);
}

function difference(a: Float64Array, from: number, b: Float64Array, at: number, count: number): number {
  let total = 0;
  for (let i = 0; i < count; i++) total += (a[from + i]! - b[at + i]!) ** 2;
  return total;
}
