import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { RUNNING } from '../../../reports/verify/running.ts';
import { assayIn, startAssay } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-killed-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a run that was killed', () => {
  it('is named by verify, leaves no agent, and is cleared of its key and its storage by the next start', async () => {
    const out = join(folder, 'run');
    const { child, said } = startAssay(folder, ['accept', '--target', 'storage.speed', '--out', out], '[1/1]');
    await said;
    expect(assayIn(folder, ['verify', out])).toMatchObject({
      status: 64,
      stderr: expect.stringContaining('run_unfinished'),
    });
    const second = assayIn(folder, ['accept', '--out', out]);
    expect([second.status, second.stderr]).toEqual([64, expect.stringContaining('a run is under way in it')]);
    expect(existsSync(join(out, '.agent', 'identity.json'))).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'close');
    for (let waited = 0; agentsOf(out).length > 0 && waited < 20_000; waited += 100) await pause(100);
    expect(agentsOf(out)).toEqual([]);
    const verified = assayIn(folder, ['verify', out]);
    expect([verified.status, verified.stderr]).toEqual([64, expect.stringContaining('run_unfinished')]);
    expect(verified.stderr).toContain(`process ${child.pid}`);
    expect(existsSync(join(out, '.agent', 'identity.json'))).toBe(true);

    const next = assayIn(folder, ['accept', '--out', out]);
    expect([next.status, next.stderr]).toEqual([
      64,
      expect.stringContaining('a run that was killed left it unfinished'),
    ]);
    expect(readdirSync(out).filter((name) => name.startsWith('.'))).toEqual([]);
    expect(existsSync(join(out, 'log', 'entries.jsonl'))).toBe(true);
    expect(existsSync(join(out, RUNNING))).toBe(false);
  }, 120_000);
});

/** Processes that work in a folder. */
function agentsOf(out: string): string[] {
  if (!existsSync('/proc')) return [];
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const line = readFileSync(`/proc/${name}/cmdline`, 'utf8');
      return line.includes('\0agent\0') && line.includes(out);
    } catch {
      return false;
    }
  });
}
