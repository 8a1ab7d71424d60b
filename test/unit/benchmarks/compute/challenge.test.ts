import { describe, expect, it } from 'vitest';
import { roundOperations } from '../../../../benchmarks/compute/challenge/parameters.ts';
import { proof, ratesAgree } from '../../../../benchmarks/compute/challenge/proof.ts';
import { type ChallengeRaw, ChallengeRaw as RawSchema } from '../../../../benchmarks/compute/challenge/samples.ts';
import { sketchRoot } from '../../../../benchmarks/compute/challenge/sketches.ts';
import type { Examination } from '../../../../model/measurement.ts';
import { check } from '../../../../model/schema.ts';
import {
  type Answer,
  challenge,
  deviant,
  type Exam,
  honest,
  openAll,
  settingsOf,
  smallParameters,
} from './challenge-fixture.ts';

function examine(
  exam: Exam,
  audits = 16,
  witnessed = true,
  settings = settingsOf(exam.result.parameters, audits, [exam.result.precision]),
): Examination {
  const raw: ChallengeRaw = {
    challenge: exam.challenge,
    threads: 1,
    engines: [],
    unsupported: [],
    results: [exam.result],
  };
  expect(check(RawSchema, raw)).toMatchObject({ ok: true });
  const transcript = witnessed ? exam.transcript : undefined;
  return proof.examine(raw, { settings, transcript, evidence: () => undefined });
}

const rate = (examination: Examination) => examination.metrics.find((m) => m.metric === 'compute.challenge.rate');
const codes = (examination: Examination) =>
  examination.findings.filter((finding) => finding.weight === 'holds').map((finding) => finding.code);

/** Neither verified nor proven, and held back with this reason. */
function expectCaught(examination: Examination, code: string): void {
  expect(codes(examination)).toContain(code);
  expect(rate(examination)?.verified ?? false).toBe(false);
  expect(rate(examination)?.level ?? 'E1').toBe('E1');
}

describe('an honest node', () => {
  it('is proven at E2 by the transcript, at the rate of the controller’s clock', () => {
    const exam = challenge({ rounds: 4, roundNs: 2e9 });
    const seen = examine(exam);
    expect(codes(seen)).toEqual([]);
    expect(rate(seen)).toMatchObject({ verified: true, level: 'E2', durationS: 8, samples: 4 });
    expect(rate(seen)!.estimate.value).toBeCloseTo(roundOperations(exam.result.parameters) / 2, 3);
    expect(seen.checks.every((one) => one.passed)).toBe(true);
  });

  it('is at E1 where nobody else kept a transcript', () => {
    expect(rate(examine(challenge({}), 16, false))).toMatchObject({ verified: true, level: 'E1' });
  });

  it('passes with every one of 1,000 seeds, in every precision in turn', () => {
    const precisions = ['FP64', 'FP32', 'TF32', 'FP16', 'BF16', 'FP8_E4M3', 'INT8', 'INT4'] as const;
    for (let seed = 1; seed <= 1000; seed++) {
      const precision = precisions[seed % precisions.length]!;
      const parameters = { ...smallParameters(precision, 32, 4), layers: 3 };
      const seen = examine(challenge({ precision, parameters, rounds: 2, seed }), 8);
      if (codes(seen).length > 0 || rate(seen)?.level !== 'E2') throw new Error(`seed ${seed}: ${codes(seen)}`);
    }
  });
});

describe('a node that computes something else is caught with certainty', () => {
  const fp32: [string, Answer][] = [
    ['skips a layer', deviant({ layers: (all) => all.slice(1) })],
    ['uses one matrix for all layers', deviant({ layers: (all) => all.map(() => 0) })],
    ['rounds entries to the 11 bits of FP16 or TF32', deviant({ matrix: roundTo(11) })],
    ['rounds entries to the 8 bits of BF16', deviant({ matrix: roundTo(8) })],
    ['keeps sums in FP16', deviant({ sum: roundTo(11) })],
    ['leaves out the last thousandth of the inner dimension', deviant({ sum: (sum) => sum - 16384 })],
    ['answers nothing', ({ m }) => new Uint32Array(m)],
  ];
  it.each(fp32)('one that %s', (_, answer) => {
    for (let seed = 1; seed <= 20; seed++) expectCaught(examine(challenge({ answer, seed }), 8), 'incorrect_result');
  });

  it('one that puts FP32 for FP64, INT4 for INT8, FP8 for BF16', () => {
    const lower = [
      ['FP64', deviant({ matrix: Math.fround })],
      ['INT8', deviant({ matrix: (entry) => (entry >> 4) << 4 })],
      ['BF16', deviant({ matrix: roundTo(4) })],
      ['FP16', deviant({ matrix: roundTo(8) })],
    ] as const;
    for (const [precision, answer] of lower) {
      for (let seed = 1; seed <= 10; seed++) {
        expectCaught(examine(challenge({ precision, answer, seed }), 8), 'incorrect_result');
      }
    }
  });
});

