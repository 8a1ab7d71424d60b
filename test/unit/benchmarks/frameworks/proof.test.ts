import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { descriptor } from '../../../../benchmarks/frameworks/descriptor.ts';
import { SYMBOLS } from '../../../../benchmarks/frameworks/engines.ts';
import { readWeights } from '../../../../benchmarks/frameworks/network.ts';
import { proof } from '../../../../benchmarks/frameworks/proof.ts';
import {
  type FrameworkRun,
  type FrameworksSamples,
  type LoadedObject,
  FrameworksSamples as Schema,
} from '../../../../benchmarks/frameworks/samples.ts';
import { examplesOf } from '../../../../benchmarks/frameworks/task.ts';
import type { Transcript } from '../../../../model/assignment.ts';
import { check } from '../../../../model/schema.ts';
import {
  base64,
  CHALLENGE,
  disguised,
  HELD,
  HELD_OUT,
  objectOf,
  outsideOf,
  permutedUnits,
  runOf,
  samplesOf,
  solution,
  transcriptOf,
} from './solved.ts';

const settings = { ...descriptor.profiles.quick, heldOut: HELD_OUT };
const examine = (samples: FrameworksSamples, transcript?: Transcript) =>
  proof.examine(samples, { settings, transcript, evidence: () => undefined });
const levels = (samples: FrameworksSamples, transcript?: Transcript) =>
  examine(samples, transcript).metrics.filter((one) => one.metric === 'frameworks.adapted.level');
/** Engines that count: a verified level above zero that no finding holds. */
const counted = (samples: FrameworksSamples) => {
  const holding = examine(samples).findings.filter((finding) => finding.weight === 'holds');
  const held = (labels: Record<string, string>) =>
    holding.some((finding) => Object.entries(finding.labels ?? {}).every(([key, value]) => labels[key] === value));
  const counting = levels(samples).filter((one) => one.verified && one.estimate.value > 0 && !held(one.labels));
  return [...new Set(counting.map((one) => one.labels.engine))];
};
const codes = (samples: FrameworksSamples) => examine(samples).findings.map((one) => one.code);
/** A run with something changed in every precision. */
const spoiled = (over: Partial<FrameworkRun['runs'][number]>): FrameworkRun => {
  const run = runOf(HELD);
  return { ...run, runs: run.runs.map((one) => ({ ...one, ...over })) };
};

describe('a framework that trained and inferred', () => {
  it('counts, at E1 with the transcript too, with the metrics that the descriptor names', () => {
    const samples = samplesOf(runOf(HELD));
    expect(check(Schema, samples)).toMatchObject({ ok: true });
    expect(counted(samples)).toEqual(['torch']);
    expect(levels(samples).map((one) => one.level)).toEqual(['E1', 'E1']);
    const checked = examine(samples, transcriptOf(samples));
    expect(checked.metrics.every((one) => one.level === 'E1')).toBe(true);
    const named = new Set(descriptor.metrics.map((one) => `${one.id} ${one.unit}`));
    for (const one of checked.metrics) expect(named).toContain(`${one.metric} ${one.estimate.unit}`);
    expect(levels(samples)[0]?.labels).toEqual({
      framework: 'pytorch',
      engine: 'torch',
      build: 'known',
      device: 'cpu',
      precision: 'float32',
      level: 'L1',
    });
  });

  it('counts once with another front end on the same engine, and that is said', () => {
    const keras = runOf(HELD, { framework: 'keras', title: 'Keras', backend: 'torch' });
    const samples = samplesOf(runOf(HELD), keras);
    expect(counted(samples)).toEqual(['torch']);
    expect(codes(samples)).toContain('same_engine');
  });

  it('is at level 2 on an accelerator', () => {
    const outside = { ...outsideOf('torch'), devices: ['/dev/nvidia0'] };
    const run = runOf(HELD, { accelerated: true, device: 'cuda:0 X', outside });
    const samples = { ...samplesOf(run), accelerators: ['nvidia0'] };
    expect(levels(samples)[0]).toMatchObject({ labels: { level: 'L2', device: 'cuda:0 X' }, estimate: { value: 1 } });
  });

  it('is not on an accelerator by its own word, without one open in its process', () => {
    const run = runOf(HELD, { accelerated: true, device: 'cuda:0 X' });
    expect(counted({ ...samplesOf(run), accelerators: ['nvidia0'] })).toEqual([]);
    expect(codes({ ...samplesOf(run), accelerators: ['nvidia0'] })).toContain('cpu_fallback');
    expect(levels(samplesOf(run))[0]).toMatchObject({ labels: { level: 'L1', device: 'cpu' } });
    expect(codes(samplesOf(run))).toContain('cpu_fallback');
  });

  it('does not count on the CPU of a node that has accelerators', () => {
    const samples = { ...samplesOf(runOf(HELD)), accelerators: ['davinci0'] };
    expect(counted(samples)).toEqual([]);
    expect(codes(samples)).toContain('cpu_fallback');
  });
});

