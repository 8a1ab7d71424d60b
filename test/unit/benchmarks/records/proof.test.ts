import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { merklePaths, merkleRoot } from '../../../../benchmarks/commitment.ts';
import { descriptor } from '../../../../benchmarks/records/descriptor.ts';
import {
  lotBytes,
  lotIds,
  lotRecords,
  POISONS,
  poisonOf,
  recordAnswer,
} from '../../../../benchmarks/records/manifest.ts';
import { proof } from '../../../../benchmarks/records/proof.ts';
import type { RecordsRaw } from '../../../../benchmarks/records/raw.ts';
import { answerLeaf, failureLeaf, picks } from '../../../../benchmarks/users/audit.ts';
import { OUTPUTS } from '../../../../benchmarks/users/network.ts';
import type { Transcript } from '../../../../model/assignment.ts';
import { Examination } from '../../../../model/measurement.ts';
import { check } from '../../../../model/schema.ts';
import { histogramOf, transcriptOf } from '../users/fixture.ts';

const CHALLENGE = createHash('sha256').update('records proof').digest('hex');
const BEACON = createHash('sha256').update('records beacon').digest('hex');
const USERS = 3;
const LOT = 4;
/** Enough lots that every kind of poison is among them; the answers are worked out for the picked ones only. */
const LOTS = 400;

const base = (() => {
  const shape = { challenge: CHALLENGE, users: USERS, lot: LOT };
  const planted = { malformed: 0, oversize: 0, not_finite: 0 };
  const chosen = new Set(picks(BEACON, USERS * LOTS, 16));
  const failed: boolean[] = [];
  const leaves = Array.from({ length: USERS * LOTS }, (_, index) => {
    const user = Math.floor(index / LOTS);
    const n = index % LOTS;
    const poison = poisonOf(shape, user, n);
    if (poison) planted[poison]++;
    failed.push(poison !== undefined);
    if (poison) return failureLeaf(user, n);
    if (!chosen.has(index)) return createHash('sha256').update(`leaf ${index}`).digest();
    const answers = new Float32Array(LOT * OUTPUTS);
    lotRecords(shape, user, n).forEach((k, i) => {
      answers.set(recordAnswer(CHALLENGE, k), i * OUTPUTS);
    });
    return answerLeaf(user, n, lotBytes(lotIds(shape, user, n), answers));
  });
  const opened = picks(BEACON, leaves.length, 16);
  const paths = merklePaths(leaves, opened);
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  const total = POISONS.reduce((sum, kind) => sum + planted[kind], 0);
  const admitted = (USERS * LOTS - total) * LOT;
  const twin = (kind: (typeof POISONS)[number]) => ({ planted: planted[kind], rejected: planted[kind] });
  const raw: RecordsRaw = {
    challenge: CHALLENGE,
    endpoint: 'built_in',
    model: 'assay-records',
    users: USERS,
    lot: LOT,
    slotMs: 100,
    hold: {
      seconds: 2,
      min: new Array(20).fill(8),
      max: new Array(20).fill(12),
      mean: new Array(20).fill(11),
      done: new Array(20).fill(100),
    },
    peak: 12,
    server: { min: 0, max: 12, mean: 11, seconds: 2 },
    ledger: { admitted, right: admitted, lost: 0, twice: 0, corrupt: 0, unexpected: 0 },
    expectedSum: '123456789',
    answeredSum: '123456789',
    poison: { malformed: twin('malformed'), oversize: twin('oversize'), not_finite: twin('not_finite') },
    lots: new Array(USERS).fill(LOTS),
    failedLots: 0,
    failures: {},
    responses: histogramOf(50, 100),
    generator: { loopDelays: histogramOf(50, 1), cpuShare: 0.3, cpuSource: 'thread' },
    sweep: [1, 10, 100, 1_000].map((batch) => {
      const records = batch === 1 ? 100 : 1_000;
      return { batch, records, right: records, seconds: records / 2_000 };
    }),
    audit: {
      root: hex(merkleRoot(leaves)),
      leaves: leaves.length,
      beacon: BEACON,
      opened: opened.map((index, i) => ({
        leaf: hex(leaves[index]!),
        failed: failed[index]!,
        path: paths[i]!.map(hex),
      })),
    },
  };
  return raw;
})();

