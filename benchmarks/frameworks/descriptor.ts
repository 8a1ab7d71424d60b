import { type Static, Type } from 'typebox';
import type { Descriptor } from '../benchmark.ts';
import { Precision } from './precision.ts';

export const FrameworksSettings = Type.Object(
  {
    interpreters: Type.Array(Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }), {
      description:
        'Commands that run Python, each as a list of words; in a container, they are only asked what they have. None: python3 of the path and of the system.',
    }),
    frameworks: Type.Array(Type.String(), { description: 'Frameworks to try, by id; none: all that are found.' }),
    precisions: Type.Array(Precision, {
      minItems: 1,
      description: 'Precisions to train in, as far as framework and device have them.',
    }),
    trainSamples: Type.Integer({ minimum: 256, description: 'Samples in the training set.' }),
    heldOut: Type.Integer({
      minimum: 459,
      maximum: 65_536,
      description: 'Held-out inputs; 459 show 99 % with 99 % confidence.',
    }),
    steps: Type.Integer({ minimum: 1, description: 'Training steps.' }),
    batch: Type.Integer({ minimum: 1, description: 'Samples in one step.' }),
    timeoutSeconds: Type.Number({ exclusiveMinimum: 0, description: 'Most time for one framework.' }),
    findSeconds: Type.Number({
      exclusiveMinimum: 0,
      description: 'Most time to look for frameworks in one interpreter.',
    }),
  },
  { additionalProperties: false },
);
export type FrameworksSettings = Static<typeof FrameworksSettings>;

const common = {
  interpreters: [],
  frameworks: [],
  precisions: ['float32', 'bfloat16', 'float64', 'float16'] satisfies Precision[] as Precision[],
  trainSamples: 2048,
  heldOut: 512,
  steps: 240,
  batch: 128,
  findSeconds: 20,
};

/**
 * AI development frameworks of one node: each one that is installed trains a small fixed task from the challenge and
 * then labels inputs that derive from a beacon it could not know while it trained. The weights are committed before.
 *
 * What it shows: the framework's own training and inference work on that device and give right answers, while the
 * engine was loaded: a published build, or one with the engine's functions and operations. What it does not: speed,
 * that larger models fit, or that nothing else in that process computed: its packages run in it. Import alone counts
 * for nothing.
 */
export const descriptor: Descriptor<typeof FrameworksSettings> = {
  id: 'frameworks.train',
  version: '2.0.0',
  title: { zh: 'AI 开发框架适配', en: 'AI development frameworks' },
  metrics: [
    {
      id: 'frameworks.adapted.level',
      unit: '1',
      better: 'higher',
      title: { zh: '框架训练与推理正确', en: 'Framework trains and infers with right answers' },
    },
    {
      id: 'frameworks.adapted.agreement',
      unit: '1',
      better: 'higher',
      title: { zh: '留出样本一致率', en: 'Agreement on held-out inputs' },
    },
  ],
  settings: FrameworksSettings,
  profiles: {
    quick: { ...common, timeoutSeconds: 60 },
    standard: { ...common, heldOut: 4603, timeoutSeconds: 300 },
    full: { ...common, trainSamples: 8192, heldOut: 20_140, steps: 2000, timeoutSeconds: 1200 },
  },
  scope: 'node',
  service: false,
  cost: (settings) => ({ seconds: Math.min(60, settings.timeoutSeconds) + 5, writesBytes: 0 }),
};
