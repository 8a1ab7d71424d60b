/** Bytes of one element by the protocol's name of its type. BYTES (strings) has no fixed size and is not spoken here. */
export const ELEMENT_BYTES = {
  BOOL: 1,
  UINT8: 1,
  INT8: 1,
  UINT16: 2,
  INT16: 2,
  FP16: 2,
  BF16: 2,
  UINT32: 4,
  INT32: 4,
  FP32: 4,
  UINT64: 8,
  INT64: 8,
  FP64: 8,
} as const;

export type Datatype = keyof typeof ELEMENT_BYTES;

export function isDatatype(name: string): name is Datatype {
  return Object.hasOwn(ELEMENT_BYTES, name);
}

/** A tensor on the wire: `data` holds its elements in row-major order, little-endian, exactly as many as the shape says. */
export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** A request to infer. `binaryOutputs`: the outputs that are wanted as bytes; `outputs` empty asks for all of them. */
export interface InferRequest {
  readonly id?: string;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly string[];
  readonly binaryOutputs: 'all' | ReadonlySet<string>;
}

export interface InferResponse {
  readonly modelName: string;
  readonly modelVersion?: string;
  readonly id?: string;
  readonly outputs: readonly Tensor[];
}

/** What decoding gives: the value, or one sentence that says what is wrong with the message. */
export type Decoded<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

/** Elements of a shape; undefined where a size is not a whole number from 0 or the product passes 2^40. */
export function countElements(shape: readonly number[]): number | undefined {
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) return undefined;
    count *= size;
    if (count > 2 ** 40) return undefined;
  }
  return count;
}

type NumberArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

const NUMBER_ARRAYS: Partial<Record<Datatype, new (size: number) => NumberArray>> = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  INT8: Int8Array,
  UINT16: Uint16Array,
  INT16: Int16Array,
  UINT32: Uint32Array,
  INT32: Int32Array,
  FP32: Float32Array,
  FP64: Float64Array,
};

/** Range of the whole-number types that fit a JSON number. */
const RANGES: Partial<Record<Datatype, readonly [number, number]>> = {
  UINT8: [0, 255],
  INT8: [-128, 127],
  UINT16: [0, 65_535],
  INT16: [-32_768, 32_767],
  UINT32: [0, 4_294_967_295],
  INT32: [-2_147_483_648, 2_147_483_647],
  UINT64: [0, Number.MAX_SAFE_INTEGER],
  INT64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};

/**
 * Bytes of a tensor given as JSON numbers (flat, row-major).
 * Rejects elements of the wrong kind or outside the type's range, and 16-bit floats, which JSON has no form for.
 */
export function packNumbers(datatype: Datatype, elements: readonly unknown[]): Decoded<Uint8Array> {
  const wrong = (index: number): Decoded<Uint8Array> => ({
    ok: false,
    problem: `element ${index} is not a ${datatype} value`,
  });
  if (datatype === 'INT64' || datatype === 'UINT64') {
    const [low, high] = RANGES[datatype]!;
    const wide = new BigInt64Array(elements.length);
    for (let i = 0; i < elements.length; i++) {
      const element = elements[i];
      if (!Number.isSafeInteger(element) || (element as number) < low || (element as number) > high) return wrong(i);
      wide[i] = BigInt(element as number);
    }
    return { ok: true, value: new Uint8Array(wide.buffer) };
  }
  const Numbers = NUMBER_ARRAYS[datatype];
  if (!Numbers) return { ok: false, problem: `${datatype} tensors travel as bytes only` };
  const packed = new Numbers(elements.length);
  const range = RANGES[datatype];
  for (let i = 0; i < elements.length; i++) {
    const element = elements[i];
    if (datatype === 'BOOL') {
      if (typeof element !== 'boolean') return wrong(i);
      packed[i] = element ? 1 : 0;
      continue;
    }
    if (typeof element !== 'number') return wrong(i);
    if (range && (!Number.isInteger(element) || element < range[0] || element > range[1])) return wrong(i);
    packed[i] = element;
  }
  return { ok: true, value: new Uint8Array(packed.buffer) };
}

/** JSON numbers of a tensor's bytes. Rejects NaN and infinities, which JSON cannot say, and 64-bit integers above 2^53. */
export function unpackNumbers(datatype: Datatype, data: Uint8Array): Decoded<(number | boolean)[]> {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const size = ELEMENT_BYTES[datatype];
  const elements: (number | boolean)[] = [];
  for (let at = 0; at < data.byteLength; at += size) {
    const element = readElement(view, datatype, at);
    if (element === undefined) return { ok: false, problem: `${datatype} tensors travel as bytes only` };
    if (typeof element === 'number' && (!Number.isFinite(element) || Math.abs(element) > Number.MAX_VALUE)) {
      return { ok: false, problem: 'the tensor has values that JSON cannot say' };
    }
    elements.push(element);
  }
  return { ok: true, value: elements };
}

function readElement(view: DataView, datatype: Datatype, at: number): number | boolean | undefined {
  switch (datatype) {
    case 'BOOL':
      return view.getUint8(at) !== 0;
    case 'UINT8':
      return view.getUint8(at);
    case 'INT8':
      return view.getInt8(at);
    case 'UINT16':
      return view.getUint16(at, true);
    case 'INT16':
      return view.getInt16(at, true);
    case 'UINT32':
      return view.getUint32(at, true);
    case 'INT32':
      return view.getInt32(at, true);
    case 'FP32':
      return view.getFloat32(at, true);
    case 'FP64':
      return view.getFloat64(at, true);
    case 'INT64':
    case 'UINT64': {
      const wide = datatype === 'INT64' ? view.getBigInt64(at, true) : view.getBigUint64(at, true);
      const narrow = Number(wide);
      return Number.isSafeInteger(narrow) ? narrow : Number.NaN;
    }
    default:
      return undefined;
  }
}