describe('weights that were there before', () => {
  const jax = (over: Partial<FrameworkRun> = {}) => runOf(HELD, { framework: 'jax', title: 'JAX', ...over });
  const torch = runOf(HELD);

  it('hold nothing back where each framework came to its own', () => {
    expect(counted(samplesOf(torch, jax()))).toEqual(['torch', 'jax']);
    expect(codes(samplesOf(torch, jax()))).not.toContain('same_engine');
  });

  it('make one engine of two names', () => {
    const samples = samplesOf(torch, jax({ runs: torch.runs }));
    expect(counted(samples)).toEqual(['torch']);
    expect(examine(samples).findings).toContainEqual({
      code: 'same_engine',
      detail: 'JAX in float32 has the weights of PyTorch in float32: one training under two names',
      metric: 'frameworks.adapted.level',
      labels: { framework: 'jax' },
      weight: 'holds',
    });
  });

  it('are known in another precision too, and with a little noise on them', () => {
    const noisy = solution(CHALLENGE, 2 * 1).map((weight, i) => weight + (i % 2 === 0 ? 0.001 : -0.001));
    const own = jax().runs;
    const borrowed = [own[0]!, { ...own[1]!, weights: base64(Float32Array.from(noisy)) }];
    expect(counted(samplesOf(torch, jax({ runs: borrowed })))).toEqual(['torch']);
  });

  it('are known with their hidden units in another order, scaled, and with all scores shifted', () => {
    const [first, second] = torch.runs;
    const other = disguised(readWeights(first!.weights)!);
    expect(other).not.toEqual(readWeights(first!.weights));
    const borrowed = jax({ runs: [{ ...first!, weights: base64(other) }] });
    // It does give the very answers: nothing but the likeness tells.
    expect(counted(samplesOf(borrowed))).toEqual(['jax']);
    expect(counted(samplesOf(torch, borrowed))).toEqual(['torch']);
    const permuted = { ...second!, weights: base64(permutedUnits(readWeights(first!.weights)!, 7)) };
    expect(examine(samplesOf({ ...torch, runs: [first!, permuted] })).findings).toContainEqual(
      expect.objectContaining({ code: 'same_engine', labels: { framework: 'pytorch', precision: 'float64' } }),
    );
  });

  it('are no result of another precision', () => {
    const [first, second] = torch.runs;
    const samples = samplesOf({ ...torch, runs: [first!, { ...second!, weights: first!.weights }] });
    expect(counted(samples)).toEqual(['torch']);
    const labels = { framework: 'pytorch', precision: 'float64' };
    expect(examine(samples).findings).toContainEqual(
      expect.objectContaining({ code: 'same_engine', labels, weight: 'holds' }),
    );
  });

  it('may be equal in two front ends of one engine, which count once all the same', () => {
    const keras = runOf(HELD, { framework: 'keras', title: 'Keras', backend: 'torch', runs: torch.runs });
    const holding = examine(samplesOf(torch, keras)).findings.filter((finding) => finding.weight === 'holds');
    expect(holding).toEqual([]);
    expect(counted(samplesOf(torch, keras))).toEqual(['torch']);
  });
});

