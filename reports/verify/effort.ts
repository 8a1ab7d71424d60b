import { type Assignment, type Plan, PROFILES } from '../../model/assignment.ts';

/** Values of a knob in the profiles quick, standard and full. */
type Levels = readonly [number, number, number];

/**
 * How long and how much a profile measures: the knobs of every benchmark of which less is less evidence. The
 * controller's catalogue has them too; whoever verifies must not take a plan's word for what its profile stands for.
 */
export const EFFORT: Readonly<Record<string, Readonly<Record<string, Levels>>>> = {
  'frameworks.train': { trainSamples: [2048, 2048, 8192], heldOut: [512, 4603, 20140], steps: [240, 240, 2000] },
  'compute.gemm': {
    seconds: [5, 125, 1800],
    warmUpS: [0.5, 5, 10],
    deviceWarmUpS: [2, 20, 20],
    rounds: [4, 4, 4],
    openedRows: [4, 4, 4],
  },
  'compute.challenge': {
    seconds: [5, 125, 1800],
    size: [2048, 2048, 2048],
    rows: [1024, 1024, 1024],
    deviceSize: [8192, 8192, 8192],
    deviceRows: [8192, 8192, 8192],
    matrices: [4, 4, 4],
    audits: [16, 64, 256],
  },
  'memory.bandwidth': {
    seconds: [2, 30, 300],
    warmUpS: [0.3, 2, 5],
    deviceSeconds: [1, 5, 30],
    arrayBytes: [67_108_864, 268_435_456, 268_435_456],
    deviceArrayBytes: [1_073_741_824, 1_073_741_824, 1_073_741_824],
  },
  'inference.onnx': { scenarioS: [4, 60, 600], warmUpS: [0.5, 5, 20], samples: [8, 16, 64] },
  'edge.realtime': { measureS: [6, 60, 600], warmUpS: [0.5, 5, 20], samples: [4, 16, 64] },
  'storage.volume': {
    fillShare: [1, 0.1, 0.25],
    fillMinSeconds: [2, 300, 1800],
    fillMaxSeconds: [8, 7200, 86_400],
    maxPasses: [2, 16, 16],
    readMaxSeconds: [8, 7200, 86_400],
    samples: [688, 4603, 20140],
    sampleMaxSeconds: [15, 900, 3600],
    fioSeconds: [2, 30, 60],
  },
  'users.concurrent': {
    users: [1100, 1100, 1100],
    rows: [16, 16, 16],
    holdS: [8, 60, 600],
    graceS: [30, 30, 60],
    cachePairs: [100, 300, 1000],
    audits: [64, 256, 512],
  },
  'records.simultaneous': {
    users: [1100, 1100, 1100],
    lot: [100, 100, 100],
    holdS: [5, 600, 1800],
    graceS: [30, 60, 60],
    sweepRecords: [20_000, 100_000, 200_000],
    audits: [24, 128, 256],
  },
};

/** Knobs of which more is less evidence. */
export const EASE: typeof EFFORT = {
  'storage.volume': { blockTimeoutSeconds: [30, 30, 30] },
  'users.concurrent': { thinkMs: [0, 0, 0], timeoutS: [30, 30, 30], rampSPerThousand: [2, 2, 2] },
  'records.simultaneous': { timeoutS: [30, 30, 30], rampSPerThousand: [2, 2, 2] },
  'edge.realtime': { deadlineMs: [100, 100, 100] },
  'inference.onnx': { serverLimitMs: [0, 0, 0] },
};

const ALL_PRECISIONS = ['FP64', 'FP32', 'TF32', 'FP16', 'BF16', 'FP8_E4M3', 'FP8_E5M2', 'INT8', 'INT4'];
const FRAMEWORK_PRECISIONS = ['float32', 'bfloat16', 'float64', 'float16'];
const SCENARIOS = ['SingleStream', 'MultiStream', 'Server', 'Offline'];

/** Lists that must be gone through whole. */
export const SCOPE: Readonly<Record<string, Readonly<Record<string, readonly [string[], string[], string[]]>>>> = {
  'frameworks.train': { precisions: [FRAMEWORK_PRECISIONS, FRAMEWORK_PRECISIONS, FRAMEWORK_PRECISIONS] },
  'compute.gemm': { precisions: [['FP64', 'FP32', 'BF16', 'INT8'], ALL_PRECISIONS, ALL_PRECISIONS] },
  'compute.challenge': { precisions: [['FP64', 'FP32', 'INT8'], ALL_PRECISIONS, ALL_PRECISIONS] },
  'inference.onnx': { scenarios: [['SingleStream', 'MultiStream', 'Offline'], SCENARIOS, SCENARIOS] },
};

