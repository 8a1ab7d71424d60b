import { describe, expect, it } from 'vitest';
import { roundOperations } from '../../../../benchmarks/compute/challenge/parameters.ts';
import { proof } from '../../../../benchmarks/compute/challenge/proof.ts';
import type { Accelerator, Inventory } from '../../../../model/inventory.ts';
import type { Check, Finding, Metric } from '../../../../model/measurement.ts';
import { unmeasuredFindings, withFleet } from '../../../../reports/build/fleet.ts';
import type { Asked } from '../../../../reports/build/plausibility.ts';
import { judge } from '../../../../reports/judge/judge.ts';
import { challenge, settingsOf, smallParameters } from '../../benchmarks/compute/challenge-fixture.ts';
import { attempt, makeCase, target } from '../judge/builder.ts';
import { card, inventoryOf, rate } from './node.ts';

const RATE = 'compute.challenge.rate';
const CAPACITY = target(
  { metric: RATE, choose: 'precision', limit: 1e15 },
  { sufficiency: { level: 'E2', minDurationS: 100 } },
);

/** A challenged rate and where its window began, as the proof gives them. */
function challenged(tera: number, device: string, openedS: number, precision = 'FP16', durationS = 125): Metric[] {
  const one: Metric = { ...rate(tera, device, precision, RATE), durationS, level: 'E2' };
  return [
    one,
    {
      ...one,
      metric: 'compute.challenge.opened',
      estimate: { value: openedS, unit: 's', U: 0, k: 2, n: 1, method: 'exact' },
      level: 'E1',
    },
  ];
}

const attempted = (node: string, metrics: Metric[], findings: Finding[] = []) => ({
  measurement: { node },
  examination: { metrics, checks: [] as Check[], findings },
});
type Attempted = ReturnType<typeof attempted>;

const devices = (node: string, count = 4): Accelerator[] =>
  Array.from({ length: count }, (_, i) => ({
    ...card(`nvidia-${i}`, 'NVIDIA', 'NVIDIA H100 80GB HBM3'),
    uuid: { value: `GPU-${node}-${i}`, source: 'test' },
  }));
const inventory = (node: string, host: Inventory['host'] = {}, accelerators = devices(node)): Inventory => ({
  ...inventoryOf(accelerators, { node }),
  host,
});
const boot = (id: string): Inventory['host'] => ({ bootId: { value: id, source: 'test' } });

/** What holds challenged rates back, as `node device: code`. */
const held = (all: readonly Attempted[]): string[] =>
  all.flatMap(({ measurement, examination }) =>
    examination.findings
      .filter(({ weight }) => weight === 'holds')
      .map(({ code, labels }) => `${measurement.node} ${labels?.device}: ${code}`),
  );

function verdict(all: readonly Attempted[], more: readonly Finding[] = []) {
  const own = new Map<string, number>();
  const attempts = all.map(({ measurement: { node }, examination }) => {
    own.set(node, (own.get(node) ?? 0) + 1);
    const { metrics, findings } = examination;
    return attempt(node, metrics, {
      findings,
      attempt: own.get(node)!,
      sha256: `${node}${own.get(node)}`.padEnd(64, '0'),
    });
  });
  return judge(makeCase([CAPACITY], attempts, { findings: more })).verdicts[0]!;
}

