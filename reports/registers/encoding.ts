export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'gb18030';

/**
 * Text of a CSV file as spreadsheets write it in China: UTF-8 (with or without byte order mark), UTF-16 of either order
 * ("Unicode text"), else GB18030 (which contains GBK and GB 2312). Every decoder is strict: bytes that fit none give
 * nothing, so that no cell is ever guessed.
 */
export function decodeText(bytes: Uint8Array): { text: string; encoding: Encoding } | undefined {
  const wide = wideEncoding(bytes);
  for (const encoding of wide ? [wide] : (['utf-8', 'gb18030'] as const)) {
    if (encoding === 'gb18030' && isDamagedUtf8(bytes)) return undefined;
    try {
      return { text: new TextDecoder(encoding, { fatal: true }).decode(bytes), encoding };
    } catch {
      // not this encoding: the next one is tried
    }
  }
  return undefined;
}

/**
 * UTF-8 with a few bytes cut off or changed, which GB18030 would take for other characters: more characters of three
 * bytes, as Chinese ones are, than broken ones. In text in GB18030 hardly any three bytes look like one.
 */
function isDamagedUtf8(bytes: Uint8Array): boolean {
  const text = new TextDecoder('utf-8').decode(bytes);
  let whole = 0;
  let broken = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0xfffd) broken++;
    else if (unit >= 0x800) whole++;
  }
  return whole > broken;
}

/**
 * Zero bytes in a file of UTF-16 without a mark: at least these many among its first bytes, each a half of a separator.
 */
const LEAST_ZEROS = 3;
/** How many times as many there are as in the other halves, where “一” (U+4E00) has one. */
const ZEROS_MORE = 2;
const LOOKED_AT = 4096;

/**
 * UTF-16 by its mark. Without one, by the zero bytes that its separators, digits and line ends have: nearly all in the
 * second halves or nearly all in the first ones. No other encoding has any.
 */
function wideEncoding(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  if (bytes.length % 2 !== 0) return undefined;
  const zeros: [number, number] = [0, 0];
  for (let i = 0; i < Math.min(bytes.length, LOOKED_AT); i++) if (bytes[i] === 0) zeros[i % 2]!++;
  if (zeros[1] >= Math.max(LEAST_ZEROS, ZEROS_MORE * zeros[0])) return 'utf-16le';
  if (zeros[0] >= Math.max(LEAST_ZEROS, ZEROS_MORE * zeros[1])) return 'utf-16be';
  return undefined;
}
