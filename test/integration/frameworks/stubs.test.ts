import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SYMBOLS } from '../../../benchmarks/frameworks/engines.ts';
import { attempt, PYTHON, PYTHON_WITH_TORCH, scratch } from './attempt.ts';

vi.setConfig({ testTimeout: 1_000_000 });

const IMPOSTOR = join(import.meta.dirname, 'stubs/impostor.py');
const REAL = '/usr/lib/x86_64-linux-gnu/libtorch_cpu.so.1.13.0';

const numpy = spawnSync(PYTHON, ['-c', 'import numpy, os; print(os.path.dirname(numpy.__file__))'], {
  encoding: 'utf8',
});
const venv = spawnSync(PYTHON, ['-c', 'import venv']).status === 0;
const compiler = spawnSync('gcc', ['--version']).status === 0;
const why = !venv || numpy.status !== 0 ? 'needs python3 with venv and numpy' : compiler ? '' : 'needs gcc';

let place: ReturnType<typeof scratch>;
beforeEach(() => {
  place = scratch();
});
afterEach(() => {
  for (const name of ['PYTHONPATH', 'PYTHONSTARTUP', 'PYTHONHOME']) delete process.env[name];
  place.remove();
});

/** A virtual environment of its own, with NumPy, and the folder of its packages. */
function environment(): { python: string; packages: string } {
  const home = join(place.path, 'venv');
  execFileSync(PYTHON, ['-m', 'venv', '--without-pip', home]);
  const python = join(home, 'bin/python');
  const where = ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'];
  const packages = execFileSync(python, where, { encoding: 'utf8' }).trim();
  const libraries = numpy.stdout.trim();
  symlinkSync(libraries, join(packages, 'numpy'));
  if (existsSync(`${libraries}.libs`)) symlinkSync(`${libraries}.libs`, join(packages, 'numpy.libs'));
  return { python, packages };
}

interface Stub {
  readonly module?: string;
  readonly load?: readonly string[];
  readonly replace?: string;
  readonly patch?: boolean;
  readonly backend?: string;
}

/** Puts the impostor under the name of a framework among the packages. */
function install(
  packages: string,
  { module = 'torch', load = [], replace = '', patch = false, backend = '' }: Stub,
): string {
  const folder = join(packages, module);
  mkdirSync(join(folder, 'lib'), { recursive: true });
  copyFileSync(IMPOSTOR, join(folder, '__init__.py'));
  writeFileSync(join(folder, 'stub.json'), JSON.stringify({ load, replace, patch, backend }));
  return folder;
}

/** Compiles a library with these functions, and fills it up to a size. */
function library(path: string, functions: readonly string[], bytes = 0): string {
  const source = join(place.path, 'library.c');
  writeFileSync(source, functions.map((name) => `int ${name}(void) { return 1; }`).join('\n'));
  mkdirSync(join(path, '..'), { recursive: true });
  execFileSync('gcc', ['-shared', '-fPIC', '-o', path, source]);
  if (bytes > 0) truncateSync(path, bytes);
  return path;
}

/** Runs the benchmark on a stub; its answers must be right, or the test would show nothing. */
async function outcome(python: string, framework = 'pytorch') {
  const done = await attempt({ interpreters: [[python]], frameworks: [framework] });
  const said = Buffer.from(done.evidence.get(`${framework}.output`) ?? '').toString();
  expect(done.run(framework)?.failure, said).toBeUndefined();
  const agreement = done.examination.metrics.filter((one) => one.metric === 'frameworks.adapted.agreement');
  expect(agreement.length).toBeGreaterThan(0);
  for (const one of agreement) expect(one.estimate.value).toBeGreaterThan(0.99);
  const unproven = done.examination.findings.find((one) => one.code === 'engine_unproven');
  return { counted: done.counted, why: unproven?.detail ?? '', run: done.run(framework) };
}