describe('devices of several nodes', () => {
  const inventories = ['a', 'b', 'c'].map((node) => inventory(node));
  const at = (a: number, b: number, c: number) =>
    withFleet(
      [
        attempted('a', challenged(500, 'cuda:0', a)),
        attempted('b', challenged(500, 'cuda:0', b)),
        attempted('c', challenged(500, 'cuda:0', c)),
      ],
      inventories,
    );

  it('that worked in one window are added', () => {
    const all = at(1000, 1000.5, 1010);
    expect(held(all)).toEqual([]);
    const seen = verdict(all);
    expect(seen.outcome).toBe('pass');
    expect(seen.requirements[0]?.estimate?.value).toBe(1.5e15);
  });

  it('that worked one after the other are not: the largest set that did work together is, and it is no pass', () => {
    const all = at(1000, 1000.5, 1200);
    expect(held(all)).toEqual(['c cuda:0: not_simultaneous']);
    const seen = verdict(all);
    expect(seen.requirements[0]?.estimate?.value).toBe(1e15);
    expect(seen.outcome).toBe('indeterminate');
    expect(seen.reasons.map(({ code }) => code)).toContain('not_simultaneous');
  });

  it('of which no two worked together count one', () => {
    const seen = verdict(at(1000, 1200, 1400));
    expect(seen.requirements[0]?.estimate?.value).toBe(5e14);
    expect(seen.outcome).toBe('indeterminate');
  });

  it('need one window for each precision of its own', () => {
    const all = withFleet(
      [
        attempted('a', [...challenged(500, 'cuda:0', 1000), ...challenged(900, 'cuda:0', 1200, 'INT8')]),
        attempted('b', [...challenged(500, 'cuda:0', 1001), ...challenged(900, 'cuda:0', 1300, 'INT8')]),
      ],
      inventories,
    );
    const codes = all.flatMap(({ examination }) =>
      examination.findings.filter(({ code }) => code === 'not_simultaneous').map(({ labels }) => labels?.precision),
    );
    expect(codes).toEqual(['INT8']);
  });

  it('that the controller saw no window of are not added to any other', () => {
    const [lone] = challenged(500, 'cuda:0', 0);
    const all = withFleet([attempted('a', challenged(500, 'cuda:0', 1000)), attempted('b', [lone!])], inventories);
    expect(held(all)).toEqual(['b cuda:0: not_simultaneous']);
  });

  it('that are held back for something else do not stand for others in a window', () => {
    const hold: Finding = { code: 'incorrect_result', detail: '', metric: RATE, weight: 'holds' };
    const all = withFleet(
      [
        attempted('a', challenged(500, 'cuda:0', 1000), [hold]),
        attempted('b', challenged(500, 'cuda:0', 1000), [hold]),
        attempted('c', challenged(500, 'cuda:0', 2000)),
      ],
      inventories,
    );
    expect(held(all).filter((one) => one.includes('not_simultaneous'))).toEqual([]);
  });

  it('one device that answers for another in another attempt of its node is found', () => {
    // Each attempt names only one of the two devices that the node says it has.
    const all = withFleet(
      [attempted('a', challenged(500, 'cuda:0', 1000)), attempted('a', challenged(500, 'cuda:1', 2000))],
      inventories,
    );
    expect(held(all)).toEqual(['a cuda:0: not_simultaneous']);
    expect(verdict(all).requirements[0]?.estimate?.value).toBe(5e14);
    expect(verdict(all).outcome).not.toBe('pass');
  });

  it('measured several times are added where they share the window of one repeat', () => {
    const repeat = (openedS: number, late: number) => [
      attempted('a', challenged(500, 'cuda:0', openedS)),
      attempted('b', challenged(500, 'cuda:0', openedS + late)),
    ];
    expect(held(withFleet([...repeat(1000, 1), ...repeat(2000, 300)], inventories))).toEqual([]);
    expect(held(withFleet([...repeat(1000, 200), ...repeat(2000, 300)], inventories))).toHaveLength(2);
  });
});

describe('one device that answers for two nodes', () => {
  const parameters = { ...smallParameters('INT8', 32, 16), layers: 2 };
  const inventories = ['a', 'b'].map((node) => inventory(node));
  const answered = (node: string, seed: number, issuedAt: string, roundNs: number) => {
    const exam = challenge({ precision: 'INT8', parameters, device: 'cuda:0', seed, rounds: 10, roundNs });
    const raw = { challenge: exam.challenge, threads: 1, engines: [], unsupported: [], results: [exam.result] };
    const transcript = { ...exam.transcript, node, issuedAt };
    const examination = proof.examine(raw, {
      settings: settingsOf(parameters, 16, ['INT8']),
      transcript,
      evidence: () => undefined,
    });
    return { measurement: { node }, examination };
  };
  const able = roundOperations(parameters);
  const sum = (all: readonly Attempted[]): number =>
    all
      .filter(({ measurement: { node } }) => !held(all).some((one) => one.startsWith(`${node} `)))
      .flatMap(({ examination }) => examination.metrics.filter(({ metric }) => metric === RATE))
      .reduce((total, { estimate }) => total + estimate.value, 0);

  it('gives no more than it can when it answers both at once', () => {
    const all = withFleet(
      [answered('a', 1, '2026-01-01T00:00:00.000Z', 2e9), answered('b', 2, '2026-01-01T00:00:00.300Z', 2e9)],
      inventories,
    );
    expect(held(all)).toEqual([]);
    expect(sum(all)).toBeCloseTo(able, 6);
  });

  it('counts once when it answers one after the other', () => {
    const all = withFleet(
      [answered('a', 1, '2026-01-01T00:00:00.000Z', 1e9), answered('b', 2, '2026-01-01T00:00:10.000Z', 1e9)],
      inventories,
    );
    expect(held(all)).toEqual(['a cuda:0: not_simultaneous']);
    expect(sum(all)).toBeCloseTo(able, 6);
  });
});

