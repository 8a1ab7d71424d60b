import { describe, expect, it } from 'vitest';
import { judge } from '../../../../reports/judge/judge.ts';
import { attempt, makeCase, metric, target } from './builder.ts';

const TARGETS = [
  target({}, { id: 'a.one' }),
  target({ limit: 1000 }, { id: 'a.two' }),
  target({}, { id: 'a.three', mandatory: false }),
];

function asked(...targets: string[]) {
  const run = makeCase(TARGETS, [attempt('n', [metric(200)])]);
  return judge({ ...run, plan: { ...run.plan, targets } });
}

describe('a plan of some targets', () => {
  it('is judged by these alone, and the whole says that it is partial', () => {
    const { verdicts, overall } = asked('a.one');
    expect(verdicts.map((v) => v.target)).toEqual(['a.one']);
    expect(overall).toMatchObject({ outcome: 'passed', mandatory: 1, partial: { asked: ['a.one'], of: 3 } });
    expect(asked('a.one', 'a.two').overall).toMatchObject({ outcome: 'not_passed', mandatory: 2 });
  });

  it('hangs on what was asked for, also where the guide only informs about it', () => {
    expect(asked('a.three').overall).toMatchObject({ outcome: 'passed', mandatory: 1, counts: { pass: 1 } });
  });

  it('never passes by a target that the guide does not have', () => {
    expect(asked('a.one', 'a.none').overall.outcome).toBe('cannot_tell');
    expect(asked('a.none').overall.outcome).toBe('cannot_tell');
    expect(asked('a.two', 'a.none').overall.outcome).toBe('not_passed');
  });

  it('of the whole guide says nothing of parts', () => {
    const run = makeCase(TARGETS, [attempt('n', [metric(200)])]);
    expect(judge(run).overall).not.toHaveProperty('partial');
  });
});
