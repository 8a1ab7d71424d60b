import { check } from '../../model/schema.ts';
import { RequestHeader, ResponseHeader } from './header.ts';
import {
  countElements,
  type Datatype,
  type Decoded,
  ELEMENT_BYTES,
  type InferRequest,
  type InferResponse,
  isDatatype,
  packNumbers,
  type Tensor,
  unpackNumbers,
} from './tensor.ts';

/**
 * HTTP bodies of the Open Inference Protocol v2, with its binary tensor data extension: a JSON header, then the bytes
 * of the tensors in the header's order. `Inference-Header-Content-Length` says where the JSON ends; without that
 * header the whole body is JSON.
 */
export const HEADER_LENGTH = 'inference-header-content-length';

/** A body to send; `headerLength` is undefined where it is JSON alone. */
export interface Body {
  readonly bytes: Uint8Array;
  readonly headerLength: number | undefined;
}

/** Reads the header's value: undefined if absent, NaN if it is not a plain whole number. */
export function headerLength(value: string | string[] | undefined): number | undefined {
  if (value === undefined) return undefined;
  return typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
}

export function decodeRequest(body: Uint8Array, jsonLength: number | undefined): Decoded<InferRequest> {
  const split = readHeader(body, jsonLength);
  if (!split.ok) return split;
  const checked = check(RequestHeader, split.value.header);
  if (!checked.ok) return { ok: false, problem: `the request does not fit the protocol: ${checked.problems[0]}` };
  const header = checked.value;
  const inputs = readTensors(header.inputs, split.value.rest);
  if (!inputs.ok) return inputs;
  const names = new Set(inputs.value.map((input) => input.name));
  if (names.size !== inputs.value.length) return { ok: false, problem: 'an input is named twice' };
  const all = header.parameters?.binary_data_output === true;
  const wanted = header.outputs ?? [];
  const binary = wanted.filter((output) => {
    const own = output.parameters?.binary_data;
    return own === undefined ? all : own === true;
  });
  return {
    ok: true,
    value: {
      ...(header.id === undefined ? {} : { id: header.id }),
      inputs: inputs.value,
      outputs: wanted.map((output) => output.name),
      binaryOutputs: wanted.length === 0 && all ? 'all' : new Set(binary.map((output) => output.name)),
    },
  };
}

/** A request with every tensor as bytes, which asks for every output as bytes. */
export function encodeRequest(request: { id?: string; inputs: readonly Tensor[] }): Body {
  const header = {
    ...(request.id === undefined ? {} : { id: request.id }),
    parameters: { binary_data_output: true },
    inputs: request.inputs.map(binaryHead),
  };
  return join(
    header,
    request.inputs.map((input) => input.data),
  );
}

/** An answer; outputs in `binary` travel as bytes, the others as JSON numbers. Throws on what JSON cannot say. */
export function encodeResponse(response: InferResponse, binary: InferRequest['binaryOutputs']): Body {
  const bytes: Uint8Array[] = [];
  const outputs = response.outputs.map((output) => {
    if (binary === 'all' || binary.has(output.name)) {
      bytes.push(output.data);
      return binaryHead(output);
    }
    const data = unpackNumbers(output.datatype, output.data);
    if (!data.ok) throw new RangeError(`output ${output.name}: ${data.problem}`);
    return { name: output.name, datatype: output.datatype, shape: output.shape, data: data.value };
  });
  const header = {
    model_name: response.modelName,
    ...(response.modelVersion === undefined ? {} : { model_version: response.modelVersion }),
    ...(response.id === undefined ? {} : { id: response.id }),
    outputs,
  };
  return bytes.length > 0
    ? join(header, bytes)
    : { bytes: encoder.encode(JSON.stringify(header)), headerLength: undefined };
}

