import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Compute, ComputeDevice, ComputePrecision, Inference } from '../../../../model/compute.ts';
import { lowerLevel } from '../../../../model/controller.ts';
import { type Estimate, exact } from '../../../../model/estimate.ts';
import type { Guide, Target } from '../../../../model/guide.ts';
import type { Inventory } from '../../../../model/inventory.ts';
import { type EvidenceLevel, OUTCOMES, type Outcome } from '../../../../model/outcome.ts';
import type { Attempt, Report, RequirementResult, Verdict } from '../../../../model/report.ts';

/** A copy, so that these tests stay as they are when the guide's metrics change. */
const GUIDE = JSON.parse(readFileSync(new URL('./guide.json', import.meta.url), 'utf8')) as Guide;

export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export function measured(value: number, unit: string, U: number, n = 20): Estimate {
  return { value, unit, U, k: 2, n, method: U === 0 ? 'count' : 'batch_means' };
}

/** What the small machine gave, by target and metric; what is not here was not tested. */
const SMALL: Record<string, { outcome: Outcome; values: Record<string, [number, number]>; code?: string }> = {
  'compute.capacity': {
    outcome: 'fail',
    values: { 'compute.challenge.rate': [1.5423e11, 2.31e9] },
    code: 'below_limit',
  },
  'compute.precisions': { outcome: 'pass', values: { 'compute.gemm.rate': [3, 0] } },
  'storage.capacity': {
    outcome: 'fail',
    values: { 'storage.capacity.attested': [2.52e10, 0], 'storage.capacity.proven': [2.68e8, 0] },
    code: 'below_limit',
  },
  'storage.speed': {
    outcome: 'fail',
    values: {
      'storage.speed.read': [2.13e9, 8.1e7],
      'storage.speed.write': [1.04e9, 5.5e7],
      'storage.latency.read.p50': [0.000_091, 0.000_004],
      'storage.latency.read.p99': [0.000_83, 0.000_11],
    },
    code: 'below_limit',
  },
  'frameworks.adapted': { outcome: 'fail', values: { 'frameworks.adapted.level': [2, 0] }, code: 'below_limit' },
  'languages.adapted': { outcome: 'pass', values: { 'languages.adapted': [3, 0] } },
  'users.concurrent': {
    outcome: 'indeterminate',
    values: {
      'users.inflight.min': [1000, 0],
      'users.identities': [1000, 0],
      'users.error.share': [0, 0],
      'users.fairness.jain': [0.998, 0.001],
      'users.latency.p99': [0.412, 0.035],
    },
    code: 'too_short',
  },
  'records.simultaneous': {
    outcome: 'error',
    values: {},
    code: 'crashed',
  },
  'domestic.ratio': { outcome: 'manual', values: {}, code: 'needs_person' },
  'edge.realtime': { outcome: 'not_applicable', values: {}, code: 'no_edge_node' },
};

function requirementResults(
  target: Target,
  outcome: Outcome,
  values: Record<string, [number, number]>,
  nodes: string[],
) {
  return target.requirements.map((requirement): RequirementResult => {
    const found = values[requirement.metric];
    const estimate = found && measured(found[0], requirement.unit, found[1]);
    const meets =
      found && (requirement.comparison === '>=' ? found[0] >= requirement.limit : found[0] <= requirement.limit);
    const ratio =
      found && requirement.limit !== 0
        ? requirement.comparison === '>='
          ? found[0] / requirement.limit
          : requirement.limit / found[0]
        : undefined;
    return {
      metric: requirement.metric,
      comparison: requirement.comparison,
      limit: requirement.limit,
      unit: requirement.unit,
      ...(estimate && { estimate }),
      uncertainty: found && found[1] > 0 ? [{ source: 'repeatability', U: found[1] }] : [],
      ...(requirement.choose && found && { choice: { label: requirement.choose, value: 'FP32', by: 'best' as const } }),
      alternatives:
        requirement.choose && found
          ? [
              { value: 'INT8', estimate: measured(2.9e11, requirement.unit, 4e9), verified: true },
              { value: 'FP64', estimate: measured(6.9e10, requirement.unit, 9e8), verified: true },
            ]
          : [],
      counted: requirement.fold === 'distinct' && found ? ['FP64', 'FP32', 'INT8'].slice(0, found[0]) : [],
      ...(ratio !== undefined && Number.isFinite(ratio) && { ratio }),
      nodes: found ? nodes.map((node) => ({ node, estimate: estimate! })) : [],
      durationS: found ? 5.2 : 0,
      samples: found ? 20 : 0,
      level: found ? 'E2' : 'E0',
      outcome: meets && outcome === 'fail' ? 'pass' : outcome,
      reasons: [],
    };
  });
}

