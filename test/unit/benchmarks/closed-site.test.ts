import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../../..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const sources = ['agent', 'benchmarks', 'controller', 'reports', 'proto', 'evidence', 'model'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name)),
);
/** Whether a text turns reports to the maker of ONNX Runtime off before it imports anything else. */
const quietFirst = (text: string): boolean =>
  /^import (?:type )?.*$/m.exec(text)?.[0].includes('closed-site.ts') === true;

describe('reports of ONNX Runtime to its maker', () => {
  it('are off before any file of ours imports it', () => {
    const importing = sources.filter((file) => /from 'onnxruntime-node'/.test(read(file)));
    expect(importing.length).toBeGreaterThan(4);
    expect(importing.filter((file) => !quietFirst(read(file)))).toEqual([]);
  });

  it('are off in every process of ours that has threads or children which import it', () => {
    const programs = ['assay.ts', 'agent/runner.ts', 'agent/serve/main.ts', 'benchmarks/compute/engine/engine.ts'];
    expect(programs.filter((file) => !quietFirst(read(file)))).toEqual([]);
  });

  it('would be seen to be on', () => {
    expect(quietFirst("import ort from 'onnxruntime-node';\nimport '../closed-site.ts';\n")).toBe(false);
    expect(quietFirst("import './closed-site.ts';\nimport ort from 'onnxruntime-node';\n")).toBe(true);
  });

  it('are off once the file is imported, whatever the operator set', async () => {
    process.env.ORT_DISABLE_TELEMETRY = '0';
    await import('../../../benchmarks/closed-site.ts');
    expect(process.env.ORT_DISABLE_TELEMETRY).toBe('1');
  });
});
