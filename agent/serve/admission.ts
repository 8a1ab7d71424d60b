import type { InferRequest, Tensor } from '../../proto/inference/tensor.ts';
import type { ServedModel } from './models.ts';

/** Why a request was turned away; each front says it in its own protocol. */
export type Refusal = 'malformed' | 'too_large' | 'not_finite' | 'unauthorized' | 'unknown' | 'shed' | 'internal';

export interface Refused {
  readonly ok: false;
  readonly refusal: Refusal;
  readonly problem: string;
}

/** A request that fits its model: inputs in the model's order, all with the same number of rows. */
export interface Admitted {
  readonly ok: true;
  readonly rows: number;
  readonly inputs: readonly Tensor[];
}

/**
 * Checks a request against the model it asks: names, types, shapes, sizes, and that floats are finite: an answer that
 * NaN went into would look like an answer and be none.
 */
export function admit(model: ServedModel, request: InferRequest): Admitted | Refused {
  if (request.inputs.length !== model.inputs.length) {
    return malformed(`${model.name} takes ${model.inputs.length} inputs, not ${request.inputs.length}`);
  }
  const unknown = request.outputs.find((name) => !model.outputs.some((output) => output.name === name));
  if (unknown !== undefined) return malformed(`${model.name} has no output ${unknown}`);
  const inputs: Tensor[] = [];
  let rows = -1;
  for (const spec of model.inputs) {
    const input = request.inputs.find((candidate) => candidate.name === spec.name);
    if (!input) return malformed(`input ${spec.name} is missing`);
    if (input.datatype !== spec.datatype) return malformed(`input ${spec.name} is ${spec.datatype}`);
    const [batch, ...row] = input.shape;
    if (batch === undefined || row.length !== spec.row.length || row.some((size, i) => size !== spec.row[i])) {
      return malformed(`input ${spec.name} has shape [${[-1, ...spec.row]}], not [${input.shape}]`);
    }
    if (batch === 0) return malformed(`input ${spec.name} has no rows`);
    if (rows >= 0 && batch !== rows) return malformed(`inputs have ${rows} and ${batch} rows`);
    rows = batch;
    if (rows > model.maxRows) {
      return { ok: false, refusal: 'too_large', problem: `${rows} rows are more than ${model.maxRows}` };
    }
    if (spec.datatype === 'FP32' && !allFinite(input.data)) {
      return { ok: false, refusal: 'not_finite', problem: `input ${spec.name} has NaN or infinite values` };
    }
    inputs.push(input);
  }
  return { ok: true, rows, inputs };
}

function malformed(problem: string): Refused {
  return { ok: false, refusal: 'malformed', problem };
}

/** IEEE 754 binary32: an exponent of all ones is NaN or infinity. */
function allFinite(data: Uint8Array): boolean {
  const aligned = data.byteOffset % 4 === 0 ? data : new Uint8Array(data);
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >> 2);
  for (let i = 0; i < words.length; i++) if ((words[i]! & 0x7f800000) === 0x7f800000) return false;
  return true;
}
