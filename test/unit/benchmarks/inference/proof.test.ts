import { describe, expect, it } from 'vitest';
import { descriptor } from '../../../../benchmarks/inference/descriptor.ts';
import { proof } from '../../../../benchmarks/inference/proof.ts';
import type { InferenceRaw, PlayedRaw } from '../../../../benchmarks/inference/raw.ts';
import { descriptor as realtimeDescriptor } from '../../../../benchmarks/inference/realtime/descriptor.ts';
import { proof as realtimeProof } from '../../../../benchmarks/inference/realtime/proof.ts';
import { Examination } from '../../../../model/measurement.ts';
import { check } from '../../../../model/schema.ts';

const played = (scenario: PlayedRaw['scenario'], changes: Partial<PlayedRaw> = {}): PlayedRaw => ({
  scenario,
  seconds: 5,
  latenciesUs: [],
  answered: new Array(50).fill(10),
  rate: null,
  due: 0,
  compared: 20,
  differed: 0,
  ...changes,
});
const trial = (rate: number, us: number) => played('Server', { rate, due: 500, latenciesUs: new Array(500).fill(us) });

function honest(): InferenceRaw {
  return {
    challenge: 'ab'.repeat(32),
    nullRuns: [played('Server', { rate: 1_000, due: 1_000, latenciesUs: new Array(1_000).fill(60) })],
    models: [
      {
        model: 'mobilenetv2',
        unsupported: null,
        precision: 'FP32',
        sha256: 'cd'.repeat(32),
        asked: 'cpu',
        providers: { CPUExecutionProvider: 56 },
        threads: 2,
        operations: 6e8,
        accuracy: [
          { error: 1e-6, scale: 8, finite: true },
          { error: 2e-6, scale: 9, finite: true },
        ],
        distinct: 0.5,
        played: [
          played('SingleStream', { latenciesUs: Array.from({ length: 500 }, (_, i) => 10_000 + (i % 10) * 100) }),
          played('MultiStream', { latenciesUs: new Array(700).fill(60_000) }),
          trial(60, 20_000),
          trial(75, 50_000),
          trial(94, 150_000),
          played('Offline', { answered: new Array(50).fill(500) }),
        ],
      },
    ],
  };
}

const SETTINGS = {
  models: ['mobilenetv2'],
  files: [],
  provider: 'cpu',
  scenarios: ['Server', 'Offline', 'MultiStream', 'SingleStream'],
  serverLimitMs: 100,
};

function examine(change: (raw: InferenceRaw) => unknown = () => {}, changed: Record<string, unknown> = {}) {
  const settings = { ...SETTINGS, ...changed };
  const raw = honest();
  change(raw);
  const shaped = check(proof.raw, JSON.parse(JSON.stringify(raw)));
  if (!shaped.ok) throw new Error(shaped.problems.join('; '));
  return proof.examine(shaped.value, { settings, transcript: undefined, evidence: () => undefined });
}
const estimate = (examination: Examination, id: string) => examination.metrics.find((m) => m.metric === id)?.estimate;

