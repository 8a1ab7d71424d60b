import { assemble, type Code, op } from '../../compute/assembler.ts';
import { instantiate, type LinearMemory } from '../../compute/linear-memory.ts';

/** Loops that touch every byte of the arrays once. Addresses and lengths in bytes; lengths are multiples of 64. */
export interface StreamKernels {
  /** c[i] = a[i], by the engine's own block copy. */
  copy(target: number, source: number, bytes: number): void;
  /** a[i] = b[i] + 3·c[i] in doubles. */
  triad(target: number, b: number, c: number, bytes: number): void;
}

/** The factor of triad; with whole numbers below 2^50 in the arrays every result is exact. */
export const SCALAR = 3;

const advance = (local: number): Code => [op.get(local), op.i32(64), op.i32Add, op.set(local)];

export function instantiateStream(memory: LinearMemory): StreamKernels {
  const bytes = assemble([
    {
      name: 'copy',
      parameters: ['i32', 'i32', 'i32'],
      results: [],
      locals: [],
      body: [op.get(0), op.get(1), op.get(2), op.copy],
    },
    {
      name: 'triad',
      parameters: ['i32', 'i32', 'i32', 'i32'],
      results: [],
      locals: ['v128'],
      body: [
        [op.f64(SCALAR), op.f64x2Splat, op.set(4)],
        op.loop(
          [
            [0, 16, 32, 48].map((at) => [
              op.get(0),
              [op.get(1), op.load(at)],
              [op.get(2), op.load(at), op.get(4), op.f64x2Mul],
              op.f64x2Add,
              op.store(at),
            ]),
            [advance(0), advance(1), advance(2)],
            [op.get(3), op.i32(64), op.i32Sub, op.set(3)],
          ],
          op.get(3),
        ),
      ],
    },
  ]);
  return instantiate(bytes, memory);
}
