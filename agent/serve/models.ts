import { networkModel } from '../../benchmarks/inference/models/network.ts';
import { INPUTS, type Network, OUTPUTS, RECORD_NETWORK, TASK_NETWORK } from '../../benchmarks/users/network.ts';
import type { ModelMetadata } from '../../proto/inference/header.ts';
import type { Datatype } from '../../proto/inference/tensor.ts';

/** A tensor of a model; the first size is the batch and is not in `row`. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  readonly row: readonly number[];
}

/** A model that the service serves. */
export interface ServedModel {
  readonly name: string;
  readonly version: string;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Most rows that one request may bring. */
  readonly maxRows: number;
  /** Rows up to which queued requests are answered by one call of the runtime. */
  readonly batchRows: number;
  /** ONNX model file. */
  readonly bytes: Uint8Array;
}

/** The models of the built-in service: the one that users ask, and the one that processes records by their ids. */
export function builtInModels(): ServedModel[] {
  return [served(TASK_NETWORK, false, 128), served(RECORD_NETWORK, true, 1_000)];
}

function served(network: Network, ids: boolean, batchRows: number): ServedModel {
  return {
    name: network.model,
    version: '1',
    inputs: [
      { name: 'input', datatype: 'FP32', row: [INPUTS] },
      ...(ids ? [{ name: 'id', datatype: 'INT64', row: [] } as const] : []),
    ],
    outputs: [
      { name: 'output', datatype: 'FP32', row: [OUTPUTS] },
      ...(ids ? [{ name: 'record', datatype: 'INT64', row: [] } as const] : []),
    ],
    maxRows: 4_096,
    batchRows,
    bytes: networkModel(network, { ids }),
  };
}

/** What the protocol's metadata call says of a model. */
export function metadata(model: ServedModel): ModelMetadata {
  const tensor = (spec: TensorSpec) => ({ name: spec.name, datatype: spec.datatype, shape: [-1, ...spec.row] });
  return {
    name: model.name,
    versions: [model.version],
    platform: 'onnx_onnxruntime',
    inputs: model.inputs.map(tensor),
    outputs: model.outputs.map(tensor),
  };
}
