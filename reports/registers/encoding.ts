export type Encoding = 'utf-8' | 'utf-16le' | 'gb18030';

/**
 * Text of a CSV file as spreadsheets write it in China: UTF-8 (with or without byte order mark), UTF-16LE with its mark
 * ("Unicode text"), else GB18030 (which contains GBK and GB 2312). Every decoder is strict: bytes that fit none give
 * nothing, so that no cell is ever guessed.
 */
export function decodeText(bytes: Uint8Array): { text: string; encoding: Encoding } | undefined {
  const encodings: Encoding[] = bytes[0] === 0xff && bytes[1] === 0xfe ? ['utf-16le'] : ['utf-8', 'gb18030'];
  for (const encoding of encodings) {
    try {
      return { text: new TextDecoder(encoding, { fatal: true }).decode(bytes), encoding };
    } catch {
      // not this encoding: the next one is tried
    }
  }
  return undefined;
}
