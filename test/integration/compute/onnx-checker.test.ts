import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { buildModel, type Model } from '../../../proto/onnx.ts';

/** An interpreter with PyPI's `onnx`; ASSAY_ONNX_PYTHON names one that is not on the path. */
const python = [process.env.ASSAY_ONNX_PYTHON, 'python3', '/usr/bin/python3'].find((one) => {
  try {
    if (one) execFileSync(one, ['-c', 'import onnx'], { stdio: 'ignore', timeout: 60_000 });
    return one !== undefined;
  } catch {
    return false;
  }
});

const shape = [4, 4];
const product = (
  op: string,
  a: 'float32' | 'float64' | 'uint8',
  b: 'float32' | 'float64' | 'int8',
  c: 'float32' | 'float64' | 'int32',
) =>
  ({
    name: 'product',
    inputs: [
      { name: 'a', type: a, shape: ['rows', 4] },
      { name: 'b', type: b, shape },
    ],
    outputs: [{ name: 'c', type: c, shape: ['rows', 4] }],
    initializers: op === 'MatMulInteger' ? [{ name: 'zero', type: 'uint8', shape: [], data: Uint8Array.of(128) }] : [],
    nodes: [{ op, inputs: op === 'MatMulInteger' ? ['a', 'b', 'zero'] : ['a', 'b'], outputs: ['c'] }],
  }) satisfies Model;

const branch = (name: string) => ({
  name,
  inputs: [],
  outputs: [{ name, type: 'float32' as const, shape: [1] }],
  nodes: [{ op: 'Constant', inputs: [], outputs: [name], attributes: { value_floats: { floats: [1.5] } } }],
});

const models: Record<string, Model> = {
  fp32: product('MatMul', 'float32', 'float32', 'float32'),
  fp64: product('MatMul', 'float64', 'float64', 'float64'),
  int8: product('MatMulInteger', 'uint8', 'int8', 'int32'),
  attributes: {
    name: 'attributes',
    inputs: [
      { name: 'x', type: 'float32', shape: [1, 2] },
      { name: 'flag', type: 'bool', shape: [] },
    ],
    outputs: [
      { name: 'mean', type: 'float32', shape: [1] },
      { name: 'chosen', type: 'float32', shape: [1] },
    ],
    nodes: [
      { op: 'ReduceMean', inputs: ['x'], outputs: ['mean'], attributes: { axes: { ints: [1] }, keepdims: { int: 0 } } },
      {
        op: 'If',
        inputs: ['flag'],
        outputs: ['chosen'],
        attributes: { then_branch: { graph: branch('yes') }, else_branch: { graph: branch('no') } },
      },
    ],
  },
};

const CHECK = `
import sys, onnx
for path in sys.argv[1:]:
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    print(model.producer_name, model.opset_import[0].version, len(model.graph.node))
`;

it.skipIf(!python)('onnx.checker accepts what the builder makes (skipped where Python’s onnx is not installed)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-onnx-'));
  try {
    const paths = Object.entries(models).map(([name, model]) => {
      const path = join(folder, `${name}.onnx`);
      writeFileSync(path, buildModel(model));
      return path;
    });
    const said = execFileSync(python ?? '', ['-c', CHECK, ...paths], { encoding: 'utf8' });
    expect(said.trim().split('\n')).toEqual(['assay 17 1', 'assay 17 1', 'assay 17 1', 'assay 17 2']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
