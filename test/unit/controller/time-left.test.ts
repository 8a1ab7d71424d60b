import { describe, expect, it } from 'vitest';
import { clock, liveReporter } from '../../../controller/progress.ts';
import { TimeLeft } from '../../../controller/time-left.ts';
import type { Assignment, Plan } from '../../../model/assignment.ts';

const assignment = (id: string, node: string, expectedS: number): Assignment => ({
  id,
  node,
  benchmark: `benchmark-with-a-long-name.${id}`,
  version: '1',
  metrics: [],
  settings: {},
  expectedS,
  timeoutS: 10,
  writesBytes: 0,
  repeats: 1,
});
const [a, b, c] = [assignment('a', 'n1', 10), assignment('b', 'n1', 30), assignment('c', 'n2', 20)];
const plan = { assignments: [a, b, c], nodes: ['n1', 'n2'] } as unknown as Plan;
const started = (one: Assignment) =>
  ({ type: 'attempt_started', node: one.node, assignment: one, attempt: 1, step: 1, steps: 3 }) as const;
const ended = (one: Assignment) =>
  ({ type: 'attempt_ended', node: one.node, assignment: one.id, attempt: 1, state: 'completed', detail: '' }) as const;

describe('the time left', () => {
  it('is what the plan expects of the slowest node before anything has run', () => {
    const left = new TimeLeft();
    left.event({ type: 'planned', plan }, 0);
    expect(left.secondsAt(0)).toBe(40);
  });

  it('follows the pace that was observed', () => {
    const left = new TimeLeft();
    left.event({ type: 'planned', plan }, 0);
    left.event(started(a), 0);
    left.event(ended(a), 30_000);
    left.event(started(b), 30_000);
    expect(left.secondsAt(30_000)).toBe(90);
    expect(left.secondsAt(60_000)).toBe(60);
  });

  it('grows while an attempt overruns, and is never below nothing', () => {
    const left = new TimeLeft();
    left.event({ type: 'planned', plan }, 0);
    left.event(started(a), 0);
    const early = left.secondsAt(5_000);
    expect(left.secondsAt(40_000)).toBeGreaterThan(early);
    left.event(ended(a), 10_000);
    left.event(started(b), 10_000);
    left.event(ended(b), 11_000);
    left.event({ type: 'node_lost', node: 'n2', detail: '' }, 11_000);
    expect(left.secondsAt(99_000)).toBe(0);
  });

  it('stands where a terminal of 80 columns does not cut it, nor one of 40', () => {
    for (const columns of [80, 40]) {
      const written: string[] = [];
      const reporter = liveReporter({ write: (text) => void written.push(text), columns }, () => 0);
      reporter.event({ type: 'planned', plan });
      reporter.event(started(a));
      const figure = { value: 1e12, unit: 'op/s', label: 'a long label of a figure that goes on' };
      const phase = 'a phase with quite a long name';
      reporter.event({ type: 'progress', node: 'n1', assignment: 'a', attempt: 1, phase, share: 0.5, figure });
      const line = written.at(-1)!.replace('\r\u001b[2K', '');
      expect(line).toContain('left 剩余 ~0:40');
      expect(line.length).toBeLessThan(columns);
      reporter.close();
    }
  });
});

it('prints hours as hours', () => {
  expect([59_000, 60_000, 3_599_000, 3_600_000, 116_055_000].map(clock)).toEqual([
    '0:59',
    '1:00',
    '59:59',
    '1:00:00',
    '32:14:15',
  ]);
});