describe('a node that leaves out a share q of the rows', () => {
  const lazy =
    (q: number): Answer =>
    (parameters, nonce, seed, round) => {
      const rows = honest(parameters, nonce, seed, round);
      const out = Math.round(q * rows.length);
      // Spread over the rows, somewhere else each round.
      for (let i = 0; i < out; i++) rows[(i * 7 + round * 3) % rows.length]! ^= 1 + i;
      return rows;
    };

  it.each([
    { q: 0.125, audits: 16 },
    { q: 0.0625, audits: 16 },
    { q: 0.03125, audits: 32 },
  ])('of $q is caught by $audits audits as often as 1 − (1 − q)^c says', ({ q, audits }) => {
    const trials = 200;
    let caught = 0;
    for (let seed = 1; seed <= trials; seed++) {
      const parameters = { ...smallParameters('INT8', 32, 32), layers: 1 };
      const exam = challenge({ precision: 'INT8', parameters, rounds: 16, seed, answer: lazy(q), audits });
      if (codes(examine(exam, audits)).includes('incorrect_result')) caught++;
    }
    const p = 1 - (1 - q) ** audits;
    const sigma = Math.sqrt(trials * p * (1 - p));
    expect(Math.abs(caught - trials * p)).toBeLessThan(4 * sigma + 1);
  });

  it('of a tenth is caught by 64 audits in at least 99 of 100 tries', () => {
    let caught = 0;
    for (let seed = 1; seed <= 100; seed++) {
      const parameters = { ...smallParameters('INT8', 32, 40), layers: 1 };
      const exam = challenge({ precision: 'INT8', parameters, rounds: 10, seed, answer: lazy(0.1), audits: 64 });
      if (codes(examine(exam, 64)).includes('incorrect_result')) caught++;
    }
    expect(caught).toBeGreaterThanOrEqual(99);
  });
});

describe('a node that has the right numbers at the wrong time or from elsewhere', () => {
  it('replays an older answer of its own: its beacons are not those that were given', () => {
    const old = challenge({ seed: 1 });
    const now = challenge({ seed: 2 });
    const seen = examine({ ...now, result: old.result });
    expectCaught(seen, 'stale');
    // Its rows are right, for the beacons of then; none of them is recomputed.
    expect(seen.checks.map(({ id }) => id)).toEqual(['challenge.selfTest']);
  });

  it('computed before the nonce was known: the rows of another nonce are wrong', () => {
    const guess = 'aa'.repeat(32);
    const answer: Answer = (parameters, _nonce, seed) => honest(parameters, guess, seed, 0);
    expectCaught(examine(challenge({ answer })), 'incorrect_result');
    const exam = challenge({ answer });
    expectCaught(examine({ ...exam, result: { ...exam.result, nonce: guess } }), 'stale');
  });

  it('answers with another node’s result', () => {
    const other = challenge({ seed: 9 });
    const answer: Answer = (_parameters, _nonce, _seed, round) => {
      return new Uint32Array(other.sketches[round]!.buffer as ArrayBuffer);
    };
    expectCaught(examine(challenge({ answer, seed: 2 })), 'incorrect_result');
  });

  it('runs rounds in parallel: to get the seeds it must commit to sketches that it does not have', () => {
    const rushed = challenge({ answer: ({ m }) => new Uint32Array(m).fill(7), roundNs: 1e6 });
    expectCaught(examine(rushed), 'incorrect_result');
    const { nonce, parameters, audit } = rushed.result;
    const late = rushed.result.rounds.map(
      (round, r) => new Uint8Array(honest(parameters, nonce, round.seed, r).buffer as ArrayBuffer),
    );
    const openings = openAll(parameters, late, audit);
    expectCaught(examine({ ...rushed, result: { ...rushed.result, openings } }), 'evidence_mismatch');
    const rounds = rushed.result.rounds.map((round, r) => ({
      ...round,
      root: Buffer.from(sketchRoot(late[r]!)).toString('hex'),
    }));
    expectCaught(examine({ ...rushed, result: { ...rushed.result, rounds, openings } }), 'evidence_mismatch');
  });

  it('drops a slow round, adds one, or changes their order', () => {
    const exam = challenge({ rounds: 4 });
    const { rounds } = exam.result;
    const forged = [rounds.slice(0, 3), [...rounds, rounds[3]!], [rounds[1]!, rounds[0]!, rounds[2]!, rounds[3]!]];
    for (const list of forged) {
      const times = list.map((round, i) => ({ ...round, startNs: i * 1e9, endNs: (i + 1) * 1e9 }));
      const seen = examine({ ...exam, result: { ...exam.result, rounds: times } });
      expect(rate(seen)).toMatchObject({ verified: false, level: 'E1' });
      expect(codes(seen).length).toBeGreaterThan(0);
    }
  });

  it('opens its challenge twice to keep the better one', () => {
    const exam = challenge({});
    const again = { ...exam.transcript.exchanges[1]!, index: exam.transcript.exchanges.length };
    const transcript = { ...exam.transcript, exchanges: [...exam.transcript.exchanges, again] };
    expectCaught(examine({ ...exam, transcript }), 'evidence_mismatch');
  });

  it('picks its own audit', () => {
    const exam = challenge({});
    expectCaught(examine({ ...exam, result: { ...exam.result, audit: '00'.repeat(32) } }), 'evidence_mismatch');
  });

  it('changes its parameters after the nonce, or takes easier ones', () => {
    const exam = challenge({});
    const more = { ...exam.result, parameters: { ...exam.result.parameters, layers: 8 } };
    expectCaught(examine({ ...exam, result: more }), 'evidence_mismatch');
    const easy = { ...smallParameters('FP32'), weightBits: 8 };
    expectCaught(examine(challenge({ parameters: easy })), 'evidence_mismatch');
    expectCaught(examine(challenge({ parameters: { ...smallParameters('FP32'), stateBits: 1 } })), 'evidence_mismatch');
    const inexact = { ...smallParameters('FP32'), stateBits: 9 };
    expectCaught(examine(challenge({ parameters: inexact })), 'evidence_mismatch');
  });
});