describe('containers on one machine', () => {
  const cpu = (tera: number) => challenged(tera, 'cpu', 1000, 'FP64');
  const two = (host: Inventory['host'], a: Metric[], b: Metric[], listed?: Accelerator[]) =>
    withFleet([attempted('a', a), attempted('b', b)], [inventory('a', host, listed), inventory('b', host, listed)]);

  it('do not count its processors twice', () => {
    const all = two(boot('one-kernel'), cpu(600), cpu(600));
    expect(held(all)).toEqual(['a cpu: shared_host', 'b cpu: shared_host']);
    expect(verdict(all).outcome).not.toBe('pass');
  });

  it.each<[string, Inventory['host']]>([
    ['serial number of the board', { boardSerial: { value: 'SN-4711', source: 'test' } }],
    ['machine id', { machineId: { value: 'c0ffee11', source: 'test' } }],
  ])('are known by the %s too', (_, host) => {
    expect(held(two(host, cpu(600), cpu(600)))).toHaveLength(2);
  });

  it('on machines of their own count both', () => {
    const all = withFleet(
      [attempted('a', cpu(600)), attempted('b', cpu(600))],
      [inventory('a', boot('one')), inventory('b', boot('two'))],
    );
    expect(held(all)).toEqual([]);
    expect(verdict(all).outcome).toBe('pass');
  });

  it('count cards that have identities, for equal ones are found by them', () => {
    const [a, b] = [challenged(500, 'cuda:0', 1000), challenged(500, 'cuda:0', 1000)];
    expect(held(two(boot('one-kernel'), a, b))).toEqual([]);
  });

  it('do not count cards that nothing tells apart', () => {
    const bare = [card('nvidia-0', 'NVIDIA', 'NVIDIA H100 80GB HBM3')];
    const all = two(boot('one-kernel'), challenged(500, 'cuda:0', 1000), challenged(500, 'cuda:0', 1000), bare);
    expect(held(all)).toEqual(['a cuda:0: shared_host', 'b cuda:0: shared_host']);
  });
});

