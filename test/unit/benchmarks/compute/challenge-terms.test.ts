import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RowProducts } from '../../../../benchmarks/benchmark.ts';
import { descriptor } from '../../../../benchmarks/compute/challenge/descriptor.ts';
import {
  LEAST_AUDITS,
  largestStateBits,
  roundOperations,
  rowLength,
} from '../../../../benchmarks/compute/challenge/parameters.ts';
import { lotsOf, proof } from '../../../../benchmarks/compute/challenge/proof.ts';
import { ChallengeRaw } from '../../../../benchmarks/compute/challenge/samples.ts';
import { termsOf } from '../../../../benchmarks/compute/challenge/terms.ts';
import { PRECISIONS } from '../../../../benchmarks/compute/precision.ts';
import { check } from '../../../../model/schema.ts';
import { challenge, type Exam, settingsOf, smallParameters } from './challenge-fixture.ts';

const exam = challenge({});
const own = settingsOf(exam.result.parameters);
const rawOf = ({ result, challenge: opened }: Exam): ChallengeRaw => ({
  challenge: opened,
  threads: 1,
  engines: [],
  unsupported: [],
  results: [result],
});
const examine = (of: Exam, settings: Record<string, unknown>) =>
  proof.examine(rawOf(of), { settings, transcript: of.transcript, evidence: () => undefined });
const held = (of: Exam, settings: Record<string, unknown> = own) =>
  examine(of, settings)
    .findings.filter(({ weight }) => weight === 'holds')
    .map(({ code }) => code);

describe('what the assignment asked for', () => {
  it('is what an answer is held against', () => {
    expect(held(exam)).toEqual([]);
  });

  it.each([
    ['shorter rows than were asked for', { size: 128 }],
    ['longer rows than were asked for', { size: 48 }],
    ['fewer rows', { rows: 32 }],
    ['more rows', { rows: 8 }],
    ['fewer matrices', { matrices: 4 }],
    ['more matrices', { matrices: 1 }],
  ])('%s are held back, and nothing is recomputed', (_, other) => {
    const seen = examine(exam, { ...own, ...other });
    expect(held(exam, { ...own, ...other })).toContain('evidence_mismatch');
    expect(seen.metrics).toEqual([]);
    expect(seen.checks).toEqual([]);
  });

  it('goes by the settings for accelerators where it is not the processor that answers', () => {
    const card = challenge({ device: 'cuda:0' });
    expect(held(card, { ...own, size: 4096, rows: 4096 })).toEqual([]);
    expect(held(card, { ...own, deviceSize: 128 })).toContain('evidence_mismatch');
  });

  it.each(Object.keys(own))('without %s nothing is proven', (name) => {
    const { [name]: _, ...less } = own;
    for (const settings of [less, { ...own, [name]: Number.NaN }, { ...own, [name]: -1 }, { ...own, [name]: '64' }]) {
      expect(termsOf(settings)).toBeUndefined();
      expect(examine(exam, settings)).toMatchObject({ metrics: [], checks: [] });
      expect(held(exam, settings)).toEqual(['evidence_mismatch']);
    }
  });

  it('is never fewer than 16 recomputed rows', () => {
    const [, audit] = examine(exam, { ...own, audits: 1 }).checks;
    expect(audit?.detail).toContain(`${LEAST_AUDITS} of ${LEAST_AUDITS} recomputed rows right`);
    expect(descriptor.settings.properties.audits).toMatchObject({ minimum: LEAST_AUDITS });
  });

  it('leaves room for an exact state of two bits in every precision and at every size', () => {
    fc.assert(
      fc.property(fc.constantFrom(...PRECISIONS), fc.integer({ min: 4, max: 2048 }), (precision, sixteenths) => {
        const n = rowLength(precision, 16 * sixteenths);
        expect(n).toBeLessThanOrEqual(16 * sixteenths);
        expect(n % 16).toBe(0);
        expect(largestStateBits(precision, n)).toBeGreaterThanOrEqual(2);
      }),
    );
  });
});

