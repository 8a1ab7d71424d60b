let table: Map<string, [number, number]> | undefined;

/** Bytes of a text in the two-byte part of GB18030, by trying every pair on the decoder: Node has no encoder for it. */
export function gb18030(text: string): Uint8Array {
  if (!table) {
    table = new Map();
    const decoder = new TextDecoder('gb18030');
    for (let high = 0x81; high <= 0xfe; high++) {
      for (let low = 0x40; low <= 0xfe; low++) {
        if (low !== 0x7f) table.set(decoder.decode(Uint8Array.from([high, low])), [high, low]);
      }
    }
  }
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code < 0x80) bytes.push(code);
    else bytes.push(...(table.get(character) ?? [0x3f]));
  }
  return Uint8Array.from(bytes);
}
