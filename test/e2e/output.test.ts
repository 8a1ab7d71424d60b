import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { assay, listing, ROOT } from './program.ts';

const scratch = mkdtempSync(join(tmpdir(), 'assay-output-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('a reader that goes away', () => {
  it('does not make a plan crash', async () => {
    const child = spawn(join(ROOT, 'assay'), ['plan', '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
    });
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(said).toBe('');
  });

  it('does not keep a run from its end: the bundle is written whole', async () => {
    const out = join(scratch, 'run');
    const args = ['accept', '--target', 'domestic.ratio', '--out', out];
    const child = spawn(join(ROOT, 'assay'), args, { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    child.stderr.destroy();
    await once(child, 'close');
    expect(listing(out)).toContain('manifest.json');
    expect((await assay(['verify', out])).stdout).toContain('The bundle is consistent');
  }, 90_000);

  it('leaves a run that its terminal was closed on in order', async () => {
    const out = join(scratch, 'hangup');
    const args = ['accept', '--target', 'compute.precisions', '--out', out];
    const child = spawn(join(ROOT, 'assay'), args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    for await (const chunk of child.stderr!) {
      said += (chunk as Buffer).toString('utf8');
      if (said.includes('attempt 1')) break;
    }
    child.kill('SIGHUP');
    expect(await once(child, 'exit')).toEqual([3, null]);
    expect(listing(out)).toContain('manifest.json');
    expect(existsSync(join(out, '.agent'))).toBe(false);
  }, 90_000);
});

describe('output that cannot be written', () => {
  it.skipIf(!existsSync('/dev/full'))('is said, and is no success (needs /dev/full)', async () => {
    const full = openSync('/dev/full', 'w');
    const child = spawn(join(ROOT, 'assay'), ['plan'], { stdio: ['ignore', full, 'pipe'] });
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
    });
    expect(await once(child, 'close')).toEqual([70, null]);
    expect(said).toContain('output_lost');
  });

  it('is not looked for in the folder one stands in where the path is empty', async () => {
    const { status, stderr } = await assay(['accept', '--out', ''], { cwd: scratch });
    expect(status).toBe(64);
    expect(stderr).toContain('a path is needed');
  });
});
