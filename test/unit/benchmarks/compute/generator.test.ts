import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  entriesInWord,
  generate,
  generatePlainly,
  MOST_ENTRIES,
} from '../../../../benchmarks/compute/challenge/generator.ts';
import { fillWords } from '../../../../benchmarks/compute/philox.ts';

const word = fc.nat({ max: 2 ** 32 - 1 });
const calls = fc.record({
  k0: word,
  k1: word,
  stream: word,
  part: word,
  start: fc.oneof(
    fc.nat({ max: 1000 }),
    fc.maxSafeNat().map((x) => x % 2 ** 40),
    // Blocks of four words whose counter passes 2^32.
    fc.integer({ min: 2 ** 34 - 70, max: 2 ** 34 + 10 }),
  ),
  count: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.constant(MOST_ENTRIES)),
  bits: fc.integer({ min: 1, max: 32 }),
  offset: fc.constantFrom(0, 128),
});

describe('entries from random words', () => {
  it('are the same by vectors and by plain loops, wherever they begin', () => {
    fc.assert(
      fc.property(calls, ({ k0, k1, stream, part, start, count, bits, offset }) => {
        const call = [{ k0, k1 }, stream, part, start, count, bits, offset] as const;
        expect([...generate(...call)]).toEqual([...generatePlainly(...call)]);
      }),
      { numRuns: 300 },
    );
  });

  it('are the signed fields of the words of Philox, low ones first', () => {
    const key = { k0: 0xa4093822, k1: 0x299f31d0 };
    const words = new Uint32Array(64);
    fillWords(words, key, 3, 1, 5);
    for (const [bits, View] of [
      [8, Int8Array],
      [16, Int16Array],
      [32, Int32Array],
    ] as const) {
      const fields = [...new View(words.buffer)];
      expect([...generate(key, 3, 1, 5, fields.length, bits, 0)]).toEqual(fields);
      // Fewer bits are the upper ones of the field.
      expect([...generate(key, 3, 1, 5, fields.length, bits - 3, 7)]).toEqual(fields.map((x) => (x >> 3) + 7));
      expect(entriesInWord(bits)).toBe(fields.length / words.length);
    }
  });
});
