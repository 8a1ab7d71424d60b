import { CanonicalError, parseStrict } from '../../evidence/canonical.ts';
import { Environment, type EnvironmentSummary } from '../../model/environment.ts';
import { check } from '../../model/schema.ts';

/** Far more than the largest framework loads; a node must not fill the memory of whoever looks. */
const MOST_BYTES = 8 * 1024 * 1024;

/** The environment in these bytes; undefined where they are none. */
export function readEnvironment(bytes: Uint8Array | undefined): Environment | undefined {
  if (!bytes || bytes.byteLength > MOST_BYTES) return undefined;
  try {
    const shaped = check(Environment, parseStrict(bytes));
    return shaped.ok ? shaped.value : undefined;
  } catch (error) {
    if (error instanceof CanonicalError) return undefined;
    throw error;
  }
}

/** Names of libraries that compute, or that give those their threads. */
const COMPUTING =
  /^lib(?:dnnl|mkldnn|openblas|blas|cblas|mkl|cublas|cudnn|cuda|nvrtc|nvidia-ml|onnxruntime|torch|tensorflow|paddle|mindspore|xla|hip|roc|ascend|acl|hccl|cnnl|cnrt|mudnn|musa|xpu|gomp|iomp|omp)|^(?:libpaddle|_pywrap_tensorflow|onnxruntime_binding|xla_extension|koffi)\b/;

/** More of them than any framework has that compute. */
const MOST_REPEATED = 500;

/** What of an environment is repeated in a report; everything stands in the evidence. */
export function summaryOf({ objects, processes, tools, policy }: Environment): EnvironmentSummary {
  const programs = new Map(tools.map(({ path, sha256 }) => [path, { path, ...(sha256 ? { sha256 } : {}) }]));
  const file = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
  const code = /\.(?:so|node)\b/;
  const repeated = objects.filter(
    ({ path, problem }) => problem || COMPUTING.test(file(path)) || !code.test(file(path)),
  );
  return {
    objects: repeated.slice(0, MOST_REPEATED),
    tools: [...programs.values()]
      .filter(({ path }) => !objects.some((object) => object.path === path))
      .slice(0, MOST_REPEATED),
    variables: { ...processes.find(({ role }) => role === 'runner')?.variables },
    policy,
  };
}
