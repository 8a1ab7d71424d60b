import { sumOf } from '../users/series.ts';
import type { InferenceRaw } from './raw.ts';

type ModelRaw = InferenceRaw['models'][number];

/**
 * Largest difference from the reference over its largest answer, by precision. TF32 has the mantissa of FP16. Integers
 * are exact within a layer; between layers a device may round the other way.
 */
export const BOUNDS: Readonly<Record<string, number>> = {
  FP64: 1e-6,
  FP32: 2e-4,
  TF32: 2e-2,
  FP16: 2e-2,
  BF16: 1e-1,
  FP8: 2e-1,
  INT8: 5e-2,
  INT4: 1e-1,
};

/** Providers of devices that multiply FP32 as TF32 unless they are told not to. */
const TF32_PROVIDERS = ['cuda', 'tensorrt'];

/**
 * The precision that really ran, as far as the answers tell: weights of FP32 whose answers are off by more than FP32
 * gives, and by no more than TF32 does, were multiplied as TF32 by a device that has it.
 */
export function ranPrecision(model: Pick<ModelRaw, 'precision' | 'asked' | 'accuracy'>): string {
  if (model.precision !== 'FP32' || !TF32_PROVIDERS.includes(model.asked)) return model.precision;
  const worst = Math.max(0, ...model.accuracy.map(({ error, scale }) => error / scale));
  return worst > BOUNDS.FP32! && worst <= BOUNDS.TF32! ? 'TF32' : 'FP32';
}

/** Name of a provider in a session's profile. */
const PROVIDER_NAMES: Record<string, string> = {
  cpu: 'CPUExecutionProvider',
  cuda: 'CUDAExecutionProvider',
  webgpu: 'WebGpuExecutionProvider',
  tensorrt: 'TensorrtExecutionProvider',
};

/** What speaks against the answers of a model; nothing does where the list is empty. */
export function answerProblems(model: ModelRaw): string[] {
  const problems = [...accuracyProblems(model), ...providerProblems(model)];
  const differed = sumOf(model.played.map((played) => played.differed));
  if (differed > 0) problems.push(`${differed} answers of the timed runs are not those of the accuracy run`);
  // A trial of Server may end before its first query is due: it shows nothing, and nothing against the answers.
  const blind = model.played.some((played) => played.compared === 0 && sumOf(played.answered) > 0);
  if (blind || sumOf(model.played.map((played) => played.compared)) === 0) {
    problems.push('a timed run had no answer compared');
  }
  return problems;
}

function accuracyProblems(model: ModelRaw): string[] {
  const precision = ranPrecision(model);
  const bound = Object.hasOwn(BOUNDS, precision) ? BOUNDS[precision] : undefined;
  if (bound === undefined) return [`no bound is known for ${precision}`];
  if (model.accuracy.length < 2) return ['fewer than two samples were compared'];
  const problems: string[] = [];
  if (model.accuracy.some((sample) => !sample.finite)) problems.push('an answer is not finite or is missing');
  if (model.accuracy.some((sample) => !(sample.scale > 0) || sample.error > bound * sample.scale)) {
    problems.push(`answers differ from the reference by more than ${bound} of the largest one`);
  }
  // A network that says the same to everything would agree with any reference of its kind.
  if (!(model.distinct > bound)) problems.push('answers to different samples do not differ');
  return problems;
}

function providerProblems(model: ModelRaw): string[] {
  const name = PROVIDER_NAMES[model.asked];
  const total = sumOf(Object.values(model.providers));
  if (name === undefined || total === 0) return ['the session showed no provider'];
  const share = (model.providers[name] ?? 0) / total;
  // A few nodes that handle shapes always stay on the CPU.
  return share >= 0.5 ? [] : [`only ${(share * 100).toFixed(0)} % of the nodes ran on ${name}`];
}

export function accuracyText(model: ModelRaw): string {
  const worst = Math.max(...model.accuracy.map((sample) => sample.error / sample.scale));
  const providers = Object.entries(model.providers).map(([name, nodes]) => `${nodes} nodes on ${name}`);
  return `${model.accuracy.length} samples within ${worst.toExponential(1)} of the reference; ${providers.join(', ')}`;
}