/** Lists of what is to be tried; one that is empty stands for all that is there. */
const CHOICES: Readonly<Record<string, string>> = { 'frameworks.train': 'frameworks' };

/** Benchmarks that every node of a plan is measured by, if any is. */
const ON_EVERY_NODE: readonly string[] = [
  'frameworks.train',
  'compute.gemm',
  'compute.challenge',
  'memory.bandwidth',
  'inference.onnx',
  'storage.volume',
];

/** Versions of benchmarks that show less than the ones of today: their proofs are kept for old bundles. */
const OUTDONE: readonly string[] = ['compute.gemm 1.0.0'];

/** Repeats on different seeds. */
export const EFFORT_REPEATS: Levels = [1, 3, 3];

/**
 * Where a plan asks for less than its profile says, one sentence a knob and benchmark; empty for a plan that keeps to
 * it.
 */
export function softerThanProfile(plan: Plan): string[] {
  const level = PROFILES.indexOf(plan.profile);
  const found = plan.assignments.flatMap((assignment) => {
    const { benchmark, settings } = assignment;
    return [
      ...knobsOf(EFFORT, benchmark).map(([knob, levels]) => less(assignment, knob, settings[knob], levels[level]!)),
      ...knobsOf(EASE, benchmark).map(([knob, levels]) => more(assignment, knob, settings[knob], levels[level]!)),
      ...knobsOf(SCOPE, benchmark).map(([knob, levels]) => without(assignment, knob, settings[knob], levels[level]!)),
      less(assignment, 'repeats', assignment.repeats, EFFORT_REPEATS[level]!),
      chosen(assignment),
      OUTDONE.includes(`${benchmark} ${assignment.version}`)
        ? `${benchmark}: version ${assignment.version} shows less than today's`
        : undefined,
    ];
  });
  return [...new Set([...found, ...leftOut(plan)].filter((one) => one !== undefined))];
}

/**
 * Nodes that are in the plan and are not measured by what the others are measured by. Challenged rates stand beside
 * those of plain products, which must bear them out: a plan with the former alone leaves the latter out on every node.
 */
function leftOut({ nodes, assignments }: Plan): string[] {
  const byBenchmark = Map.groupBy(assignments, ({ benchmark }) => benchmark);
  if (byBenchmark.has('compute.challenge') && !byBenchmark.has('compute.gemm')) byBenchmark.set('compute.gemm', []);
  return [...byBenchmark].flatMap(([benchmark, own]) => {
    if (!ON_EVERY_NODE.includes(benchmark)) return [];
    const measured = new Set(own.map(({ node }) => node));
    const missing = nodes.filter((node) => !measured.has(node)).length;
    return missing > 0 ? [`${benchmark}: ${missing} of ${nodes.length} nodes are left out`] : [];
  });
}

function chosen(assignment: Assignment): string | undefined {
  const { benchmark, settings } = assignment;
  const knob = Object.hasOwn(CHOICES, benchmark) ? CHOICES[benchmark]! : undefined;
  if (knob === undefined || (Array.isArray(settings[knob]) && settings[knob].length === 0)) return undefined;
  return sentence(assignment, knob, settings[knob], 'all');
}

function knobsOf<T>(table: Readonly<Record<string, Readonly<Record<string, T>>>>, benchmark: string): [string, T][] {
  return Object.hasOwn(table, benchmark) ? Object.entries(table[benchmark]!) : [];
}

function less(assignment: Assignment, knob: string, asked: unknown, usual: number): string | undefined {
  return typeof asked === 'number' && asked >= usual ? undefined : sentence(assignment, knob, asked, usual);
}

function more(assignment: Assignment, knob: string, asked: unknown, usual: number): string | undefined {
  return typeof asked === 'number' && asked <= usual ? undefined : sentence(assignment, knob, asked, usual);
}

function without(assignment: Assignment, knob: string, asked: unknown, usual: readonly string[]): string | undefined {
  const whole = Array.isArray(asked) && usual.every((part) => asked.includes(part));
  return whole ? undefined : sentence(assignment, knob, asked, usual.join(' '));
}

function sentence({ benchmark }: Assignment, knob: string, asked: unknown, usual: number | string): string {
  return `${benchmark}: ${knob} ${String(asked).slice(0, 40)}, the profile has ${usual}`;
}
