import { describe, expect, it } from 'vitest';
import {
  type FoldPlan,
  foldPart,
  type HostForm,
  LAST_TURN,
} from '../../../../benchmarks/compute/challenge/fold-part.ts';
import { startFolding } from '../../../../benchmarks/compute/challenge/folding.ts';
import { type HostArrays, type Matrix, openHostChain } from '../../../../benchmarks/compute/challenge/host-chain.ts';
import { instantiateKernels } from '../../../../benchmarks/compute/challenge/kernels.ts';
import { foldShift } from '../../../../benchmarks/compute/challenge/parameters.ts';
import { allocateShared } from '../../../../benchmarks/compute/linear-memory.ts';
import type { Precision } from '../../../../benchmarks/compute/precision.ts';
import { unpackFloats } from '../../../../benchmarks/compute/storage.ts';
import { honest, smallParameters } from './challenge-fixture.ts';

const NONCE = '5a'.repeat(32);
const SEED = 'c3'.repeat(32);

const FORMS: [HostForm, Precision][] = [
  ['float64', 'FP64'],
  ['float32', 'FP32'],
  ['bfloat16', 'BF16'],
  ['int8', 'INT8'],
  ['uint8', 'INT8'],
];

/** sums = state · matrixᵗ by plain loops. */
function plainProduct(form: HostForm, n: number, { rows, state, sums }: HostArrays, matrix: Matrix): void {
  const zero = form === 'uint8' ? 128 : 0;
  const values = state instanceof Uint16Array ? unpackFloats(state, 'BF16') : state;
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += (values[row * n + i]! - zero) * matrix[j * n + i]!;
      sums[row * n + j] = sum;
    }
  }
}

describe('a chain in the memory of the processor', () => {
  it.each(FORMS.flatMap(([form, precision]) => [1, 2, 3].map((threads) => [form, precision, threads] as const)))(
    'gives what its definition says: %s for %s, f on %i threads',
    async (form, precision, threads) => {
      const parameters = smallParameters(precision);
      const chain = await openHostChain<Matrix>(parameters, NONCE, form, 8, threads, (arrays) => ({
        prepare: (entries) => entries,
        multiply: (matrix) => plainProduct(form, parameters.n, arrays, matrix),
      }));
      const { sketch } = await chain.round(SEED);
      await chain.close();
      const right = honest(parameters, NONCE, SEED, 0);
      const view = new DataView(sketch.buffer);
      expect(Array.from(right, (_, row) => view.getUint32(4 * row, true))).toEqual([...right]);
    },
  );
});

const COUNT = 16 * 37;
const plan: FoldPlan = {
  form: 'float32',
  stateBytes: 4,
  sumBytes: 4,
  sumsAt: 65536,
  count: COUNT,
  shift: foldShift({ n: 64, weightBits: 13 }),
  stateBits: 8,
  controlAt: 2 * 65536,
};

/** Memory with sums to fold, and a mark in every entry of the state. */
function filled() {
  const memory = allocateShared(plan.controlAt + 8);
  const state = new Float32Array(memory.buffer, 0, COUNT + 16).fill(Number.NaN);
  new Float32Array(memory.buffer, plan.sumsAt, COUNT).forEach((_, i, sums) => {
    sums[i] = ((i * 2654435761) % 2 ** 23) - 2 ** 22;
  });
  return { memory, state };
}

describe('f by several threads', () => {
  it.each([1, 2, 3, 5, 8, 100])('in %i parts is the same as in one, and touches nothing else', (parts) => {
    const [whole, divided] = [filled(), filled()];
    foldPart(instantiateKernels(whole.memory), plan, 0, 1);
    const kernels = instantiateKernels(divided.memory);
    for (let part = 0; part < parts; part++) foldPart(kernels, plan, part, parts);
    expect([...divided.state]).toEqual([...whole.state]);
    expect([...whole.state.subarray(COUNT)].every(Number.isNaN)).toBe(true);
    expect([...whole.state.subarray(0, COUNT)].every(Number.isInteger)).toBe(true);
  });

  it('is whole at every turn', async () => {
    const { memory, state } = filled();
    const folding = await startFolding(memory, plan, 4);
    for (let turn = 0; turn < 200; turn++) {
      state.fill(Number.NaN, 0, COUNT);
      folding.fold();
      if (!state.subarray(0, COUNT).every(Number.isInteger)) throw new Error(`turn ${turn} is not whole`);
    }
    await folding.close();
  });

  it('ends with an error, and does not wait for ever, where one of them has died', async () => {
    const { memory } = filled();
    const folding = await startFolding(memory, plan, 3, 200);
    folding.fold();
    const control = new Int32Array(memory.buffer, plan.controlAt, 2);
    Atomics.store(control, 0, LAST_TURN);
    Atomics.notify(control, 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(() => folding.fold()).toThrow('a thread between the layers has died');
    await folding.close();
  });
});
