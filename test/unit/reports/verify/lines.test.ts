import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Bundle } from '../../../../reports/verify/layout.ts';
import { linesOf } from '../../../../reports/verify/lines.ts';

/** A file that comes in pieces whose bytes are overwritten once the next one is asked for, as a disk's are. */
function fileOf(bytes: Uint8Array, sizes: readonly number[]): Pick<Bundle, 'pieces'> {
  function* pieces(): Generator<Uint8Array> {
    const shared = new Uint8Array(64);
    for (let at = 0, turn = 0; at < bytes.length; turn++) {
      const size = Math.min(sizes[turn % sizes.length] ?? 1, bytes.length - at, shared.length);
      shared.fill(0x21);
      shared.set(bytes.subarray(at, at + size));
      at += size;
      yield shared.subarray(0, size);
    }
  }
  return { pieces };
}

describe('lines of a file', () => {
  it('are the same in whatever pieces it comes', () => {
    const byte = fc.constantFrom(0x0a, 0x0a, 0x61, 0x0d, 0xff, 0x01);
    fc.assert(
      fc.property(fc.array(byte), fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1 }), (content, sizes) => {
        const bytes = Uint8Array.from(content);
        const read = [...linesOf(fileOf(bytes, sizes), 'f')];
        const whole = Buffer.from(bytes).toString('latin1').split('\n');
        const rest = whole.pop()!;
        const lines = read.flatMap((line) => ('bytes' in line ? [Buffer.from(line.bytes).toString('latin1')] : []));
        expect(lines).toEqual(whole);
        expect(read.filter((line) => 'problem' in line)).toEqual(rest === '' ? [] : [{ problem: 'is cut off' }]);
      }),
    );
  });

  it('end at the first byte that no text has, in whatever pieces it comes', () => {
    for (const sizes of [[1], [2], [3], [64]]) {
      const read = [...linesOf(fileOf(Buffer.from('a\nb\nc\0d\ne\n'), sizes), 'f')];
      expect(read.map((line) => ('bytes' in line ? String(line.bytes) : line.problem))).toEqual([
        'a',
        'b',
        'holds a byte that is no text',
      ]);
    }
  });

  it('of a file that is not there are none', () => {
    expect([...linesOf({ pieces: () => undefined }, 'f')]).toEqual([]);
  });
});
