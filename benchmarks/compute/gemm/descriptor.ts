import { type Static, Type } from 'typebox';
import type { Descriptor } from '../../benchmark.ts';
import { PRECISIONS } from '../precision.ts';

export const GemmSettings = Type.Object(
  {
    precisions: Type.Array(Type.Enum(PRECISIONS), {
      minItems: 1,
      uniqueItems: true,
      description: 'Precisions to measure, in this order.',
    }),
    backends: Type.Array(Type.Enum(['onednn', 'onnxruntime', 'openblas', 'torch', 'cublaslt']), {
      minItems: 1,
      uniqueItems: true,
      description: 'Backends that may be tried; the fastest right one is taken for each device and precision.',
    }),
    sizes: Type.Array(Type.Integer({ minimum: 64, maximum: 32768, multipleOf: 16 }), {
      minItems: 1,
      description: 'Sizes n of the n × n matrices that are tried on CPUs.',
    }),
    deviceSizes: Type.Array(Type.Integer({ minimum: 64, maximum: 32768, multipleOf: 16 }), {
      minItems: 1,
      description: 'Sizes that are tried on accelerators.',
    }),
    trialS: Type.Number({ exclusiveMinimum: 0, description: 'Time of one trial, seconds.' }),
    warmUpS: Type.Number({ minimum: 0, description: 'Warm-up before the measured time on CPUs, seconds.' }),
    deviceWarmUpS: Type.Number({ minimum: 0, description: 'Warm-up on accelerators, seconds.' }),
    seconds: Type.Number({ exclusiveMinimum: 0, description: 'Measured time for each precision, seconds.' }),
    windowS: Type.Number({ exclusiveMinimum: 0, description: 'Length of a window, seconds.' }),
    rounds: Type.Integer({ minimum: 1, maximum: 64, description: "Random vectors of Freivalds' check." }),
    openedRows: Type.Integer({
      minimum: 1,
      maximum: 64,
      description: 'Rows of each output that are opened and recomputed by whoever checks.',
    }),
    threads: Type.Integer({ minimum: 0, description: 'Threads on the CPU; 0 for one a core.' }),
    pythons: Type.Array(Type.String({ minLength: 1 }), { description: 'Python interpreters to look for PyTorch in.' }),
  },
  { additionalProperties: false },
);
export type GemmSettings = Static<typeof GemmSettings>;

const shared = {
  backends: ['onednn', 'onnxruntime', 'openblas', 'torch', 'cublaslt'],
  rounds: 4,
  openedRows: 4,
  threads: 0,
  pythons: ['python3', '/usr/bin/python3'],
} satisfies Partial<GemmSettings>;

/** Matrix products at full speed in each precision, verified on the buffers that were timed. */
export const descriptor: Descriptor<typeof GemmSettings> = {
  id: 'compute.gemm',
  version: '1.1.0',
  title: { zh: '矩阵乘法持续算力', en: 'Sustained matrix products' },
  metrics: [
    {
      id: 'compute.gemm.rate',
      unit: 'op/s',
      better: 'higher',
      title: { zh: '矩阵乘法运算速率（稠密）', en: 'Rate of dense matrix products' },
    },
    {
      id: 'compute.gemm.peak',
      unit: 'op/s',
      better: 'higher',
      title: { zh: '最快时间窗的运算速率', en: 'Rate of the fastest window' },
    },
    {
      id: 'compute.gemm.sustained',
      unit: 'ratio',
      better: 'higher',
      title: { zh: '后三分之一与前三分之一之比', en: 'Last third against first third' },
    },
    {
      id: 'compute.gemm.residual',
      unit: 'ratio',
      better: 'lower',
      title: { zh: 'Freivalds 校验残差', en: "Residual of Freivalds' check" },
    },
    {
      id: 'compute.gemm.efficiency',
      unit: 'op/J',
      better: 'higher',
      title: { zh: '每焦耳运算次数', en: 'Operations per joule' },
    },
    {
      id: 'compute.gemm.nodeEfficiency',
      unit: 'op/J',
      better: 'higher',
      title: { zh: '整机每焦耳运算次数', en: 'Operations per joule of the whole machine' },
    },
  ],
  settings: GemmSettings,
  profiles: {
    quick: {
      ...shared,
      precisions: ['FP64', 'FP32', 'BF16', 'INT8'],
      sizes: [1024, 2048],
      deviceSizes: [8192],
      trialS: 0.25,
      warmUpS: 0.5,
      deviceWarmUpS: 2,
      seconds: 5,
      windowS: 0.5,
    },
    standard: {
      ...shared,
      precisions: [...PRECISIONS],
      sizes: [512, 1024, 2048, 4096],
      deviceSizes: [4096, 8192, 16384],
      trialS: 1,
      warmUpS: 5,
      deviceWarmUpS: 20,
      seconds: 125,
      windowS: 1,
    },
    full: {
      ...shared,
      precisions: [...PRECISIONS],
      sizes: [512, 1024, 2048, 4096],
      deviceSizes: [2048, 4096, 8192, 16384],
      trialS: 2,
      warmUpS: 10,
      deviceWarmUpS: 20,
      seconds: 1800,
      windowS: 1,
    },
  },
  scope: 'node',
  service: false,
  cost: (settings) => ({
    // Two backends on the CPU are usual; operands, gate and proof take about a second and a half a precision.
    seconds:
      3 +
      settings.precisions.length *
        (settings.seconds + settings.warmUpS + 2 * settings.sizes.length * (settings.trialS + 0.2) + 1),
    writesBytes: 0,
  }),
};
