import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { relevantVariables } from '../../../../agent/environment/variables.ts';
import { type Environment, type MeasuringProcess, NAMED_LIBRARIES, OVERRIDES } from '../../../../model/environment.ts';
import { alterations } from '../../../../reports/verify/alterations.ts';
import { readEnvironment, summaryOf } from '../../../../reports/verify/measuring.ts';
import { environmentBytes, PLAIN_ENVIRONMENT } from '../../../plain-environment.ts';

const ROOT = resolve(import.meta.dirname, '../../../..');
const [RUNNER, CHILD] = PLAIN_ENVIRONMENT.processes as [MeasuringProcess, MeasuringProcess];
const LD = '/opt/other/lib';

const holds = (change: Partial<Environment>): string[] =>
  alterations({ ...PLAIN_ENVIRONMENT, ...change })
    .filter(({ weight }) => weight === 'holds')
    .map(({ code }) => code);
const set = (one: MeasuringProcess, variables: Record<string, string>): MeasuringProcess => ({
  ...one,
  variables: { ...one.variables, ...variables },
});
const runnerWith = (variables: Record<string, string>): Partial<Environment> => ({
  processes: [set(RUNNER, variables), CHILD],
});
const childWith = (variables: Record<string, string>): Partial<Environment> => ({
  processes: [RUNNER, set(CHILD, variables)],
});
const loadedFrom = (path: string, policy: Environment['policy'] = []): Partial<Environment> => ({
  ...runnerWith({ LD_LIBRARY_PATH: LD }),
  objects: [...PLAIN_ENVIRONMENT.objects, { path, sha256: '55'.repeat(32), searched: true }],
  policy,
});