function smallVerdict(target: Target): Verdict {
  const known = SMALL[target.id];
  const outcome = known?.outcome ?? 'not_tested';
  const code = known?.code ?? (target.kind === 'registered' ? 'register_missing' : 'not_measured');
  return {
    target: target.id,
    clause: target.clause,
    title: target.title,
    requirement: target.requirement,
    ...(target.reading && { reading: target.reading }),
    kind: target.kind,
    mandatory: target.mandatory,
    rule: target.rule,
    ...(target.id === 'compute.capacity' && { claimed: { value: 1.2e16, unit: 'op/s', choice: 'FP32' } }),
    outcome,
    reasons:
      outcome === 'pass' ? [] : [{ code: code as Verdict['reasons'][number]['code'], detail: `${target.id}: example` }],
    requirements: requirementResults(target, outcome, known?.values ?? {}, ['example-01']),
    level: known ? 'E2' : 'E0',
    relation: 'independent',
    evidence: known ? [digestOf(target.id)] : [],
  };
}

export function attempt(node: string, benchmark: string, index: number, metrics: Attempt['metrics']): Attempt {
  const startedAt = new Date(Date.UTC(2026, 10, 18, 0, 5 * index)).toISOString();
  return {
    assignment: `${benchmark}-${index}`,
    attempt: 1,
    node,
    benchmark,
    version: '1.0.0',
    state: 'completed',
    startedAt,
    elapsedS: 31.4,
    settings: { profile: 'quick', sizes: [512, 1024], seconds: 5 },
    phases: [
      { name: 'null_run', startedAt, durationS: 1 },
      { name: 'warm_up', startedAt: new Date(Date.parse(startedAt) + 1000).toISOString(), durationS: 5 },
      { name: 'measure', startedAt: new Date(Date.parse(startedAt) + 6000).toISOString(), durationS: 25 },
    ],
    metrics,
    checks: [{ id: 'freivalds', passed: true, detail: '8 vectors, largest error 3.1e-7' }],
    findings: [],
    telemetry: Array.from({ length: 32 }, (_, i) => ({
      atS: i,
      cpuBusy: i < 6 ? 0.1 + 0.02 * i : 0.97 + 0.01 * Math.sin(i),
      cpuClockMHz: 3200 - 3 * i,
      memoryUsedBytes: 3.1e9 + 4e7 * i,
    })),
    sha256: digestOf(`${node} ${benchmark} ${index}`),
  };
}

export function metric(name: string, labels: Record<string, string>, estimate: Estimate): Attempt['metrics'][number] {
  return { metric: name, labels, estimate, durationS: 5.2, samples: estimate.n, verified: true, level: 'E2' };
}

export function host(node: string): Inventory {
  const source = 'systeminformation';
  return {
    schema: 'assay/inventory/v1',
    node,
    takenAt: '2026-11-18T00:00:00Z',
    host: {
      hostname: { value: node, source },
      os: { value: 'Debian GNU/Linux 12', source },
      kernel: { value: '6.1.0', source },
      virtualization: { value: 'kvm', source },
    },
    cpu: {
      model: { value: 'Example CPU 2.6 GHz', source },
      sockets: { value: 1, source },
      physicalCores: { value: 2, source },
      simd: { value: ['AVX2', 'FMA'], source: '/proc/cpuinfo' },
    },
    memory: { totalBytes: { value: 25_276_518_400, source } },
    disks: [{ name: 'vda', bytes: { value: 68_719_476_736, source }, type: { value: 'disk', source } }],
    mounts: [
      { path: '/', device: '/dev/vda1', fsType: 'ext4', totalBytes: { value: 67_000_000_000, source: 'statfs' } },
    ],
    links: [{ name: 'eth0', speedMbps: { value: 10_000, source } }],
    accelerators: [],
    tools: [{ name: 'nvidia-smi', vendor: 'NVIDIA', found: false }],
    software: [
      { name: 'onnxruntime-node', version: '1.30.0', source: 'npm' },
      { name: 'node', version: '24.21.0', source: 'process' },
    ],
    findings: [],
    unread: [{ what: 'board serial', source: '/sys/class/dmi/id/board_serial', why: 'not readable' }],
  };
}

