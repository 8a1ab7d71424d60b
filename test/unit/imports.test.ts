import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const FOLDERS = ['model', 'evidence', 'proto', 'benchmarks', 'reports', 'agent', 'controller'] as const;
type Folder = (typeof FOLDERS)[number];

/** Who may import whom; a pattern is a path inside the other folder. */
const ALLOWED: Record<Folder, readonly RegExp[]> = {
  model: [],
  evidence: [],
  proto: [/^model\//],
  benchmarks: [/^model\//, /^proto\//],
  reports: [
    /^model\//,
    /^evidence\//,
    /^benchmarks\/(.+\/)?proof\.ts$/,
    /^benchmarks\/benchmark\.ts$/,
    // Published peaks of chips: data with a lookup, which the judge's ceilings are read from.
    /^benchmarks\/compute\/chips\.ts$/,
  ],
  agent: [/^model\//, /^evidence\//, /^proto\//, /^benchmarks\//],
  controller: [
    /^model\//,
    /^evidence\//,
    /^proto\//,
    /^reports\//,
    /^benchmarks\/(catalog|benchmark)\.ts$/,
    /^benchmarks\/(.+\/)?proof\.ts$/,
  ],
};

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

function imports(file: string, text: string): string[] {
  const found = [...text.matchAll(/(?:from\s*|import\s*\(?\s*|new URL\(\s*)'(\.[^']+)'/g)].map((m) => m[1]!);
  return found.map((path) => relative(ROOT, resolve(ROOT, dirname(file), path)));
}

/** Imports of a file that the table does not allow. */
function violations(file: string, text: string): string[] {
  const own = file.split('/')[0] as Folder;
  return imports(file, text).filter((path) => !path.startsWith(`${own}/`) && !ALLOWED[own].some((p) => p.test(path)));
}

describe('the direction of imports', () => {
  for (const folder of FOLDERS) {
    it(`${folder} imports only what the design allows`, () => {
      const files = sources(folder);
      expect(files.length).toBeGreaterThan(0);
      const wrong = files.flatMap((f) =>
        violations(f, readFileSync(join(ROOT, f), 'utf8')).map((p) => `${f} imports ${p}`),
      );
      expect(wrong).toEqual([]);
    });
  }

  it('sees a forbidden import', () => {
    expect(violations('reports/judge/judge.ts', "import { x } from '../../agent/agent.ts';")).toEqual([
      'agent/agent.ts',
    ]);
    expect(violations('model/a.ts', "const b = await import('../evidence/dsse.ts');")).toEqual(['evidence/dsse.ts']);
    expect(violations('controller/a.ts', "export * from '../benchmarks/compute/gemm/gemm.ts';")).not.toEqual([]);
  });

  it('a proof, and the table of chips, imports nothing that could touch a machine', () => {
    const proofs = sources('benchmarks').filter((f) => f.endsWith('/proof.ts') || f === 'benchmarks/compute/chips.ts');
    const wrong: string[] = [];
    const seen = new Set<string>();
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      const text = readFileSync(join(ROOT, file), 'utf8');
      for (const line of text.matchAll(/^(?:import|export)\s(?!type\b)[^;]*?from\s*'([^']+)'/gm)) {
        const name = line[1]!;
        if (name.startsWith('.')) visit(relative(ROOT, resolve(ROOT, dirname(file), name)));
        else if (!['typebox', 'node:crypto', 'node:buffer', 'node:zlib'].includes(name) && !PURE_PACKAGES.has(name)) {
          wrong.push(`${file} imports ${name}`);
        }
      }
    };
    expect(proofs.length).toBeGreaterThan(0);
    for (const proof of proofs) visit(proof);
    expect(wrong).toEqual([]);
  });
});

/** Packages that compute and do nothing else. */
const PURE_PACKAGES = new Set(['hdr-histogram-js', 'typebox/compile']);
