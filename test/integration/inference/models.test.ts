import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { MODELS } from '../../../benchmarks/inference/models/catalogue.ts';
import type { InferenceModel } from '../../../benchmarks/inference/models/model.ts';
import { networkModel } from '../../../benchmarks/inference/models/network.ts';
import { RECORD_NETWORK } from '../../../benchmarks/users/network.ts';

const HOME = resolve(import.meta.dirname, '../../../.cache/inference');
const NO_PYTHON = existsSync(join(HOME, 'installed')) ? '' : 'run test/integration/inference/venv.sh';
const DIGEST = 'b0'.repeat(32);

async function answers(bytes: Uint8Array, model: Pick<InferenceModel, 'sample'>) {
  const session = await ort.InferenceSession.create(bytes, { intraOpNumThreads: 2 });
  const feeds = Object.fromEntries(
    model.sample(DIGEST).map((x) => [x.name, new ort.Tensor(x.type, x.data as Float32Array, x.shape)]),
  );
  const fetched = await session.run(feeds);
  await session.release();
  return fetched;
}

/** What Python's onnx and onnxruntime make of the same file and the same inputs. */
function judge(bytes: Uint8Array, model: Pick<InferenceModel, 'sample'>, ours: ort.InferenceSession.ReturnType) {
  const folder = mkdtempSync(join(tmpdir(), 'assay-models-'));
  try {
    writeFileSync(join(folder, 'model.onnx'), bytes);
    const list = (
      kind: string,
      tensors: { name: string; type: string; shape: readonly number[]; data: ArrayBufferView }[],
    ) => {
      const entries = tensors.map(({ name, type, shape, data }, i) => {
        writeFileSync(join(folder, `${kind}${i}`), new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
        return { name, type, shape, file: `${kind}${i}` };
      });
      writeFileSync(join(folder, `${kind}s.json`), JSON.stringify(entries));
    };
    list('input', model.sample(DIGEST));
    list(
      'output',
      Object.entries(ours).map(([name, t]) => ({ name, type: t.type, shape: t.dims, data: t.data as Float32Array })),
    );
    const script = join(import.meta.dirname, 'judge.py');
    const text = execFileSync(join(HOME, 'bin/python'), [script, join(folder, 'model.onnx'), folder], {
      encoding: 'utf8',
    });
    return JSON.parse(text) as Record<string, { error: number; scale: number; shape: number[] }>;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.each([...MODELS])('$id', (model) => {
  const memory = model.parameters * 4 * 8 > freemem() ? 'too little free memory' : '';
  const why = memory || NO_PYTHON;

  it.skipIf(memory !== '')(
    `has the parameters it says and runs${memory && ` (skipped: ${memory})`}`,
    { timeout: 120_000 },
    async () => {
      const bytes = model.build();
      // Weights are all there is to a model file, but for some kilobytes of graph.
      expect(bytes.length / 4).toBeGreaterThan(model.parameters * 0.999);
      expect(bytes.length / 4).toBeLessThan(model.parameters * 1.001 + 100_000);
      const fetched = await answers(bytes, model);
      const logits = fetched.logits!.data as Float32Array;
      expect(logits.every(Number.isFinite)).toBe(true);
      expect(new Set(logits).size).toBeGreaterThan(logits.length / 2);
    },
  );

  it.skipIf(why !== '')(
    `passes onnx.checker and gives the same answers in Python${why && ` (skipped: ${why})`}`,
    { timeout: 180_000 },
    async () => {
      const bytes = model.build();
      const judged = judge(bytes, model, await answers(bytes, model));
      expect(Object.keys(judged)).toContain('logits');
      for (const { error, scale } of Object.values(judged)) {
        expect(scale).toBeGreaterThan(0);
        expect(error).toBeLessThanOrEqual(1e-4 * scale);
      }
    },
  );
});

describe('the networks of the built-in service', () => {
  it.skipIf(NO_PYTHON !== '')(
    `pass onnx.checker and give the same bytes in Python${NO_PYTHON && ` (skipped: ${NO_PYTHON})`}`,
    async () => {
      const model = {
        sample: () => [
          {
            name: 'input',
            type: 'float32' as const,
            shape: [2, 64],
            data: Float32Array.from({ length: 128 }, (_, i) => (i % 16) - 8),
          },
          { name: 'id', type: 'int64' as const, shape: [2], data: BigInt64Array.of(-5n, 2n ** 60n) },
        ],
      };
      const bytes = networkModel(RECORD_NETWORK, { ids: true });
      for (const { error } of Object.values(judge(bytes, model, await answers(bytes, model)))) expect(error).toBe(0);
    },
  );
});
