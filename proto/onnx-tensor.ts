/**
 * Element types of ONNX tensors: the format's code and the bits of one element.
 * `int4` and `uint4` are packed two to a byte, the first element in the low half.
 */
export const ELEMENT_TYPES = {
  float32: { code: 1, bits: 32 },
  uint8: { code: 2, bits: 8 },
  int8: { code: 3, bits: 8 },
  uint16: { code: 4, bits: 16 },
  int16: { code: 5, bits: 16 },
  int32: { code: 6, bits: 32 },
  int64: { code: 7, bits: 64 },
  bool: { code: 9, bits: 8 },
  float16: { code: 10, bits: 16 },
  float64: { code: 11, bits: 64 },
  uint32: { code: 12, bits: 32 },
  uint64: { code: 13, bits: 64 },
  bfloat16: { code: 16, bits: 16 },
  float8e4m3fn: { code: 17, bits: 8 },
  float8e5m2: { code: 19, bits: 8 },
  uint4: { code: 21, bits: 4 },
  int4: { code: 22, bits: 4 },
} as const;

export type ElementType = keyof typeof ELEMENT_TYPES;

/** A constant tensor of a graph: elements in row-major order, as the machine holds them (little-endian). */
export interface Initializer {
  readonly name: string;
  readonly type: ElementType;
  /** Sizes; empty for a scalar. */
  readonly shape: readonly number[];
  /** Exactly the bytes of the elements; any typed array fits. */
  readonly data: ArrayBufferView;
}

/** Elements in a tensor of this shape; 1 for a scalar. Throws on a size that is no whole number from 0. */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) throw new Error(`size ${size} in shape [${shape.join(', ')}]`);
    count *= size;
  }
  return count;
}

/** Bytes of a tensor's elements. */
export function tensorBytes(type: ElementType, shape: readonly number[]): number {
  return Math.ceil((elementCount(shape) * ELEMENT_TYPES[type].bits) / 8);
}

/** Wire form (TensorProto) of a constant; throws where data and shape don't fit each other. */
export function toTensorProto(tensor: Initializer): Record<string, unknown> {
  const expected = tensorBytes(tensor.type, tensor.shape);
  if (tensor.data.byteLength !== expected) {
    const shape = tensor.shape.join(' × ');
    throw new Error(
      `tensor ${tensor.name}: ${tensor.data.byteLength} bytes for ${tensor.type} [${shape}], not ${expected}`,
    );
  }
  return {
    name: tensor.name,
    dataType: ELEMENT_TYPES[tensor.type].code,
    dims: [...tensor.shape],
    rawData: new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength),
  };
}
