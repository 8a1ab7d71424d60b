import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFio } from '../../../../benchmarks/storage/fio-output.ts';

const part = (over: object = {}) => ({
  io_bytes: 268_435_456,
  total_ios: 256,
  runtime: 500,
  bw_bytes: 536_870_912,
  bw_samples: 4,
  bw_mean: 500_000,
  bw_dev: 5000,
  clat_ns: { percentile: { '99.000000': 53_504 } },
  ...over,
});
const job = (over: object = {}) => ({ jobname: 'a', error: 0, read: part(), write: part(), ...over });
const output = (...jobs: object[]) => JSON.stringify({ 'fio version': 'fio-3.33', jobs }, null, 2);

const problem = (text: string) => {
  const read = readFio(text, 'read');
  return read.ok ? '' : read.problem;
};

describe('the output of fio', () => {
  it('gives bytes of all jobs over the time of the longest', () => {
    const read = readFio(output(job(), job({ read: part({ runtime: 1000 }) })), 'read');
    expect(read).toEqual({
      ok: true,
      value: {
        version: 'fio-3.33',
        bytes: 536_870_912,
        operations: 512,
        seconds: 1,
        p99Ns: 53_504,
        relativeError: 0.005,
      },
    });
  });

  it('is read behind error text, even when that stands before the first brace on one line, or has braces of its own', () => {
    const good = output(job());
    for (const noise of ['fio: warning\n', 'fio: io_u error on file x: {5}', 'note: { "jobs": 1 } ', '{']) {
      expect(readFio(noise + good, 'read').ok).toBe(true);
    }
    expect(readFio(`${good}\nfio: terminating\n`, 'read').ok).toBe(true);
  });

  it('is no result when a job has an error, or errors that were only counted', () => {
    expect(problem(output(job(), job({ error: 5 })))).toContain('error 5');
    expect(problem(output(job({ total_err: 3 })))).toContain('3 in all');
    expect(problem(output(job({ error: 'EIO' })))).not.toBe('');
    expect(problem(output(job({ error: undefined })))).not.toBe('');
  });

  it('is no result when nothing was moved, or numbers are none', () => {
    for (const over of [{ io_bytes: 0 }, { runtime: 0 }, { total_ios: 0 }, { bw_bytes: null }, { io_bytes: -1 }]) {
      expect(problem(output(job({ read: part(over) })))).toContain('moved nothing');
    }
  });

  it('is refused for its version where fio is too old to report bytes', () => {
    const old = readFileSync(new URL('../../../recorded/tools/fio-2.15.json', import.meta.url), 'utf8');
    expect(problem(old)).toContain('fio-2.15 is too old');
    const { bw_bytes, ...without } = part();
    expect(bw_bytes).toBeGreaterThan(0);
    expect(problem(JSON.stringify({ jobs: [job({ read: without })] }))).toContain('too old');
    expect(problem(output(job()).replace('fio-3.33', 'fio-2.99'))).toContain('too old');
  });

  it('is no result when it is cut short, empty, or has no job', () => {
    expect(problem('')).toContain('no JSON');
    expect(problem(output(job()).slice(0, -20))).toContain('no JSON');
    expect(problem(output())).toContain('no job');
    expect(problem('{"jobs": {}}')).toContain('no JSON');
    expect(problem(JSON.stringify({ jobs: [{ error: 0 }] }))).toContain('no "read"');
  });

  it('has full doubt where fio took too few samples', () => {
    const read = readFio(output(job({ read: part({ bw_samples: 1 }) })), 'read');
    expect(read.ok && read.value.relativeError).toBe(1);
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void readFio(text, 'read')));
    fc.assert(fc.property(fc.json(), (text) => void readFio(`{"jobs":[${text}]}`, 'write')));
  });
});
