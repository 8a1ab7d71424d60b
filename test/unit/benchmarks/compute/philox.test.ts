import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillWords, keyOf, philox } from '../../../../benchmarks/compute/philox.ts';

describe('the counter-based generator', () => {
  it('gives the known answers of its authors (Random123, philox4x32-10)', () => {
    const known: [number[], number[], string][] = [
      [[0, 0], [0, 0, 0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
      [[-1, -1], [-1, -1, -1, -1], '408f276d 41c83b0e a20bc7c6 6d5451fd'],
      [
        [0xa4093822, 0x299f31d0],
        [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
        'd16cfe09 94fdcceb 5001e420 24126ea1',
      ],
    ];
    for (const [key, counter, words] of known) {
      const out = new Uint32Array(4);
      philox(out, 0, key[0]!, key[1]!, counter[0]!, counter[1]!, counter[2]!, counter[3]!);
      expect([...out].map((word) => word.toString(16).padStart(8, '0')).join(' ')).toBe(words);
    }
  });

  it('gives any stretch of a stream alone, the same as within the whole', () => {
    const key = keyOf('0123456789abcdef');
    const whole = new Uint32Array(200);
    fillWords(whole, key, 3, 4, 0);
    fc.assert(
      fc.property(fc.nat(150), fc.nat(50), (start, length) => {
        const part = new Uint32Array(length);
        fillWords(part, key, 3, 4, start);
        expect([...part]).toEqual([...whole.subarray(start, start + length)]);
      }),
    );
  });

  it('keeps keys, streams, parts and far places apart', () => {
    const seen = new Set<string>();
    const words = new Uint32Array(8);
    for (const key of ['0000000000000000', '0000000000000001', '1000000000000000']) {
      for (const [stream, part, start] of [
        [0, 0, 0],
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 2 ** 34],
        [0, 0, 2 ** 35],
      ] as const) {
        fillWords(words, keyOf(key), stream, part, start);
        seen.add(words.join());
      }
    }
    expect(seen.size).toBe(15);
  });

  it('takes no key that is too short or no hexadecimal', () => {
    expect(() => keyOf('0123')).toThrow('16 hexadecimal');
    expect(() => keyOf('x'.repeat(64))).toThrow('16 hexadecimal');
  });
});
