import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { markRunning, stateOfRun, sweepDeadRun, sweepDeadRuns } from '../../../controller/store/running.ts';
import { RUNNING, readRunning } from '../../../reports/verify/running.ts';

const NEEDS_PROC = !existsSync('/proc/self/stat');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-running-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A folder as a run leaves it that is killed. */
function run(name: string, change: (mark: Record<string, unknown>) => void = () => {}): string {
  const path = join(folder, name);
  for (const own of ['.agent', '.storage', 'evidence']) {
    mkdirSync(join(path, own), { recursive: true });
    writeFileSync(join(path, own, 'file'), 'x');
  }
  markRunning(path, new Date());
  const mark = JSON.parse(readFileSync(join(path, RUNNING), 'utf8')) as Record<string, unknown>;
  change(mark);
  writeFileSync(join(path, RUNNING), JSON.stringify(mark));
  return path;
}

const deadPid = (): number => spawnSync('true').pid;

describe('what a run has left in its folder', () => {
  it('is taken away where its process is dead, and what was measured stays', () => {
    const path = run('a', (mark) => Object.assign(mark, { pid: deadPid() }));
    expect(sweepDeadRun(path)).toBe(true);
    expect(readdirSync(path)).toEqual(['evidence']);
    expect(sweepDeadRun(path)).toBe(false);
  });

  it('stays while its process lives', () => {
    const path = run('a');
    expect(stateOfRun(path)).toBe('alive');
    expect(sweepDeadRun(path)).toBe(false);
    expect(readdirSync(path).sort()).toEqual(['.agent', RUNNING, '.storage', 'evidence'].sort());
  });

  it.skipIf(NEEDS_PROC)('is taken away where another process has the number now (needs /proc)', async () => {
    const other = spawn('sleep', ['60']);
    await once(other, 'spawn');
    try {
      const path = run('a', (mark) => Object.assign(mark, { pid: other.pid }));
      expect(stateOfRun(path)).toBe('dead');
    } finally {
      other.kill('SIGKILL');
      await once(other, 'close');
    }
  });

  it.skipIf(NEEDS_PROC)('is taken away where the machine was started again since (needs /proc)', () => {
    expect(stateOfRun(run('a', (mark) => Object.assign(mark, { boot: 'before' })))).toBe('dead');
  });

  it('stays where the run may go on on another machine', () => {
    const path = run('a', (mark) => Object.assign(mark, { host: 'elsewhere', boot: 'other', pid: deadPid() }));
    expect(sweepDeadRun(path)).toBe(false);
  });

  it('stays where its process counts in another namespace, and may live there unseen from here', () => {
    const path = run('a', (mark) => Object.assign(mark, { namespace: 'pid:[1]', pid: deadPid(), process: '123' }));
    expect([stateOfRun(path), sweepDeadRun(path)]).toEqual(['alive', false]);
    sweepDeadRuns(folder);
    expect(existsSync(join(path, '.storage', 'file'))).toBe(true);
  });

  it.each([
    ['that is somebody else’s', '{"pid":1}'],
    ['that is damaged', '{"schema":"assay/running/v1"'],
    ['that is empty', ''],
  ])('stays with a mark %s', (_, text) => {
    const path = run('a');
    writeFileSync(join(path, RUNNING), text);
    expect([readRunning(path), stateOfRun(path), sweepDeadRun(path)]).toEqual([undefined, 'none', false]);
    expect(existsSync(join(path, '.agent', 'file'))).toBe(true);
  });

  it('stays without a mark', () => {
    mkdirSync(join(folder, 'a', '.agent'), { recursive: true });
    expect(sweepDeadRun(join(folder, 'a'))).toBe(false);
    expect(existsSync(join(folder, 'a', '.agent'))).toBe(true);
  });

  it('is taken away for every dead run of a folder, and for no other', () => {
    const dead = run('dead', (mark) => Object.assign(mark, { pid: deadPid() }));
    const alive = run('alive');
    writeFileSync(join(folder, 'file'), '');
    sweepDeadRuns(folder);
    sweepDeadRuns(join(folder, 'none'));
    expect([readdirSync(dead).length, readdirSync(alive).length]).toEqual([1, 4]);
  });
});
