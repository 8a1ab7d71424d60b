import type { Tensor } from '../../proto/inference/tensor.ts';

/** A tensor on its way between threads; its buffer is transferred, not copied. */
export interface WireTensor {
  readonly name: string;
  readonly datatype: 'FP32' | 'INT64';
  readonly shape: readonly number[];
  readonly buffer: ArrayBuffer;
}

export type WorkerModels = readonly { readonly name: string; readonly bytes: Uint8Array }[];

export interface Batch {
  readonly batch: number;
  readonly model: string;
  readonly inputs: readonly WireTensor[];
}

export type BatchResult =
  | { readonly batch: number; readonly ok: true; readonly outputs: readonly WireTensor[] }
  | { readonly batch: number; readonly ok: false; readonly problem: string };

/** The rows of several requests for one model, one after the other. All parts have the same inputs in the same order. */
export function gather(parts: readonly { rows: number; inputs: readonly Tensor[] }[]): WireTensor[] {
  const first = parts[0];
  if (!first) throw new Error('a batch of no requests');
  const rows = parts.reduce((total, part) => total + part.rows, 0);
  return first.inputs.map((head, index) => {
    const bytesPerRow = head.data.byteLength / first.rows;
    const buffer = new ArrayBuffer(bytesPerRow * rows);
    const all = new Uint8Array(buffer);
    let at = 0;
    for (const part of parts) {
      const data = part.inputs[index]!.data;
      all.set(data, at);
      at += data.byteLength;
    }
    return { name: head.name, datatype: wireType(head.datatype), shape: [rows, ...head.shape.slice(1)], buffer };
  });
}

/** The rows `from` to `from + rows` of a batch's outputs: one request's share, as views. */
export function share(outputs: readonly WireTensor[], total: number, from: number, rows: number): Tensor[] {
  return outputs.map((output) => {
    const bytesPerRow = output.buffer.byteLength / total;
    return {
      name: output.name,
      datatype: output.datatype,
      shape: [rows, ...output.shape.slice(1)],
      data: new Uint8Array(output.buffer, from * bytesPerRow, rows * bytesPerRow),
    };
  });
}

function wireType(datatype: string): 'FP32' | 'INT64' {
  if (datatype === 'FP32' || datatype === 'INT64') return datatype;
  throw new Error(`no worker takes ${datatype}`);
}
