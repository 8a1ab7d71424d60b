import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gather, share, type WireTensor } from '../../../../agent/serve/batch.ts';
import type { ServedModel } from '../../../../agent/serve/models.ts';
import { Queue, type Runner } from '../../../../agent/serve/queue.ts';
import type { Tensor } from '../../../../proto/inference/tensor.ts';

const model = (name: string, batchRows: number) => ({ name, batchRows }) as ServedModel;
const input = (values: number[]): Tensor => ({
  name: 'x',
  datatype: 'FP32',
  shape: [values.length, 1],
  data: new Uint8Array(Float32Array.from(values).buffer),
});
const valuesOf = (tensor: Tensor | undefined) => [...new Float32Array(new Uint8Array(tensor!.data).buffer)];

/** Answers x with −x when it is let, and remembers what it was given. */
class Gated implements Runner {
  readonly batches: { model: string; rows: number }[] = [];
  readonly #open: (() => void)[] = [];

  run(name: string, inputs: readonly WireTensor[]): Promise<readonly WireTensor[]> {
    this.batches.push({ model: name, rows: inputs[0]!.shape[0]! });
    const negative = new Float32Array(inputs[0]!.buffer).map((value) => -value);
    return new Promise((resolve) => {
      this.#open.push(() => resolve([{ ...inputs[0]!, name: 'y', buffer: negative.buffer as ArrayBuffer }]));
    });
  }

  async letAll(): Promise<void> {
    for (let turn = 0; turn < 50; turn++) {
      for (const open of this.#open.splice(0)) open();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

describe('the queue of the inference service', () => {
  it('gives every request its own rows back, in whatever batches they ran', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.integer({ min: -99, max: 99 }), { minLength: 1, maxLength: 5 }), { maxLength: 30 }),
        fc.integer({ min: 1, max: 9 }),
        async (requests, batchRows) => {
          const runner = new Gated();
          const queue = new Queue([runner], { limitBytes: 1e6, onBatch: () => {} });
          const outcomes = requests.map((values) =>
            queue.submit(model('m', batchRows), values.length, [input(values)]),
          );
          await runner.letAll();
          for (const [i, outcome] of (await Promise.all(outcomes)).entries()) {
            expect(outcome.ok && valuesOf(outcome.outputs[0])).toEqual(
              requests[i]!.map((value) => (value === 0 ? -0 : -value)),
            );
          }
          expect(runner.batches.reduce((total, batch) => total + batch.rows, 0)).toBe(requests.flat().length);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('fills a batch up to its rows, and runs a larger request alone', async () => {
    const runner = new Gated();
    const queue = new Queue([runner], { limitBytes: 1e6, onBatch: () => {} });
    const sizes = [1, 1, 3, 3, 3, 20, 1];
    const outcomes = sizes.map((size) => queue.submit(model('m', 6), size, [input(new Array(size).fill(1))]));
    await runner.letAll();
    await Promise.all(outcomes);
    // The first two find an idle runner; then 3 + 3 fill a batch, 3 waits for the next, 20 goes alone.
    expect(runner.batches.map((batch) => batch.rows)).toEqual([1, 1, 6, 3, 20, 1]);
  });

  it('serves the model whose request is oldest', async () => {
    const runner = new Gated();
    const queue = new Queue([runner], { limitBytes: 1e6, onBatch: () => {} });
    const asked = ['a', 'a', 'b', 'a', 'b'].map((name) => queue.submit(model(name, 8), 1, [input([1])]));
    await runner.letAll();
    await Promise.all(asked);
    expect(runner.batches.map((batch) => batch.model)).toEqual(['a', 'a', 'b', 'a']);
  });

  it('sheds what is beyond its memory, and takes requests again afterwards', async () => {
    const runner = new Gated();
    const queue = new Queue([runner], { limitBytes: 8, onBatch: () => {} });
    const first = queue.submit(model('m', 8), 2, [input([1, 2])]);
    expect(await queue.submit(model('m', 8), 1, [input([3])])).toMatchObject({ ok: false, refusal: 'shed' });
    await runner.letAll();
    expect((await first).ok).toBe(true);
    const later = queue.submit(model('m', 8), 1, [input([4])]);
    await runner.letAll();
    expect((await later).ok).toBe(true);
  });

  it('fails the requests of a batch that fails, and goes on', async () => {
    let calls = 0;
    const failing: Runner = {
      run: async (_name, inputs) => {
        calls++;
        if (calls === 1) throw new Error('the thread died');
        return [{ ...inputs[0]!, name: 'y' }];
      },
    };
    const queue = new Queue([failing], { limitBytes: 1e6, onBatch: () => {} });
    expect(await queue.submit(model('m', 8), 1, [input([1])])).toEqual({
      ok: false,
      refusal: 'internal',
      problem: 'the thread died',
    });
    expect((await queue.submit(model('m', 8), 1, [input([1])])).ok).toBe(true);
  });
});

describe('a batch', () => {
  it('is the rows of its requests one after the other, and falls apart into them again', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.float({ noNaN: true }), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 6 }),
        (requests) => {
          const parts = requests.map((values) => ({ rows: values.length, inputs: [input(values)] }));
          const whole = gather(parts);
          const total = requests.flat().length;
          expect(whole[0]!.shape).toEqual([total, 1]);
          let from = 0;
          for (const values of requests) {
            expect(valuesOf(share(whole, total, from, values.length)[0])).toEqual([...Float32Array.from(values)]);
            from += values.length;
          }
        },
      ),
    );
  });
});
