import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { attempt, PYTHON_WITH_TORCH, scratch } from './attempt.ts';

vi.setConfig({ testTimeout: 1_000_000 });

const FAKE = join(import.meta.dirname, 'fake-interpreter.mjs');
const fake = (mode: string) => ({ interpreters: [[process.execPath, FAKE, mode]], frameworks: ['pytorch'] });

let place: ReturnType<typeof scratch>;
beforeEach(() => {
  place = scratch();
});
afterEach(() => {
  delete process.env.FAKE_PID_FILE;
  place.remove();
});

describe('a probe that misbehaves', () => {
  it.each([
    ['dies', 'crash', 'crashed', 'SIGSEGV'],
    ['sends what is no frame', 'garbage', 'parse_error', 'it answered with no frame'],
    ['sends a frame without end', 'endless', 'parse_error', '4294967295 bytes where'],
    ['answers with another kind of value', 'odd', 'parse_error', 'its description is none'],
    ['speaks before it is asked', 'unasked', 'parse_error', 'said more than it was asked for'],
    ['ends when it is asked to train', 'deaf', 'crashed', 'while "train float32" was asked'],
    ['ends before it has inferred', 'half', 'crashed', 'while "infer float32" was asked'],
    ['gives too few answers', 'short', 'parse_error', '511 bytes where 512 to 512 are due'],
    ['answers everything and then fails', 'late-failure', 'crashed', 'ended with 1'],
  ])('does not count when it %s, and the reason is told', async (_, mode, code, detail) => {
    const { run, counted, examination } = await attempt(fake(mode));
    expect(run('pytorch')?.failure).toMatchObject({ code, detail: expect.stringContaining(detail) });
    expect(counted).toEqual([]);
    expect(examination.findings).toContainEqual(expect.objectContaining({ code }));
  });

  it('is ended when it hangs, and the phase is told', async () => {
    const { run, counted } = await attempt({ ...fake('hang'), timeoutSeconds: 1 });
    expect(run('pytorch')?.failure).toMatchObject({
      code: 'timed_out',
      detail: 'no end after 1 s, while "describe" was asked',
    });
    expect(counted).toEqual([]);
  });

  it('does not count with one constant answer, whatever it prints beside', async () => {
    const { run, counted, examination } = await attempt(fake('constant'));
    expect(run('pytorch')?.failure).toBeUndefined();
    expect(counted).toEqual([]);
    const finding = examination.findings.find((one) => one.code === 'incorrect_result');
    expect(finding?.detail).toContain('% of 512 answers are right');
  });

  it('leaves no process behind, even one that left its session', async () => {
    process.env.FAKE_PID_FILE = join(place.path, 'pid');
    const { run } = await attempt(fake('child'));
    // Crashed and not timed out: the pipes that the grandchild holds open did not keep it.
    expect(run('pytorch')?.failure?.code).toBe('crashed');
    const pid = Number(readFileSync(join(place.path, 'pid'), 'utf8'));
    expect(pid).toBeGreaterThan(1);
    // Gone, or a zombie that only waits for the reaper of this machine.
    const state = () => {
      try {
        return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0];
      } catch {
        return 'gone';
      }
    };
    await expect.poll(() => ['gone', 'Z', 'X'].includes(state() ?? ''), { timeout: 600_000 }).toBe(true);
  });

  it('is ended when the run is cancelled', async () => {
    const abort = new AbortController();
    const run = attempt(fake('hang'), {
      signal: abort.signal,
      onPhase: (name) => void (name === 'pytorch' && setTimeout(() => abort.abort(), 50)),
    });
    await expect(run).rejects.toThrow();
  });
});

describe('an interpreter', () => {
  it.each([
    ['is not there', ['/nonexistent/python3'], 'ENOENT', 600],
    ['says nothing', [process.execPath, FAKE, 'mute'], 'ended with 0', 600],
    ['hangs', [process.execPath, FAKE, 'mute-forever'], 'in time', 1],
  ])('that %s has no frameworks, which is told and is no failure', async (_, command, problem, findSeconds) => {
    const { samples, counted } = await attempt({
      interpreters: [command],
      frameworks: ['onnxruntime', 'pytorch'],
      findSeconds,
    });
    expect(samples.interpreters[0]?.problem).toContain(problem);
    expect(samples.absent.map((one) => one.framework)).toEqual(['pytorch']);
    expect(counted).toEqual(['onnxruntime']);
  });

  const torch = PYTHON_WITH_TORCH ? '' : ' (skipped: apt-get install python3-torch)';
  it.skipIf(torch !== '')(
    `that cannot be talked with, as in a container, is asked what it has and not tried${torch}`,
    async () => {
      const { samples, counted, examination } = await attempt({ ...fake('wrapper'), frameworks: [] });
      expect(samples.interpreters[0]).toMatchObject({ problem: '', version: expect.stringMatching(/^3\./) });
      expect(samples.runs.map((run) => run.framework)).toEqual(['onnxruntime']);
      expect(counted).toEqual(['onnxruntime']);
      const unreached = samples.unreachable.map((one) => one.framework);
      const unproven = examination.findings.filter((one) => one.code === 'engine_unproven');
      expect(unreached).toContain('pytorch');
      expect(unproven).toHaveLength(unreached.length);
      expect(unproven.every((one) => one.detail.includes('cannot be seen from outside'))).toBe(true);
    },
  );

  it('that is missing for all that was asked makes the measurement unsupported', async () => {
    const run = attempt({ interpreters: [['/nonexistent/python3']], frameworks: ['pytorch'] });
    await expect(run).rejects.toMatchObject({ reason: 'tool_missing' });
  });
});