const SETTINGS = { users: USERS, lot: LOT, slotMs: 100, holdS: 2, sweepRecords: 1_000, audits: 16 };

type Draft = { raw: RecordsRaw; transcript: Transcript | undefined; settings: Record<string, unknown> };

function examine(change: (draft: Draft) => unknown = () => {}) {
  const draft: Draft = {
    raw: structuredClone(base),
    transcript: transcriptOf(CHALLENGE, base.audit.root, BEACON, 2.05),
    settings: { ...SETTINGS },
  };
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

describe('the proof of records.simultaneous', () => {
  it('makes of an honest run exactly the numbers it shows, verified and without a finding', () => {
    const examination = examine();
    expect(check(Examination, examination).ok).toBe(true);
    expect(examination.findings).toEqual([]);
    expect(value(examination, 'records.simultaneous.peak')).toBe(12);
    expect(value(examination, 'records.answered')).toBe(base.ledger.admitted);
    expect(value(examination, 'records.lost')).toBe(0);
    expect(value(examination, 'records.rate')).toBe(1_000);
    expect(value(examination, 'records.sweep.rate')).toBe(2_000);
    expect(examination.metrics.every((metric) => metric.verified)).toBe(true);
    expect(new Set(examination.metrics.map((metric) => metric.level))).toEqual(new Set(['E1']));
    const named = new Map(descriptor.metrics.map((metric) => [metric.id, metric.unit]));
    for (const { metric, estimate } of examination.metrics) expect(estimate.unit).toBe(named.get(metric));
  });

  it('takes the lower of what the generator and what the service counted', () => {
    expect(
      value(
        examine(({ raw }) => (raw.server!.max = 9)),
        'records.simultaneous.peak',
      ),
    ).toBe(9);
    expect(
      value(
        examine(({ raw }) => (raw.server = null)),
        'records.simultaneous.peak',
      ),
    ).toBe(12);
  });

  it.each<[string, (draft: Draft) => unknown, string]>([
    ['a slot is missing', ({ raw }) => raw.hold.done.pop(), 'evidence_missing'],
    ['more is in flight than users can have', ({ raw }) => (raw.peak = 13), 'evidence_missing'],
    ['a slot shows more than the peak', ({ raw }) => (raw.peak = 11), 'evidence_missing'],
    ['the service counts more than there is', ({ raw }) => (raw.server!.max = 13), 'evidence_missing'],
    ['a record is in no set', ({ raw }) => raw.ledger.right--, 'evidence_missing'],
    [
      'records were sent in no lot',
      ({ raw }) => {
        raw.ledger.admitted += 4;
        raw.ledger.right += 4;
      },
      'evidence_missing',
    ],
    ['the slots have more answers than the ledger', ({ raw }) => (raw.hold.done[0] = 1e6), 'evidence_missing'],
    ['a histogram is none', ({ raw }) => (raw.responses = ''), 'evidence_missing'],
    ['nothing was answered in the hold', ({ raw }) => raw.hold.done.fill(0), 'zero_work'],
    ['the built-in service shows no count', ({ raw }) => (raw.server = null), 'evidence_missing'],
    ['the sums differ', ({ raw }) => (raw.answeredSum = '123456788'), 'evidence_mismatch'],
    ['poison was accepted', ({ raw }) => raw.poison.not_finite.rejected--, 'incorrect_result'],
    [
      'an opened lot is another one',
      ({ raw }) => (raw.audit.opened.find((o) => !o.failed)!.leaf = 'ab'.repeat(32)),
      'incorrect_result',
    ],
    ['more users were to be there', ({ settings }) => (settings.users = 4), 'evidence_mismatch'],
    ['lots were to be larger', ({ settings }) => (settings.lot = 100), 'evidence_mismatch'],
    ['the assignment names no size of lots', ({ settings }) => delete settings.lot, 'evidence_mismatch'],
    ['slots were to be finer', ({ settings }) => (settings.slotMs = 50), 'evidence_mismatch'],
    ['the hold was to be longer', ({ settings }) => (settings.holdS = 600), 'evidence_mismatch'],
    ['a step of the sweep is missing', ({ raw }) => raw.sweep.pop(), 'evidence_mismatch'],
    ['steps of the sweep were to be longer', ({ settings }) => (settings.sweepRecords = 2_000), 'evidence_mismatch'],
    ['another endpoint was to be asked', ({ settings }) => (settings.endpoint = 'http://a'), 'evidence_mismatch'],
    ['more lots failed than have a bad record', ({ raw }) => (raw.failedLots = 1), 'evidence_missing'],
    [
      'the lots that failed cannot have so many bad records',
      ({ raw }) => {
        raw.ledger.lost = 9;
        raw.ledger.right -= 9;
        raw.failedLots = 2;
      },
      'evidence_missing',
    ],
    ['nothing was opened', ({ raw }) => (raw.audit.opened = []), 'incorrect_result'],
    ['the generator was held up', ({ raw }) => (raw.generator.loopDelays = histogramOf(50, 30)), 'tool_saturated'],
    [
      'another root was committed',
      (draft) => (draft.transcript = transcriptOf(CHALLENGE, 'ab'.repeat(32), BEACON, 2)),
      'evidence_mismatch',
    ],
    [
      'the hold was shorter by the controller',
      (draft) => (draft.transcript = transcriptOf(CHALLENGE, base.audit.root, BEACON, 1)),
      'clock_unsound',
    ],
  ])('holds back the numbers when %s', (_what, change, code) => {
    const examination = examine(change);
    expect(examination.findings.filter((f) => f.weight === 'holds').map((f) => f.code)).toContain(code);
    if (code === 'incorrect_result')
      expect(examination.metrics.every((m) => !m.verified || m.metric === 'records.sweep.rate')).toBe(true);
  });

  it('says of a service to which nobody could connect that nothing was done', () => {
    const examination = examine(({ raw }) => {
      raw.lots = [];
      raw.hold = { seconds: 0, min: [], max: [], mean: [], done: [] };
      raw.sweep = [];
    });
    expect(examination.findings.map((finding) => finding.code)).toEqual(['zero_work']);
    expect(value(examination, 'records.simultaneous.peak')).toBe(0);
    expect(value(examination, 'records.answered')).toBe(0);
    expect(examination.metrics.every((metric) => !metric.verified)).toBe(true);
  });

  it('does not let poison that was left out stand for poison that was turned away', () => {
    const examination = examine(({ raw }) => {
      const { malformed } = raw.poison;
      malformed.planted -= 1;
      malformed.rejected -= 1;
      raw.ledger.admitted += LOT;
      raw.ledger.right += LOT;
    });
    expect(examination.findings.map((f) => f.code)).toContain('incorrect_result');
  });

  it('shows losses as they are, and leaves the judging to the judge', () => {
    const examination = examine(({ raw }) => {
      raw.ledger.right -= 3;
      raw.ledger.lost += 2;
      raw.ledger.corrupt += 1;
      raw.failedLots = 1;
      raw.answeredSum = '5';
    });
    expect(value(examination, 'records.lost')).toBe(2);
    expect(value(examination, 'records.corrupt')).toBe(1);
    expect(examination.metrics.find((m) => m.metric === 'records.answered')?.verified).toBe(false);
    expect(examination.checks.find((c) => c.id === 'ledger_closes')?.passed).toBe(false);
  });
});
