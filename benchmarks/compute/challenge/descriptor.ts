import { type Static, Type } from 'typebox';
import type { Descriptor } from '../../benchmark.ts';
import { PRECISIONS } from '../precision.ts';
import { LEAST_AUDITS, MOST_AUDITS } from './parameters.ts';

export const ChallengeSettings = Type.Object(
  {
    precisions: Type.Array(Type.Enum(PRECISIONS), {
      minItems: 1,
      uniqueItems: true,
      description: 'Precisions to challenge, in this order.',
    }),
    backends: Type.Array(Type.Enum(['onednn', 'onnxruntime', 'openblas', 'torch', 'cublaslt']), {
      minItems: 1,
      uniqueItems: true,
      description: 'Backends that may be tried; the fastest exact one is taken for each device and precision.',
    }),
    size: Type.Integer({ minimum: 64, maximum: 32768, multipleOf: 16, description: 'Length n of a row on CPUs.' }),
    rows: Type.Integer({ minimum: 16, maximum: 16384, multipleOf: 16, description: 'Rows m of a round on CPUs.' }),
    deviceSize: Type.Integer({ minimum: 64, maximum: 32768, multipleOf: 16, description: 'Length n on accelerators.' }),
    deviceRows: Type.Integer({ minimum: 16, maximum: 16384, multipleOf: 16, description: 'Rows m on accelerators.' }),
    matrices: Type.Integer({ minimum: 1, maximum: 64, description: 'Matrices that the layers choose from.' }),
    roundS: Type.Number({
      exclusiveMinimum: 0,
      description: 'Time that a round should take, seconds; longer where there would be too many rounds.',
    }),
    seconds: Type.Number({ exclusiveMinimum: 0, description: 'Time of the challenge for each precision, seconds.' }),
    audits: Type.Integer({
      minimum: LEAST_AUDITS,
      maximum: MOST_AUDITS,
      description: 'Rows that are recomputed for each precision and device.',
    }),
    threads: Type.Integer({ minimum: 0, description: 'Threads on the CPU; 0 for one a core.' }),
    pythons: Type.Array(Type.String({ minLength: 1 }), { description: 'Python interpreters to look for PyTorch in.' }),
  },
  { additionalProperties: false },
);
export type ChallengeSettings = Static<typeof ChallengeSettings>;

const shared = {
  backends: ['onednn', 'onnxruntime', 'openblas', 'torch', 'cublaslt'],
  size: 2048,
  rows: 1024,
  deviceSize: 8192,
  deviceRows: 8192,
  matrices: 4,
  threads: 0,
  pythons: ['python3', '/usr/bin/python3'],
} satisfies Partial<ChallengeSettings>;

/**
 * The chained challenge: exact integer products that derive from the controller's beacons, round after round, timed by
 * the controller and audited at random afterwards.
 */
export const descriptor: Descriptor<typeof ChallengeSettings> = {
  id: 'compute.challenge',
  version: '1.0.0',
  title: { zh: '链式算力挑战', en: 'Chained compute challenge' },
  metrics: [
    {
      id: 'compute.challenge.rate',
      unit: 'op/s',
      better: 'higher',
      title: { zh: '经挑战证明的运算速率', en: 'Rate that the challenge proves' },
    },
    {
      id: 'compute.challenge.ownRate',
      unit: 'op/s',
      better: 'higher',
      title: { zh: '节点自计时的运算速率', en: "Rate by the node's own clock" },
    },
    {
      id: 'compute.challenge.overhead',
      unit: 'ratio',
      better: 'lower',
      title: { zh: '证明开销占比', en: 'Share of the time that proving costs' },
    },
    {
      id: 'compute.challenge.efficiency',
      unit: 'op/J',
      better: 'higher',
      title: { zh: '挑战的能效', en: 'Operations per joule in the challenge' },
    },
    {
      id: 'compute.challenge.opened',
      unit: 's',
      better: 'lower',
      title: { zh: '时间窗起点（控制器时钟，Unix 时间）', en: "Start of the window (controller's clock, Unix time)" },
    },
  ],
  settings: ChallengeSettings,
  profiles: {
    quick: { ...shared, precisions: ['FP64', 'FP32', 'INT8'], roundS: 0.4, seconds: 5, audits: 16 },
    standard: { ...shared, precisions: [...PRECISIONS], roundS: 1, seconds: 125, audits: 64 },
    full: { ...shared, precisions: [...PRECISIONS], roundS: 1, seconds: 1800, audits: 256 },
  },
  scope: 'node',
  service: false,
  cost: (settings) => ({ seconds: 3 + settings.precisions.length * (settings.seconds + 4), writesBytes: 0 }),
};
