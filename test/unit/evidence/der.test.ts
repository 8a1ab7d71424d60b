import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { childrenOf, DerError, der, derInteger, readDer, readInteger, readOid, TAG } from '../../../evidence/der.ts';

const hex = (text: string) => Buffer.from(text, 'hex');

describe('DER', () => {
  it('is read back as it was written, at every form of length', () => {
    for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536, 16_777_216]) {
      const content = Buffer.alloc(length, 7);
      const element = readDer(der(TAG.octetString, content), TAG.octetString);
      expect(Buffer.from(element.content).equals(content)).toBe(true);
    }
    const nested = readDer(der(TAG.sequence, derInteger(hex('05')), der(TAG.null)));
    expect(childrenOf(nested).map((child) => child.tag)).toEqual([TAG.integer, TAG.null]);
  });

  it.each([
    ['nothing', '', '0 elements'],
    ['two elements', '05000500', '2 elements'],
    ['another tag', '0500', 'tag 0x05 in place of 0x30'],
    ['a tag of many bytes', '1f8100', 'a tag of many bytes'],
    ['no length', '30', 'an element without length'],
    ['an indefinite length', '30800000', 'a length that is none'],
    ['a length of five bytes', '308500000000010500', 'a length that is none'],
    ['a long form where the short one does', '308103020105', 'a padded length'],
    ['a length with leading zeros', `30820080${'00'.repeat(128)}`, 'a padded length'],
    ['an end before its time', '3003020105'.slice(0, -2), 'cut short'],
    ['a length cut short', '3082', 'a padded length'],
  ])('is refused with %s', (_what, bytes, problem) => {
    expect(() => readDer(hex(bytes), TAG.sequence)).toThrow(problem);
  });

  it('is refused, by nothing but a DerError, for arbitrary bytes', () => {
    const act = (bytes: Uint8Array) => {
      const element = readDer(bytes);
      for (const read of [readOid, readInteger, childrenOf]) {
        try {
          read(element);
        } catch (error) {
          expect(error).toBeInstanceOf(DerError);
        }
      }
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(2, 6, 0x30), (content, tag) => {
        act(der(tag, content));
        try {
          act(content);
        } catch (error) {
          expect(error).toBeInstanceOf(DerError);
        }
      }),
    );
  });
});

describe('an object identifier', () => {
  it.each([
    ['06062a864886f70d', '1.2.840.113549'],
    ['0603550403', '2.5.4.3'],
    ['06052b81040022', '1.3.132.0.34'],
    ['0603883703', '2.999.3'],
    ['060100', '0.0'],
    ['060127', '0.39'],
    ['06014f', '1.39'],
    ['060150', '2.0'],
    ['06042a818001', '1.2.16385'],
  ])('is read from %s as %s', (bytes, dotted) => {
    expect(readOid(readDer(hex(bytes)))).toBe(dotted);
  });

  it.each([
    ['of no bytes', '0600'],
    ['of too many', `0641${'01'.repeat(65)}`],
    ['with a padded number', '06032a8001'],
    ['with a padded first number', '0602802a'],
    ['cut short', '06022a86'],
    ['under another tag', '02012a'],
  ])('is refused if it is %s', (_what, bytes) => {
    expect(() => readOid(readDer(hex(bytes)))).toThrow(DerError);
  });

  it('is refused if it is missing', () => {
    expect(() => readOid(undefined)).toThrow('tag nothing in place of 0x06');
  });
});

describe('an integer', () => {
  it.each([
    ['020100', 0n],
    ['02017f', 127n],
    ['02020080', 128n],
    ['0201ff', -1n],
    ['020180', -128n],
    ['0202ff7f', -129n],
    ['0209010000000000000000', 1n << 64n],
  ])('is read from %s', (bytes, value) => {
    expect(readInteger(readDer(hex(bytes)))).toBe(value);
  });

  it.each(['0200', '02020001', '0202ff80'])('is refused as %s', (bytes) => {
    expect(() => readInteger(readDer(hex(bytes)))).toThrow(DerError);
  });

  it('is written without padding and never as a negative one', () => {
    expect(Buffer.from(derInteger(hex('80'))).toString('hex')).toBe('02020080');
    expect(Buffer.from(derInteger(hex('007f'))).toString('hex')).toBe('02017f');
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), (bytes) => {
        expect(readInteger(readDer(derInteger(bytes)))).toBe(BigInt(`0x${Buffer.from(bytes).toString('hex')}`));
      }),
    );
  });
});
