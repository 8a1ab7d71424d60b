import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const FOLDERS = ['model', 'evidence', 'proto', 'benchmarks', 'reports', 'agent', 'controller', 'commands'] as const;
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
    // Names and forms of the precisions: data.
    /^benchmarks\/compute\/precision\.ts$/,
    // Usual shares of libraries and how to install them: data with a lookup, too.
    /^benchmarks\/compute\/libraries\.ts$/,
    // What settings keep an attempt from showing: pure, and no limit is known there.
    /^benchmarks\/reach\.ts$/,
  ],
  // What a command parses, calls and prints: nothing imports commands but assay.ts.
  commands: [/^(?:model|evidence|proto|benchmarks|reports|agent|controller)\//],
  agent: [/^model\//, /^evidence\//, /^proto\//, /^benchmarks\//],
  controller: [
    /^model\//,
    /^evidence\//,
    /^proto\//,
    /^reports\//,
    /^benchmarks\/(catalog|benchmark)\.ts$/,
    // Names of the precisions, which a claim may choose.
    /^benchmarks\/compute\/precision\.ts$/,
    /^benchmarks\/(.+\/)?proof\.ts$/,
  ],
};

function sources(folder: string, named = /\.ts$/): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => named.test(name))
    .map((name) => join(folder, name));
}

function imports(file: string, text: string): string[] {
  const found = [...text.matchAll(/(?:from\s*|import\s*\(?\s*|new URL\(\s*)'(\.[^']+)'/g)].map((m) => m[1]!);
  return found.map((path) => relative(ROOT, resolve(ROOT, dirname(file), path)));
}

/** Longest that a file may be. */
const MOST_LINES = 400;

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

  it('a proof, the reach of settings, and the tables of chips and libraries import nothing that could touch a machine', () => {
    const data = [
      'benchmarks/compute/chips.ts',
      'benchmarks/compute/libraries.ts',
      'benchmarks/compute/precision.ts',
      'benchmarks/reach.ts',
    ];
    const proofs = sources('benchmarks').filter((f) => f.endsWith('/proof.ts') || data.includes(f));
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

/** Every program text of ours but the tests, with what stands in it. */
function everything(): Map<string, string> {
  const files = [...FOLDERS.flatMap((folder) => sources(folder, /\.(ts|py|cu)$/)), 'assay.ts'];
  return new Map(files.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]));
}

/** Ways that lead from a file over its imports back to it, one for each import that closes one. */
function circles(files: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const way: string[] = [];
  const visit = (file: string): void => {
    const text = files.get(file);
    if (text === undefined || done.has(file)) return;
    const before = way.indexOf(file);
    if (before >= 0) {
      found.push([...way.slice(before), file].join(' → '));
      return;
    }
    way.push(file);
    for (const next of imports(file, text)) visit(next);
    way.pop();
    done.add(file);
  };
  for (const file of files.keys()) visit(file);
  return found;
}

/** Files that are too long to be one idea. */
function overlong(files: ReadonlyMap<string, string>): string[] {
  const lines = (text: string): number => text.replace(/\n$/, '').split('\n').length;
  return [...files]
    .filter(([, text]) => lines(text) > MOST_LINES)
    .map(([file, text]) => `${file}: ${lines(text)} lines`);
}

describe('our files', () => {
  it('import each other in no circle, types and threads included', () => {
    const files = everything();
    expect(files.size).toBeGreaterThan(300);
    expect(circles(files)).toEqual([]);
  });

  it('have at most 400 lines', () => {
    expect(overlong(everything())).toEqual([]);
  });

  it.each([
    ['types', "import type { A } from './a.ts';"],
    ['several lines', "import {\n  type A,\n} from './a.ts';"],
    ['exports', "export { a } from './a.ts';"],
    ['types in place', "let a: import('./a.ts').A;"],
    ['imports at run time', "await import('./a.ts');"],
    ['threads', "new Worker(new URL('./a.ts', import.meta.url));"],
  ])('are seen to make a circle by %s', (_, closing) => {
    const files = new Map([
      ['model/a.ts', "import { b } from './deep/../b.ts';"],
      ['model/b.ts', "import { c } from '../evidence/c.ts';"],
      ['evidence/c.ts', closing.replace('./a.ts', '../model/a.ts')],
      ['model/d.ts', "import { a } from './a.ts'; import { b } from './b.ts';"],
    ]);
    expect(circles(files)).toEqual(['model/a.ts → model/b.ts → evidence/c.ts → model/a.ts']);
    files.set('evidence/c.ts', "import { x } from 'a.ts';");
    expect(circles(files)).toEqual([]);
  });

  it('are seen to be too long from the 401st line on', () => {
    const of = (lines: number, end = '') => new Map([['model/a.ts', Array(lines).fill('x').join('\n') + end]]);
    expect([of(400), of(400, '\n')].map(overlong)).toEqual([[], []]);
    expect(overlong(of(401, '\n'))).toEqual(['model/a.ts: 401 lines']);
  });
});

/** Packages that compute and do nothing else. */
const PURE_PACKAGES = new Set(['hdr-histogram-js', 'typebox/compile']);
