/** A value in DER (ITU-T X.690): its identifier octet, its content, and the whole with identifier and length. */
export interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly whole: Uint8Array;
}

/** Identifier octets that we meet. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  /** Context-specific and primitive, number 0. */
  context0: 0x80,
  /** Context-specific and constructed, number 0 (add n for number n). */
  constructed0: 0xa0,
} as const;

/** Bytes that are not the DER that was expected. Readers at the edge of a format turn it into a value. */
export class DerError extends Error {
  constructor(problem: string) {
    super(problem);
    this.name = 'DerError';
  }
}

/** The one element that these bytes are, to the last byte. With `tag`, it must have that one. */
export function readDer(bytes: Uint8Array, tag?: number): Element {
  const elements = readAll(bytes);
  if (elements.length !== 1) throw new DerError(`${elements.length} elements in place of one`);
  return tag === undefined ? elements[0]! : expectTag(elements[0], tag);
}

/** The elements inside a constructed one. */
export function childrenOf(element: Element): Element[] {
  return readAll(element.content);
}

/** The element itself, if it is there and has the tag. */
export function expectTag(element: Element | undefined, tag: number): Element {
  if (element?.tag !== tag) throw new DerError(`tag ${hexTag(element?.tag)} in place of ${hexTag(tag)}`);
  return element;
}

/** An object identifier in dotted form (X.690 clause 8.19). */
export function readOid(element: Element | undefined): string {
  const { content } = expectTag(element, TAG.oid);
  if (content.length === 0 || content.length > 64) throw new DerError('an object identifier of no sensible length');
  const numbers: bigint[] = [];
  let number = 0n;
  let fresh = true;
  for (const byte of content) {
    // A leading 0x80 would pad the number: one identifier would have many encodings.
    if (fresh && byte === 0x80) throw new DerError('a padded object identifier');
    number = (number << 7n) | BigInt(byte & 0x7f);
    fresh = byte < 0x80;
    if (!fresh) continue;
    if (numbers.length === 0) {
      const top = number < 40n ? 0n : number < 80n ? 1n : 2n;
      numbers.push(top, number - top * 40n);
    } else numbers.push(number);
    number = 0n;
  }
  if (!fresh) throw new DerError('an object identifier cut short');
  return numbers.join('.');
}

/** An integer of any size (X.690 clause 8.3). */
export function readInteger(element: Element | undefined): bigint {
  const { content } = expectTag(element, TAG.integer);
  const [first, second = 0] = content;
  if (first === undefined) throw new DerError('an integer of no bytes');
  const padded = (first === 0 && second < 0x80) || (first === 0xff && second >= 0x80);
  if (padded && content.length > 1) throw new DerError('a padded integer');
  const value = BigInt(`0x${Buffer.from(content).toString('hex')}`);
  return first < 0x80 ? value : value - (1n << BigInt(8 * content.length));
}

/** Encodes an element from its tag and the parts of its content. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  const hex = content.length.toString(16);
  const length = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  const header = content.length < 0x80 ? length : [0x80 | length.length, ...length];
  return Buffer.concat([Uint8Array.of(tag, ...header), content]);
}

/** Encodes a non-negative integer given by its bytes, big-endian. */
export function derInteger(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0);
  const value = first === -1 ? Uint8Array.of(0) : bytes.subarray(first);
  return der(TAG.integer, value[0]! < 0x80 ? value : Buffer.concat([Uint8Array.of(0), value]));
}

/** Definite lengths in their shortest form only (X.690 clause 10.1): BER's other forms would give one value many texts. */
function readAll(bytes: Uint8Array): Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at]!;
    if ((tag & 0x1f) === 0x1f) throw new DerError('a tag of many bytes');
    let length = bytes[at + 1];
    if (length === undefined) throw new DerError('an element without length');
    let start = at + 2;
    if (length >= 0x80) {
      const count = length & 0x7f;
      // Four bytes of length are more than any text here has; none (0x80) is BER's open end.
      if (count === 0 || count > 4) throw new DerError('a length that is none');
      length = 0;
      for (const byte of bytes.subarray(start, start + count)) length = length * 256 + byte;
      start += count;
      if (length < 0x80 || length < 256 ** (count - 1)) throw new DerError('a padded length');
    }
    const end = start + length;
    if (end > bytes.length) throw new DerError('an element cut short');
    elements.push({ tag, content: bytes.subarray(start, end), whole: bytes.subarray(at, end) });
    at = end;
  }
  return elements;
}

function hexTag(tag: number | undefined): string {
  return tag === undefined ? 'nothing' : `0x${tag.toString(16).padStart(2, '0')}`;
}
