import { type Static, Type } from 'typebox';
import type { Descriptor } from '../benchmark.ts';
import { SCENARIOS } from './scenario.ts';

/** Knobs of `inference.onnx`. */
export const InferenceSettings = Type.Object(
  {
    /** Networks that Assay builds: `resnet50`, `mobilenetv2`, `bert-base`, `decoder-step`. */
    models: Type.Array(Type.Enum(['resnet50', 'mobilenetv2', 'bert-base', 'decoder-step']), { maxItems: 4 }),
    /** ONNX files of the operator's; sizes that a file leaves open are taken as 1, and so is `batch` for them. */
    files: Type.Array(Type.String({ minLength: 1 }), { maxItems: 16 }),
    scenarios: Type.Array(Type.Enum([...SCENARIOS]), { minItems: 1, maxItems: 4 }),
    /** Execution provider that is asked for; the one that ran is read from the session's profile. */
    provider: Type.Enum(['cpu', 'cuda', 'webgpu', 'tensorrt']),
    /** Threads within an operator; 0: one a core. */
    threads: Type.Integer({ minimum: 0, maximum: 1_024 }),
    /** Different samples in memory. */
    samples: Type.Integer({ minimum: 2, maximum: 1_024 }),
    /** Seconds of calls before anything counts. */
    warmUpS: Type.Number({ minimum: 0, maximum: 600 }),
    /** Seconds of SingleStream, MultiStream and Offline, and of each trial of Server. */
    scenarioS: Type.Number({ minimum: 0.5, maximum: 7_200 }),
    /** Most samples in one call of Server and Offline; with 1, the eight of MultiStream come one by one too. */
    batch: Type.Integer({ minimum: 1, maximum: 1_024 }),
    /** Limit that 99 of 100 answers of Server must keep, milliseconds; 0: ten times the median of SingleStream. */
    serverLimitMs: Type.Number({ minimum: 0 }),
    /** Most trials of the search for Server's highest rate. */
    serverTrials: Type.Integer({ minimum: 1, maximum: 32 }),
    /** Seconds of the null system, which answers at once, and its rate in queries a second. */
    nullS: Type.Number({ minimum: 0.5, maximum: 60 }),
    nullRate: Type.Number({ minimum: 1, maximum: 100_000 }),
  },
  { additionalProperties: false },
);
export type InferenceSettings = Static<typeof InferenceSettings>;

const quick: InferenceSettings = {
  models: ['mobilenetv2'],
  files: [],
  scenarios: ['SingleStream', 'MultiStream', 'Offline'],
  provider: 'cpu',
  threads: 0,
  samples: 8,
  warmUpS: 0.5,
  scenarioS: 4,
  batch: 8,
  serverLimitMs: 0,
  serverTrials: 6,
  nullS: 1.5,
  nullRate: 1_000,
};

/** `inference.onnx`: real networks at their true sizes in MLPerf's four scenarios. */
export const descriptor: Descriptor<typeof InferenceSettings> = {
  id: 'inference.onnx',
  version: '1',
  title: { zh: 'ONNX 模型推理', en: 'Inference of ONNX models' },
  metrics: [
    {
      id: 'inference.latency.p90',
      unit: 's',
      better: 'lower',
      title: { zh: '单流时延第 90 百分位', en: '90th percentile of single-stream latency' },
    },
    {
      id: 'inference.latency.p99',
      unit: 's',
      better: 'lower',
      title: { zh: '多流时延第 99 百分位', en: '99th percentile of multi-stream latency' },
    },
    {
      id: 'inference.server.rate',
      unit: 'query/s',
      better: 'higher',
      title: { zh: '满足时延限值的最高查询率', en: 'Highest rate of queries within the latency limit' },
    },
    {
      id: 'inference.offline.rate',
      unit: 'sample/s',
      better: 'higher',
      title: { zh: '离线吞吐率', en: 'Offline throughput' },
    },
    {
      id: 'inference.overhead.p50',
      unit: 's',
      better: 'lower',
      title: { zh: '测试工具自身时延中位数', en: 'Median latency of the tool itself' },
    },
  ],
  settings: InferenceSettings,
  profiles: {
    quick,
    standard: {
      ...quick,
      models: ['resnet50', 'mobilenetv2', 'bert-base', 'decoder-step'],
      scenarios: ['SingleStream', 'MultiStream', 'Server', 'Offline'],
      samples: 16,
      warmUpS: 5,
      scenarioS: 60,
      nullS: 5,
    },
    full: {
      ...quick,
      models: ['resnet50', 'mobilenetv2', 'bert-base', 'decoder-step'],
      scenarios: ['SingleStream', 'MultiStream', 'Server', 'Offline'],
      samples: 64,
      warmUpS: 20,
      scenarioS: 600,
      nullS: 10,
    },
  },
  scope: 'node',
  service: false,
  cost: (settings) => {
    const networks = settings.models.length + settings.files.length;
    const trials = settings.scenarios.length + (settings.scenarios.includes('Server') ? settings.serverTrials - 1 : 0);
    const each = 4 + settings.samples * 0.6 + settings.warmUpS + trials * (settings.scenarioS + 0.5);
    return { seconds: Math.ceil(2 * settings.nullS + networks * each), writesBytes: 0 };
  },
};
