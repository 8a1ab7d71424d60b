import koffi from 'koffi';
import {
  type Library,
  type Matmul,
  type MatmulProduct,
  openMatmul,
  type ProductShape,
  statusCalls,
} from './onednn-matmul.ts';
import { loadNamedLibrary, loadSharedLibrary } from './shared-library.ts';

const NAMES = ['libdnnl.so.3', 'libdnnl.so.3.6', 'libdnnl.so.2', 'libdnnl.so', 'libdnnl.3.dylib', 'libdnnl.dylib'];
/** Versions 0 and 1, whose interface is another. */
const TOO_OLD = ['libdnnl.so.1', 'libmkldnn.so.1', 'libmkldnn.so.0', 'libmkldnn.so'];
const DIRECTORIES = ['/opt/intel/oneapi/dnnl/latest/lib/', '/opt/homebrew/opt/onednn/lib/'];
const REMEDY = '; install it: apt-get install libdnnl2, in newer releases libdnnl3 or libdnnl3.6';

/** The part of oneDNN that products need. */
export interface OneDnn {
  readonly version: string;
  /** The widest instructions that it uses on this processor: `avx512_core_bf16` … */
  readonly isa: string;
  /** Threads of the products that this thread calls for. Throws where it cannot have exactly so many. */
  setThreads(count: number): void;
  /** Signed bytes to 32-bit sums in one call, both operands as they lie. */
  gemm(shape: ProductShape, a: Int8Array, b: Int8Array, c: Int32Array): void;
  /** The same by the matmul primitive; its B is copied into the order that the primitive likes best. */
  matmul(shape: ProductShape, a: Int8Array, b: Int8Array, c: Int32Array): MatmulProduct;
  /** The same for elements in the bits of BF16, to sums in FP32. Throws where this build has no such product. */
  matmul(shape: ProductShape, a: Uint16Array, b: Uint16Array, c: Float32Array): MatmulProduct;
}

/** Values of dnnl_cpu_isa_t that mean the same in versions 2 and 3. */
const ISA: Readonly<Record<number, string>> = {
  1: 'sse41',
  3: 'avx',
  7: 'avx2',
  39: 'avx512_core',
  103: 'avx512_core_vnni',
  231: 'avx512_core_bf16',
};

/**
 * Loads oneDNN from wherever it is found, or from where ASSAY_ONEDNN says, and lets it use all that the processor has,
 * whatever the environment says. Throws, naming where it looked and what to install, if it is nowhere.
 */
export function loadOneDnn(): OneDnn {
  const library = withShortWaits(() => {
    const override = process.env.ASSAY_ONEDNN;
    return override
      ? loadNamedLibrary('oneDNN', override)
      : loadSharedLibrary('oneDNN', NAMES, DIRECTORIES, REMEDY, TOO_OLD);
  });
  const version = koffi.decode(library.func('const int *dnnl_version()')(), 'int', 3) as number[];
  // Only before its first use; a build without the choice uses all there is anyway.
  library.func('int dnnl_set_max_cpu_isa(int isa)')(0);
  const isa = library.func('int dnnl_get_effective_cpu_isa()')() as number;
  const call = statusCalls(library);
  const gemm = call(
    'dnnl_gemm_s8s8s32',
    'char ta, char tb, char offset, int64_t m, int64_t n, int64_t k, float alpha, const void *a, int64_t lda, int8_t ao, const void *b, int64_t ldb, int8_t bo, float beta, void *c, int64_t ldc, const void *co',
  );
  // Neither operand transposed; one offset for all sums, which is zero.
  const [plain, fixed, zero] = ['N'.charCodeAt(0), 'F'.charCodeAt(0), new Int32Array(1)];
  let matmul: Matmul | undefined;
  return {
    version: version.join('.'),
    isa: ISA[isa] ?? `isa 0x${isa.toString(16)}`,
    setThreads: threadSetter(library),
    gemm(shape, a, b, c) {
      const { m, n, k } = checked(shape, a, b, c);
      gemm(plain, plain, fixed, m, n, k, 1, a, k, 0, b, n, 0, 0, c, n, zero);
    },
    matmul(shape, a: Int8Array | Uint16Array, b: Int8Array | Uint16Array, c: Int32Array | Float32Array) {
      matmul ??= openMatmul(library, version[0]! >= 3);
      return matmul(checked(shape, a, b, c), a, b, c);
    },
  };
}

/**
 * How long threads of OpenMP spin for work before they sleep (GNU's runtime: turns of a loop; LLVM's and Intel's:
 * milliseconds). By default they do for so long that on a machine which does anything else beside, they hold the cores
 * that a thread of theirs which was preempted needs to catch up: two threads beside one busy process were a fifth as
 * fast. This is long enough from one product to the next.
 */
const WAITS = { GOMP_SPINCOUNT: '5000', KMP_BLOCKTIME: '1' };

/** The runtimes read their environment when they are loaded; what this process starts later makes its own choice. */
function withShortWaits<T>(load: () => T): T {
  const chosen = Object.entries(WAITS).filter(([name]) => process.env[name] === undefined);
  for (const [name, value] of chosen) process.env[name] = value;
  try {
    return load();
  } finally {
    for (const [name] of chosen) delete process.env[name];
  }
}

/** What a native call reads and writes must have the size that it thinks it has. */
function checked(shape: ProductShape, a: ArrayLike<number>, b: ArrayLike<number>, c: ArrayLike<number>): ProductShape {
  const { m, n, k } = shape;
  if (!(m > 0 && n > 0 && k > 0) || a.length !== m * k || b.length !== k * n || c.length !== m * n) {
    throw new Error(`arrays of ${a.length}, ${b.length} and ${c.length} elements are no ${m} × ${k} · ${k} × ${n}`);
  }
  return shape;
}

/** Its builds for OpenMP take their threads from there; those for other runtimes cannot be told how many. */
function threadSetter(library: Library): OneDnn['setThreads'] {
  let openMp: { dynamic: (on: number) => void; set: (count: number) => void; most: () => number; limit: () => number };
  try {
    // Found through the library, so that it is the very runtime that the library is linked to.
    openMp = {
      dynamic: library.func('void omp_set_dynamic(int on)'),
      set: library.func('void omp_set_num_threads(int count)'),
      most: library.func('int omp_get_max_threads()'),
      limit: library.func('int omp_get_thread_limit()'),
    };
  } catch {
    throw new Error('this oneDNN was not built for OpenMP: the number of its threads cannot be set');
  }
  return (count) => {
    openMp.dynamic(0);
    openMp.set(count);
    const has = Math.min(openMp.most(), openMp.limit());
    if (has !== count) throw new Error(`oneDNN takes ${has} threads where it was given ${count}`);
  };
}
