/** Precisions by the names the report uses. FP8 has two forms; both count as one precision in a list of names. */
export const PRECISIONS = ['FP64', 'FP32', 'TF32', 'FP16', 'BF16', 'FP8_E4M3', 'FP8_E5M2', 'INT8', 'INT4'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** How a precision's values look: floats by their significand and exponent range, integers by their bits. */
export type Form =
  | {
      readonly kind: 'float';
      /** Bits of the significand after the leading one. */
      readonly fraction: number;
      /** Exponent of the smallest normal value, as a power of two. */
      readonly minExponent: number;
    }
  | { readonly kind: 'integer'; readonly bits: number };

export const FORMS: Readonly<Record<Precision, Form>> = {
  FP64: { kind: 'float', fraction: 52, minExponent: -1022 },
  FP32: { kind: 'float', fraction: 23, minExponent: -126 },
  TF32: { kind: 'float', fraction: 10, minExponent: -126 },
  FP16: { kind: 'float', fraction: 10, minExponent: -14 },
  BF16: { kind: 'float', fraction: 7, minExponent: -126 },
  FP8_E4M3: { kind: 'float', fraction: 3, minExponent: -6 },
  FP8_E5M2: { kind: 'float', fraction: 2, minExponent: -14 },
  INT8: { kind: 'integer', bits: 8 },
  INT4: { kind: 'integer', bits: 4 },
};

/**
 * Largest residual of Freivalds' check that still fits a precision's products and output form (measured classes:
 * FP32 about 1e-7, outputs in FP16 3e-4, in BF16 2e-3; a lower precision passed off as a higher one lies a factor of
 * hundreds above the bound). Integers are exact.
 */
export const RESIDUAL_BOUND: Readonly<Record<Precision, number>> = {
  FP64: 1e-12,
  FP32: 1e-5,
  TF32: 2e-3,
  FP16: 2e-3,
  BF16: 8e-3,
  FP8_E4M3: 8e-3,
  FP8_E5M2: 8e-3,
  INT8: 0,
  INT4: 0,
};

/** Label of a precision in metrics: the two forms of FP8 are one precision. */
export function precisionLabel(precision: Precision): string {
  return precision.startsWith('FP8') ? 'FP8' : precision;
}

/** The precision whose class a residual falls into: what really ran, whatever was said. */
export function residualClass(residual: number): string {
  if (residual === 0) return 'exact';
  if (residual <= 1e-12) return 'FP64';
  if (residual <= 1e-5) return 'FP32';
  if (residual <= 1.2e-3) return 'TF32 or FP16';
  if (residual <= 1.2e-2) return 'BF16';
  if (residual <= 0.2) return 'FP8';
  return 'none';
}
