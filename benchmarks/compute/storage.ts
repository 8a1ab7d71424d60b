import type { Elements } from './operands.ts';
import { FORMS, type Precision } from './precision.ts';

/**
 * Elements in the bits of a 16-bit or 8-bit float: sign, exponent, fraction (IEEE 754 binary16; bfloat16; OCP 8-bit
 * floats E4M3 and E5M2). Every element must be a normal value of the form or zero, as `randomElements` makes them; of
 * another form's elements those below the smallest normal value become the nearest subnormal one.
 */
export function packFloats(elements: Float32Array, precision: Precision): Uint16Array | Uint8Array {
  const form = FORMS[precision];
  if (form.kind !== 'float' || form.fraction > 10 || precision === 'TF32')
    throw new Error(`${precision} is not packed`);
  const bits = new Uint32Array(elements.buffer, elements.byteOffset, elements.length);
  const wide = precision === 'FP16' || precision === 'BF16';
  const out = wide ? new Uint16Array(elements.length) : new Uint8Array(elements.length);
  const signShift = wide ? 16 : 24;
  const drop = 23 - form.fraction;
  const bias = 1 - form.minExponent;
  for (let i = 0; i < out.length; i++) {
    const word = bits[i]!;
    const sign = (word & 0x80000000) >>> signShift;
    const exponent = (word >>> 23) & 255;
    if (exponent === 0) {
      out[i] = sign;
      continue;
    }
    if (exponent - 127 < form.minExponent) {
      // One step beyond the largest subnormal value is the smallest normal one, in bits too.
      out[i] = sign | Math.round(Math.abs(elements[i]!) * 2 ** (form.fraction - form.minExponent));
      continue;
    }
    out[i] = sign | ((exponent - 127 + bias) << form.fraction) | ((word & 0x7fffff) >>> drop);
  }
  return out;
}

/** Numbers from the bits of FP16 or BF16, with subnormals, infinities and NaN. */
export function unpackFloats(halves: Uint16Array, precision: 'FP16' | 'BF16'): Float32Array {
  const out = new Float32Array(halves.length);
  const bits = new Uint32Array(out.buffer);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i]!;
    if (precision === 'BF16') {
      bits[i] = half << 16;
      continue;
    }
    const sign = (half & 0x8000) << 16;
    const exponent = (half >>> 10) & 31;
    const fraction = half & 0x3ff;
    if (exponent === 0) out[i] = (sign ? -fraction : fraction) * 2 ** -24;
    else bits[i] = sign | ((exponent === 31 ? 255 : exponent + 112) << 23) | (fraction << 13);
  }
  return out;
}

/** Signed bytes as unsigned ones with 128 for zero. */
export function offsetBytes(elements: Elements): Uint8Array {
  const out = new Uint8Array(elements.length);
  for (let i = 0; i < out.length; i++) out[i] = elements[i]! + 128;
  return out;
}

/** A square matrix with rows and columns exchanged, by blocks that fit the cache. */
export function transposed(matrix: Elements, n: number): Elements {
  const out = matrix.slice();
  const block = 64;
  for (let i0 = 0; i0 < n; i0 += block) {
    for (let j0 = 0; j0 < n; j0 += block) {
      for (let i = i0; i < Math.min(n, i0 + block); i++) {
        for (let j = j0; j < Math.min(n, j0 + block); j++) out[j * n + i] = matrix[i * n + j]!;
      }
    }
  }
  return out;
}
