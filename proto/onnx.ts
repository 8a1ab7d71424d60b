import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { ELEMENT_TYPES, type ElementType, type Initializer, toTensorProto } from './onnx-tensor.ts';

export { ELEMENT_TYPES, type ElementType, elementCount, type Initializer, tensorBytes } from './onnx-tensor.ts';

/** An input or output of a graph. A size that is only known when it runs has a name (`'batch'`) instead of a number. */
export interface ValueInfo {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly (number | string)[];
}

/** One attribute of a node; the kind is said because ONNX tells `1` the integer from `1` the float. */
export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly ints: readonly number[] }
  | { readonly floats: readonly number[] }
  | { readonly strings: readonly string[] }
  | { readonly tensor: Initializer }
  | { readonly graph: Graph };

/** One operator: `''` among the inputs stands for an optional one that is left out. */
export interface GraphNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly name?: string;
  /** Operator set; `''` (default) is ONNX's own, `com.microsoft` that of ONNX Runtime. */
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

export interface Graph {
  readonly name: string;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly initializers?: readonly Initializer[];
  /** In an order in which every input is known before it is used. */
  readonly nodes: readonly GraphNode[];
}

export interface Model extends Graph {
  /** Version of ONNX's own operator set; 17 unless said. */
  readonly opset?: number;
  /** Versions of further operator sets by domain, for example `{ 'com.microsoft': 1 }`. */
  readonly opsets?: Readonly<Record<string, number>>;
  /** IR version: 8 unless said; 9 for 8-bit floats, 10 for 4-bit integers. */
  readonly irVersion?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Bytes of an ONNX model file (ModelProto, https://onnx.ai/onnx/repo-docs/IR.html).
 *
 * Throws where the graph could not be one: a name that is used before it is made, a name made twice, an output that
 * nothing makes, a constant whose bytes don't fill its shape, an operator set without a version. It does not check
 * operators against their schemas; `onnx.checker` does, and the tests call it.
 */
export function buildModel(model: Model): Uint8Array {
  const opsets: Record<string, number> = { '': model.opset ?? 17, ...model.opsets };
  const type = modelType();
  return type
    .encode({
      irVersion: model.irVersion ?? 8,
      producerName: 'assay',
      graph: toGraphProto(model, new Set(), opsets),
      opsetImport: Object.entries(opsets).map(([domain, version]) => ({ domain, version })),
      metadataProps: Object.entries(model.metadata ?? {}).map(([key, value]) => ({ key, value })),
    } as unknown as protobuf.Message)
    .finish();
}

/** The protobuf type of a whole model file, from `onnx.proto` beside this file. */
export function modelType(): protobuf.Type {
  loaded ??= protobuf.parse(readFileSync(new URL('./onnx.proto', import.meta.url), 'utf8')).root;
  return loaded.lookupType('onnx.ModelProto');
}

let loaded: protobuf.Root | undefined;

/** A message as protobufjs takes it: plain objects by the fields' names. */
type Wire = Record<string, unknown>;

function toGraphProto(graph: Graph, outer: ReadonlySet<string>, opsets: Record<string, number>): Wire {
  const known = new Set(outer);
  const own = new Set<string>();
  const define = (name: string, by: string) => {
    if (own.has(name)) throw new Error(`graph ${graph.name}: ${by} makes "${name}" a second time`);
    own.add(name);
    known.add(name);
  };
  for (const input of graph.inputs) define(input.name, 'an input');
  for (const constant of graph.initializers ?? []) define(constant.name, 'a constant');
  const nodes = graph.nodes.map((node, index) => {
    const name = node.name ?? `${node.op}_${index}`;
    for (const input of node.inputs) {
      if (input !== '' && !known.has(input)) {
        throw new Error(`graph ${graph.name}: node ${name} uses "${input}" before it is made`);
      }
    }
    if (opsets[node.domain ?? ''] === undefined) {
      throw new Error(`graph ${graph.name}: node ${name} is of operator set "${node.domain}", which has no version`);
    }
    const attribute = Object.entries(node.attributes ?? {}).map(([key, value]) =>
      toAttributeProto(key, value, known, opsets),
    );
    for (const output of node.outputs) if (output !== '') define(output, `node ${name}`);
    return {
      name,
      opType: node.op,
      domain: node.domain ?? '',
      input: [...node.inputs],
      output: [...node.outputs],
      attribute,
    };
  });
  for (const output of graph.outputs) {
    if (!known.has(output.name)) throw new Error(`graph ${graph.name}: nothing makes the output "${output.name}"`);
  }
  return {
    name: graph.name,
    node: nodes,
    initializer: (graph.initializers ?? []).map(toTensorProto),
    input: graph.inputs.map(toValueInfoProto),
    output: graph.outputs.map(toValueInfoProto),
  };
}

function toValueInfoProto(value: ValueInfo): Wire {
  const dim = value.shape.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name: value.name, type: { tensorType: { elemType: ELEMENT_TYPES[value.type].code, shape: { dim } } } };
}

/** AttributeProto with the codes of AttributeProto.AttributeType in `type`. */
function toAttributeProto(
  name: string,
  attribute: Attribute,
  known: ReadonlySet<string>,
  opsets: Record<string, number>,
): Wire {
  const text = (value: string) => new TextEncoder().encode(value);
  if ('float' in attribute) return { name, type: 1, f: attribute.float };
  if ('int' in attribute) return { name, type: 2, i: attribute.int };
  if ('string' in attribute) return { name, type: 3, s: text(attribute.string) };
  if ('tensor' in attribute) return { name, type: 4, t: toTensorProto(attribute.tensor) };
  if ('graph' in attribute) return { name, type: 5, g: toGraphProto(attribute.graph, known, opsets) };
  if ('floats' in attribute) return { name, type: 6, floats: [...attribute.floats] };
  if ('ints' in attribute) return { name, type: 7, ints: [...attribute.ints] };
  return { name, type: 8, strings: attribute.strings.map(text) };
}
