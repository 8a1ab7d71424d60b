import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256Hex } from '../../../evidence/digest.ts';
import type { Environment, PolicyLibrary } from '../../../model/environment.ts';
import { alterations } from '../../../reports/verify/alterations.ts';
import { hasGcc } from '../compute/gcc.ts';

const SCRIPT = join(import.meta.dirname, 'one-attempt.ts');
const SETTINGS = { backends: ['onednn'], sizes: [128], precisions: ['INT8'], trialS: 0.02, warmUpS: 0.02 };

const folder = mkdtempSync(join(tmpdir(), 'assay-altered-'));
/** A library that does nothing at all, and one that multiplies as oneDNN does. */
const harmless = join(folder, 'harmless.so');
const standin = join(folder, 'libdnnl.so.3');

beforeAll(() => {
  if (!hasGcc) return;
  const source = join(folder, 'harmless.c');
  writeFileSync(source, 'int harmless(void) { return 1; }\n');
  execFileSync('gcc', ['-shared', '-fPIC', '-o', harmless, source]);
  const dnnl = join(import.meta.dirname, '../compute/dnnl-standin.c');
  execFileSync('gcc', ['-shared', '-fPIC', '-O2', '-DMAJOR=3', '-Wl,--build-id', '-o', standin, dnnl]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What one short attempt says of its environment, and the codes that hold it. */
async function attempt(env: NodeJS.ProcessEnv, policy: PolicyLibrary[] = [], settings: object = {}) {
  const asked = { ...SETTINGS, seconds: 0.3, windowS: 0.1, threads: 1, ...settings };
  const args = ['--no-warnings', SCRIPT, JSON.stringify(asked), JSON.stringify(policy)];
  const { PATH, HOME } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    env: { PATH, HOME, ...env },
    maxBuffer: 64 * 1024 * 1024,
  });
  const result = JSON.parse(stdout) as { state: string; failure?: object; environment: Environment };
  const holding = alterations(result.environment).filter(({ weight }) => weight === 'holds');
  return { ...result, holding, codes: [...new Set(holding.map(({ code }) => code))] };
}

describe.skipIf(!hasGcc)('the environment of an attempt (skipped where gcc is not installed)', () => {
  it('shows the library that its engine took by the policy of the node, and holds nothing', async () => {
    const seen = await attempt({}, [{ name: 'onednn', path: standin }], { backends: ['onednn', 'torch'] });
    expect(seen.holding).toEqual([]);
    expect(seen).toMatchObject({ state: 'completed' });
    const { objects, processes, policy } = seen.environment;
    const sha256 = sha256Hex(readFileSync(standin));
    expect(policy).toEqual([{ name: 'onednn', path: standin, sha256 }]);
    const position = objects.findIndex(({ path }) => path === realpathSync(standin));
    expect(objects[position]).toMatchObject({ sha256, buildId: expect.stringMatching(/^[0-9a-f]{40}$/) });
    const engines = processes.filter(({ argv }) => argv.some((word) => word.endsWith('engine.ts')));
    expect(engines.some((one) => one.objects.includes(position))).toBe(true);
    expect(processes.filter(({ role }) => role === 'runner')).toHaveLength(1);
    // The engine of torch starts a Python of its own: a child of a child is looked at, too.
    expect(processes.some(({ argv }) => argv.some((word) => word.endsWith('torch_runner.py')))).toBe(true);
  });

  it('holds where the same library was named by a variable', async () => {
    const seen = await attempt({ ASSAY_ONEDNN: standin });
    expect(seen.codes).toEqual(['environment_altered']);
    expect(seen.environment.objects.some(({ path }) => path === realpathSync(standin))).toBe(true);
  });

  it('holds where LD_LIBRARY_PATH put it before the one that is installed', async () => {
    const seen = await attempt({ LD_LIBRARY_PATH: folder });
    expect(seen.environment.objects.find(({ path }) => path === realpathSync(standin))).toMatchObject({
      searched: true,
    });
    expect(seen.codes).toEqual(['environment_altered']);
  });

  it('holds where a library was put before all others, however harmless it is', async () => {
    const seen = await attempt({ LD_PRELOAD: harmless }, [{ name: 'onednn', path: standin }]);
    expect(seen.codes).toEqual(['environment_altered']);
    const loaded = seen.environment.objects.find(({ path }) => path === realpathSync(harmless));
    expect(loaded?.sha256).toBe(sha256Hex(readFileSync(harmless)));
  });

  it('holds where Node runs something else first', async () => {
    const first = join(folder, 'first.cjs');
    writeFileSync(first, '');
    const seen = await attempt({ NODE_OPTIONS: `--require ${first}` }, [{ name: 'onednn', path: standin }]);
    expect(seen.codes).toEqual(['environment_altered']);
  });
});