describe('the proof of inference.onnx', () => {
  it('makes of an honest run exactly the numbers it shows', () => {
    const examination = examine();
    expect(check(Examination, examination).ok).toBe(true);
    expect(examination.findings).toEqual([]);
    expect(estimate(examination, 'inference.latency.p90')).toMatchObject({ value: 0.0108, unit: 's' });
    expect(estimate(examination, 'inference.latency.p99')).toMatchObject({ value: 0.06, U: 0 });
    expect(estimate(examination, 'inference.offline.rate')).toMatchObject({ value: 5_000, unit: 'sample/s' });
    expect(estimate(examination, 'inference.overhead.p50')?.value).toBeCloseTo(60e-6, 9);
    // The highest rate that kept 100 ms below the lowest that did not; the truth lies between them.
    expect(estimate(examination, 'inference.server.rate')).toMatchObject({ value: 75, U: 19 });
    const named = new Map(descriptor.metrics.map((metric) => [metric.id, metric.unit]));
    for (const metric of examination.metrics) expect(metric.estimate.unit).toBe(named.get(metric.metric));
  });

  it('calls the highest rate only a floor where nothing higher was tried', () => {
    const examination = examine((raw) => raw.models[0]!.played.splice(4, 1));
    expect(estimate(examination, 'inference.server.rate')).toMatchObject({ value: 75, U: 0 });
    expect(examination.checks.find((c) => c.id.startsWith('server_limit'))?.detail).toContain(
      'nothing higher was tried',
    );
  });

  it('takes ten times the median of SingleStream for the limit where none is set', () => {
    expect(
      estimate(
        examine(() => {}, { serverLimitMs: 0 }),
        'inference.server.rate',
      )?.value,
    ).toBe(75);
    expect(
      estimate(
        examine(() => {}, { serverLimitMs: 30 }),
        'inference.server.rate',
      )?.value,
    ).toBe(60);
  });

  it('gives no rate to a trial that left queries unanswered, or above one that failed', () => {
    expect(
      estimate(
        examine((raw) => (raw.models[0]!.played[3]!.due = 501)),
        'inference.server.rate',
      )?.value,
    ).toBe(60);
    expect(
      estimate(
        examine((raw) => raw.models[0]!.played[2]!.latenciesUs.fill(150_000)),
        'inference.server.rate',
      ),
    ).toBeUndefined();
  });

  it.each<[string, (raw: InferenceRaw) => unknown, string]>([
    ['an answer was off', (raw) => (raw.models[0]!.accuracy[1]!.error = 0.01), 'incorrect_result'],
    ['an answer was not finite', (raw) => (raw.models[0]!.accuracy[0]!.finite = false), 'incorrect_result'],
    ['the reference said nothing', (raw) => (raw.models[0]!.accuracy[0]!.scale = 0), 'incorrect_result'],
    ['nothing was compared', (raw) => (raw.models[0]!.accuracy = []), 'incorrect_result'],
    ['all samples had one answer', (raw) => (raw.models[0]!.distinct = 0), 'incorrect_result'],
    ['the precision is unknown', (raw) => (raw.models[0]!.precision = 'FP3'), 'incorrect_result'],
    ['another provider ran', (raw) => (raw.models[0]!.asked = 'cuda'), 'incorrect_result'],
    ['no provider was seen', (raw) => (raw.models[0]!.providers = {}), 'incorrect_result'],
    ['a timed answer was another one', (raw) => (raw.models[0]!.played[0]!.differed = 1), 'incorrect_result'],
    ['no timed answer was compared', (raw) => (raw.models[0]!.played[5]!.compared = 0), 'incorrect_result'],
    ['the tool itself was late', (raw) => raw.nullRuns[0]!.latenciesUs.fill(1_500), 'tool_saturated'],
    ['the tool left queries out', (raw) => (raw.nullRuns[0]!.due = 1_001), 'tool_saturated'],
    ['a network is missing', (raw) => (raw.models[0]!.model = 'resnet50'), 'evidence_mismatch'],
    ['a scenario was left out', (raw) => raw.models[0]!.played.pop(), 'evidence_mismatch'],
    ['another provider was asked', (raw) => (raw.models[0]!.asked = 'webgpu'), 'evidence_mismatch'],
    ['no model ran', (raw) => (raw.models = []), 'zero_work'],
    ['too few queries were asked', (raw) => (raw.models[0]!.played[0]!.latenciesUs.length = 43), 'too_few_samples'],
  ])('holds back the numbers when %s', (_what, change, code) => {
    const examination = examine(change);
    expect(examination.findings.filter((f) => f.weight === 'holds').map((f) => f.code)).toContain(code);
    if (code === 'incorrect_result') {
      const own = examination.metrics.filter((metric) => metric.metric !== 'inference.overhead.p50');
      expect(own.length).toBeGreaterThan(0);
      expect(own.every((metric) => !metric.verified)).toBe(true);
    }
  });

  it('says where Offline had fewer samples than MLPerf asks for', () => {
    const examination = examine((raw) => (raw.models[0]!.played[5]!.answered = new Array(50).fill(10)));
    expect(examination.findings).toMatchObject([
      { code: 'too_few_samples', metric: 'inference.offline.rate', weight: 'informs' },
    ]);
  });

  it('shows a rate of Offline also where a call takes longer than a second', () => {
    const slow = (seconds: number) => {
      // A call of eight samples every 1.7 s.
      const answered = Array.from({ length: seconds * 10 }, (_, tenth) => (tenth % 17 === 16 ? 8 : 0));
      const examination = examine((raw) => Object.assign(raw.models[0]!.played[5]!, { seconds, answered }));
      return estimate(examination, 'inference.offline.rate')!;
    };
    expect(slow(68).value).toBeCloseTo(8 / 1.7, 6);
    expect(slow(68).U).toBeLessThan(2);
    expect(slow(68).n).toBe(10);
    // Too short for two windows: as uncertain as itself.
    expect(slow(7)).toMatchObject({ value: 32 / 7, U: 32 / 7, n: 1 });
  });

  it('takes nothing from a network one of whose trials ended before its first query was due', () => {
    const none = played('Server', { rate: 0.1, due: 0, latenciesUs: [], answered: [], compared: 0 });
    const examination = examine((raw) => raw.models[0]!.played.push(none));
    expect(examination.checks.find((c) => c.id === 'answers_right/mobilenetv2')?.passed).toBe(true);
    const alone = examine((raw) => (raw.models[0]!.played = [none]));
    expect(alone.checks.find((c) => c.id === 'answers_right/mobilenetv2')?.passed).toBe(false);
  });

  it.each<[string, number, string, boolean]>([
    ['FP64', 1e-7, 'FP64', true],
    ['FP64', 1e-5, 'FP64', false],
    ['FP32', 1e-4, 'FP32', true],
    ['FP32', 1e-3, 'TF32', true],
    ['FP32', 3e-2, 'FP32', false],
    ['FP16', 1e-2, 'FP16', true],
    ['FP16', 3e-2, 'FP16', false],
    ['BF16', 9e-2, 'BF16', true],
    ['INT8', 4e-2, 'INT8', true],
    ['INT8', 6e-2, 'INT8', false],
  ])('judges weights of %s that are off by %d on a GPU as %s', (stored, error, precision, verified) => {
    const examination = examine(
      (raw) => {
        const [model] = raw.models;
        Object.assign(model!, { precision: stored, asked: 'cuda', providers: { CUDAExecutionProvider: 50 } });
        model!.accuracy = [
          { error, scale: 1, finite: true },
          { error: 0, scale: 1, finite: true },
        ];
      },
      { provider: 'cuda' },
    );
    const own = examination.metrics.filter((metric) => metric.metric !== 'inference.overhead.p50');
    expect(own.every((metric) => metric.verified === verified && metric.labels.precision === precision)).toBe(true);
  });

  it('never takes a CPU for one that multiplies as TF32', () => {
    const examination = examine((raw) => (raw.models[0]!.accuracy[0] = { error: 1e-3, scale: 1, finite: true }));
    expect(examination.findings.map((finding) => finding.code)).toEqual(['incorrect_result']);
  });

  it('says of a model that could not run here why, and shows nothing of it', () => {
    const examination = examine((raw) => (raw.models[0]!.unsupported = 'no memory'));
    expect(examination.metrics.map((metric) => metric.metric)).toEqual(['inference.overhead.p50']);
    expect(examination.findings.map((finding) => finding.code)).toEqual(['unsupported', 'zero_work']);
  });
});

