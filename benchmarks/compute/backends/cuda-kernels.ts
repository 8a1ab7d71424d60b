import { readFileSync } from 'node:fs';
import koffi from 'koffi';
import { checkedCalls, loadFirst } from './cuda-calls.ts';
import type { CudaDriver, Launch } from './cuda-driver.ts';

const NAMES = ['libnvrtc.so.13', 'libnvrtc.so.12', 'libnvrtc.so.11.2', 'libnvrtc.so'];
const DIRECTORIES = ['/usr/local/cuda/lib64/', '/usr/local/cuda/targets/x86_64-linux/lib/', '/opt/cuda/lib64/'];

/**
 * Compiles a source file beside this one for the device with NVIDIA's run-time compiler and loads it. Where the library
 * is not found, ASSAY_NVRTC names it. Throws where there is none or the source does not compile.
 */
export function loadKernels(driver: CudaDriver, file: string, capability: number): Launch {
  const source = readFileSync(new URL(file, import.meta.url), 'utf8');
  return driver.load(compile(source, file, `--gpu-architecture=sm_${capability}`));
}

function compile(source: string, name: string, option: string): Uint8Array {
  const override = process.env.ASSAY_NVRTC;
  const library = loadFirst(
    override ? [override] : [...NAMES, ...DIRECTORIES.flatMap((at) => NAMES.map((name) => at + name))],
  );
  const call = checkedCalls(library);
  const create = call(
    'nvrtcCreateProgram',
    '_Out_ void **program, const char *source, const char *name, int count, const void *headers, const void *names',
  );
  const build = library.func('int nvrtcCompileProgram(void *program, int count, const void *options)');
  const size = call('nvrtcGetCUBINSize', 'void *program, _Out_ size_t *size');
  const get = call('nvrtcGetCUBIN', 'void *program, void *image');
  const logSize = call('nvrtcGetProgramLogSize', 'void *program, _Out_ size_t *size');
  const log = call('nvrtcGetProgramLog', 'void *program, void *text');

  const program: [unknown] = [null];
  create(program, source, name, 0, null, null);
  const bytes = (measure: typeof size, read: typeof get): Buffer => {
    const length: [number | bigint] = [0];
    measure(program[0], length);
    const out = Buffer.alloc(Number(length[0]));
    read(program[0], out);
    return out;
  };
  const text = Buffer.from(`${option}\0`);
  const kept = koffi.alloc('char', text.length);
  const options = koffi.alloc('uint64', 1);
  try {
    koffi.encode(kept, 'char', [...text], text.length);
    koffi.encode(options, 'uint64', koffi.address(kept));
    const code = build(program[0], 1, options);
    if (code === 0) return bytes(size, get);
    const said = bytes(logSize, log).toString('utf8').replace(/\0.*$/s, '').trim().slice(0, 600);
    throw new Error(`${name} does not compile with ${option} (${code}): ${said}`);
  } finally {
    koffi.free(kept);
    koffi.free(options);
    call('nvrtcDestroyProgram', '_Inout_ void **program')(program);
  }
}
