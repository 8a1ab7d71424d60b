import { describe, expect, it } from 'vitest';
import { proof } from '../../../../benchmarks/compute/challenge/proof.ts';
import type { Requirement } from '../../../../model/guide.ts';
import type { Examination, Finding, Metric } from '../../../../model/measurement.ts';
import { withFleet } from '../../../../reports/build/fleet.ts';
import type { Case, JudgedAttempt } from '../../../../reports/judge/case.ts';
import { judge } from '../../../../reports/judge/judge.ts';
import { challenge, deviant, joined, settingsOf, smallParameters } from '../../benchmarks/compute/challenge-fixture.ts';
import { attempt, makeCase, metric, target } from './builder.ts';

const first = (run: Case) => judge(run).verdicts[0]!;
const outcomeOf = (run: Case) => first(run).outcome;
const missing = (run: Case): string[] =>
  first(run).reasons.flatMap((r) => (r.code === 'evidence_missing' ? [r.detail] : []));

type Told = readonly Metric[] | { readonly metrics: readonly Metric[]; readonly findings: Finding[] };

/** Attempts of one node, one after the other, all of them planned. */
function repeats(
  requirement: Partial<Requirement>,
  told: readonly Told[],
  sufficiency: object = { minRepeats: 3 },
): Case {
  const attempts = told.map((one, i) => {
    const { metrics, findings } = 'metrics' in one ? one : { metrics: one, findings: [] };
    return attempt('n', [...metrics], { attempt: i + 1, sha256: `${i + 1}`.repeat(64), findings });
  });
  const run = makeCase([target(requirement, { sufficiency: { level: 'E1', ...sufficiency } })], attempts);
  return { ...run, plan: { ...run.plan, assignments: run.plan.assignments.map((a) => ({ ...a, repeats: 3 })) } };
}

const of = (device: string, labels: Record<string, string> = {}, changes: Partial<Metric> = {}) =>
  metric(60, { labels: { device, ...labels }, ...changes });
const both = [of('cuda:0'), of('cuda:1')];
const held = (code: Finding['code'], changes: Partial<Finding> = {}): Finding => ({
  code,
  detail: 'this is why',
  weight: 'holds',
  ...changes,
});