describe('time', () => {
  it('is the controller’s: a node that reports a shorter one gains nothing and is found out', () => {
    const honestRate = rate(examine(challenge({ roundNs: 2e9 })))!.estimate.value;
    const seen = examine(challenge({ roundNs: 2e9, saidNs: 1e9 }));
    expect(rate(seen)!.estimate.value).toBe(honestRate);
    expect(seen.findings.map((finding) => finding.code)).toContain('clock_unsound');
  });

  it('that is missing, runs backwards or was too short holds the result back', () => {
    const exam = challenge({});
    const backwards = exam.result.rounds.map((round, i) => ({ ...round, startNs: 10 - i, endNs: 10 - i }));
    expect(codes(examine({ ...exam, result: { ...exam.result, rounds: backwards } }))).toContain('clock_unsound');
    expect(codes(examine({ ...exam, result: { ...exam.result, rounds: [] } }))).toContain('zero_work');
    const longer = { ...settingsOf(exam.result.parameters), seconds: 60 };
    expect(codes(examine(exam, 16, true, longer))).toContain('too_short');
  });
});

it('a challenged rate far from that of plain products does not agree with it', () => {
  expect([0.86, 1, 1.19].map((ratio) => ratesAgree(ratio * 5e11, 5e11))).toEqual([true, true, true]);
  expect([0.84, 1.21, 0, -1, Number.NaN, Infinity].some((ratio) => ratesAgree(ratio * 5e11, 5e11))).toBe(false);
  expect(ratesAgree(1, 0)).toBe(false);
});

describe('samples that are not whole', () => {
  it('a self-test that was wrong, a sketch cut short, and another challenge are never verified', () => {
    const exam = challenge({});
    expectCaught(
      examine({ ...exam, result: { ...exam.result, selfTest: { rows: 16, wrong: 1 } } }),
      'incorrect_result',
    );
    const openings = exam.result.openings.map((one) => ({ ...one, sketches: one.sketches.slice(0, 8) }));
    expectCaught(examine({ ...exam, result: { ...exam.result, openings } }), 'evidence_mismatch');
    expect(codes(examine({ ...exam, challenge: 'ff'.repeat(32) }))).toContain('stale');
  });
});

/** Rounds a whole number to so many significant bits. */
function roundTo(bits: number): (value: number) => number {
  return (value) => {
    if (value === 0) return 0;
    const step = 2 ** Math.max(0, Math.floor(Math.log2(Math.abs(value))) + 1 - bits);
    return Math.round(value / step) * step;
  };
}
