import { describe, expect, it } from 'vitest';
import { operationsOf, operationsRight, operationsSeed } from '../../../../benchmarks/frameworks/operations.ts';
import recorded from './operations-recorded.json' with { type: 'json' };

const beacon = (n: number) => n.toString(16).padStart(64, '0');
const ENGINES = ['torch', 'tensorflow', 'paddle', 'jax', 'onnxruntime'];

describe('the operations of an engine', () => {
  it.each(recorded.runs)('are the numbers that a real $of gave for seed $seed', ({ engine, seed, numbers }) => {
    const expected = operationsOf(engine, seed)!;
    expect(numbers).toHaveLength(expected.length);
    const apart = numbers.map((number, i) => Math.abs(number - expected[i]!));
    expect(Math.max(...apart)).toBeLessThan(2e-6);
  });

  it('were recorded from every engine that has some', () => {
    expect([...new Set(recorded.runs.map((run) => run.engine))].sort()).toEqual([...ENGINES].sort());
  });

  it('are other numbers for every seed and every engine, so that none can be carried along', () => {
    for (const engine of ENGINES) {
      const right = operationsOf(engine, operationsSeed(beacon(1)))!;
      expect(operationsRight(engine, beacon(1), right)).toBe(true);
      expect(operationsRight(engine, beacon(2), right)).toBe(false);
      for (const other of ENGINES) if (other !== engine) expect(operationsRight(other, beacon(1), right)).toBe(false);
    }
  });

  it('are wrong with one number changed, left out or added', () => {
    for (const engine of ENGINES) {
      const right = operationsOf(engine, operationsSeed(beacon(3)))!;
      for (let i = 0; i < right.length; i += 7) {
        expect(operationsRight(engine, beacon(3), right.with(i, right[i]! + 0.01))).toBe(false);
      }
      expect(operationsRight(engine, beacon(3), right.slice(1))).toBe(false);
      expect(operationsRight(engine, beacon(3), [...right, 0])).toBe(false);
      expect(operationsRight(engine, beacon(3), [])).toBe(false);
    }
  });

  it('are not known of other engines', () => {
    for (const engine of ['mindspore', 'constructor', ''])
      expect(operationsRight(engine, beacon(1), [])).toBeUndefined();
  });
});