export function decodeResponse(body: Uint8Array, jsonLength: number | undefined): Decoded<InferResponse> {
  const split = readHeader(body, jsonLength);
  if (!split.ok) return split;
  const checked = check(ResponseHeader, split.value.header);
  if (!checked.ok) return { ok: false, problem: `the answer does not fit the protocol: ${checked.problems[0]}` };
  const header = checked.value;
  const outputs = readTensors(header.outputs, split.value.rest);
  if (!outputs.ok) return outputs;
  return {
    ok: true,
    value: {
      modelName: header.model_name,
      ...(header.model_version === undefined ? {} : { modelVersion: header.model_version }),
      ...(header.id === undefined ? {} : { id: header.id }),
      outputs: outputs.value,
    },
  };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

function binaryHead(tensor: Tensor) {
  return {
    name: tensor.name,
    datatype: tensor.datatype,
    shape: tensor.shape,
    parameters: { binary_data_size: tensor.data.byteLength },
  };
}

function join(header: object, parts: readonly Uint8Array[]): Body {
  const json = encoder.encode(JSON.stringify(header));
  const bytes = new Uint8Array(json.byteLength + parts.reduce((total, part) => total + part.byteLength, 0));
  bytes.set(json, 0);
  let at = json.byteLength;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return { bytes, headerLength: json.byteLength };
}

function readHeader(body: Uint8Array, jsonLength: number | undefined): Decoded<{ header: unknown; rest: Uint8Array }> {
  const length = jsonLength ?? body.byteLength;
  if (!Number.isInteger(length) || length > body.byteLength) {
    return { ok: false, problem: 'Inference-Header-Content-Length does not fit the body' };
  }
  try {
    const header: unknown = JSON.parse(decoder.decode(body.subarray(0, length)));
    return { ok: true, value: { header, rest: body.subarray(length) } };
  } catch {
    return { ok: false, problem: 'the JSON part cannot be read' };
  }
}

function readTensors(heads: RequestHeader['inputs'], rest: Uint8Array): Decoded<Tensor[]> {
  const tensors: Tensor[] = [];
  let at = 0;
  for (const head of heads) {
    const { datatype, shape } = head;
    if (!isDatatype(datatype)) return { ok: false, problem: `tensor ${head.name}: no datatype ${datatype} is known` };
    const elements = countElements(shape);
    if (elements === undefined) return { ok: false, problem: `tensor ${head.name}: the shape is too large` };
    const expected = elements * ELEMENT_BYTES[datatype];
    const size = head.parameters?.binary_data_size;
    const data = size === undefined ? fromJson(datatype, head.data, elements) : fromBytes(size, expected, rest, at);
    if (!data.ok) return { ok: false, problem: `tensor ${head.name}: ${data.problem}` };
    if (size !== undefined) at += expected;
    tensors.push({ name: head.name, datatype, shape, data: data.value });
  }
  if (at !== rest.byteLength) return { ok: false, problem: `${rest.byteLength - at} bytes belong to no tensor` };
  return { ok: true, value: tensors };
}

function fromBytes(size: unknown, expected: number, rest: Uint8Array, at: number): Decoded<Uint8Array> {
  if (size !== expected) return { ok: false, problem: `binary_data_size is not the ${expected} bytes of its shape` };
  if (at + expected > rest.byteLength) return { ok: false, problem: 'the body ends before its bytes do' };
  return { ok: true, value: rest.subarray(at, at + expected) };
}

function fromJson(datatype: Datatype, data: unknown[] | undefined, elements: number): Decoded<Uint8Array> {
  if (data === undefined) return { ok: false, problem: 'it has neither data nor binary_data_size' };
  const flat = data.some(Array.isArray) ? flatten(data) : data;
  if (!flat) return { ok: false, problem: 'its data is nested too deeply' };
  if (flat.length !== elements)
    return { ok: false, problem: `${flat.length} elements where its shape has ${elements}` };
  return packNumbers(datatype, flat);
}

/** The protocol lets data be nested or flat; at most as deep as a shape may be. */
function flatten(data: unknown[]): unknown[] | undefined {
  let level = data;
  for (let depth = 0; depth < 8; depth++) {
    if (!level.some(Array.isArray)) return level;
    level = level.flat();
  }
  return undefined;
}
