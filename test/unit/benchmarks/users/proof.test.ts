import { describe, expect, it } from 'vitest';
import { usersDescriptor } from '../../../../benchmarks/users/descriptor.ts';
import { usersProof } from '../../../../benchmarks/users/proof.ts';
import type { UsersRaw } from '../../../../benchmarks/users/raw.ts';
import type { Transcript } from '../../../../model/assignment.ts';
import { Examination } from '../../../../model/measurement.ts';
import { check } from '../../../../model/schema.ts';
import { histogramOf, honest, transcriptOf } from './fixture.ts';

type Draft = { raw: UsersRaw; transcript: Transcript | undefined };

function examine(change: (draft: Draft) => void = () => {}) {
  const { raw, transcript, settings } = honest();
  const draft: Draft = { raw: structuredClone(raw), transcript };
  change(draft);
  const shaped = check(usersProof.raw, JSON.parse(JSON.stringify(draft.raw)));
  if (!shaped.ok) throw new Error(shaped.problems.join('; '));
  return usersProof.examine(shaped.value, { settings, transcript: draft.transcript, evidence: () => undefined });
}
const value = (examination: Examination, id: string) =>
  examination.metrics.find((m) => m.metric === id)?.estimate.value;
const holding = (examination: Examination) =>
  examination.findings.filter((f) => f.weight === 'holds').map((f) => f.code);