describe('the proof of edge.realtime', () => {
  const single = (latencies: number[]) => {
    const raw = honest();
    const seconds = latencies.reduce((sum, latency) => sum + latency, 0) / 1e6;
    return {
      ...raw,
      nullRuns: [],
      models: [{ ...raw.models[0]!, played: [played('SingleStream', { latenciesUs: latencies, seconds })] }],
    };
  };
  const see = (raw: InferenceRaw, deadlineMs = 20) =>
    realtimeProof.examine(raw, {
      settings: { model: 'mobilenetv2', provider: 'cpu', deadlineMs },
      transcript: undefined,
      evidence: () => undefined,
    });

  it('shows percentiles and the share of missed deadlines', () => {
    const latencies = Array.from({ length: 1_000 }, (_, i) => (i % 100 === 0 ? 25_000 : 10_000));
    const examination = see(single(latencies));
    expect(examination.findings).toEqual([]);
    expect(estimate(examination, 'edge.latency.p50')?.value).toBe(0.01);
    expect(estimate(examination, 'edge.latency.p99')).toMatchObject({ value: 0.01, U: 0.015 });
    expect(estimate(examination, 'edge.deadline.misses')?.value).toBe(0.01);
    const named = new Map(realtimeDescriptor.metrics.map((metric) => [metric.id, metric.unit]));
    for (const metric of examination.metrics) expect(metric.estimate.unit).toBe(named.get(metric.metric));
  });

  it('holds back another network and another provider than were asked for', () => {
    for (const change of [{ model: 'resnet50' }, { asked: 'cuda' }]) {
      const raw = single(new Array(1_000).fill(10_000));
      Object.assign(raw.models[0]!, change);
      expect(see(raw).findings.map((finding) => finding.code)).toContain('evidence_mismatch');
    }
  });

  it('holds back what too few queries show, what does not add up, and what never ran', () => {
    expect(see(single(new Array(458).fill(10_000))).findings).toMatchObject([
      { code: 'too_few_samples', metric: 'edge.latency.p99' },
    ]);
    const shorter = single(new Array(1_000).fill(10_000));
    shorter.models[0]!.played[0]!.seconds = 5;
    expect(see(shorter).findings.map((finding) => finding.code)).toContain('implausible');
    expect(see({ ...honest(), models: [] }).findings.map((finding) => finding.code)).toEqual(['zero_work']);
    expect(see(single([])).metrics).toEqual([]);
  });
});
