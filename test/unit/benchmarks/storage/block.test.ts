import { randomBytes } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { address, content, defect, UNIT_BYTES, volumeKey } from '../../../../benchmarks/storage/block.ts';

const key = volumeKey('ab'.repeat(32));
const place = { epoch: 1, unit: 77 };
const right = () => Buffer.from(content(key, place, UNIT_BYTES));

describe('the data of a volume', () => {
  it('is the same whether it is made in one piece or block by block', () => {
    const whole = content(key, { epoch: 0, unit: 1000 }, 8 * UNIT_BYTES);
    for (let i = 0; i < 8; i++) {
      const block = content(key, { epoch: 0, unit: 1000 + i }, UNIT_BYTES);
      expect(block.equals(whole.subarray(i * UNIT_BYTES, (i + 1) * UNIT_BYTES))).toBe(true);
    }
  });

  it('cannot be compressed', () => {
    const data = content(key, { epoch: 0, unit: 0 }, 1 << 20);
    expect(deflateRawSync(data).length).toBeGreaterThan(data.length);
  });

  it('differs between challenges', () => {
    expect(volumeKey('00'.repeat(32)).equals(volumeKey(`${'00'.repeat(31)}01`))).toBe(false);
  });

  it('tells its own place, wherever that is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 2 ** 45 }), (epoch, unit) => {
        expect(address(key, content(key, { epoch, unit }, 16))).toEqual({ epoch, unit });
      }),
    );
  });
});

describe('a block that was read', () => {
  it('has no defect when it is the one that was written', () => {
    expect(defect(key, place, right())).toBeUndefined();
  });

  it('is told to be zero', () => {
    expect(defect(key, place, Buffer.alloc(UNIT_BYTES))?.kind).toBe('zero');
  });

  it('is told to be an alias with the exact distance', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e12 }), fc.integer({ min: 0, max: 1e12 }), (there, here) => {
        fc.pre(there !== here);
        const found = defect(key, { epoch: 0, unit: here }, content(key, { epoch: 0, unit: there }, UNIT_BYTES));
        expect(found).toMatchObject({ kind: 'alias', distance: there - here, unit: here });
      }),
    );
  });

  it('is told to be stale when it is the block of an earlier pass', () => {
    expect(defect(key, place, content(key, { ...place, epoch: 0 }, UNIT_BYTES))?.kind).toBe('stale');
  });

  it('is told to be corrupt for any single wrong bit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: UNIT_BYTES - 1 }), fc.integer({ min: 0, max: 7 }), (at, bit) => {
        const block = right();
        block[at]! ^= 1 << bit;
        expect(defect(key, place, block)).toMatchObject({
          kind: 'corrupt',
          detail: expect.stringContaining(`at ${at}`),
        });
      }),
    );
  });

  it('is told to be corrupt when it holds data of another run', () => {
    const other = volumeKey('cd'.repeat(32));
    expect(defect(key, place, content(other, place, UNIT_BYTES))?.kind).toBe('corrupt');
    expect(defect(key, place, randomBytes(UNIT_BYTES))?.kind).toBe('corrupt');
  });

  it('is told to be corrupt when it is torn between two places', () => {
    const torn = Buffer.concat([
      content(key, { ...place, unit: 78 }, UNIT_BYTES).subarray(0, 512),
      right().subarray(512),
    ]);
    expect(defect(key, place, torn)?.kind).toBe('corrupt');
  });

  it('is an error when it is short', () => {
    expect(defect(key, place, right().subarray(0, 4095))?.kind).toBe('error');
    expect(defect(key, place, Buffer.alloc(0))?.kind).toBe('error');
  });
});
