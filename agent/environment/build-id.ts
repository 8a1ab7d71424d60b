import type { FileHandle } from 'node:fs/promises';

const PT_NOTE = 4;
const NT_GNU_BUILD_ID = 3;
/** Far more than any linker writes. */
const MOST_HEADERS = 256;
const MOST_NOTE_BYTES = 65_536;

/** GNU build id of an ELF file, hex (System V ABI, notes of type NT_GNU_BUILD_ID); undefined where it has none. */
export async function buildIdOf(file: FileHandle): Promise<string | undefined> {
  const read = async (position: number, length: number): Promise<Buffer> => {
    // A damaged file names places that no file has.
    if (!Number.isSafeInteger(position)) return Buffer.alloc(0);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
    return buffer.subarray(0, bytesRead);
  };
  const head = await read(0, 64);
  // 64 bits, little-endian: every machine that runs Node and measures.
  if (head.length < 64 || head.readUInt32BE(0) !== 0x7f454c46 || head[4] !== 2 || head[5] !== 1) return undefined;
  const count = Math.min(head.readUInt16LE(56), MOST_HEADERS);
  const size = head.readUInt16LE(54);
  if (size < 56) return undefined;
  const table = await read(Number(head.readBigUInt64LE(32)), count * size);
  for (let at = 0; at + 56 <= table.length; at += size) {
    if (table.readUInt32LE(at) !== PT_NOTE) continue;
    const bytes = Math.min(Number(table.readBigUInt64LE(at + 32)), MOST_NOTE_BYTES);
    const id = buildIdIn(await read(Number(table.readBigUInt64LE(at + 8)), bytes));
    if (id !== undefined) return id;
  }
  return undefined;
}

function buildIdIn(notes: Buffer): string | undefined {
  const padded = (length: number): number => (length + 3) & ~3;
  for (let at = 0; at + 12 <= notes.length; ) {
    const [nameBytes, bytes, type] = [0, 4, 8].map((offset) => notes.readUInt32LE(at + offset)) as [
      number,
      number,
      number,
    ];
    const data = at + 12 + padded(nameBytes);
    if (data + bytes > notes.length) return undefined;
    if (type === NT_GNU_BUILD_ID && notes.toString('latin1', at + 12, at + 16) === 'GNU\0' && bytes > 0) {
      return notes.toString('hex', data, data + bytes);
    }
    at = data + padded(bytes);
  }
  return undefined;
}