function passes(verdicts: readonly Verdict[]): Report['overall']['passes'] {
  const found = { E0: 0, E1: 0, E2: 0, E3: 0 };
  for (const { mandatory, outcome, level } of verdicts) if (mandatory && outcome === 'pass') found[level]++;
  return found;
}

function counts(verdicts: readonly Verdict[]): Record<string, number> {
  return Object.fromEntries(OUTCOMES.map((o) => [o, verdicts.filter((v) => v.outcome === o).length]));
}

/** A row of the compute chapter for so many devices of one kind, with every part that it can have. */
function precisionRow(precision: string, rate: number, devices: ComputeDevice[]): ComputePrecision {
  const total = rate * devices.length;
  const part = { devices: devices.length, counts: true, held: 0, reasons: [] };
  return {
    precision,
    ...(precision === 'FP32' && { claimed: 1.2e16 }),
    required: 1e16,
    judged: precision === 'FP32',
    measured: { ...part, estimate: measured(total, 'op/s', total * 0.015), level: 'E1' },
    challenged: { ...part, estimate: measured(total * 0.97, 'op/s', total * 0.01), level: 'E2' },
    agreement: { ratio: 0.97, devices: devices.length, outside: 0, least: 0.85, most: 1.2 },
    fastest: total * 1.03,
    sustained: 0.991,
    proofShare: 0.042,
    ...(devices.length > 1 && { together: { nodes: devices.length, seconds: 118, share: 0.97 } }),
    peak: { opsPerSecond: total / 0.91, share: 0.91, firm: false, basis: ['cores × clock'] },
    withoutPeak: 0,
    efficiency: { opsPerJoule: 1.3e11, devices: devices.length },
    backends: ['openblas'],
    slowest: devices.slice(0, 20),
  };
}

export function deviceRow(node: string, device: string, value: number, share: number): ComputeDevice {
  return {
    node,
    device,
    chip: 'Example X100',
    backend: 'openblas',
    rate: measured(value * share, 'op/s', value * 0.002),
    challenged: measured(value * share * 0.97, 'op/s', value * 0.001),
    ratio: 0.97,
    peakShare: 0.91 * share,
    medianShare: share,
    counts: true,
  };
}

export function computeOf(devices: number, rows: (precision: string, rate: number) => ComputeDevice[]): Compute {
  const rates = [
    ['FP64', 6.9e10],
    ['FP32', 1.5423e11],
    ['INT8', 2.9e11],
  ] as const;
  return {
    precisions: rates.map(([precision, rate]) => precisionRow(precision, rate, rows(precision, rate))),
    roofs: rates.map(([precision, rate]) => ({
      chip: 'Example X100',
      precision,
      devices,
      rate,
      peakShare: 0.91,
      bandwidth: { bytesPerSecond: 2e10, operation: 'triad', devices },
      bandwidthShare: 0.88,
      ridge: rate / 2e10,
      efficiency: 1.3e11,
    })),
    metered: devices,
    unmetered: [],
    devices,
    unsupported: ['compute.gemm: FP16: no backend on this node has it'],
  };
}

export function inferenceOf(nodes: number): Inference {
  const base = { benchmark: 'inference.onnx', model: 'resnet50', precision: 'FP32', provider: 'cpu', nodes };
  const row = { ...base, node: 'example-01', samples: 1200, durationS: 60, counts: true, reasons: [], detail: '' };
  const ran = '8 samples within 1.7e-6 of the reference; 56 nodes on CPUExecutionProvider';
  return {
    values: [
      {
        ...row,
        scenario: 'SingleStream',
        metric: 'inference.latency.p90',
        estimate: { ...measured(0.0348, 's', 0.0013, 1200), method: 'percentile' },
        median: 0.0341,
        ran,
      },
      {
        ...row,
        scenario: 'MultiStream',
        metric: 'inference.latency.p99',
        estimate: { ...measured(0.35, 's', 0.35, 198), method: 'percentile' },
        median: 0.35,
        samples: 198,
        counts: false,
        reasons: ['too_few_samples'],
        ran,
      },
    ],
    overheads: [
      {
        scenario: 'Server',
        nodes,
        node: 'example-01',
        estimate: measured(9.5e-5, 's', 1e-6),
        detail: 'at 1000 queries/s',
      },
    ],
    unsupported: ['bert-base: not enough memory'],
  };
}