describe('a device that some repeats leave out', () => {
  it('keeps a target from passing, and the repeats are named', () => {
    expect(outcomeOf(repeats({}, [both, both, both]))).toBe('pass');
    const run = repeats({}, [both, [of('cuda:0')], [of('cuda:0')]]);
    expect(outcomeOf(run)).toBe('indeterminate');
    expect(missing(run)).toEqual(['bench.n attempt 2: no rate of cuda:1', 'bench.n attempt 3: no rate of cuda:1']);
  });

  it('does so whichever repeat it is, and under every fold and comparison', () => {
    for (const fold of ['sum', 'minimum', 'maximum'] as const) {
      for (const [comparison, limit] of [
        ['>=', 1],
        ['<=', 1e6],
      ] as const) {
        for (const gone of [0, 1, 2]) {
          const told = [0, 1, 2].map((i) => (i === gone ? [of('cuda:0')] : both));
          expect(outcomeOf(repeats({ fold, comparison, limit }, [both, both, both]))).toBe('pass');
          expect(outcomeOf(repeats({ fold, comparison, limit }, told))).toBe('indeterminate');
        }
      }
    }
  });

  it('is one also where nothing but the volume tells it from the others', () => {
    const volumes = (...names: string[]) => names.map((volume) => metric(60, { labels: { volume } }));
    expect(outcomeOf(repeats({}, [volumes('a', 'b'), volumes('a', 'b'), volumes('a', 'b')]))).toBe('pass');
    const run = repeats({}, [volumes('a', 'b'), volumes('a'), volumes('a', 'b')]);
    expect(missing(run)).toEqual(['bench.n attempt 2: no rate of b']);
    expect(outcomeOf(run)).toBe('indeterminate');
  });

  it('is missed within the precision that is judged, and not by others', () => {
    const at = (precision: string, ...devices: string[]) => devices.map((device) => of(device, { precision }));
    const whole = [...at('FP16', 'cuda:0', 'cuda:1'), ...at('FP8', 'cuda:0', 'cuda:1')];
    const less = [...at('FP16', 'cuda:0', 'cuda:1'), ...at('FP8', 'cuda:0')];
    const run = repeats({ choose: 'precision' }, [whole, less, whole]);
    expect(first(run).requirements[0]).toMatchObject({ outcome: 'pass', choice: { value: 'FP16' } });
    const claims = { schema: 'assay/claims/v1' as const, targets: {} as Record<string, never> };
    const claimed = { value: 100, unit: 'op/s', choice: 'FP8' };
    const atFP8 = { ...run, claims: { ...claims, targets: { 'compute.capacity': claimed } } };
    expect([outcomeOf(atFP8), missing(atFP8)]).toEqual(['indeterminate', ['bench.n attempt 2: no rate of cuda:1']]);
    expect(outcomeOf(repeats({ where: { precision: 'FP8' } }, [whole, less, whole]))).toBe('indeterminate');
  });

  it('cannot be told from others by more than their number, which is missed too', () => {
    const models = (...names: string[]) => names.map((model) => metric(60, { labels: { model } }));
    const run = repeats({ limit: 50 }, [models('a', 'b'), models('a'), models('a', 'b')]);
    expect(outcomeOf(run)).toBe('indeterminate');
    expect(missing(run)).toEqual(['bench.n attempt 2: fewer rate than in another attempt']);
  });

  it('is named with few others where a node leaves out very many', () => {
    const many = Array.from({ length: 20_000 }, (_, i) => of(`d${i}`));
    const [reason] = missing(repeats({}, [many, [of('d0')], many]));
    expect(reason).toBe('bench.n attempt 2: no rate of d1, d2, d3, d4, d5 and 19994 more');
  });

  it('that answered wrongly in the samples hides nothing by being left out of them', () => {
    const parameters = smallParameters('FP32');
    const examined = (seed: number, wrong: boolean, shown: number): Examination => {
      const right = challenge({ device: 'cuda:0', seed, rounds: 4, parameters });
      const answer = wrong ? { answer: deviant({ sum: (s) => s + 1 }) } : {};
      const other = challenge({ device: 'cuda:1', seed: seed + 50, rounds: 4, parameters, ...answer });
      const exam = joined([
        { exam: right, laterNs: 0 },
        { exam: other, laterNs: 0 },
      ]);
      const results = exam.results.slice(0, shown);
      const raw = { challenge: exam.challenge, threads: 1, engines: [], unsupported: [], results };
      const settings = settingsOf(parameters);
      return proof.examine(raw, { settings, transcript: exam.transcript, evidence: () => undefined });
    };
    const honest = examined(1, false, 2);
    const total = honest.metrics
      .filter((one) => one.metric === 'compute.challenge.rate')
      .reduce((sum, { estimate }) => sum + estimate.value, 0);
    const judged = (wrong: boolean, shown: number): Case => {
      const attempts = [honest, examined(2, wrong, shown), examined(3, wrong, shown)].map((examination, i) => ({
        ...attempt('n', [], { attempt: i + 1, sha256: `${i + 1}`.repeat(64) }),
        examination,
        measurement: { node: 'n' },
      }));
      const asked = { metric: 'compute.challenge.rate', limit: total * 0.5, choose: 'precision' };
      return makeCase([target(asked, { sufficiency: { level: 'E2', minRepeats: 3 } })], withFleet(attempts, []));
    };
    expect(outcomeOf(judged(false, 2))).toBe('pass');
    expect(outcomeOf(judged(true, 2))).toBe('indeterminate');
    expect(outcomeOf(judged(true, 1))).toBe('indeterminate');
    expect(outcomeOf(judged(false, 1))).toBe('indeterminate');
  });
});

describe('a repeat without any reading', () => {
  const none = (findings: Finding[]): Told => ({ metrics: [], findings });

  it.each(['zero_work', 'evidence_missing'] as const)('keeps a target from passing and says %s', (code) => {
    const run = repeats({}, [both, none([held(code)]), none([held(code)])]);
    expect(outcomeOf(run)).toBe('indeterminate');
    expect(first(run).reasons).toContainEqual({ code, detail: 'bench.n attempt 2: this is why' });
    expect(judge(run).overall.outcome).not.toBe('passed');
  });

  it('keeps it from passing also where it says nothing', () => {
    const run = repeats({}, [both, both, none([])]);
    expect(outcomeOf(run)).toBe('indeterminate');
    expect(missing(run)).toEqual(['bench.n attempt 3: no rate of cuda:0, cuda:1']);
  });

  it('on a node that another assignment measured is missed, though the node has a reading', () => {
    const run = makeCase([target({ limit: 50 })], [attempt('a', [of('cuda:0')])]);
    const [one] = run.plan.assignments;
    const twice = (metrics: Metric[]): Case => ({
      ...run,
      plan: { ...run.plan, assignments: [one!, { ...one!, id: 'again' }] },
      issued: { 'bench.a': 1, again: 1 },
      attempts: [...run.attempts, attempt('a', metrics, { assignment: 'again', sha256: 'b'.repeat(64) })],
    });
    expect(outcomeOf(twice([of('cuda:0')]))).toBe('pass');
    expect(outcomeOf(twice([]))).toBe('indeterminate');
  });

  it('takes its finding along where the share of nodes would do without it', () => {
    const judged = (findings: Finding[]): Case =>
      makeCase(
        [target({}, { sufficiency: { level: 'E1', minNodeShare: 0.5 } })],
        [attempt('a', both), attempt('b', [], { findings })],
      );
    expect(outcomeOf(judged([held('zero_work')]))).toBe('indeterminate');
    expect(outcomeOf(judged([]))).toBe('pass');
  });
});

