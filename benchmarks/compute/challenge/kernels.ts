import { assemble, type Code, op, type WasmFunction } from '../assembler.ts';
import { instantiate, type LinearMemory, type SharedMemory } from '../linear-memory.ts';

/**
 * Vector loops of the challenge. Addresses are bytes, counts are elements; every count is a multiple of 16, and
 * nothing is checked here.
 */
export interface Kernels {
  /** f on `count` floats from `source` to `target`. */
  foldF32(target: number, source: number, count: number, shift: number, mask: number, half: number): void;
  /** f on doubles; `down` is 2^-shift, `kept` 2^stateBits. */
  foldF64(target: number, source: number, count: number, down: number, kept: number, half: number): void;
  /** f on 32-bit integers to unsigned bytes; `half` is 2^(stateBits − 1) less the zero point. */
  foldI32(target: number, source: number, count: number, shift: number, mask: number, half: number): void;
  /** The same to signed bytes; `half` is 2^(stateBits − 1). */
  foldI32Signed(target: number, source: number, count: number, shift: number, mask: number, half: number): void;
  /** f on floats to the bits of BF16; what f gives must be exact in it: no more than eight bits. */
  foldBF16(target: number, source: number, count: number, shift: number, mask: number, half: number): void;
}

/** Compiles the loops onto a memory. Throws where the engine has no WebAssembly vectors. */
export function instantiateKernels(memory: LinearMemory | SharedMemory): Kernels {
  const shared = memory.buffer instanceof SharedArrayBuffer;
  return instantiate(assemble([foldF32, foldF64, foldI32, foldI32Signed, foldBF16], shared), memory);
}

/** `local += bytes` */
const advance = (local: number, bytes: number): Code => [op.get(local), op.i32(bytes), op.i32Add, op.set(local)];
/** `local -= count`, and whether any are left. */
const countDown = (local: number, count: number): Code => [op.get(local), op.i32(count), op.i32Sub, op.set(local)];

/** (((v >> shift) + v) & mask) − half on the four integers on the stack. Parameters 3, 4, 5; local 6. */
const foldIntegers: Code = [
  [op.tee(6), op.get(3), op.i32x4ShiftRight, op.get(6), op.i32x4Add],
  [op.get(4), op.i32x4Splat, op.and],
  [op.get(5), op.i32x4Splat, op.i32x4Sub],
];

const foldF32: WasmFunction = {
  name: 'foldF32',
  parameters: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
  results: [],
  locals: ['v128'],
  body: op.loop(
    [
      [0, 16, 32, 48].map((at) => [
        op.get(0),
        [op.get(1), op.load(at), op.i32x4FromF32x4],
        foldIntegers,
        op.f32x4FromI32x4,
        op.store(at),
      ]),
      advance(0, 64),
      advance(1, 64),
      countDown(2, 16),
    ],
    op.get(2),
  ),
};

const foldF64: WasmFunction = {
  name: 'foldF64',
  parameters: ['i32', 'i32', 'i32', 'f64', 'f64', 'f64'],
  results: [],
  // 6: the value; 7, 8, 9, 10: the constants and 1 / kept in both lanes
  locals: ['v128', 'v128', 'v128', 'v128', 'v128'],
  body: [
    [op.get(3), op.f64x2Splat, op.set(7)],
    [op.get(4), op.f64x2Splat, op.set(8)],
    [op.get(5), op.f64x2Splat, op.set(9)],
    [op.f64(1), op.get(4), op.f64Div, op.f64x2Splat, op.set(10)],
    op.loop(
      [
        [0, 16, 32, 48].map((at) => [
          [op.get(1), op.load(at), op.tee(6), op.get(7), op.f64x2Mul, op.f64x2Floor],
          [op.get(6), op.f64x2Add, op.set(6)],
          op.get(0),
          // mixed − floor(mixed / kept)·kept: a product with a power of two is exact.
          op.get(6),
          [op.get(6), op.get(10), op.f64x2Mul, op.f64x2Floor, op.get(8), op.f64x2Mul],
          op.f64x2Sub,
          [op.get(9), op.f64x2Sub],
          op.store(at),
        ]),
        advance(0, 64),
        advance(1, 64),
        countDown(2, 8),
      ],
      op.get(2),
    ),
  ],
};

const foldBytes = (name: string, narrow: Code): WasmFunction => ({
  name,
  parameters: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
  results: [],
  locals: ['v128'],
  body: op.loop(
    [
      op.get(0),
      [
        [[op.get(1), op.load(0), foldIntegers], [op.get(1), op.load(16), foldIntegers], op.i16x8NarrowSigned],
        [[op.get(1), op.load(32), foldIntegers], [op.get(1), op.load(48), foldIntegers], op.i16x8NarrowSigned],
        narrow,
      ],
      op.store(0),
      advance(0, 16),
      advance(1, 64),
      countDown(2, 16),
    ],
    op.get(2),
  ),
});
const foldI32 = foldBytes('foldI32', op.i8x16NarrowUnsigned);
const foldI32Signed = foldBytes('foldI32Signed', op.i8x16NarrowSigned);

/** The upper half of a float's bits is the BF16 that is nearest below it, and the float itself where that is exact. */
const foldedBF16 = (at: number): Code => [
  [op.get(1), op.load(at), op.i32x4FromF32x4],
  foldIntegers,
  op.f32x4FromI32x4,
  [op.i32(16), op.i32x4ShiftRightUnsigned],
];

const foldBF16: WasmFunction = {
  name: 'foldBF16',
  parameters: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
  results: [],
  locals: ['v128'],
  body: op.loop(
    [
      [0, 32].map((at) => [op.get(0), [foldedBF16(at), foldedBF16(at + 16), op.i16x8NarrowUnsigned], op.store(at / 2)]),
      advance(0, 32),
      advance(1, 64),
      countDown(2, 16),
    ],
    op.get(2),
  ),
};
