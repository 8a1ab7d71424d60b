import { type Static, Type } from 'typebox';
import type { Descriptor } from '../../benchmark.ts';

/** Knobs of `edge.realtime`. */
export const RealtimeSettings = Type.Object(
  {
    /** Network that is asked: `resnet50`, `mobilenetv2`, `bert-base` or `decoder-step`. */
    model: Type.Enum(['resnet50', 'mobilenetv2', 'bert-base', 'decoder-step']),
    provider: Type.Enum(['cpu', 'cuda', 'webgpu', 'tensorrt']),
    /** Threads within an operator; 0: one a core. */
    threads: Type.Integer({ minimum: 0, maximum: 1_024 }),
    samples: Type.Integer({ minimum: 2, maximum: 1_024 }),
    warmUpS: Type.Number({ minimum: 0, maximum: 600 }),
    /** Seconds of queries, one after the other. */
    measureS: Type.Number({ minimum: 0.5, maximum: 86_400 }),
    /** An answer that takes longer misses its deadline, milliseconds. */
    deadlineMs: Type.Number({ exclusiveMinimum: 0 }),
  },
  { additionalProperties: false },
);
export type RealtimeSettings = Static<typeof RealtimeSettings>;

const quick: RealtimeSettings = {
  model: 'mobilenetv2',
  provider: 'cpu',
  threads: 0,
  samples: 4,
  warmUpS: 0.5,
  measureS: 6,
  deadlineMs: 100,
};

/** `edge.realtime`: how long one image takes on this node, one after the other, and how often a deadline is missed. */
export const descriptor: Descriptor<typeof RealtimeSettings> = {
  id: 'edge.realtime',
  version: '1',
  title: { zh: '边缘实时推理', en: 'Real-time inference at the edge' },
  metrics: [
    { id: 'edge.latency.p50', unit: 's', better: 'lower', title: { zh: '单流时延中位数', en: 'Median latency' } },
    {
      id: 'edge.latency.p90',
      unit: 's',
      better: 'lower',
      title: { zh: '单流时延第 90 百分位', en: '90th percentile of latency' },
    },
    {
      id: 'edge.latency.p99',
      unit: 's',
      better: 'lower',
      title: { zh: '单流时延第 99 百分位', en: '99th percentile of latency' },
    },
    {
      id: 'edge.deadline.misses',
      unit: 'ratio',
      better: 'lower',
      title: { zh: '超过时限的比例', en: 'Share of answers that missed the deadline' },
    },
  ],
  settings: RealtimeSettings,
  profiles: {
    quick,
    standard: { ...quick, samples: 16, warmUpS: 5, measureS: 60 },
    full: { ...quick, samples: 64, warmUpS: 20, measureS: 600 },
  },
  scope: 'edge',
  service: false,
  cost: (settings) => ({
    seconds: Math.ceil(3 + settings.samples * 0.3 + settings.warmUpS + settings.measureS),
    writesBytes: 0,
  }),
};