describe('the efficiency of an answer', () => {
  const withSaid = (change: Partial<Exam['result']>, of: Exam = exam): Exam => ({
    ...of,
    result: { ...of.result, ...change },
  });
  const efficiency = (of: Exam, settings = own) =>
    examine(of, settings).metrics.filter(({ metric }) => metric === 'compute.challenge.efficiency');
  const energy = { joules: 50, source: 'nvml' } as const;

  it('is all its operations over all its energy, by the meter that was read, and the node’s own word', () => {
    const { parameters, rounds } = exam.result;
    expect(efficiency(withSaid({ energy }))).toMatchObject([
      {
        labels: { precision: 'FP32', device: 'cpu', backend: 'plain', meter: 'nvml' },
        estimate: { value: (roundOperations(parameters) * rounds.length) / 50, unit: 'op/J' },
        samples: rounds.length,
        verified: true,
        level: 'E1',
      },
    ]);
    expect(held(withSaid({ energy }))).toEqual([]);
  });

  it('is absent without a meter, and the reason is said', () => {
    expect(efficiency(exam)).toEqual([]);
    const seen = examine(withSaid({ unmetered: 'RAPL may not be read' }), own);
    expect(seen.metrics.map(({ metric }) => metric)).not.toContain('compute.challenge.efficiency');
    expect(seen.findings).toMatchObject([
      { code: 'no_meter', weight: 'informs', detail: 'FP32 on cpu by plain: RAPL may not be read' },
    ]);
    expect(efficiency(withSaid({ energy, unmetered: 'lost' }))).toEqual([]);
  });

  it('is absent where the answer does not count', () => {
    const wrong = challenge({ answer: ({ m }) => new Uint32Array(m) });
    expect(efficiency(withSaid({ energy }, wrong))).toEqual([]);
    expect(efficiency(withSaid({ energy, emulated: 'in single precision' }))).toEqual([]);
    expect(efficiency(withSaid({ energy }), { ...own, seconds: 1000 })).toEqual([]);
    expect(efficiency(withSaid({ energy, rounds: exam.result.rounds.slice(1) }))).toEqual([]);
  });

  it('needs an energy that is one', () => {
    const fits = (joules: number) => check(ChallengeRaw, rawOf(withSaid({ energy: { joules, source: 'rapl' } }))).ok;
    expect([1, 0, -1, Number.NaN, Number.POSITIVE_INFINITY].map(fits)).toEqual([true, false, false, false, false]);
  });
});

