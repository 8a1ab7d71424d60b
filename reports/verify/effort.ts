import { type Assignment, type Plan, PROFILES } from '../../model/assignment.ts';

/** Values of a knob in the profiles quick, standard and full. */
type Levels = readonly [number, number, number];

/**
 * How long and how much a profile measures: the knobs of every benchmark of which less is less evidence. The controller's
 * catalogue has them too; whoever verifies must not take a plan's word for what its profile stands for.
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
  'users.concurrent': { users: [1100, 1100, 1100], rows: [16, 16, 16], holdS: [8, 60, 600], audits: [64, 256, 512] },
  'records.simultaneous': {
    users: [1100, 1100, 1100],
    holdS: [5, 600, 1800],
    sweepRecords: [20_000, 100_000, 200_000],
    audits: [24, 128, 256],
  },
};

/** Knobs of which more is less evidence. */
export const EASE: typeof EFFORT = {
  'users.concurrent': { thinkMs: [0, 0, 0] },
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

/** Repeats on different seeds. */
export const EFFORT_REPEATS: Levels = [1, 3, 3];

/** Where a plan asks for less than its profile says, one sentence a knob and benchmark; empty for a plan that keeps to it. */
export function softerThanProfile(plan: Plan): string[] {
  const level = PROFILES.indexOf(plan.profile);
  const found = plan.assignments.flatMap((assignment) => {
    const { benchmark, settings } = assignment;
    return [
      ...knobsOf(EFFORT, benchmark).map(([knob, levels]) => less(assignment, knob, settings[knob], levels[level]!)),
      ...knobsOf(EASE, benchmark).map(([knob, levels]) => more(assignment, knob, settings[knob], levels[level]!)),
      ...knobsOf(SCOPE, benchmark).map(([knob, levels]) => without(assignment, knob, settings[knob], levels[level]!)),
      less(assignment, 'repeats', assignment.repeats, EFFORT_REPEATS[level]!),
    ];
  });
  return [...new Set(found.filter((one) => one !== undefined))];
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