describe('the challenged rate and that of plain products', () => {
  const inventories = [inventory('a')];
  const plain = (tera: number, device: string, backend: string, precision = 'FP16') => {
    const one = rate(tera, device, precision);
    return attempted('a', [{ ...one, labels: { ...one.labels, backend } }]);
  };
  const findings = (challengedAt: number, device: string, beside: Attempted[], plan?: Asked) =>
    withFleet([attempted('a', challenged(challengedAt, device, 1000)), ...beside], inventories, plan).flatMap(
      ({ examination }) => examination.findings.map(({ code, weight }) => `${code} ${weight}`),
    );

  it('within 0.85 to 1.20 of each other have nothing to explain', () => {
    expect(findings(600, 'cuda:0', [plain(700, 'cuda:0', 'torch')])).toEqual([]);
    expect(findings(839, 'cuda:0', [plain(700, 'cuda:0', 'cublaslt')])).toEqual([]);
  });

  it('above that are held back on an accelerator: other units may have answered', () => {
    expect(findings(841, 'cuda:0', [plain(700, 'cuda:0', 'torch')])).toEqual(['rates_differ holds']);
    expect(findings(841, 'cuda:0', [plain(700, 'cuda:0', 'cublaslt')])).toEqual(['rates_differ holds']);
  });

  it('below that are shown: the judged one is the lower', () => {
    expect(findings(500, 'cuda:0', [plain(700, 'cuda:0', 'torch')])).toEqual(['rates_differ informs']);
    expect(findings(0.06, 'cpu', [plain(0.37, 'cpu', 'onnxruntime')])).toEqual(['rates_differ informs']);
  });

  it('on a processor are only shown where other software made the products', () => {
    expect(findings(1, 'cpu', [plain(0.5, 'cpu', 'onnxruntime')])).toEqual(['rates_differ informs']);
    expect(findings(1, 'cpu', [plain(0.5, 'cpu', 'torch')])).toEqual(['rates_differ holds']);
  });

  it('are compared on the same node, device and precision, with the fastest that counts', () => {
    const wrong = plain(5000, 'cuda:0', 'torch');
    wrong.examination.metrics[0]!.verified = false;
    const beside = [plain(700, 'cuda:0', 'torch'), plain(400, 'cuda:0', 'torch'), plain(1, 'cuda:1', 'torch'), wrong];
    expect(findings(800, 'cuda:0', beside)).toEqual([]);
    expect(findings(900, 'cuda:0', beside)).toEqual(['rates_differ holds']);
  });

  it('in INT8 are only shown: no faster unit could have answered', () => {
    const [int8, fp16] = (['INT8', 'FP16'] as const).map((precision) =>
      withFleet(
        [attempted('a', challenged(900, 'cuda:0', 1000, precision)), plain(500, 'cuda:0', 'torch', precision)],
        inventories,
      ).flatMap(({ examination }) => examination.findings.map(({ weight }) => weight)),
    );
    expect([int8, fp16]).toEqual([['informs'], ['holds']]);
  });

  it('that have no counterpart say so', () => {
    expect(findings(600, 'cuda:0', [])).toEqual(['rates_differ informs']);
    expect(findings(600, 'cuda:0', [plain(700, 'cuda:0', 'torch', 'BF16')])).toEqual(['rates_differ informs']);
  });

  /** The plan asks for plain products at these precisions. */
  const asking = (...precisions: string[]) => ({
    assignments: [{ benchmark: 'compute.gemm', node: 'a', settings: { precisions } }],
  });

  it('on an accelerator are held back where the plan asked for plain ones: spoiling those must not be enough', () => {
    expect(findings(600, 'cuda:0', [], asking('FP16'))).toEqual(['rates_differ holds']);
    expect(findings(600, 'cuda:0', [], asking('FP32'))).toEqual(['rates_differ informs']);
    expect(findings(1, 'cpu', [], asking('FP16'))).toEqual(['rates_differ informs']);
    const other = { assignments: [{ ...asking('FP16').assignments[0]!, node: 'b' }] };
    expect(findings(600, 'cuda:0', [], other)).toEqual(['rates_differ informs']);
    const weights = (precision: string, asked: string) =>
      withFleet([attempted('a', challenged(900, 'cuda:0', 1000, precision))], inventories, asking(asked)).flatMap(
        ({ examination }) => examination.findings.map(({ weight }) => weight),
      );
    expect(weights('INT8', 'INT8')).toEqual(['informs']);
    expect(weights('FP8', 'FP8_E5M2')).toEqual(['holds']);
  });

  it('are neither borne out nor held back by a plain rate that is not verified or that something holds back', () => {
    const plan = asking('FP16');
    for (const tera of [600, 10, 60_000]) {
      const unverified = plain(tera, 'cuda:0', 'torch');
      unverified.examination.metrics[0]!.verified = false;
      expect(findings(600, 'cuda:0', [unverified], plan)).toEqual(['rates_differ holds']);
      expect(findings(600, 'cuda:0', [unverified])).toEqual(['rates_differ informs']);
      const held = plain(tera, 'cuda:0', 'torch');
      const { metric, labels } = held.examination.metrics[0]!;
      held.examination.findings.push({ code: 'implausible', detail: 'too fast', metric, labels, weight: 'holds' });
      expect(findings(600, 'cuda:0', [held], plan)).toEqual(['rates_differ holds', 'implausible holds']);
      // One that is verified decides, whatever stands beside it.
      expect(findings(600, 'cuda:0', [unverified, plain(620, 'cuda:0', 'torch')], plan)).toEqual([]);
      expect(findings(900, 'cuda:0', [unverified, plain(620, 'cuda:0', 'torch')])).toEqual(['rates_differ holds']);
    }
  });
});

