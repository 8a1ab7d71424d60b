import { bertBase } from './bert.ts';
import { decoderStep } from './decoder.ts';
import { mobilenetv2 } from './mobilenetv2.ts';
import type { InferenceModel } from './model.ts';
import { resnet50 } from './resnet50.ts';

/** Networks that Assay builds itself. */
export const MODELS: readonly InferenceModel[] = [resnet50, mobilenetv2, bertBase, decoderStep];

export function findModel(id: string): InferenceModel | undefined {
  return MODELS.find((model) => model.id === id);
}