describe('the proof of users.concurrent', () => {
  it('makes of an honest run exactly the numbers it shows, verified and without a finding', () => {
    const examination = examine();
    expect(check(Examination, examination).ok).toBe(true);
    expect(examination.findings).toEqual([]);
    expect(value(examination, 'users.inflight.min')).toBe(3);
    expect(value(examination, 'users.identities')).toBe(4);
    expect(value(examination, 'users.error.share')).toBe(0);
    expect(value(examination, 'users.latency.p99')).toBeCloseTo(0.2, 3);
    expect(value(examination, 'users.fairness.jain')).toBe(1);
    expect(value(examination, 'users.rate')).toBe(20);
    expect(value(examination, 'users.burst.inflight')).toBe(4);
    expect(examination.metrics.every((metric) => metric.verified)).toBe(true);
    expect(examination.metrics.find((m) => m.metric === 'users.identities')?.level).toBe('E2');
  });

  it('yields only metrics that the descriptor names, in its units', () => {
    const named = new Map(usersDescriptor.metrics.map((metric) => [metric.id, metric.unit]));
    for (const { metric, estimate } of examine().metrics) expect(estimate.unit).toBe(named.get(metric));
  });

  it('gives the agent the same numbers as the controller, but for the level', () => {
    const alone = examine((draft) => {
      draft.transcript = undefined;
    });
    const level = (examination: Examination) => examination.metrics.map((metric) => ({ ...metric, level: 'E1' }));
    expect(level(alone)).toEqual(level(examine()));
    expect(alone.metrics.every((metric) => metric.level === 'E1')).toBe(true);
    expect(alone.findings).toEqual([]);
  });

  const spoiled: [string, (draft: Draft) => void, string][] = [
    ['a slot is missing', ({ raw }) => raw.hold.min.pop(), 'evidence_missing'],
    ['a mean lies outside its slot', ({ raw }) => (raw.hold.mean[3] = 9), 'evidence_missing'],
    ['more is in flight than there are users', ({ raw }) => (raw.hold.max[0] = 5), 'evidence_missing'],
    ['a user is missing', ({ raw }) => raw.held.pop(), 'evidence_missing'],
    ['a user has more answers than tasks', ({ raw }) => (raw.held[0] = 99), 'evidence_missing'],
    ['the slots have more answers than the users', ({ raw }) => (raw.hold.done[0] = 99), 'evidence_missing'],
    ['a histogram is no histogram', ({ raw }) => (raw.responses = 'AAAA'), 'evidence_missing'],
    ['the histogram has fewer entries than tasks', ({ raw }) => (raw.started = 41), 'evidence_missing'],
    ['more tasks failed than there were', ({ raw }) => (raw.failures = { timeout: 41 }), 'evidence_missing'],
    [
      'nothing was answered',
      ({ raw }) => {
        raw.hold.done.fill(0);
      },
      'zero_work',
    ],
    [
      'the hold is of no length',
      ({ raw }) => (raw.hold = { seconds: 0, min: [], max: [], mean: [], done: [] }),
      'evidence_missing',
    ],
    ['an opened answer is another one', ({ raw }) => (raw.audit.opened[3]!.leaf = 'ab'.repeat(32)), 'incorrect_result'],
    ['a failed task is passed off as answered', ({ raw }) => flipFailed(raw), 'incorrect_result'],
    ['the root is another one', ({ raw }) => (raw.audit.root = 'cd'.repeat(32)), 'incorrect_result'],
    ['fewer tasks are opened than were picked', ({ raw }) => raw.audit.opened.pop(), 'incorrect_result'],
    ['the answers are to another challenge', ({ raw }) => (raw.challenge = 'ef'.repeat(32)), 'incorrect_result'],
    ['the gate was not passed', ({ raw }) => (raw.gate.right = 3), 'incorrect_result'],
    ['there was no gate', ({ raw }) => (raw.gate = { ...raw.gate, asked: 0, right: 0 }), 'incorrect_result'],
    ['strangers are served', ({ raw }) => (raw.gate.strangerStatus = 200), 'incorrect_result'],
    ['starts were late', ({ raw }) => (raw.lags = histogramOf(40, 11)), 'tool_saturated'],
    ['the generator was held up', ({ raw }) => (raw.generators[0]!.loopDelays = histogramOf(50, 25)), 'tool_saturated'],
    ['the generator used its whole core', ({ raw }) => (raw.generators[0]!.cpuShare = 0.81), 'tool_saturated'],
    ['too few files may be open', ({ raw }) => (raw.descriptors = 207), 'tool_saturated'],
    [
      'the null server was hardly faster',
      ({ raw }) => {
        raw.nullRun.done.fill(2);
      },
      'tool_saturated',
    ],
    [
      'the service counts fewer tasks',
      ({ raw }) => (raw.server = { min: 3, max: 4, mean: 3.7, seconds: 2 }),
      'evidence_mismatch',
    ],
    ['times do not fit the counts', ({ raw }) => (raw.services = histogramOf(40, 100)), 'implausible'],
    ['repeated tasks are answered from a cache', ({ raw }) => raw.pairs.repeated.fill(890), 'cached'],
    ['no pairs were asked', ({ raw }) => (raw.pairs = { salted: [], repeated: [], failed: 0 }), 'evidence_missing'],
    [
      'the hold was shorter by the controller',
      (draft) => {
        draft.transcript = transcriptOf(draft.raw.challenge, draft.raw.audit.root, draft.raw.audit.beacon, 1.9);
      },
      'clock_unsound',
    ],
    [
      'the hold was far longer by the controller',
      (draft) => {
        draft.transcript = transcriptOf(draft.raw.challenge, draft.raw.audit.root, draft.raw.audit.beacon, 4.5);
      },
      'clock_unsound',
    ],
    [
      'another root was committed',
      (draft) => {
        draft.transcript = transcriptOf(draft.raw.challenge, 'cd'.repeat(32), draft.raw.audit.beacon, 2);
      },
      'evidence_mismatch',
    ],
    [
      'the audit was drawn by the agent',
      (draft) => {
        draft.transcript = transcriptOf(draft.raw.challenge, draft.raw.audit.root, 'cd'.repeat(32), 2);
      },
      'evidence_mismatch',
    ],
    [
      'the challenge was another one',
      (draft) => {
        draft.transcript = transcriptOf('cd'.repeat(32), draft.raw.audit.root, draft.raw.audit.beacon, 2);
      },
      'evidence_mismatch',
    ],
    [
      'the answers were never committed',
      (draft) => {
        draft.transcript!.exchanges.pop();
      },
      'evidence_mismatch',
    ],
  ];
  it.each(spoiled)('holds back the numbers when %s', (_what, change, code) => {
    const examination = examine((draft) => {
      change(draft);
    });
    expect(holding(examination)).toContain(code);
    if (code === 'incorrect_result' && !examination.findings.some((f) => f.metric === 'users.identities')) {
      expect(examination.metrics.every((metric) => !metric.verified)).toBe(true);
    }
    if (code === 'evidence_mismatch' && !examination.findings[0]!.metric)
      expect(examination.metrics.every((metric) => metric.level === 'E1')).toBe(true);
  });

  it('counts tasks that turned out wrong afterwards as failed', () => {
    const examination = examine(({ raw }) => {
      raw.wrongLater = 2;
      raw.held = [9, 9, 10, 10];
    });
    expect(value(examination, 'users.error.share')).toBe(0.05);
  });

  it('says in the uncertainty that no failure among few tasks shows little', () => {
    const share = examine().metrics.find((metric) => metric.metric === 'users.error.share')!.estimate;
    expect(share.value).toBe(0);
    expect(share.U).toBeCloseTo(4 / 44, 6);
  });

  it('does not take a rendezvous that took longer than a second', () => {
    const examination = examine(({ raw }) => {
      raw.burst!.spreadS = 1.2;
    });
    expect(examination.metrics.find((metric) => metric.metric === 'users.burst.inflight')?.verified).toBe(false);
    expect(examination.metrics.find((metric) => metric.metric === 'users.inflight.min')?.verified).toBe(true);
  });
});

/** The one failed task of the fixture is said to have been answered, or, if it was not picked, another to have failed. */
function flipFailed(raw: UsersRaw): void {
  const opened = raw.audit.opened.find((candidate) => candidate.failed) ?? raw.audit.opened[0]!;
  opened.failed = !opened.failed;
}