describe('computing capacity', () => {
  it('is the sum over devices at one precision; precisions are never added', () => {
    const metrics = [0, 1].flatMap((i) => [
      ...challenged(600, `cuda:${i}`, 1000),
      ...challenged(400, `cuda:${i}`, 1200, 'FP32'),
    ]);
    const [requirement] = verdict(withFleet([attempted('a', metrics)], [inventory('a')])).requirements;
    expect(requirement?.choice?.value).toBe('FP16');
    expect(requirement?.estimate?.value).toBe(1.2e15);
    expect(requirement?.alternatives.map(({ value, estimate }) => [value, estimate.value])).toEqual([['FP32', 8e14]]);
  });

  it('is no pass while a device is in two places', () => {
    const all = withFleet([attempted('a', challenged(1200, 'cuda:0', 1000))], [inventory('a')]);
    expect(verdict(all).outcome).toBe('pass');
    const twice: Finding = { code: 'duplicate_device', detail: 'uuid', weight: 'holds' };
    expect(verdict(all, [twice]).outcome).toBe('indeterminate');
  });
});

describe('devices that are listed and were not measured', () => {
  const detail = (attempts: readonly Attempted[], inventories: readonly Inventory[]): string | undefined =>
    unmeasuredFindings(attempts, inventories)[0]?.detail;
  const all = [0, 1, 2, 3].map((n) => rate(700, `cuda:${n}`));

  it('are named, whichever attempt and precision the others were measured in', () => {
    const attempts = [attempted('a', all.slice(0, 2)), attempted('a', [rate(60, 'cuda:2', 'FP32')])];
    const found = unmeasuredFindings(attempts, [inventory('a')]);
    expect(found).toEqual([{ code: 'device_unmeasured', detail: 'a: 3 of 4 (cuda)', weight: 'informs' }]);
    expect(detail([...attempts, attempted('a', challenged(700, 'cuda:3', 0))], [inventory('a')])).toBeUndefined();
  });

  it('are named where only the processor was measured', () => {
    const node = inventory('a', {}, [card('ascend-0', 'Huawei Ascend', '910B3'), ...devices('a', 1)]);
    expect(detail([attempted('a', [rate(1, 'cpu')])], [node])).toBe('a: 0 of 1 (Huawei Ascend); a: 0 of 1 (NVIDIA)');
    expect(detail([attempted('a', [rate(1, 'cuda:0')])], [node])).toBe('a: 0 of 1 (Huawei Ascend)');
  });

  it('are dies where a card has several, and none where cards are cut into slices or nothing was measured', () => {
    const dies = [0, 1].map((n) => card(`d${n}`, 'Iluvatar CoreX', 'BI-V150', { kind: 'die', parent: 'i0' }));
    const cut = [...devices('a', 1), card('s0', 'NVIDIA', undefined, { kind: 'partition', parent: 'nvidia-0' })];
    const two = [card('i0', 'Iluvatar CoreX', 'BI-V150'), ...dies];
    expect(detail([attempted('a', all.slice(0, 1))], [inventory('a', {}, two)])).toBe('a: 1 of 2 (cuda)');
    expect(detail([attempted('a', all.slice(0, 1))], [inventory('a', {}, cut)])).toBeUndefined();
    expect(detail([attempted('a', [])], [inventory('a')])).toBeUndefined();
    expect(detail([attempted('a', [rate(1, 'cpu')])], [inventory('a', {}, [])])).toBeUndefined();
  });

  it('are named of twenty nodes at most', () => {
    const names = Array.from({ length: 25 }, (_, i) => `n${i}`);
    const attempts = names.map((name) => attempted(name, all.slice(0, 3)));
    const named = detail(
      attempts,
      names.map((name) => inventory(name)),
    );
    expect(named?.split('; ').length).toBe(21);
    expect(named?.endsWith('; and 5 more')).toBe(true);
  });
});