describe('a finding that holds what was not read', () => {
  const one = (changes: Partial<Finding>): Told => ({
    metrics: [of('cuda:0')],
    findings: [held('zero_work', changes)],
  });
  const outcome = (changes: Partial<Finding>, requirement: Partial<Requirement> = {}) =>
    outcomeOf(repeats({ limit: 50, ...requirement }, [one(changes), one(changes), one(changes)]));

  it('holds what was read back', () => {
    expect(outcome({ metric: 'rate', labels: { device: 'cuda:1' } })).toBe('indeterminate');
    expect(outcome({ metric: 'rate', labels: { device: 'cuda:1' }, weight: 'informs' })).toBe('pass');
  });

  it('is nothing to other metrics and to what the requirement does not ask for', () => {
    expect(outcome({ metric: 'another', labels: { device: 'cuda:1' } })).toBe('pass');
    expect(outcome({ metric: 'rate', labels: { device: 'cuda:1' } }, { where: { device: 'cuda:0' } })).toBe('pass');
    const fp16 = of('cuda:0', { precision: 'FP16' });
    const told = { metrics: [fp16], findings: [held('zero_work', { metric: 'rate', labels: { precision: 'FP8' } })] };
    expect(outcomeOf(repeats({ limit: 50, choose: 'precision' }, [told, told, told]))).toBe('pass');
  });
});

describe('a label that some repeats leave out', () => {
  const counted = { fold: 'distinct', label: 'precision', limit: 2, unit: 'count' } as const;
  const at = (...precisions: string[]) => precisions.map((precision) => of('cuda:0', { precision }));

  it('is not counted, and what it may have added leaves no clear fail', () => {
    expect(outcomeOf(repeats(counted, [at('FP32', 'FP16'), at('FP32', 'FP16'), at('FP32', 'FP16')]))).toBe('pass');
    const run = repeats(counted, [at('FP32', 'FP16'), at('FP32'), at('FP32')]);
    expect(outcomeOf(run)).toBe('indeterminate');
    expect(first(run).requirements[0]!.counted).toEqual(['FP32']);
    expect(missing(run)).toEqual(['bench.n attempt 2: no rate of FP16', 'bench.n attempt 3: no rate of FP16']);
  });

  it('takes nothing from the others, unless there must not be more', () => {
    const told = [at('FP32', 'FP16', 'FP8'), at('FP32', 'FP16'), at('FP32', 'FP16')];
    expect(outcomeOf(repeats(counted, told))).toBe('pass');
    expect(outcomeOf(repeats({ ...counted, comparison: '<=' }, told))).toBe('indeterminate');
    expect(outcomeOf(repeats({ ...counted, limit: 4 }, told))).toBe('fail');
  });

  it('is not counted where it was wrong in a repeat that another backend ran', () => {
    const by = (backend: string, verified = true) => of('cuda:0', { precision: 'FP16', backend }, { verified });
    const fp32 = at('FP32')[0]!;
    const run = repeats(counted, [
      [fp32, by('x')],
      [fp32, by('y', false)],
      [fp32, by('x')],
    ]);
    expect(outcomeOf(run)).toBe('indeterminate');
    expect(
      outcomeOf(
        repeats(counted, [
          [fp32, by('x')],
          [fp32, by('y')],
          [fp32, by('x')],
        ]),
      ),
    ).toBe('pass');
  });

  it('is not counted where a repeat did no work in it', () => {
    const idle = [...at('FP32'), of('cuda:0', { precision: 'FP16' }, { estimate: metric(0).estimate })];
    const busy = at('FP32', 'FP16');
    expect(outcomeOf(repeats(counted, [busy, idle, busy]))).toBe('indeterminate');
    expect(outcomeOf(repeats(counted, [idle, idle, idle]))).not.toBe('pass');
  });

  it('is not made good by samples that were not whole', () => {
    const cut: Told = { metrics: [], findings: [held('evidence_missing')] };
    const run = repeats(counted, [at('FP32', 'FP16'), cut, cut]);
    expect(outcomeOf(run)).toBe('indeterminate');
    expect(missing(run)).toContain('bench.n attempt 2: this is why');
  });

  it('is not counted by a device that leaves it out, and is by one that has it every time', () => {
    const on = (device: string, verified = true) => of(device, { precision: 'FP16' }, { verified });
    const fp32 = at('FP32')[0]!;
    const tooShort: Finding = held('too_short', { metric: 'rate', labels: { device: 'cuda:1' } });
    const told = (second: Metric[]): Told[] => [
      { metrics: [fp32, on('cuda:0'), on('cuda:1')], findings: [tooShort] },
      { metrics: [fp32, ...second], findings: [tooShort] },
    ];
    expect(outcomeOf(repeats(counted, told([on('cuda:0'), on('cuda:1')]), {}))).not.toBe('fail');
    // What was wrong on one device must not count for being left out, where another device shows the label.
    for (const second of [[on('cuda:0', false), on('cuda:1')], [on('cuda:1')]]) {
      const run = repeats(counted, told(second), {});
      expect(first(run).requirements[0]!.counted).toEqual(['FP32']);
      expect(outcomeOf(run)).toBe('indeterminate');
    }
    const both16 = [fp32, on('cuda:0'), on('cuda:1')];
    expect(outcomeOf(repeats(counted, [both16, [fp32, on('cuda:0')], both16]))).toBe('pass');
  });

  it('counts where each node has its own, and where one node has it every time', () => {
    const run = (b: Metric[]): Case =>
      makeCase(
        [target(counted)],
        [
          attempt('a', at('FP32', 'FP16')),
          attempt('a', at('FP32'), { attempt: 2, sha256: 'a2'.padEnd(64, '0') }),
          attempt('b', b),
        ],
      );
    expect(outcomeOf(run(at('FP16')))).toBe('pass');
    expect(outcomeOf(run(at('FP32')))).toBe('indeterminate');
  });
});

