import { sumOf } from '../users/series.ts';
import type { InferenceRaw } from './raw.ts';

type ModelRaw = InferenceRaw['models'][number];

/** Largest difference from the reference over its largest answer, by precision. */
export const BOUNDS: Record<string, number> = { FP32: 2e-4, FP16: 2e-2, BF16: 1e-1 };

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
  if (model.played.some((played) => played.compared === 0)) problems.push('a timed run had no answer compared');
  return problems;
}

function accuracyProblems(model: ModelRaw): string[] {
  const bound = BOUNDS[model.precision];
  if (bound === undefined) return [`no bound is known for ${model.precision}`];
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
