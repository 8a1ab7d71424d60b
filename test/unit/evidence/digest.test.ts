import { createHash, getHashes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256Hex, sm3Hex, startSm3 } from '../../../evidence/digest.ts';
import { Sm3 } from '../../../evidence/sm3.ts';

/** GB/T 32905-2016, appendix A. */
const GBT_32905 = [
  ['abc', '66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0'],
  ['abcd'.repeat(16), 'debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732'],
] as const;

describe('sha256Hex', () => {
  it('gives the published digest of FIPS 180-4 for text and for bytes', () => {
    const published = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(sha256Hex('abc')).toBe(published);
    expect(sha256Hex(Buffer.from('abc'))).toBe(published);
  });
});

describe('sm3Hex', () => {
  it.each(GBT_32905)('gives the published digest of %s', (text, published) => {
    expect(sm3Hex(text)).toBe(published);
    expect(sm3Hex(Buffer.from(text))).toBe(published);
    expect(startSm3([]).update(text).digest('hex')).toBe(published);
  });

  it('takes our own implementation where OpenSSL has none', () => {
    expect(startSm3(['sha256'])).toBeInstanceOf(Sm3);
    expect(startSm3(['sha256', 'sm3'])).not.toBeInstanceOf(Sm3);
  });
});

describe('our own SM3', () => {
  it.skipIf(!getHashes().includes('sm3'))(
    'equals that of OpenSSL in Node for any bytes in any pieces (skipped where Node has no SM3)',
    () => {
      fc.assert(
        fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (pieces) => {
          const own = new Sm3();
          for (const piece of pieces) own.update(piece);
          expect(own.digest('hex')).toBe(createHash('sm3').update(Buffer.concat(pieces)).digest('hex'));
        }),
      );
      for (let length = 0; length < 200; length++) {
        const bytes = Buffer.alloc(length, 0x61);
        expect(new Sm3().update(bytes).digest('hex')).toBe(createHash('sm3').update(bytes).digest('hex'));
      }
    },
  );

  it('takes no more once the digest was asked for', () => {
    const own = new Sm3();
    own.digest('hex');
    expect(() => own.update('x')).toThrow('already taken');
    expect(() => own.digest('hex')).toThrow('already taken');
  });
});