describe('an honest run', () => {
  it('passes where another backend or engine is chosen in another repeat', () => {
    const by = (backend: string) => [of('cuda:0', { backend }), of('cuda:1', { backend })];
    expect(outcomeOf(repeats({}, [by('cublaslt'), by('torch'), by('cublaslt')]))).toBe('pass');
  });

  it('passes where another precision is chosen in another repeat and the target asks for none', () => {
    const at = (precision: string) => [of('cuda:0', { precision }), of('cuda:1', { precision })];
    expect(outcomeOf(repeats({}, [at('FP16'), at('BF16'), at('FP16')]))).toBe('pass');
  });

  it('passes after an attempt that failed, or that was unsupported, gave nothing', () => {
    const second = (changes: Partial<JudgedAttempt>): Case =>
      makeCase([target({})], [attempt('a', [], changes), attempt('a', both, { attempt: 2, sha256: 'b'.repeat(64) })]);
    expect(outcomeOf(second({ state: 'failed' }))).toBe('pass');
    expect(outcomeOf(second({ state: 'unsupported' }))).toBe('pass');
  });

  it('passes where only some devices, and only some nodes, can do what is asked', () => {
    const can = [of('cuda:0', { precision: 'FP8' }), of('cuda:1', { precision: 'FP16' })];
    expect(outcomeOf(repeats({ limit: 50, choose: 'precision' }, [can, can, can]))).toBe('pass');
    const run = makeCase(
      [target({ choose: 'precision' }, { sufficiency: { level: 'E1', minNodeShare: 0.5 } })],
      [
        attempt('a', [metric(120, { labels: { device: 'cuda:0', precision: 'FP8' } })]),
        attempt('b', [metric(60, { labels: { device: 'cuda:0', precision: 'FP16' } })]),
      ],
    );
    expect(outcomeOf(run)).toBe('pass');
  });

  it('passes where a count is taken over the fleet', () => {
    const share = metric(1, { metric: 'share', labels: {}, estimate: { ...metric(1).estimate, unit: 'ratio' } });
    const t = target({ metric: 'share', fold: 'minimum', limit: 0.5, unit: 'ratio' }, { kind: 'counted' });
    expect(outcomeOf(makeCase([t], [], { counted: [{ metric: share, sha256: 'c'.repeat(64) }] }))).toBe('pass');
  });
});