describe('an environment', () => {
  it('that is plain holds nothing, nor do variables that are only recorded', () => {
    expect(alterations(PLAIN_ENVIRONMENT)).toEqual([]);
    expect(
      holds(runnerWith({ OMP_NUM_THREADS: '1', LD_LIBRARY_PATH: '/usr/local/cuda/lib64', ASSAY_CUDA: '1' })),
    ).toEqual([]);
    expect(holds(runnerWith({ NODE_OPTIONS: '--max-old-space-size=4096 --no-warnings', LD_PRELOAD: ' ' }))).toEqual([]);
  });

  it.each(['LD_PRELOAD', 'LD_AUDIT'])('with %s in any process holds', (name) => {
    expect(holds(runnerWith({ [name]: '/tmp/fast.so' }))).toEqual(['environment_altered']);
    expect(holds(childWith({ [name]: '/tmp/fast.so' }))).toEqual(['environment_altered']);
  });

  it('in which /etc/ld.so.preload names something holds', () => {
    expect(holds({ preload: ['/usr/local/lib/libclock.so'] })).toEqual(['environment_altered']);
  });

  it.each([...OVERRIDES])(
    'in which the operator set %s holds, but not where a benchmark tells its engine so',
    (name) => {
      expect(holds(runnerWith({ [name]: '/tmp/x' }))).toEqual(['environment_altered']);
      expect(holds({ processes: [RUNNER, set({ ...CHILD, role: 'service' }, { [name]: '' })] })).toContain(
        'environment_altered',
      );
      expect(holds(childWith({ [name]: '/tmp/x' }))).toEqual([]);
    },
  );

  it.each([
    '--require ./x.cjs',
    '--require=./x.cjs',
    '-r ./x.cjs',
    '--import=data:text/javascript,1',
    '--no-warnings --import "./with blank.mjs"',
    '--loader ./x.mjs',
    '--experimental_loader ./x.mjs',
    '--experimental-loader=./x.mjs',
  ])('whose NODE_OPTIONS are %s holds, and so do the words of Node itself', (options) => {
    expect(holds(runnerWith({ NODE_OPTIONS: options }))).toEqual(['environment_altered']);
    const argv = ['/srv/node', ...options.split(' '), 'runner.ts'];
    expect(holds({ processes: [{ ...RUNNER, argv }, CHILD] })).toEqual(['environment_altered']);
  });

  it.each(['LD_PRELOAD', 'LD_AUDIT', 'LD_LIBRARY_PATH', 'NODE_OPTIONS'])(
    'in which %s has more than is kept holds',
    (name) => {
      const { [name]: kept } = relevantVariables(`${name}=${' '.repeat(5000)} --require /x.cjs`);
      expect(holds(runnerWith({ [name]: kept! }))).toContain('environment_altered');
      expect(holds(childWith({ [name]: kept! }))).toContain('environment_altered');
    },
  );

  it('in which LD_LIBRARY_PATH has a folder that nobody can tell from outside holds', () => {
    expect(holds(runnerWith({ LD_LIBRARY_PATH: '$ORIGIN/../x' }))).toEqual(['environment_altered']);
  });

  it.each([
    '"--require" "./x.cjs"',
    '--req"uire" ./x.cjs',
    '"--req\\uire=./x.cjs"',
    '--no-warnings "-r" ./x.cjs',
    '"--import=./with blank.mjs"',
  ])('whose NODE_OPTIONS are %s in the quotes that Node takes away holds', (options) => {
    expect(holds(runnerWith({ NODE_OPTIONS: options }))).toEqual(['environment_altered']);
  });

  it('whose program has such words for itself is plain', () => {
    const argv = ['/srv/node', '--no-warnings', 'runner.ts', '--import', 'x'];
    expect(holds({ processes: [{ ...RUNNER, argv }, CHILD] })).toEqual([]);
    expect(holds({ processes: [RUNNER, { ...CHILD, argv: ['/usr/bin/python3', '-r', 'x'] }] })).toEqual([]);
  });

  it.each([
    'libdnnl.so.3',
    'libopenblasp-r0.3.21.so',
    'libcublasLt.so.12',
    'libcuda.so.1',
    'libgomp.so.1',
    'libc.so.6',
    'libstdc++.so.6',
    'libgcc_s.so.1',
    'libatomic.so.1',
  ])('in which LD_LIBRARY_PATH put %s before the one that is installed holds, unless a policy names it', (name) => {
    expect(holds(loadedFrom(`${LD}/${name}`))).toEqual(['environment_altered']);
    expect(holds(loadedFrom(`${LD}/${name}`, [{ name: 'onednn', path: `${LD}/${name}` }]))).toEqual([]);
    // Named by a link: the same bytes.
    const linked = { name: 'onednn', path: '/opt/link.so', sha256: '55'.repeat(32) } as const;
    expect(holds(loadedFrom(`${LD}/${name}`, [linked]))).toEqual([]);
    expect(holds(loadedFrom(`/usr/local/cuda-12.9/targets/x86_64-linux/lib/${name}`))).toEqual([]);
  });

  it('in which LD_LIBRARY_PATH found what computes and times nothing is plain', () => {
    expect(holds(loadedFrom(`${LD}/libascendcl.so`))).toEqual([]);
  });

  it('that is not there, or does not show who measured with what, is not known', () => {
    expect(alterations(undefined).map(({ code, weight }) => [code, weight])).toEqual([
      ['environment_unknown', 'holds'],
    ]);
    expect(holds({ processes: [] })).toEqual(['environment_unknown']);
    expect(holds({ processes: [CHILD] })).toEqual(['environment_unknown']);
    expect(holds({ processes: [{ ...RUNNER, objects: [] }, CHILD] })).toEqual(['environment_unknown']);
    expect(holds({ processes: [RUNNER, { ...CHILD, objects: [0, 99] }] })).toEqual(['environment_unknown']);
    expect(holds({ processes: [RUNNER, { ...CHILD, unseen: true }] })).toEqual(['environment_unknown']);
    for (const problem of ['changed', 'unreadable'] as const) {
      expect(holds({ objects: [{ path: '/a.so', problem }, ...PLAIN_ENVIRONMENT.objects] })).toEqual([
        'environment_unknown',
      ]);
    }
    expect(holds({ objects: [{ path: '/a.so' }, ...PLAIN_ENVIRONMENT.objects] })).toEqual(['environment_unknown']);
  });

  it('with code that has no file is shown, and holds nothing', () => {
    for (const problem of ['deleted', 'memory'] as const) {
      const objects = [...PLAIN_ENVIRONMENT.objects, { path: '/memfd:x', problem }];
      expect(alterations({ ...PLAIN_ENVIRONMENT, objects })).toEqual([
        { code: 'environment_unknown', detail: expect.stringContaining('/memfd:x'), weight: 'informs' },
      ]);
    }
  });

  it('never fills a report, however much a node makes up', () => {
    const processes = Array.from({ length: 500 }, (_, i) => set(RUNNER, { LD_PRELOAD: `/${i}/${'x'.repeat(4000)}` }));
    const found = alterations({ ...PLAIN_ENVIRONMENT, processes });
    expect(found.length).toBeLessThanOrEqual(16);
    expect(JSON.stringify(found).length).toBeLessThan(10_000);
  });
});

