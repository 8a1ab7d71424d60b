import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { processesWith } from '../../e2e/program.ts';
import { assayIn, startAssay } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-full-'));
const disk = mkdtempSync(join(folder, 'disk-'));

const mount = (megabytes: number): boolean =>
  spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'assay-test', disk]).status === 0;
const unmount = (): void => void spawnSync('umount', [disk]);

const allowed = mount(1);
if (allowed) unmount();
afterEach(unmount);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const files = (): string[] =>
  readdirSync(disk, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(disk.length + 1))
    .sort();

/** Takes every byte that the disk has left. */
function fillUp(): void {
  const file = openSync(join(disk, 'filler'), 'w');
  const block = Buffer.alloc(65_536);
  try {
    for (;;) writeSync(file, block);
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
  } finally {
    closeSync(file);
  }
}

describe.skipIf(!allowed)(
  `a disk that is too small${allowed ? '' : ' (skipped: mounting is not allowed here)'}`,
  () => {
    it.each([['run'], ['.']])('from the start is refused before anything runs, and nothing is left in %s', (out) => {
      expect(mount(8)).toBe(true);
      const { status, stderr } = assayIn(folder, ['accept', '--out', join(disk, out)]);
      expect([status, stderr]).toEqual([
        70,
        expect.stringMatching(/^assay: no_space: .*: 8 MB are free, \d+ MB are needed/),
      ]);
      expect(stderr).toContain('磁盘空间不足');
      expect(readdirSync(disk)).toEqual([]);
    });

    it('and fills up while the run goes on ends it, leaving only the record, which verify takes for no bundle', async () => {
      expect(mount(96)).toBe(true);
      const out = join(disk, 'run');
      const { child, said } = startAssay(folder, ['accept', '--target', 'compute.precisions', '--out', out], '[1/');
      let stderr = '';
      child.stderr!.on('data', (chunk: Buffer) => {
        stderr += chunk.toString('utf8');
      });
      await said;
      fillUp();
      const [status] = (await once(child, 'close')) as [number];
      expect([status, stderr]).toEqual([70, expect.stringMatching(/^assay: no_space: /m)]);
      expect(stderr).toContain(out);
      expect(stderr).toContain('磁盘空间不足');
      expect(processesWith(out)).toEqual([]);
      // What was recorded before the disk was full, and the mark that it has no end: no key, no half-written file.
      const left = files().filter((path) => path !== 'filler');
      const record =
        /^run\/(\.running|guide\.json|log\/entries\.jsonl|keys\/controller\.pem|evidence\/[0-9a-f]{2}\/[0-9a-f]{64})$/;
      expect(left.filter((path) => !record.test(path))).toEqual([]);
      expect(left).toContain('run/.running');
      expect(existsSync(join(out, '.agent'))).toBe(false);
      const log = readFileSync(join(out, 'log', 'entries.jsonl'), 'utf8');
      expect(log).toContain('"kind":"plan"');
      expect(assayIn(folder, ['verify', out])).toMatchObject({
        status: 64,
        stderr: expect.stringContaining('run_unfinished'),
      });
    }, 120_000);
  },
);