/** One small machine against the 2021 compute guide: passes, fails, indeterminate, error, not tested, manual. */
export function smallReport(): Report {
  const verdicts = GUIDE.targets.map(smallVerdict);
  const rates = (precision: string, base: number) =>
    Array.from({ length: 1 }, () => metric('compute.gemm.rate', { precision }, measured(base, 'op/s', base * 0.015)));
  return {
    schema: 'assay/report/v1',
    number: 'AT-2026-000123',
    run: 'run-20261118-0001',
    synthetic: false,
    profile: 'quick',
    judgedAt: '2026-11-18T01:30:00Z',
    period: { from: '2026-11-18T00:00:00Z', to: '2026-11-18T01:22:14Z' },
    software: { name: 'assay', version: '0.1.0' },
    controller: { relation: 'independent', holder: '示例实验室 Example Laboratory', keyId: digestOf('key') },
    platform: {
      name: '示例平台',
      customer: '示例单位 Example Org',
      nodes: 1,
      accelerators: 0,
      confirmedAccelerators: 0,
    },
    guide: {
      id: GUIDE.id,
      version: GUIDE.version,
      title: GUIDE.title,
      document: GUIDE.document.number,
      issuer: GUIDE.document.issuer,
      sha256: digestOf('guide'),
      known: true,
    },
    overall: {
      outcome: 'not_passed',
      mandatory: verdicts.filter((v) => v.mandatory).length,
      counts: counts(verdicts),
      passes: passes(verdicts),
      waived: 0,
    },
    verdicts,
    attempts: [
      attempt('example-01', 'compute.gemm', 1, [...rates('FP32', 1.5423e11), ...rates('FP64', 6.9e10)]),
      attempt('example-01', 'compute.gemm', 2, [...rates('FP32', 1.561e11), ...rates('FP64', 7.01e10)]),
      attempt('example-01', 'compute.gemm', 3, [...rates('FP32', 1.5398e11)]),
      attempt('example-01', 'compute.gemm', 4, [...rates('FP32', 1.548e11)]),
      attempt('example-01', 'compute.gemm', 5, [...rates('FP32', 1.5511e11)]),
      attempt('example-01', 'users.concurrent', 6, [
        metric('users.inflight.min', {}, exact(1000, 'count')),
        metric('users.latency.p99', {}, measured(0.412, 's', 0.035)),
      ]),
      {
        ...attempt('example-01', 'records.simultaneous', 7, []),
        state: 'failed',
        failure: { code: 'crashed', phase: 'measure', detail: 'exit code 137' },
        checks: [],
      },
    ],
    compute: computeOf(1, (_, rate) => [deviceRow('example-01', 'cpu', rate, 1)]),
    inference: inferenceOf(1),
    rejected: [
      {
        node: 'example-01',
        assignment: 'compute.gemm-9',
        code: 'measurement_other',
        detail: 'sequence 9 seen twice',
        sha256: digestOf('rejected'),
      },
    ],
    findings: [],
    inventories: [host('example-01')],
    log: { entries: 9, root: 'sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=' },
  };
}

/** The same machine tested by its own operator: nothing is above E1. */
export function selfReport(changes: Partial<Report['overall']> = {}): Report {
  const report = smallReport();
  const low = <T extends { level: EvidenceLevel }>(one: T): T => ({ ...one, level: lowerLevel(one.level, 'E1') });
  const verdicts = report.verdicts.map((verdict) => ({ ...low(verdict), relation: 'self' as const }));
  return {
    ...report,
    controller: { ...report.controller, relation: 'self', holder: '示例单位' },
    verdicts,
    overall: { ...report.overall, passes: passes(verdicts), ...changes },
  };
}

/** The same judged by a guide that does not come with the software. */
export function unknownGuideReport(): Report {
  const report = selfReport({ outcome: 'cannot_tell', judged: 'passed' });
  return { ...report, guide: { ...report.guide, known: false } };
}
