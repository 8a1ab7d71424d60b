import { type LibraryName, NAMED_LIBRARIES } from '../../../model/environment.ts';
import type { Libraries } from '../../benchmark.ts';

/** A backend in one of its forms: what to start and with what environment. */
export interface Candidate {
  readonly backend: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Environment variable that tells the torch backend which interpreter to start. */
export const TORCH_PYTHON = 'ASSAY_TORCH_PYTHON';
/** Environment variable that tells the oneDNN backend by which of the library's ways to multiply. */
export const ONEDNN_FORM = 'ASSAY_ONEDNN_FORM';

/**
 * What is worth trying on this machine for the backends that the settings allow, in order.
 * OpenBLAS picks kernels by the processor's model and takes old ones for a model it does not know; where the processor
 * has AVX-512 its AVX-512 kernels are tried too. A wrong guess ends an engine with an illegal instruction, no more.
 * oneDNN has two ways to a product, and which is faster, or exact, depends on the processor: both are tried.
 */
export function candidates(
  allowed: readonly string[],
  cpuFlags: ReadonlySet<string>,
  pythons: readonly string[],
  libraries: Libraries = {},
): Candidate[] {
  const list: Candidate[] = [];
  for (const backend of allowed) {
    if (backend === 'torch') {
      for (const python of pythons) list.push({ backend, environment: { [TORCH_PYTHON]: python } });
      continue;
    }
    if (backend === 'onednn') {
      for (const form of ['gemm', 'matmul']) list.push({ backend, environment: { [ONEDNN_FORM]: form } });
      continue;
    }
    list.push({ backend, environment: {} });
    if (backend === 'openblas' && cpuFlags.has('avx512f') && cpuFlags.has('avx512dq')) {
      list.push({ backend, environment: { OPENBLAS_CORETYPE: 'SkylakeX' } });
    }
  }
  const named = Object.entries(libraries).map(([name, path]) => [NAMED_LIBRARIES[name as LibraryName], path]);
  return list.map(({ backend, environment }) => ({
    backend,
    environment: { ...Object.fromEntries(named), ...environment },
  }));
}
