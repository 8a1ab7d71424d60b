import type { Backend } from './backend.ts';
import { cublaslt } from './cublaslt.ts';
import { onednn } from './onednn.ts';
import { onnxruntime } from './onnxruntime.ts';
import { openblas } from './openblas.ts';
import { torch } from './torch.ts';

const MAKERS: Readonly<Record<string, () => Backend>> = {
  cublaslt,
  onednn: () => onednn(),
  onnxruntime,
  openblas,
  torch,
};

/** The backend of this name. Throws on a name that there is not. */
export function createBackend(name: string): Backend {
  const make = Object.hasOwn(MAKERS, name) ? MAKERS[name] : undefined;
  if (!make) throw new Error(`no backend "${name}"`);
  return make();
}
