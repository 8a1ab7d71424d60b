import { describe, expect, it } from 'vitest';
import { proof } from '../../../../benchmarks/compute/challenge/proof.ts';
import { type ChallengeRaw, commitLabels, meetingLabel } from '../../../../benchmarks/compute/challenge/samples.ts';
import type { Transcript } from '../../../../model/assignment.ts';
import { challenge, joined, settingsOf, smallParameters } from './challenge-fixture.ts';

const parameters = smallParameters('FP32');
const first = challenge({ parameters, device: 'cuda:0', seed: 1, rounds: 4 });
const second = challenge({ parameters, device: 'cuda:1', seed: 2, rounds: 4 });
const half = smallParameters('FP16');
const other = challenge({ parameters: half, precision: 'FP16', device: 'cuda:0', seed: 3, rounds: 4 });
const attempt = joined([
  { exam: first, laterNs: 0 },
  { exam: second, laterNs: 1000 },
  { exam: other, laterNs: 10e9 },
]);
const none: Transcript = { ...attempt.transcript, exchanges: attempt.transcript.exchanges.slice(0, 1) };

function examine(
  results: ChallengeRaw['results'],
  unsupported: ChallengeRaw['unsupported'] = [],
  transcript: Transcript | undefined = attempt.transcript,
  precisions: ChallengeRaw['unsupported'][number]['precision'][] = ['FP32', 'FP16'],
) {
  const raw: ChallengeRaw = { challenge: attempt.challenge, threads: 1, engines: [], unsupported, results };
  const seen = proof.examine(raw, {
    settings: settingsOf(parameters, 16, precisions),
    transcript,
    evidence: () => undefined,
  });
  const rates = seen.metrics.filter(({ metric }) => metric === 'compute.challenge.rate');
  return {
    held: seen.findings
      .filter(({ weight }) => weight === 'holds')
      .map(({ code, labels }) => `${labels?.precision} ${labels?.device}: ${code}`),
    rates: rates.map(({ labels, level, verified }) => `${labels.precision} ${labels.device}: ${level} ${verified}`),
    findings: seen.findings,
  };
}

const [one, two, three] = attempt.results as [
  ChallengeRaw['results'][number],
  ChallengeRaw['results'][number],
  ChallengeRaw['results'][number],
];
const added = (label: string): Transcript => ({
  ...attempt.transcript,
  exchanges: [
    ...attempt.transcript.exchanges,
    { ...attempt.transcript.exchanges.at(-1)!, label, index: attempt.transcript.exchanges.length },
  ],
});

describe('an answer that is kept back', () => {
  it('is none where every challenge that was begun is answered', () => {
    expect(examine([one, two, three])).toMatchObject({
      held: [],
      rates: ['FP32 cuda:0: E2 true', 'FP32 cuda:1: E2 true', 'FP16 cuda:0: E2 true'],
    });
  });

  it('of one device holds the others of its precision back, and only those', () => {
    const seen = examine([one, three]);
    expect(seen.held).toEqual(['FP32 cuda:0: evidence_missing']);
    expect(seen.rates).toEqual(['FP32 cuda:0: E1 false', 'FP16 cuda:0: E2 true']);
    expect(seen.findings[0]?.detail).toContain('“compute.challenge FP32 cuda:1” was begun and is not answered for');
  });

  it('is found whichever of its commits was recorded', () => {
    const labels = commitLabels({ precision: 'FP32', device: 'cuda:7' });
    for (const label of Object.values(labels)) {
      expect(examine([one, two, three], [], added(label)).held).toEqual([
        'FP32 cuda:0: evidence_missing',
        'FP32 cuda:1: evidence_missing',
      ]);
    }
  });

  it('holds everything back where the record does not say of which precision it was', () => {
    for (const label of ['compute.challenge', 'compute.challenge FP99 cuda:0 open', 'else', '']) {
      const seen = examine([one, two, three], [], added(label));
      expect(seen.held).toHaveLength(3);
      expect(seen.rates.every((rate) => rate.endsWith('E1 false'))).toBe(true);
    }
    expect(examine([one, two, three], [], added(meetingLabel('FP32'))).held).toEqual([]);
  });

  it('is not made good by calling its precision unsupported', () => {
    const unsupported = [{ precision: 'FP16' as const, detail: 'no backend' }];
    expect(examine([one, two], unsupported).held).toEqual(['FP16 undefined: evidence_missing']);
    expect(examine([one, two, three], unsupported).held).toEqual(['FP16 cuda:0: evidence_mismatch']);
  });
});

describe('a precision that was asked for', () => {
  it('is answered or said to be unsupported, else it is missing', () => {
    const alone = joined([{ exam: first, laterNs: 0 }]);
    expect(examine([one], [], alone.transcript).held).toEqual(['FP16 undefined: evidence_missing']);
    expect(examine([one], [], alone.transcript).rates).toEqual(['FP32 cuda:0: E2 true']);
    expect(examine([one], [{ precision: 'FP16', detail: 'none' }], alone.transcript).held).toEqual([]);
  });

  it('is missing without any answer, and where nobody kept a record', () => {
    expect(examine([], [], none).held).toEqual([
      'FP32 undefined: evidence_missing',
      'FP16 undefined: evidence_missing',
      'undefined undefined: zero_work',
    ]);
  });

  it('is no other one', () => {
    expect(examine([one, two, three], [], attempt.transcript, ['FP32']).held).toEqual([
      'FP16 cuda:0: evidence_mismatch',
    ]);
  });
});
