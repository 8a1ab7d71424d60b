import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { agreement, classify, readLabels, readWeights, WEIGHTS } from '../../../../benchmarks/frameworks/network.ts';
import { examplesOf, prototypesOf, TASK, weightSeed } from '../../../../benchmarks/frameworks/task.ts';
import { base64, CHALLENGE, solution } from './solved.ts';

const seed = (n: number) => n.toString(16).padStart(64, '0');

describe('the task of a challenge', () => {
  it('is the same bits on every machine (the digest is from another implementation, in Python with openssl)', () => {
    const { inputs, labels } = examplesOf(CHALLENGE, CHALLENGE, 'train', 256);
    const digest = createHash('sha256').update(new Uint8Array(inputs.buffer)).update(labels).digest('hex');
    expect(digest).toBe('e0d5162bb7d27c77c888a99db5afba1ec0fdc00f68f2533abc5d6965e2e5da46');
  });

  it('gives the first examples without the others', () => {
    const few = examplesOf(CHALLENGE, seed(1), 'held', 10);
    const many = examplesOf(CHALLENGE, seed(1), 'held', 500);
    expect(many.inputs.subarray(0, few.inputs.length)).toEqual(few.inputs);
  });

  it('has other held-out inputs for another beacon, none of them in the training set', () => {
    const train = examplesOf(CHALLENGE, CHALLENGE, 'train', 500).inputs;
    const held = examplesOf(CHALLENGE, CHALLENGE, 'held', 500).inputs;
    expect(held).not.toEqual(train);
    expect(examplesOf(CHALLENGE, seed(1), 'held', 50).inputs).not.toEqual(
      examplesOf(CHALLENGE, seed(2), 'held', 50).inputs,
    );
  });

  it('cannot be answered by a constant or by guessing', () => {
    const { labels } = examplesOf(CHALLENGE, seed(3), 'held', 4000);
    for (let label = 0; label < TASK.classes; label++) {
      expect(agreement(new Uint8Array(4000).fill(label), labels)).toBeLessThan(0.2);
    }
    expect(
      agreement(
        Uint8Array.from(labels, (_, i) => (i * 7919) % 8),
        labels,
      ),
    ).toBeLessThan(0.2);
  });

  it('cannot be answered by what was right for another challenge', () => {
    const held = examplesOf(CHALLENGE, seed(4), 'held', 1000);
    expect(agreement(classify(solution(seed(9)), held.inputs), held.labels)).toBeLessThan(0.5);
  });

  it('can be answered all but perfectly by a network that knows the corners, for any challenge', () => {
    for (let n = 0; n < 20; n++) {
      const held = examplesOf(seed(n), seed(n + 100), 'held', 512);
      expect(agreement(classify(solution(seed(n)), held.inputs), held.labels)).toBeGreaterThan(0.995);
    }
  });

  it('has noise of the standard deviation it says', () => {
    const { inputs } = examplesOf(CHALLENGE, seed(5), 'held', 2000);
    const off = Array.from(inputs, (value) => value - Math.sign(value)).filter((value) => Math.abs(value) < 1);
    const deviation = Math.sqrt(off.reduce((sum, value) => sum + value * value, 0) / off.length);
    expect(deviation).toBeGreaterThan(0.36);
    expect(deviation).toBeLessThan(0.44);
  });

  it('has corners that are all different, and a seed of 31 bits', () => {
    const corners = prototypesOf(CHALLENGE);
    const texts = Array.from({ length: TASK.prototypes }, (_, p) => corners.subarray(p * 32, p * 32 + 32).join());
    expect(new Set(texts).size).toBe(TASK.prototypes);
    expect(weightSeed(CHALLENGE)).toBeGreaterThanOrEqual(0);
    expect(weightSeed(CHALLENGE)).toBeLessThan(2 ** 31);
  });
});

describe('what a probe hands over', () => {
  it('is weights of the right size and nothing that is not finite', () => {
    const weights = solution(CHALLENGE);
    expect(readWeights(base64(weights))).toEqual(weights);
    expect(readWeights(base64(weights.subarray(1)))).toBeUndefined();
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const broken = weights.slice();
      broken[WEIGHTS - 1] = bad;
      expect(readWeights(base64(broken))).toBeUndefined();
    }
    expect(readWeights('')).toBeUndefined();
  });

  it('is labels of one digit each', () => {
    expect(readLabels('0176')).toEqual(Uint8Array.of(0, 1, 7, 6));
    for (const text of ['01 7', '1,2', '-1', 'a', '٣']) expect(readLabels(text)).toBeUndefined();
  });

  it('agrees with nothing when it is empty or of another length', () => {
    expect(agreement(new Uint8Array(0), new Uint8Array(0))).toBe(0);
    expect(agreement(new Uint8Array(3), new Uint8Array(4))).toBe(0);
  });
});
