import {
  countElements,
  type Decoded,
  ELEMENT_BYTES,
  type InferRequest,
  type InferResponse,
  isDatatype,
  type Tensor,
} from './tensor.ts';

/** Typed elements of a tensor as the schema loader gives them: 64-bit numbers as decimal strings. */
interface Contents {
  readonly boolContents?: readonly boolean[];
  readonly intContents?: readonly number[];
  readonly int64Contents?: readonly string[];
  readonly uintContents?: readonly number[];
  readonly uint64Contents?: readonly string[];
  readonly fp32Contents?: readonly number[];
  readonly fp64Contents?: readonly number[];
}

interface WireTensor {
  readonly name?: string;
  readonly datatype?: string;
  readonly shape?: readonly string[];
  readonly contents?: Contents;
}

/** `ModelInferRequest` of inference.proto as a plain object. */
export interface WireInferRequest {
  readonly modelName?: string;
  readonly modelVersion?: string;
  readonly id?: string;
  readonly inputs?: readonly WireTensor[];
  readonly outputs?: readonly { readonly name?: string }[];
  readonly rawInputContents?: readonly Uint8Array[];
}

/** `ModelInferResponse` of inference.proto as a plain object. */
export interface WireInferResponse {
  readonly modelName?: string;
  readonly modelVersion?: string;
  readonly id?: string;
  readonly outputs?: readonly WireTensor[];
  readonly rawOutputContents?: readonly Uint8Array[];
}

export function decodeInfer(message: WireInferRequest): Decoded<InferRequest> {
  const inputs = tensors(message.inputs ?? [], message.rawInputContents ?? []);
  if (!inputs.ok) return inputs;
  if (inputs.value.length === 0) return { ok: false, problem: 'there are no inputs' };
  if (new Set(inputs.value.map((input) => input.name)).size !== inputs.value.length) {
    return { ok: false, problem: 'an input is named twice' };
  }
  return {
    ok: true,
    value: {
      ...(message.id ? { id: message.id } : {}),
      inputs: inputs.value,
      outputs: (message.outputs ?? []).map((output) => output.name ?? ''),
      binaryOutputs: 'all',
    },
  };
}

/** An answer with its tensors as raw bytes. */
export function encodeInfer(response: InferResponse): WireInferResponse {
  return {
    modelName: response.modelName,
    modelVersion: response.modelVersion ?? '',
    id: response.id ?? '',
    outputs: response.outputs.map(({ name, datatype, shape }) => ({ name, datatype, shape: shape.map(String) })),
    rawOutputContents: response.outputs.map((output) => output.data),
  };
}

/** A request with its tensors as raw bytes. */
export function encodeInferRequest(
  model: string,
  request: { id?: string; inputs: readonly Tensor[] },
): WireInferRequest {
  return {
    modelName: model,
    id: request.id ?? '',
    inputs: request.inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape: shape.map(String) })),
    rawInputContents: request.inputs.map((input) => input.data),
  };
}

export function decodeInferResponse(message: WireInferResponse): Decoded<InferResponse> {
  const outputs = tensors(message.outputs ?? [], message.rawOutputContents ?? []);
  if (!outputs.ok) return outputs;
  return { ok: true, value: { modelName: message.modelName ?? '', id: message.id ?? '', outputs: outputs.value } };
}

function tensors(heads: readonly WireTensor[], raw: readonly Uint8Array[]): Decoded<Tensor[]> {
  if (raw.length > 0 && raw.length !== heads.length) {
    return { ok: false, problem: `${raw.length} raw contents for ${heads.length} tensors` };
  }
  const read: Tensor[] = [];
  for (const [index, head] of heads.entries()) {
    const name = head.name ?? '';
    const datatype = head.datatype ?? '';
    if (!isDatatype(datatype)) return { ok: false, problem: `tensor ${name}: no datatype ${datatype} is known` };
    const shape = (head.shape ?? []).map(Number);
    const elements = shape.length <= 8 ? countElements(shape) : undefined;
    if (elements === undefined) return { ok: false, problem: `tensor ${name}: the shape is not one` };
    const data = raw.length > 0 ? raw[index]! : pack(head.contents ?? {}, datatype);
    if (!data) return { ok: false, problem: `tensor ${name}: ${datatype} comes as raw contents or in its own field` };
    if (data.byteLength !== elements * ELEMENT_BYTES[datatype]) {
      return { ok: false, problem: `tensor ${name}: ${data.byteLength} bytes do not fill its shape` };
    }
    read.push({ name, datatype, shape, data });
  }
  return { ok: true, value: read };
}

/** Bytes of typed contents; the field for each datatype is the protocol's. */
function pack(contents: Contents, datatype: string): Uint8Array | undefined {
  const bytes = (view: ArrayBufferView) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  switch (datatype) {
    case 'FP32':
      return bytes(Float32Array.from(contents.fp32Contents ?? []));
    case 'FP64':
      return bytes(Float64Array.from(contents.fp64Contents ?? []));
    case 'INT8':
      return bytes(Int8Array.from(contents.intContents ?? []));
    case 'INT16':
      return bytes(Int16Array.from(contents.intContents ?? []));
    case 'INT32':
      return bytes(Int32Array.from(contents.intContents ?? []));
    case 'INT64':
      return bytes(BigInt64Array.from((contents.int64Contents ?? []).map(BigInt)));
    case 'UINT8':
      return bytes(Uint8Array.from(contents.uintContents ?? []));
    case 'UINT16':
      return bytes(Uint16Array.from(contents.uintContents ?? []));
    case 'UINT32':
      return bytes(Uint32Array.from(contents.uintContents ?? []));
    case 'UINT64':
      return bytes(BigUint64Array.from((contents.uint64Contents ?? []).map(BigInt)));
    case 'BOOL':
      return bytes(Uint8Array.from((contents.boolContents ?? []).map(Number)));
    default:
      return undefined;
  }
}
