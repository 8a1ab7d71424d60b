import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Report } from '../../model/report.ts';
import { hasGcc } from '../integration/compute/gcc.ts';
import { assay } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-preload-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('assay accept in an environment that was altered', () => {
  it.skipIf(!hasGcc)(
    'passes nothing that was measured in it, and says why (skipped where gcc is not installed)',
    { timeout: 900_000 },
    async () => {
      const library = join(folder, 'harmless.so');
      writeFileSync(join(folder, 'harmless.c'), 'int harmless(void) { return 1; }\n');
      execFileSync('gcc', ['-shared', '-fPIC', '-o', library, join(folder, 'harmless.c')]);
      const bundle = join(folder, 'bundle');
      const args = ['accept', '--profile', 'quick', '--out', bundle, '--target', 'frameworks.adapted'];
      const ended = await assay(args, { env: { LD_PRELOAD: library } });
      const report = JSON.parse(readFileSync(join(bundle, 'report.json'), 'utf8')) as Report;
      const [attempt] = report.attempts;
      expect(attempt, ended.stderr).toMatchObject({ benchmark: 'frameworks.train', state: 'completed' });
      expect(attempt!.findings).toContainEqual({
        code: 'environment_altered',
        detail: `LD_PRELOAD=${library}`,
        weight: 'holds',
      });
      const verdict = report.verdicts.find(({ target }) => target === 'frameworks.adapted')!;
      expect(verdict.outcome).not.toBe('pass');
      expect(report.environment?.variables).toContainEqual({ name: 'LD_PRELOAD', value: library, nodes: 1 });
      expect(readFileSync(join(bundle, 'report.html'), 'utf8')).toContain(library);
    },
  );

  it('refuses a policy that it does not follow before anything is begun', async () => {
    const policy = join(folder, 'policy.json');
    writeFileSync(policy, '{ "schema": "assay/policy/v1",\n  "hours": "20:00-06:00" }\n');
    const out = join(folder, 'refused');
    const ended = await assay(['accept', '--policy', policy, '--out', out]);
    expect(ended.status).toBe(64);
    expect(ended.stderr).toContain(`policy_invalid`);
    expect(ended.stderr).toContain(`${policy}:2:3: "hours" is not enforced by this version yet`);
  });
});