describe.skipIf(why !== '')(`a stub that answers everything right${why && ` (skipped: ${why})`}`, () => {
  it('does not count as a package of that name, whatever it changes in the interpreter', async () => {
    const { python, packages } = environment();
    install(packages, { patch: true });
    const { counted, why } = await outcome(python);
    expect(counted).toEqual([]);
    expect(why).toContain('operations that only torch has are wrong');
  });

  it.each(['tensorflow', 'jax', 'paddle', 'mindspore'])('does not count under the name %s', async (module) => {
    const { python, packages } = environment();
    install(packages, { module, load: [library(join(packages, module, 'lib', `lib${module}.so`), ['main_of_it'])] });
    const { counted } = await outcome(python, module === 'paddle' ? 'paddlepaddle' : module);
    expect(counted).toEqual([]);
  });

  it('does not count as a front end that names an engine', async () => {
    const { python, packages } = environment();
    install(packages, { module: 'keras', backend: 'torch', load: [library(join(packages, 'libtorch_cpu.so'), ['x'])] });
    expect((await outcome(python, 'keras')).counted).toEqual([]);
  });

  it.each<[string, readonly string[], number]>([
    ['of the right name', ['nothing'], 0],
    ['of the right name and the right functions', SYMBOLS, 0],
    ['of the right name, functions and size', SYMBOLS, 120_000_000],
  ])('does not count with a library %s, which is read from outside', async (_, functions, bytes) => {
    const { python, packages } = environment();
    const path = library(join(packages, 'torch/lib/libtorch_cpu.so'), functions, bytes);
    install(packages, { load: [path] });
    const { counted, run } = await outcome(python);
    expect(counted).toEqual([]);
    expect(run?.outside?.objects).toContainEqual(
      expect.objectContaining({
        path,
        sha256: createHash('sha256').update(readFileSync(path)).digest('hex'),
        symbols: functions === SYMBOLS ? [...SYMBOLS].sort() : [],
      }),
    );
  });

  it('does not count with the metadata of a real package beside it', async () => {
    const { python, packages } = environment();
    const path = library(join(packages, 'torch/lib/libtorch_cpu.so'), SYMBOLS, 120_000_000);
    const digest = createHash('sha256').update(readFileSync(path)).digest('base64url');
    const metadata = join(packages, 'torch-2.9.1.dist-info');
    mkdirSync(metadata);
    writeFileSync(join(metadata, 'METADATA'), 'Metadata-Version: 2.1\nName: torch\nVersion: 2.9.1\n');
    writeFileSync(join(metadata, 'RECORD'), `torch/lib/libtorch_cpu.so,sha256=${digest},120000000\n`);
    install(packages, { load: [path] });
    const { counted, run } = await outcome(python);
    expect(counted).toEqual([]);
    expect(run?.outside?.objects[0]).toMatchObject({ record: 'same' });
  });

  const real = existsSync(REAL);
  const skipped = real ? '' : ' (skipped: apt-get install python3-torch)';
  it.skipIf(!real)(`does not count with the real library loaded and unused${skipped}`, async () => {
    const { python, packages } = environment();
    install(packages, { load: [REAL] });
    const { counted, why } = await outcome(python);
    expect(counted).toEqual([]);
    expect(why).toContain('operations that only torch has are wrong');
  });

  it.skipIf(!real)(`does not count with a changed copy of the real library${skipped}`, async () => {
    const { python, packages } = environment();
    const folder = install(packages, { load: [join(packages, 'torch/lib/libtorch_cpu.so')] });
    const copy = join(folder, 'lib/libtorch_cpu.so');
    copyFileSync(REAL, copy);
    writeFileSync(copy, 'changed', { flag: 'a' });
    expect((await outcome(python)).counted).toEqual([]);
  });

  it.skipIf(!real)(`does not count with the real library put under the name of the loaded one${skipped}`, async () => {
    const { python, packages } = environment();
    const path = library(join(packages, 'torch/lib/libtorch_cpu.so'), SYMBOLS);
    const replace = join(packages, 'real');
    copyFileSync(REAL, replace);
    install(packages, { load: [path], replace });
    const { counted, run } = await outcome(python);
    expect(counted).toEqual([]);
    expect(run?.outside?.libraries).not.toContain('libtorch_cpu.so');
    expect(run?.outside?.objects).toEqual([]);
  });
});

describe('an interpreter that is a script', () => {
  it('does not count, whatever it says on its output and on the channel', async () => {
    const python = join(place.path, 'python');
    const found = { python: '3.12.1', prefix: '/x', channel: true, modules: { torch: '2.9.1' } };
    const hello = { type: 'hello', framework: 'PyTorch', version: '2.9.1' };
    const lines = [hello, { type: 'ready' }, { type: 'done', libraries: ['libtorch_cpu.so'] }];
    const text = lines.map((line) => `echo '${JSON.stringify(line)}' >&3`).join('\n');
    const script = `#!/bin/sh\nif [ "$5" = -c ]; then echo '${JSON.stringify(found)}'; exit; fi\n${text}\ncat <&3\n`;
    writeFileSync(python, script, { mode: 0o755 });
    const { counted, run } = await attempt({ interpreters: [[python]], frameworks: ['pytorch'] });
    expect(counted).toEqual([]);
    expect(run('pytorch')?.failure).toMatchObject({ code: 'parse_error' });
  });
});

describe.skipIf(why !== '')(`what lies among the packages${why && ` (skipped: ${why})`}`, () => {
  it('is not run before the framework is imported: no sitecustomize, no .pth, no variable', async () => {
    const { python, packages } = environment();
    const mark = join(place.path, 'ran');
    const code = `open(${JSON.stringify(mark)}, "a").write("ran")\n`;
    const folder = join(place.path, 'path');
    mkdirSync(folder);
    for (const name of ['sitecustomize', 'usercustomize', 'json', 'torch'])
      writeFileSync(join(folder, `${name}.py`), code);
    for (const name of ['sitecustomize', 'usercustomize', 'json']) writeFileSync(join(packages, `${name}.py`), code);
    writeFileSync(join(packages, 'hook.pth'), `import os; ${code}`);
    process.env.PYTHONPATH = folder;
    process.env.PYTHONSTARTUP = join(folder, 'torch.py');
    process.env.PYTHONHOME = '/nonexistent';
    const { samples } = await attempt({ interpreters: [[python]], frameworks: ['onnxruntime', 'pytorch'] });
    expect(samples.interpreters[0]).toMatchObject({ problem: '', found: [] });
    delete process.env.PYTHONPATH;
    delete process.env.PYTHONHOME;
    // The hooks do work where nobody keeps them out.
    execFileSync(python, ['-c', '']);
    expect(existsSync(mark)).toBe(true);
  });

  const torch = PYTHON_WITH_TORCH;
  it.skipIf(!torch)(
    `is found in a folder that a .pth file names${torch ? '' : ' (skipped: python3-torch)'}`,
    async () => {
      const { python, packages } = environment();
      const folder = execFileSync(
        PYTHON,
        ['-c', 'import torch, os; print(os.path.dirname(os.path.dirname(torch.__file__)))'],
        { encoding: 'utf8' },
      );
      writeFileSync(join(packages, 'more.pth'), folder);
      const { samples } = await attempt({ interpreters: [[python]], frameworks: ['onnxruntime'] });
      expect(samples.interpreters[0]?.found.map((one) => one.framework)).toContain('pytorch');
    },
  );
});
