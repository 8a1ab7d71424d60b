import type { ElementType } from '../../../proto/onnx.ts';

/** One tensor of a sample; in our own networks the first size is the batch, 1. */
export interface SampleTensor {
  readonly name: string;
  readonly type: Extract<ElementType, 'float32' | 'int64'>;
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

/** A network at its true size with seeded weights: what it costs is real, what it says means nothing. */
export interface InferenceModel {
  readonly id: string;
  /** Where the architecture is described. */
  readonly source: string;
  readonly parameters: number;
  /** Multiplications and additions of the matrix products and convolutions for one sample. */
  readonly operations: number;
  /** ONNX model file; large ones take as much memory again while they are built. */
  build(): Uint8Array;
  /** Inputs of one sample, from 64 hex digits of which every sample has its own. */
  sample(digest: string): SampleTensor[];
}
