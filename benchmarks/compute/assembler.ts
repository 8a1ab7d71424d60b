/**
 * WebAssembly modules from instructions, for the few inner loops where JavaScript has no vector arithmetic
 * (WebAssembly Core Specification 2.0, section 5, binary format). No toolchain is needed and nothing is generated
 * ahead of time.
 */
export type ValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';

/** Bytes of instructions; lists nest freely. */
export type Code = number | readonly Code[];

export interface WasmFunction {
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
  /** Further locals, numbered after the parameters. */
  readonly locals: readonly ValueType[];
  readonly body: Code;
}

const TYPES: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };

/** Most pages that a memory of 32-bit addresses can have. */
const MOST_PAGES = 65536;

/**
 * Bytes of a module that imports its memory as `env.memory` and exports the functions by name. Memory that threads share
 * is of another type (WebAssembly threads proposal: limits with a maximum, and the flag).
 */
export function assemble(functions: readonly WasmFunction[], shared = false): Uint8Array {
  const limits = shared ? [0x03, unsigned(1), unsigned(MOST_PAGES)] : [0x00, unsigned(1)];
  const types = functions.map((f) => [0x60, vector(f.parameters.map(type)), vector(f.results.map(type))]);
  const bodies = functions.map((f) => {
    const code = flatten([vector(f.locals.map((local) => [1, type(local)])), f.body, 0x0b]);
    return [unsigned(code.length), code];
  });
  return Uint8Array.from(
    flatten([
      [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      section(1, vector(types)),
      section(2, vector([[text('env'), text('memory'), 0x02, limits]])),
      section(3, vector(functions.map((_, i) => unsigned(i)))),
      section(7, vector(functions.map((f, i) => [text(f.name), 0x00, unsigned(i)]))),
      section(10, vector(bodies)),
    ]),
  );
}

/** An unsigned number in LEB128. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const byte = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? byte | 0x80 : byte);
  } while (rest > 0);
  return bytes;
}

/** A signed 32-bit number in LEB128. */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value | 0; ; ) {
    const byte = rest & 0x7f;
    rest >>= 7;
    const last = (rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0);
    bytes.push(last ? byte : byte | 0x80);
    if (last) return bytes;
  }
}

/** Instructions by the names of the specification. Loads and stores take a constant offset in bytes. */
export const op = {
  get: (local: number): Code => [0x20, unsigned(local)],
  set: (local: number): Code => [0x21, unsigned(local)],
  /** Sets a local and leaves the value on the stack. */
  tee: (local: number): Code => [0x22, unsigned(local)],
  i32: (value: number): Code => [0x41, signed(value)],
  f64: (value: number): Code => [0x44, [...new Uint8Array(new Float64Array([value]).buffer)]],
  i32Add: 0x6a as Code,
  i32Sub: 0x6b as Code,
  i32LessUnsigned: 0x49 as Code,
  i32Store: (offset = 0): Code => [0x36, 0x02, unsigned(offset)],
  f64Store: (offset = 0): Code => [0x39, 0x03, unsigned(offset)],
  f64Add: 0xa0 as Code,
  f64Div: 0xa3 as Code,
  /** memory.copy: destination, source, bytes. */
  copy: [0xfc, 0x0a, 0x00, 0x00] as Code,
  /** Repeats while the condition (an i32 on the stack) is not zero; the body runs at least once. */
  loop: (body: Code, condition: Code): Code => [0x03, 0x40, body, condition, 0x0d, 0x00, 0x0b],
  load: (offset = 0): Code => [simd(0x00), 0x00, unsigned(offset)],
  store: (offset = 0): Code => [simd(0x0b), 0x00, unsigned(offset)],
  /** One 64-bit value to both lanes. */
  loadSplat64: (offset = 0): Code => [simd(0x0a), 0x00, unsigned(offset)],
  i32x4Splat: simd(0x11),
  f64x2Splat: simd(0x14),
  i32x4Extract: (lane: number): Code => [simd(0x1b), lane],
  f64x2Extract: (lane: number): Code => [simd(0x21), lane],
  and: simd(0x4e),
  i8x16NarrowSigned: simd(0x65),
  i8x16NarrowUnsigned: simd(0x66),
  f64x2Floor: simd(0x75),
  i16x8NarrowSigned: simd(0x85),
  i16x8NarrowUnsigned: simd(0x86),
  i32x4ShiftRight: simd(0xac),
  i32x4ShiftRightUnsigned: simd(0xad),
  i32x4Add: simd(0xae),
  i32x4Sub: simd(0xb1),
  /** Products of eight pairs of 16-bit integers, neighbours added. */
  i32x4DotI16x8: simd(0xba),
  f64x2Add: simd(0xf0),
  f64x2Sub: simd(0xf1),
  f64x2Mul: simd(0xf2),
  i32x4FromF32x4: simd(0xf8),
  f32x4FromI32x4: simd(0xfa),
} as const;

function simd(code: number): Code {
  return [0xfd, unsigned(code)];
}

function type(value: ValueType): number {
  return TYPES[value];
}

function text(value: string): Code {
  return vector([...new TextEncoder().encode(value)]);
}

function vector(items: readonly Code[]): Code {
  return [unsigned(items.length), items];
}

function section(id: number, content: Code): Code {
  const bytes = flatten(content);
  return [id, unsigned(bytes.length), bytes];
}

function flatten(code: Code): number[] {
  const out: number[] = [];
  const visit = (part: Code): void => {
    if (typeof part === 'number') out.push(part);
    else for (const inner of part) visit(inner);
  };
  visit(code);
  return out;
}
