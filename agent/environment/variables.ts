import { MOST_CHARACTERS } from '../../model/environment.ts';

/** Variables that can change a measurement: the loader's, the languages', the libraries' that compute, and our own. */
const RELEVANT = new RegExp(
  `^(?:${[
    'LD_|GLIBC_TUNABLES$|MALLOC_|PATH$|TMPDIR$|PYTHON|NODE_(?!CHANNEL_)|ASSAY_|NVIDIA_|NCCL_|ORT_|XLA_|TF_|TORCH|PYTORCH_|FLAGS_',
    'OPENBLAS_|GOTO_|BLIS_|OMP_|GOMP_|KMP_|MKL_|DNNL_|ONEDNN_|CUDA_|CUBLAS|CUDNN_|HIP_|ROC|HSA_|ASCEND_|MUSA_',
  ].join('|')})`,
);
/** Names of what must stay at home. */
const SECRET = /TOKEN|PASSW|PWD|SECRET|CREDENTIAL|AUTH|COOKIE|(?:^|_)(?:API|ACCESS|PRIVATE)?_?KEY(?:_|$)/i;
const SECRET_OPTION = /^-{1,2}[\w-]*(?:token|passw|secret|credential|auth|key)[\w-]*$/i;
const SECRET_ARGUMENT = /^(-{1,2}[\w-]*(?:token|passw|secret|credential|auth|key)[\w-]*=).+$/i;
const MASK = '***';
const MOST_ARGUMENTS = 200;

/** The variables of an environment (`NAME=value`, ended by NUL) that can change a measurement, secrets masked. */
export function relevantVariables(environ: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of environ.split('\0').sort()) {
    const at = entry.indexOf('=');
    const name = entry.slice(0, at);
    if (at <= 0 || !RELEVANT.test(name)) continue;
    found[name] = SECRET.test(name) ? MASK : entry.slice(at + 1, at + 1 + MOST_CHARACTERS);
  }
  return found;
}

/** Words of a command as they may be kept: what looks like a secret is masked, long words are cut. */
export function relevantArguments(argv: readonly string[]): string[] {
  return argv.slice(0, MOST_ARGUMENTS).map((word, at) => {
    if (SECRET_OPTION.test(argv[at - 1] ?? '')) return MASK;
    return word.replace(SECRET_ARGUMENT, `$1${MASK}`).slice(0, MOST_CHARACTERS);
  });
}
