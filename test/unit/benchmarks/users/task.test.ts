import { describe, expect, it } from 'vitest';
import {
  CUT,
  forward,
  INPUTS,
  layers,
  OUTPUTS,
  RECORD_NETWORK,
  TASK_NETWORK,
} from '../../../../benchmarks/users/network.ts';
import { POOL, poolIndex, poolInputs, Reference, taskDigest, writeRow } from '../../../../benchmarks/users/task.ts';
import { answerRows } from '../../../../benchmarks/users/verification.ts';

const CHALLENGE = '5a'.repeat(32);

describe('the networks', () => {
  it.each([TASK_NETWORK, RECORD_NETWORK])(
    '$model gives the same bytes from ONNX Runtime and from our own code',
    async (network) => {
      const rows = 24;
      const inputs = new Float32Array(rows * INPUTS);
      for (let row = 0; row < rows; row++) writeRow(taskDigest(CHALLENGE, 'gate', row, 0), inputs, row * INPUTS);
      const ours = forward(network, inputs, rows);
      const runtime = await answerRows(network, rows, (row, into, at) => {
        into.set(inputs.subarray(row * INPUTS, (row + 1) * INPUTS), at);
      });
      expect(Buffer.from(runtime.buffer).equals(Buffer.from(ours.buffer))).toBe(true);
      // A network that says the same to everyone would let anyone through.
      expect(
        new Set(Array.from({ length: rows }, (_, row) => ours.slice(row * OUTPUTS, (row + 1) * OUTPUTS).join())).size,
      ).toBe(rows);
    },
  );

  it('cannot pass the whole numbers that FP32 holds exactly', () => {
    for (const network of [TASK_NETWORK, RECORD_NETWORK]) {
      layers(network).forEach((layer, l) => {
        const most = l === 0 ? 8 : CUT;
        for (let j = 0; j < layer.outputs; j++) {
          let sum = Math.abs(layer.biases[j]!);
          for (let i = 0; i < layer.inputs; i++) sum += Math.abs(layer.weights[j * layer.inputs + i]!) * most;
          if (sum >= 2 ** 24) throw new Error(`output ${j} of layer ${l} can reach ${sum}`);
        }
      });
    }
  });
});

describe('tasks', () => {
  it('have inputs from −8 to 7, each about as often', () => {
    const counts = new Map<number, number>();
    for (const value of poolInputs(CHALLENGE)) counts.set(value, (counts.get(value) ?? 0) + 1);
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, i) => i - 8));
    const expected = (POOL * INPUTS) / 16;
    for (const count of counts.values()) expect(Math.abs(count - expected)).toBeLessThan(expected * 0.2);
  });

  it('never use a pool row twice, and are all different', () => {
    const seen = new Set<string>();
    for (let user = 0; user < 40; user++) {
      for (let n = 0; n < 5; n++) {
        const digest = taskDigest(CHALLENGE, 'hold', user, n);
        const rows = Array.from({ length: 15 }, (_, i) => poolIndex(digest, i + 1));
        expect(new Set(rows).size).toBe(15);
        expect(rows.every((row) => row >= 0 && row < POOL)).toBe(true);
        seen.add(digest.toString('hex'));
      }
    }
    expect(seen.size).toBe(200);
  });

  it('differ by challenge, series, user and number, and so do their answers', () => {
    const one = new Reference(TASK_NETWORK, CHALLENGE);
    const other = new Reference(TASK_NETWORK, 'a5'.repeat(32));
    const answers = [
      one.answer('hold', 1, 2, 2),
      one.answer('burst', 1, 2, 2),
      one.answer('hold', 2, 2, 2),
      one.answer('hold', 1, 3, 2),
      other.answer('hold', 1, 2, 2),
    ].map((bytes) => Buffer.from(bytes).toString('hex'));
    expect(new Set(answers).size).toBe(5);
  });
});
