import { ELEMENT_TYPES, type ElementType, modelType } from '../../proto/onnx.ts';

/** How the report calls the precision of weights by their element type in a file. */
const NAMES: Partial<Record<ElementType, string>> = {
  float64: 'FP64',
  float32: 'FP32',
  float16: 'FP16',
  bfloat16: 'BF16',
  float8e4m3fn: 'FP8',
  float8e5m2: 'FP8',
  int8: 'INT8',
  uint8: 'INT8',
  int4: 'INT4',
  uint4: 'INT4',
};

interface Weights {
  readonly graph?: {
    readonly initializer?: readonly { readonly dims?: readonly unknown[]; readonly dataType?: number }[];
  };
}

/**
 * Precision that most of a model's weights are stored in; FP32 for a model without weights. Throws for bytes that are
 * no ONNX model. What a device makes of it while it computes is another matter: see `ranPrecision`.
 */
export function storedPrecision(model: Uint8Array): string {
  const { graph } = modelType().decode(model) as Weights;
  const elements = new Map<string, number>();
  for (const { dims, dataType } of graph?.initializer ?? []) {
    const type = (Object.keys(ELEMENT_TYPES) as ElementType[]).find((one) => ELEMENT_TYPES[one].code === dataType);
    const name = type && NAMES[type];
    if (name === undefined) continue;
    const count = (dims ?? []).reduce((product: number, size) => product * Number(size), 1);
    elements.set(name, (elements.get(name) ?? 0) + count);
  }
  return [...elements].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'FP32';
}