describe('the name of a precision', () => {
  it('is one of those that are known', () => {
    const samples = samplesOf(spoiled({}));
    const named = { ...samples.runs[0]!.runs[0]!, precision: 'float33' };
    const run = { ...samples.runs[0]!, runs: [named] };
    expect(check(Schema, { ...samples, runs: [run] })).toMatchObject({ ok: false });
  });

  it('is one that was asked for', () => {
    const { metrics } = proof.examine(samplesOf(runOf(HELD)), {
      settings: { ...settings, precisions: ['float32'] },
      transcript: undefined,
      evidence: () => undefined,
    });
    const verified = metrics.filter((one) => one.verified).map((one) => one.labels.precision);
    expect([...new Set(verified)]).toEqual(['float32']);
  });
});

describe('a framework that gives', () => {
  const { labels } = examplesOf(CHALLENGE, HELD, 'held', HELD_OUT);
  const right = labels.join('');
  const nan = solution(CHALLENGE);
  nan[0] = Number.NaN;
  const untrained = solution('00'.repeat(32));

  it.each<[string, Partial<FrameworkRun['runs'][number]>]>([
    ['one constant answer', { labels: '3'.repeat(HELD_OUT) }],
    ['guesses', { labels: Array.from(labels, (_, i) => (i * 31) % 8).join('') }],
    [
      '2 % wrong answers',
      { labels: Array.from(labels, (label, i) => (i % 50 === 0 ? (label + 1) % 8 : label)).join('') },
    ],
    ['too few answers', { labels: right.slice(1) }],
    ['too many answers', { labels: `${right}0` }],
    ['no answers', { labels: '' }],
    ['answers that are no digits', { labels: 'x'.repeat(HELD_OUT) }],
    ['right answers with the weights of another task', { weights: base64(untrained) }],
    ['right answers with weights that are not finite', { weights: base64(nan) }],
    ['right answers without weights', { weights: '' }],
    ['right answers without a step of training', { steps: 0 }],
    ['right answers with a loss that did not fall', { lastLoss: 2.1 }],
  ])('%s does not count', (_, over) => {
    const samples = samplesOf(spoiled(over));
    expect(counted(samples)).toEqual([]);
    expect(codes(samples)).toContain('incorrect_result');
    expect(examine(samples).metrics.every((one) => !one.verified)).toBe(true);
  });

  it('right answers and then dies, hangs or breaks the protocol does not count', () => {
    for (const code of ['crashed', 'timed_out', 'parse_error'] as const) {
      const samples = samplesOf(runOf(HELD, { failure: { code, detail: 'x' } }));
      expect(counted(samples)).toEqual([]);
      expect(codes(samples)).toContain(code);
    }
  });

  it('nothing at all does not count, and takes nothing from the others', () => {
    const jax = runOf('', { framework: 'jax', title: 'JAX', runs: [], failure: { code: 'crashed', detail: 'x' } });
    expect(counted(samplesOf(jax, runOf(HELD)))).toEqual(['torch']);
  });

  it('no result at all is held back, with the reason, because no metric would say it', () => {
    const failed = runOf('', { runs: [], failure: { code: 'crashed', detail: 'ended with 3' } });
    const refusing = runOf('', { runs: [], refused: [{ precision: 'float32', detail: 'no memory' }] });
    const present = { ...samplesOf(), present: [{ framework: 'mxnet', version: '1.9.1' }] };
    for (const [samples, code, detail] of [
      [samplesOf(), 'tool_missing', 'no framework was found that can be tried'],
      [present, 'tool_missing', 'no framework was found that can be tried; without a probe: mxnet 1.9.1'],
      [samplesOf(failed), 'zero_work', 'no framework was trained: PyTorch: ended with 3'],
      [samplesOf(refusing), 'zero_work', 'no framework was trained: PyTorch: no memory'],
    ] as const) {
      const examination = examine(samples);
      expect(examination.metrics).toEqual([]);
      expect(examination.findings).toContainEqual({ code, detail, weight: 'holds' });
    }
    expect(examine(samplesOf(failed, runOf(HELD))).findings.filter((one) => one.weight === 'holds')).toEqual([]);
  });

  it('answers to fewer inputs than show 99 % does not count', () => {
    const few = examplesOf(CHALLENGE, HELD, 'held', 400).labels.join('');
    const samples = samplesOf(spoiled({ labels: few }));
    const { metrics } = proof.examine(samples, {
      settings: { ...settings, heldOut: 400 },
      transcript: undefined,
      evidence: () => undefined,
    });
    expect(metrics.every((one) => !one.verified)).toBe(true);
  });
});

