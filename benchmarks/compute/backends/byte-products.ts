import type { ProductShape } from './onednn-matmul.ts';

/** C = A · B of signed bytes with sums of 32 bits. */
export type ByteProduct = (shape: ProductShape, a: Int8Array, b: Int8Array, c: Int32Array) => void;

/**
 * Shapes that are tried: odd in every direction; and rows so long that sums outgrow the 24 bits that stay exact in single
 * precision.
 */
const SHAPES: readonly ProductShape[] = [
  { m: 97, n: 83, k: 131 },
  { m: 17, n: 33, k: 4099 },
];
/** Bytes of one row of A or one column of B, one after the other: the ends of the range, and all between. */
const PATTERNS: readonly ((i: number) => number)[] = [
  () => 127,
  () => -128,
  (i) => (i % 2 === 0 ? 127 : -128),
  (i) => ((i * 89 + 23) % 256) - 128,
  (i) => (i % 3 === 0 ? 127 : 126),
];

/**
 * The first sum of operands at the ends of their range that comes out wrong, or undefined where all are exact. Found so:
 * processors without dot products of bytes add pairs of products in 16 bits, which saturate at 2 · 255 · 127; and
 * libraries that correct their sums in single precision lose the low bits of those beyond 2^24.
 */
export function inexactSum(multiply: ByteProduct): string | undefined {
  for (const shape of SHAPES) {
    const { m, n, k } = shape;
    const a = new Int8Array(m * k);
    const b = new Int8Array(k * n);
    const c = new Int32Array(m * n).fill(-2147483648);
    for (let p = 0; p < k; p++) {
      for (let i = 0; i < m; i++) a[i * k + p] = PATTERNS[i % PATTERNS.length]!(p);
      // Other patterns meet each row in turn, so that every pair of signs comes up.
      for (let j = 0; j < n; j++) b[p * n + j] = PATTERNS[(j + Math.floor(j / PATTERNS.length)) % PATTERNS.length]!(p);
    }
    multiply(shape, a, b, c);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let p = 0; p < k; p++) sum += a[i * k + p]! * b[p * n + j]!;
        if (c[i * n + j] !== sum) return `${c[i * n + j]} for ${sum}, a sum of ${k} products`;
      }
    }
  }
  return undefined;
}