describe('the bytes of an environment', () => {
  it('are read where they are one, and give nothing where they are damaged, of another form or far too many', () => {
    expect(readEnvironment(environmentBytes())).toEqual(PLAIN_ENVIRONMENT);
    for (const bytes of [
      undefined,
      Buffer.from(''),
      Buffer.from('{}'),
      Buffer.from('{"a":1,"a":2}'),
      environmentBytes().subarray(1),
      environmentBytes({ ...PLAIN_ENVIRONMENT, more: 1 } as Environment),
      Buffer.alloc(9 * 1024 * 1024, 0x20),
    ]) {
      expect(readEnvironment(bytes)).toBeUndefined();
    }
  });

  it('are examined without a throw whatever is in them', () => {
    const text = fc.string({ maxLength: 30 });
    const process = fc.record({
      role: fc.constantFrom('runner', 'service', 'child'),
      argv: fc.array(text, { maxLength: 4 }),
      count: fc.integer({ min: 1, max: 9 }),
      objects: fc.array(fc.nat(5), { maxLength: 3 }),
      variables: fc.dictionary(fc.constantFrom('LD_PRELOAD', 'NODE_OPTIONS', 'ASSAY_NVRTC', 'X'), text),
    });
    fc.assert(
      fc.property(fc.array(process, { maxLength: 4 }), fc.array(text, { maxLength: 4 }), (processes, paths) => {
        const objects = paths.map((path) => ({ path, searched: true }));
        const environment = { ...PLAIN_ENVIRONMENT, processes, objects } as Environment;
        alterations(environment);
        summaryOf(environment);
      }),
    );
  });
});

describe('what a report repeats of an environment', () => {
  it('is what computed, the programs and the variables of the runner', () => {
    const summary = summaryOf(PLAIN_ENVIRONMENT);
    expect(summary.objects.map(({ path }) => path)).toEqual([
      '/srv/assay/node',
      '/usr/lib/x86_64-linux-gnu/libdnnl.so.3.6',
    ]);
    expect(summary.tools).toEqual([{ path: '/usr/bin/stat', sha256: '44'.repeat(32) }]);
    expect(summary.variables).toEqual({ PATH: '/usr/bin' });
  });
});

describe('variables that take the place of something', () => {
  it('are all known, whoever reads them', () => {
    const read = (name: string): string => readFileSync(join(ROOT, 'benchmarks', name), 'utf8');
    const sources = readdirSync(join(ROOT, 'benchmarks'), { recursive: true, encoding: 'utf8' });
    const named = sources
      .filter((name) => /\.(ts|py|c|cu)$/.test(name))
      .flatMap((name) => [...read(name).matchAll(/['"]?\b(ASSAY_[A-Z_]+)\b/g)].map(([, variable]) => variable!));
    // It marks the children of a probe, so that they can be ended.
    const harmless = new Set(['ASSAY_PROBE']);
    expect([...new Set(named)].filter((name) => !harmless.has(name) && !OVERRIDES.includes(name))).toEqual([]);
    expect(Object.values(NAMED_LIBRARIES).every((name) => OVERRIDES.includes(name))).toBe(true);
  });
});
