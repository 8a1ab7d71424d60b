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
    rows: [1024, 1024, 1024],
    deviceRows: [8192, 8192, 8192],
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
  'storage.volume': { fillMinSeconds: [2, 300, 1800], samples: [688, 4603, 20140], fioSeconds: [2, 30, 60] },
  'users.concurrent': { users: [1100, 1100, 1100], holdS: [8, 60, 600], audits: [64, 256, 512] },
  'records.simultaneous': {
    users: [1100, 1100, 1100],
    holdS: [5, 600, 1800],
    sweepRecords: [20_000, 100_000, 200_000],
    audits: [24, 128, 256],
  },
};

/** Repeats on different seeds. */
export const EFFORT_REPEATS: Levels = [1, 3, 3];

/** Where a plan asks for less than its profile says, one sentence a knob and benchmark; empty for a plan that keeps to it. */
export function softerThanProfile(plan: Plan): string[] {
  const level = PROFILES.indexOf(plan.profile);
  const found = plan.assignments.flatMap((assignment) => {
    const knobs = Object.entries(Object.hasOwn(EFFORT, assignment.benchmark) ? EFFORT[assignment.benchmark]! : {});
    return [
      ...knobs.map(([knob, levels]) => less(assignment, knob, assignment.settings[knob], levels[level]!)),
      less(assignment, 'repeats', assignment.repeats, EFFORT_REPEATS[level]!),
    ];
  });
  return [...new Set(found.filter((sentence) => sentence !== undefined))];
}

function less({ benchmark }: Assignment, knob: string, asked: unknown, usual: number): string | undefined {
  if (typeof asked === 'number' && asked >= usual) return undefined;
  return `${benchmark}: ${knob} ${String(asked).slice(0, 40)}, the profile has ${usual}`;
}