describe('samples that no honest node gives', () => {
  const fits = (change: (result: Exam['result']) => unknown) =>
    check(ChallengeRaw, { ...rawOf(exam), results: [change(exam.result)] }).ok;
  const sized = (change: Partial<Exam['result']['parameters']>) =>
    fits((result) => ({ ...result, parameters: { ...result.parameters, ...change } }));
  const timed = (change: Record<string, unknown>) =>
    fits((result) => ({ ...result, rounds: [{ ...result.rounds[0]!, ...change }] }));

  it('are no samples where a size would take whoever checks hours', () => {
    expect(sized({})).toBe(true);
    for (const change of [
      { n: 65536 },
      { n: 8 },
      { n: 72.5 },
      { m: 0 },
      { m: 65536 },
      { layers: 0 },
      { layers: 4097 },
      { matrices: 65 },
      { matrices: 0 },
    ]) {
      expect(sized(change)).toBe(false);
    }
    const many = Array.from({ length: 1025 }, () => exam.result);
    expect(check(ChallengeRaw, { ...rawOf(exam), results: many }).ok).toBe(false);
  });

  it('are no samples where a time is no time', () => {
    expect(timed({})).toBe(true);
    for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY, 0.5, null, '1']) {
      expect(timed({ startNs: value })).toBe(false);
      expect(timed({ endNs: value })).toBe(false);
    }
    for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY]) expect(timed({ productNs: value })).toBe(false);
  });

  it('are held back where rounds are missing, out of order or took no time', () => {
    const { rounds } = exam.result;
    const of = (own: typeof rounds): Exam => ({ ...exam, result: { ...exam.result, rounds: own } });
    expect(held(of([]))).toContain('zero_work');
    expect(held(of(rounds.slice(1)))).toContain('evidence_mismatch');
    expect(held(of(rounds.map((round) => ({ ...round, endNs: round.startNs }))))).toContain('clock_unsound');
    expect(held(of(rounds.map((round, i) => ({ ...round, startNs: 5 - i, endNs: 9 }))))).toContain('clock_unsound');
    for (const broken of [
      { startNs: Number.NaN, endNs: Number.NaN },
      { startNs: 0, endNs: Number.NaN },
    ]) {
      expect(held(of(rounds.map((round) => ({ ...round, ...broken }))))).toContain('clock_unsound');
    }
  });

  it('are held back where the controller’s own record is not in order', () => {
    const change = (at: number, what: { receivedNs?: string; answeredNs?: string }): Exam => {
      const exchanges = exam.transcript.exchanges.map((one, i) => (i === at ? { ...one, ...what } : one));
      return { ...exam, transcript: { ...exam.transcript, exchanges } };
    };
    expect(held(change(2, { answeredNs: '1' }))).toEqual(['clock_unsound']);
    expect(held(change(4, { answeredNs: '1' }))).toEqual(['clock_unsound']);
    expect(held(change(4, { receivedNs: '1' }))).toEqual(['clock_unsound']);
  });

  it('are judged by the first rows alone once one of those is wrong', () => {
    const parameters = { ...smallParameters('INT8', 32, 16), layers: 2 };
    const wrong = challenge({ precision: 'INT8', parameters, audits: 64, answer: ({ m }) => new Uint32Array(m) });
    const audit = examine(wrong, settingsOf(parameters, 64, ['INT8'])).checks.find(
      ({ id }) => id === 'challenge.audit',
    );
    expect(audit).toMatchObject({ passed: false });
    expect(audit?.detail).toContain('0 of 4 recomputed rows right');
  });

  it('are judged a few rows first, after one of the node was wrong, and all the same', () => {
    const plan = Array.from({ length: 64 }, (_, row) => ({ round: 0, row }));
    expect(lotsOf(plan, false)).toEqual([plan]);
    expect(lotsOf(plan, true)).toEqual([plan.slice(0, 4), plan.slice(4)]);
    expect(lotsOf(plan.slice(0, 4), true)).toEqual([plan.slice(0, 4)]);
    const parameters = { ...smallParameters('INT8', 32, 16), layers: 2 };
    const settings = settingsOf(parameters, 64, ['INT8']);
    const wrong = challenge({ precision: 'INT8', parameters, audits: 64, answer: ({ m }) => new Uint32Array(m) });
    const right = challenge({ precision: 'INT8', parameters, audits: 64 });
    const results = [wrong.result, right.result, { ...wrong.result }].map((one, i) => ({
      ...one,
      device: `cuda:${i}`,
    }));
    const { checks } = proof.examine(
      { ...rawOf(wrong), results },
      { settings, transcript: undefined, evidence: () => undefined },
    );
    const audits = checks.filter(({ id }) => id === 'challenge.audit');
    expect(audits.map(({ passed }) => passed)).toEqual([false, true, false]);
    expect(audits.map(({ detail }) => /(\d+ of \d+) recomputed/.exec(detail)?.[1])).toEqual([
      '0 of 4',
      '48 of 48',
      '0 of 4',
    ]);
  });

  it('are recomputed once for whoever looks with the transcript and without it, and anew where the answer is another', () => {
    const one = challenge({});
    let made = 0;
    const products: RowProducts = (sums, rows, matrix, count, n, length) => {
      made++;
      for (let at = 0; at < count * n; at++) {
        const [i, j] = [Math.floor(at / n), at % n];
        let sum = 0;
        for (let k = 0; k < length; k++) sum += rows[i * length + k]! * matrix[j * length + k]!;
        sums[at] = sum;
      }
    };
    const look = (of: Exam, transcript: Exam['transcript'] | undefined) => {
      const { checks } = proof.examine(rawOf(of), { settings: own, transcript, evidence: () => undefined, products });
      return checks.filter(({ id }) => id === 'challenge.audit').map(({ passed }) => passed);
    };
    expect(look(one, one.transcript)).toEqual([true]);
    const first = made;
    expect(first).toBeGreaterThan(0);
    expect(look(one, undefined)).toEqual([true]);
    expect(made).toBe(first);
    // The same object with another seed in it: what was known of it no longer holds.
    const rounds = one.result.rounds.map((round) => ({ ...round, seed: 'ab'.repeat(32) }));
    expect(look({ ...one, result: Object.assign(one.result, { rounds }) }, undefined)).toEqual([false]);
    expect(made).toBeGreaterThan(first);
  });
});
