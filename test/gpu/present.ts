import { execFileSync } from 'node:child_process';
import { type CudaDevice, openCudaDriver } from '../../benchmarks/compute/backends/cuda-driver.ts';

/** The GPUs of this machine, or why there is nothing to test on. */
export interface Present {
  readonly devices: readonly CudaDevice[];
  readonly driver: string;
  /** Why the tests are skipped; undefined where they run. */
  readonly absent: string | undefined;
  /** An interpreter whose PyTorch uses the GPU. */
  readonly python: string | undefined;
}

/**
 * Looks for a CUDA device. The tests measure for minutes and must have the machine for themselves, so that the ordinary
 * suite only says that they are here.
 */
export function lookForGpu(): Present {
  const none = { devices: [], driver: '', python: undefined };
  let found: Pick<Present, 'devices' | 'driver'>;
  try {
    const { devices, version } = openCudaDriver();
    found = { devices, driver: version };
  } catch {
    return { ...none, absent: 'no NVIDIA GPU' };
  }
  if (process.env.ASSAY_GPU !== '1') {
    return { ...none, absent: 'there is a GPU: run them alone with --config test/gpu/vitest.config.ts' };
  }
  const python = ['python3', '/usr/bin/python3'].find((one) => {
    try {
      const check = 'import torch; assert torch.cuda.is_available()';
      execFileSync(one, ['-c', check], { stdio: 'ignore', timeout: 120_000 });
      return true;
    } catch {
      return false;
    }
  });
  return { ...found, absent: undefined, python };
}
