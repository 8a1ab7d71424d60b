import { describe, expect, it } from 'vitest';
import { liveReporter, plainReporter } from '../../../controller/progress.ts';
import type { Assignment } from '../../../model/assignment.ts';

const HOSTILE = '\u001b[2J\u001b]0;owned\u0007\u202eevil\rPASS';

function screen() {
  const written: string[] = [];
  return { text: () => written.join(''), screen: { write: (more: string) => void written.push(more), columns: 200 } };
}

const assignment: Assignment = {
  id: 'bench.1',
  node: 'a',
  benchmark: 'bench',
  version: '1',
  metrics: [],
  settings: {},
  expectedS: 1,
  timeoutS: 10,
  writesBytes: 0,
  repeats: 1,
};

describe('what a node writes', () => {
  it('cannot steer the terminal by the words in its failure', () => {
    const { text, screen: on } = screen();
    const reporter = plainReporter(on);
    const failed = { node: 'a', assignment: 'bench.1', attempt: 1, state: 'failed' as const, detail: HOSTILE };
    reporter.event({ type: 'attempt_ended', ...failed });
    reporter.event({ type: 'warning', detail: HOSTILE });
    expect(text()).toContain('evil');
    expect(text()).not.toMatch(/(?!\n)[\p{Cc}\p{Bidi_Control}]/u);
  });

  it('cannot steer it by a live figure either, and a share that is no share is shown as one', () => {
    const { text, screen: on } = screen();
    const reporter = liveReporter(on, () => 0);
    reporter.event({ type: 'attempt_started', node: 'a', assignment, attempt: 1, step: 1, steps: 1 });
    const figure = { value: Number.POSITIVE_INFINITY, unit: HOSTILE, label: HOSTILE };
    for (const share of [Number.NaN, 7, -1]) {
      reporter.event({ type: 'progress', node: 'a', assignment: 'bench.1', attempt: 1, phase: HOSTILE, share, figure });
    }
    reporter.close();
    // What the reporter itself writes: back to the start of the line, and clear it.
    const own = text().replaceAll('\r\u001b[2K', '');
    expect(own).not.toMatch(/[\p{Cc}\p{Bidi_Control}]|NaN|Infinity|700 %|-100 %/u);
    expect(own).toContain('100 %');
  });
});