describe('the engine behind right answers', () => {
  const like = { ...objectOf('torch'), sha256: 'ab'.repeat(32), bytes: 119_000_000, symbols: [...SYMBOLS].sort() };
  const seen = (...objects: LoadedObject[]) => ({ outside: { ...outsideOf('torch'), objects } });
  const judged = (over: Partial<FrameworkRun>) => {
    const examination = examine(samplesOf(runOf(HELD, over)));
    const [metric] = examination.metrics;
    const said = examination.findings.find((one) => one.code === 'build_unknown' || one.code === 'engine_unproven');
    return { build: metric?.labels.build, counts: metric?.verified, code: said?.code, detail: said?.detail ?? '' };
  };

  it('is a published build, named with the day of the list', () => {
    expect(judged({})).toEqual({ build: 'known', counts: true, code: undefined, detail: '' });
    expect(examine(samplesOf(runOf(HELD))).checks[0]?.detail).toMatch(
      /libtorch_cpu\.so is that of torch .* of PyPI, list of \d{4}-\d\d-\d\d$/,
    );
  });

  it('counts as an unknown build by its functions and its operations, which is said with the digest', () => {
    const { detail, ...rest } = judged(seen(like));
    expect(rest).toEqual({ build: 'unknown', counts: true, code: 'build_unknown' });
    expect(detail).toContain('ab'.repeat(32));
  });

  const unseen = { outside: undefined } as unknown as Partial<FrameworkRun>;
  it.each<[string, Partial<FrameworkRun>, string]>([
    ['nothing of it is loaded', seen(), 'no library of torch is loaded'],
    ['only a file of its name is', seen({ ...like, symbols: [] }), 'lacks the functions of torch'],
    [
      'one of its functions is missing',
      seen({ ...like, symbols: like.symbols.filter((one) => !/random64/.test(one)) }),
      'lacks the functions',
    ],
    ['the file is too small for it', seen({ ...like, bytes: 1_000_000 }), 'lacks the functions of torch'],
    ['a published file has another size', seen({ ...objectOf('torch'), bytes: 5 }), 'is no build in the list'],
    ['another engine is loaded', seen(objectOf('jax')), 'no library of torch is loaded'],
    ['the package lists another digest', seen({ ...like, symbols: [], record: 'differs' }), 'nor what the installed'],
    ['its operations are wrong', { operations: runOf(HELD).operations.map((one) => one + 1) }, 'are wrong'],
    ['its operations are those of another seed', { operations: runOf('88'.repeat(32)).operations }, 'are wrong'],
    ['it refuses its operations', { operations: [] }, 'operations that only torch has are wrong'],
    ['an unknown build gives wrong operations', { ...seen(like), operations: [1] }, 'are wrong'],
    ['its process is not seen', unseen, 'could not be seen from outside'],
  ])('does not count when %s', (_, over, detail) => {
    const run = runOf(HELD, over);
    const examination = examine(samplesOf(run));
    expect(examination.metrics.length).toBeGreaterThan(0);
    expect(examination.metrics.every((one) => !one.verified)).toBe(true);
    expect(counted(samplesOf(run))).toEqual([]);
    expect(examination.findings).toContainEqual(
      expect.objectContaining({ code: 'engine_unproven', detail: expect.stringContaining(detail) }),
    );
  });

  it('does not count as an unknown build where builds have no functions of their own in common', () => {
    const mindspore = runOf(HELD, { framework: 'mindspore', title: 'MindSpore' });
    expect(counted(samplesOf(mindspore))).toEqual(['mindspore']);
    const changed = { ...objectOf('mindspore'), sha256: 'cd'.repeat(32) };
    const unknown = { ...mindspore, outside: { ...outsideOf('mindspore'), objects: [changed] } };
    expect(counted(samplesOf(unknown))).toEqual([]);
  });

  it('is that of the back end for a front end, which must name one that is known', () => {
    const keras = (backend: string) => runOf(HELD, { framework: 'keras', title: 'Keras', backend });
    expect(counted(samplesOf(keras('tensorflow')))).toEqual(['tensorflow']);
    for (const backend of ['', 'numpy', 'constructor', '__proto__']) {
      expect(counted(samplesOf(keras(backend)))).toEqual([]);
    }
    expect(counted(samplesOf({ ...keras('torch'), outside: outsideOf('tensorflow') }))).toEqual([]);
  });

  it('is its own for a framework that has one, whatever it says', () => {
    expect(counted(samplesOf(runOf(HELD, { backend: 'tensorflow' })))).toEqual(['torch']);
  });

  it('cannot be told of an interpreter that cannot be reached, which is said', () => {
    const unreachable = [{ framework: 'jax', version: '0.10.2', command: ['docker', 'run', '-i', 'x', 'python'] }];
    const samples = { ...samplesOf(runOf(HELD)), unreachable };
    expect(counted(samples)).toEqual(['torch']);
    expect(examine(samples).findings).toContainEqual({
      code: 'engine_unproven',
      detail: expect.stringContaining('JAX 0.10.2 is in docker run -i x python (L0)'),
      weight: 'informs',
    });
  });
});

