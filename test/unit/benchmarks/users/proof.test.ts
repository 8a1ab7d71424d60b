import { describe, expect, it } from 'vitest';
import { descriptor } from '../../../../benchmarks/users/descriptor.ts';
import { proof } from '../../../../benchmarks/users/proof.ts';
import type { UsersRaw } from '../../../../benchmarks/users/raw.ts';
import type { Transcript } from '../../../../model/assignment.ts';
import { Examination } from '../../../../model/measurement.ts';
import { check } from '../../../../model/schema.ts';
import { histogramOf, honest, transcriptOf } from './fixture.ts';

type Draft = { raw: UsersRaw; transcript: Transcript | undefined; settings: Record<string, unknown> };

function examine(change: (draft: Draft) => void = () => {}) {
  const { raw, transcript, settings } = honest();
  const draft: Draft = { raw: structuredClone(raw), transcript, settings: { ...settings } };
  change(draft);
  const shaped = check(proof.raw, JSON.parse(JSON.stringify(draft.raw)));
  if (!shaped.ok) throw new Error(shaped.problems.join('; '));
  return proof.examine(shaped.value, {
    settings: draft.settings,
    transcript: draft.transcript,
    evidence: () => undefined,
  });
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
    expect(new Set(examination.metrics.map((metric) => metric.level))).toEqual(new Set(['E1']));
  });

  it('yields only metrics that the descriptor names, in its units', () => {
    const named = new Map(descriptor.metrics.map((metric) => [metric.id, metric.unit]));
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
    ['a user has more answers than tasks that did not fail', ({ raw }) => (raw.missed[0] = 3), 'evidence_missing'],
    ['more failed in the hold than in all', ({ raw }) => (raw.failures = { timeout: 2 }), 'evidence_missing'],
    ['no generator tells how it fared', ({ raw }) => raw.generators.pop(), 'evidence_missing'],
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
    ['no first answer was right', ({ raw }) => (raw.gate = { ...raw.gate, right: 0 }), 'incorrect_result'],
    ['there was no gate', ({ raw }) => (raw.gate = { ...raw.gate, asked: 0, right: 0 }), 'incorrect_result'],
    ['more users were to be there', ({ settings }) => (settings.users = 5), 'evidence_mismatch'],
    ['the assignment names no users', ({ settings }) => delete settings.users, 'evidence_mismatch'],
    ['tasks were to be larger', ({ settings }) => (settings.rows = 16), 'evidence_mismatch'],
    ['slots were to be finer', ({ settings }) => (settings.slotMs = 50), 'evidence_mismatch'],
    ['the hold was to be longer', ({ settings }) => (settings.holdS = 60), 'evidence_mismatch'],
    ['the null run was to be longer', ({ settings }) => (settings.nullS = 5), 'evidence_mismatch'],
    ['more pairs were to be asked', ({ settings }) => (settings.cachePairs = 100), 'evidence_mismatch'],
    ['more were to submit at once', ({ settings }) => (settings.burstUsers = 2), 'evidence_mismatch'],
    ['the rendezvous was left out', ({ raw }) => (raw.burst = null), 'evidence_mismatch'],
    ['the users were spread over more threads than so many need', ({ raw }) => twoThreads(raw), 'evidence_mismatch'],
    ['fewer first tasks were asked', ({ raw }) => Object.assign(raw.gate, { asked: 1, right: 1 }), 'evidence_mismatch'],
    [
      'more tasks were answered than were started',
      ({ raw }) => Object.assign(raw, { started: 35, responses: histogramOf(35, 200) }),
      'evidence_missing',
    ],
    [
      'more tasks were started than had an end',
      ({ raw }) => Object.assign(raw, { started: 45, responses: histogramOf(45, 200) }),
      'evidence_missing',
    ],
    ['more were in flight at the rendezvous than sent', ({ raw }) => (raw.burst!.max[1] = 5), 'evidence_missing'],
    ['more were sent at the rendezvous than planned', ({ raw }) => (raw.burst!.sent = 5), 'evidence_missing'],
    [
      'more were right at the rendezvous than sent',
      ({ raw }) => Object.assign(raw.burst!, { sent: 3, max: [3, 1] }),
      'evidence_missing',
    ],
    ['the rendezvous has no slots', ({ raw }) => (raw.burst!.max = []), 'evidence_missing'],
    ['the histogram of a thread is none', ({ raw }) => (raw.generators[0]!.loopDelays = 'AAAA'), 'tool_saturated'],
    ['more threads were to generate', ({ settings }) => (settings.shards = 2), 'evidence_mismatch'],
    ['another endpoint was to be asked', ({ settings }) => (settings.endpoint = 'http://a'), 'evidence_mismatch'],
    ['another model was asked', ({ raw }) => (raw.model = 'assay-easy'), 'evidence_mismatch'],
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
    ['the built-in service shows no count', ({ raw }) => (raw.server = null), 'evidence_missing'],
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
    const asAssigned = examination.checks.find((check) => check.id === 'as_assigned')?.passed;
    if (code === 'evidence_mismatch' && asAssigned && !examination.findings[0]!.metric)
      expect(examination.metrics.every((metric) => metric.level === 'E1')).toBe(true);
  });

  it('says of a service that gave no right first answer that it gave none, and of what kind its answers were', () => {
    const examination = examine(({ raw }) => {
      raw.gate = { asked: 4, right: 0, failures: { wrong_answer: 4 }, strangerStatus: 401, misshapenStatus: 400 };
      const empty = { tasks: [], missed: [], held: [], p95Us: [], generators: [], server: null, burst: null };
      Object.assign(raw, { ...empty, hold: { seconds: 0, min: [], max: [], mean: [], done: [] }, started: 0 });
      raw.audit = { ...raw.audit, leaves: 0, opened: [] };
    });
    expect(holding(examination)).toEqual(['incorrect_result']);
    expect(examination.findings[0]!.detail).toContain('none of 4 first tasks got a right answer: wrong_answer 4');
    // There are metrics, so that the judge shows this reason and not that something is missing.
    expect(value(examination, 'users.inflight.min')).toBe(0);
    expect(value(examination, 'users.identities')).toBe(0);
    expect(value(examination, 'users.error.share')).toBe(1);
    expect(examination.metrics.every((metric) => !metric.verified)).toBe(true);
    expect(check(Examination, examination).ok).toBe(true);
  });

  it('says of an endpoint of the platform that shows no count that there was nothing to compare with', () => {
    const examination = examine(({ raw, settings }) => {
      Object.assign(raw, { endpoint: 'external', server: null });
      settings.endpoint = 'http://platform';
    });
    expect(examination.findings).toMatchObject([{ code: 'unsupported', weight: 'informs' }]);
  });

  it('counts tasks that turned out wrong afterwards as failed', () => {
    const examination = examine(({ raw }) => {
      raw.wrongLater = 2;
      raw.held = [9, 9, 10, 10];
    });
    expect(value(examination, 'users.error.share')).toBe(0.05);
  });

  it('takes tasks that were under way when the hold began or ended: one of each user', () => {
    for (const started of [36, 44]) {
      const examination = examine(({ raw }) => Object.assign(raw, { started, responses: histogramOf(started, 200) }));
      expect(examination.findings).toEqual([]);
    }
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

function twoThreads(raw: UsersRaw): void {
  raw.generators.push(raw.generators[0]!);
  Object.assign(raw.gate, { asked: 2, right: 2 });
}

/**
 * The one failed task of the fixture is said to have been answered, or, if it was not picked, another to have failed.
 */
function flipFailed(raw: UsersRaw): void {
  const opened = raw.audit.opened.find((candidate) => candidate.failed) ?? raw.audit.opened[0]!;
  opened.failed = !opened.failed;
}
