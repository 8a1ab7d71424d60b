import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { attempt, PYTHON, PYTHON_WITH_TORCH } from './attempt.ts';

vi.setConfig({ testTimeout: 1_000_000 });

const CACHE = resolve(import.meta.dirname, '../../../.cache/frameworks');

/** A framework as it is installed for the tests: its interpreter, and why it cannot be tested; empty if it can. */
interface Subject {
  readonly id: string;
  readonly engine: string;
  readonly python: string;
  readonly why: string;
  readonly precisions: number;
}

const own = (id: string, engine: string, set: string, precisions: number): Subject => {
  const python = join(CACHE, set, 'bin/python');
  const there = existsSync(join(CACHE, set, 'installed'));
  return { id, engine, python, precisions, why: there ? '' : `run test/frameworks-venv.sh ${set}` };
};

const SUBJECTS: Subject[] = [
  {
    id: 'pytorch',
    engine: 'torch',
    python: PYTHON,
    precisions: 3,
    why: PYTHON_WITH_TORCH ? '' : 'apt-get install python3-torch',
  },
  own('tensorflow', 'tensorflow', 'tensorflow', 3),
  own('keras', 'tensorflow', 'tensorflow', 3),
  own('paddlepaddle', 'paddle', 'paddlepaddle', 2),
  own('jax', 'jax', 'jax', 3),
  own('mindspore', 'mindspore', 'mindspore', 2),
];

describe('ONNX Runtime', () => {
  it('trains by a graph of gradients and infers, in two precisions, at E2', async () => {
    const { run, counted, examination } = await attempt({ frameworks: ['onnxruntime'] });
    expect(run('onnxruntime')?.failure).toBeUndefined();
    expect(counted).toEqual(['onnxruntime']);
    expect(examination.checks.map((one) => [one.id, one.passed])).toEqual([
      ['onnxruntime.float32', true],
      ['onnxruntime.float64', true],
    ]);
    expect(examination.metrics.every((one) => one.level === 'E1' && one.verified)).toBe(true);
  });

  it('does not learn the task in one step, so the steps are real', async () => {
    const { counted, examination } = await attempt({ frameworks: ['onnxruntime'], steps: 1 });
    expect(counted).toEqual([]);
    expect(examination.findings.map((one) => one.code)).toContain('incorrect_result');
  });
});

describe.each(SUBJECTS)('$id', ({ id, engine, python, why, precisions }) => {
  it.skipIf(why !== '')(`trains and infers with right answers${why && ` (skipped: ${why})`}`, async () => {
    const { run, counted, examination, evidence } = await attempt({
      interpreters: [[python]],
      frameworks: [id],
    });
    const said = Buffer.from(evidence.get(`${id}.output`) ?? '')
      .toString()
      .slice(-2000);
    expect(run(id)?.failure, said).toBeUndefined();
    expect(counted).toEqual([engine]);
    expect(examination.checks.filter((one) => one.passed)).toHaveLength(precisions);
    expect(run(id)?.version).not.toBe('');
    expect(run(id)?.outside?.libraries.length).toBeGreaterThan(5);
    expect(examination.metrics.every((one) => one.labels.build === 'known')).toBe(true);
  });
});

describe('a wrapper that leaves the channel open', () => {
  const why = PYTHON_WITH_TORCH ? '' : ' (skipped: apt-get install python3-torch)';
  it.skipIf(why !== '')(`keeps nothing from counting: the process behind it is seen${why}`, async () => {
    // The shell waits for Python as a child: the process that was started is not the one that computes.
    const wrapper = ['/bin/sh', '-c', '"$@"; exit $?', 'wrapper', PYTHON];
    const { counted, run } = await attempt({ interpreters: [wrapper], frameworks: ['pytorch'] });
    expect(run('pytorch')?.failure).toBeUndefined();
    expect(counted).toEqual(['torch']);
  });
});