describe('answers against the transcript', () => {
  const samples = samplesOf(runOf(HELD));
  const good = transcriptOf(samples);
  const change = (label: string, over: object): Transcript => ({
    ...good,
    exchanges: good.exchanges.map((one) => (one.label === label ? { ...one, ...over } : one)),
  });

  it.each<[string, Transcript]>([
    ['the task was another', change('open', { beacon: '11'.repeat(32) })],
    ['the weights were changed after the commit', change('trained.pytorch', { commit: 'AAAA' })],
    ['the inputs are from a beacon that was not given', change('trained.pytorch', { beacon: '22'.repeat(32) })],
    [
      'the weights were never committed',
      { ...good, exchanges: good.exchanges.filter((one) => one.label !== 'trained.pytorch') },
    ],
    [
      'the weights were committed twice',
      { ...good, exchanges: [...good.exchanges.slice(0, 2), good.exchanges[1]!, good.exchanges[2]!] },
    ],
    ['the answers were changed', change('answers', { commit: 'AAAA' })],
    ['the answers were never committed', { ...good, exchanges: good.exchanges.slice(0, -1) }],
    ['there was no exchange', { ...good, exchanges: [] }],
  ])('are held at E1 when %s', (_, transcript) => {
    const examination = examine(samples, transcript);
    expect(examination.metrics.every((one) => one.level === 'E1')).toBe(true);
    expect(examination.findings).toContainEqual(
      expect.objectContaining({ code: 'evidence_mismatch', weight: 'holds' }),
    );
  });
});

describe('removing evidence', () => {
  it('never makes more engines count', () => {
    const runs = [
      runOf(HELD),
      runOf(HELD, { framework: 'jax', title: 'JAX' }),
      runOf(HELD, { framework: 'keras', title: 'Keras', backend: 'torch' }),
    ];
    const all = counted(samplesOf(...runs)).length;
    fc.assert(
      fc.property(fc.subarray(runs), fc.subarray(['float32', 'float64']), (kept, precisions) => {
        const less = kept.map((run) => ({
          ...run,
          runs: run.runs.filter((one) => precisions.includes(one.precision)),
        }));
        expect(counted(samplesOf(...less)).length).toBeLessThanOrEqual(all);
      }),
      { numRuns: 10 },
    );
  });
});

describe('what is missing', () => {
  it('is told with the way to install it and keeps nothing else from counting', () => {
    const samples = { ...samplesOf(runOf(HELD)), absent: [{ framework: 'jax', install: 'pip install jax' }] };
    expect(examine(samples).findings).toContainEqual({
      code: 'tool_missing',
      detail: 'JAX: pip install jax',
      weight: 'informs',
    });
    expect(counted(samples)).toEqual(['torch']);
  });

  it('is told for a framework that is there and cannot be probed: present is not adapted', () => {
    const samples = { ...samplesOf(), present: [{ framework: 'mxnet', version: '1.9.1' }] };
    expect(examine(samples).findings[0]).toMatchObject({ code: 'unsupported', detail: expect.stringContaining('L0') });
    expect(counted(samples)).toEqual([]);
  });
});
