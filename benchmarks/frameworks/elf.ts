import type { FileHandle } from 'node:fs/promises';

/** What an ELF file says of itself. */
export interface ElfFacts {
  /** GNU build id as hex; empty if it has none. */
  readonly buildId: string;
  /** Those of the symbols asked for that it defines for others: functions with code in this file. */
  readonly symbols: string[];
}

/** Most bytes of symbols and of their names that are read: TensorFlow's have 11 and 48 million. */
const TABLE_BYTES = 256 * 1024 * 1024;
/** Most bytes of one section of notes, and most of these, that are read: a build id stands in the first few. */
const [NOTE_BYTES, NOTES] = [64 * 1024, 8];
const [NOTE, DYNAMIC_SYMBOLS] = [7, 11];
const FUNCTION = 2;

interface Section {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

/**
 * Reads build id and dynamic symbols of a 64-bit little-endian ELF file (System V ABI, gABI 4.1 chapter 4). A file of
 * another form, or one whose tables point outside of it, gives nothing: then it shows nothing.
 */
export async function readElf(file: FileHandle, wanted: readonly string[]): Promise<ElfFacts> {
  const nothing: ElfFacts = { buildId: '', symbols: [] };
  const { size } = await file.stat();
  const head = await bytesAt(file, 0, 64, size);
  if (head?.readUInt32BE(0) !== 0x7f454c46 || head[4] !== 2 || head[5] !== 1) return nothing;
  const [start, each, count] = [Number(head.readBigUInt64LE(40)), head.readUInt16LE(58), head.readUInt16LE(60)];
  if (each !== 64) return nothing;
  const table = await bytesAt(file, start, each * count, size);
  if (!table) return nothing;
  const sections = Array.from({ length: count }, (_, i) => sectionOf(table.subarray(i * each)));
  const symbols = await symbolsOf(file, sections, new Set(wanted), size);
  const notes = sections.filter((section) => section.type === NOTE && section.size <= NOTE_BYTES);
  for (const section of notes.slice(0, NOTES)) {
    const buildId = buildIdOf((await bytesAt(file, section.offset, section.size, size)) ?? Buffer.alloc(0));
    if (buildId !== '') return { buildId, symbols };
  }
  return { buildId: '', symbols };
}

function sectionOf(bytes: Buffer): Section {
  return {
    type: bytes.readUInt32LE(4),
    offset: Number(bytes.readBigUInt64LE(24)),
    size: Number(bytes.readBigUInt64LE(32)),
    link: bytes.readUInt32LE(40),
  };
}

/** Symbols are 24 bytes each: name, kind, visibility, section, address, size. Names end with a zero. */
async function symbolsOf(
  file: FileHandle,
  sections: readonly Section[],
  wanted: ReadonlySet<string>,
  size: number,
): Promise<string[]> {
  const dynamic = sections.find((section) => section.type === DYNAMIC_SYMBOLS);
  const strings = dynamic && sections[dynamic.link];
  if (!dynamic || !strings || wanted.size === 0) return [];
  const table = await bytesAt(file, dynamic.offset, dynamic.size, size);
  const names = await bytesAt(file, strings.offset, strings.size, size);
  if (!table || !names) return [];
  const found = new Set<string>();
  const longest = Math.max(...Array.from(wanted, (name) => name.length));
  for (let at = 0; at + 24 <= table.length; at += 24) {
    const function_ = (table[at + 4]! & 0xf) === FUNCTION;
    const here = table.readUInt16LE(at + 6) !== 0 && table.readBigUInt64LE(at + 16) > 0n;
    const name = table.readUInt32LE(at);
    if (!function_ || !here || name >= names.length) continue;
    const end = names.subarray(name, name + longest + 1).indexOf(0);
    if (end <= 0) continue;
    const text = names.toString('latin1', name, name + end);
    if (wanted.has(text)) found.add(text);
  }
  return [...found].sort();
}

/**
 * Notes: sizes of name and content, kind, name, content, each filled up to four bytes. GNU's kind 3 is the build id.
 */
function buildIdOf(notes: Buffer): string {
  for (let at = 0; at + 12 <= notes.length; ) {
    const [nameSize, size, kind] = [notes.readUInt32LE(at), notes.readUInt32LE(at + 4), notes.readUInt32LE(at + 8)];
    const content = at + 12 + up(nameSize);
    if (content + size > notes.length) return '';
    if (kind === 3 && notes.toString('latin1', at + 12, at + 12 + nameSize) === 'GNU\0') {
      return size <= 64 ? notes.toString('hex', content, content + size) : '';
    }
    at = content + up(size);
  }
  return '';
}

function up(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}

async function bytesAt(file: FileHandle, offset: number, length: number, size: number): Promise<Buffer | undefined> {
  if (length > TABLE_BYTES || offset + length > size) return undefined;
  const bytes = Buffer.alloc(length);
  for (let read = 0; read < length; ) {
    const { bytesRead } = await file.read(bytes, read, length - read, offset + read);
    if (bytesRead === 0) return undefined;
    read += bytesRead;
  }
  return bytes;
}
