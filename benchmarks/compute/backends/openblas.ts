import koffi from 'koffi';
import { NAMED_LIBRARIES } from '../../../model/environment.ts';
import type { RowProducts } from '../../benchmark.ts';
import { openHostChain } from '../challenge/host-chain.ts';
import type { Elements } from '../operands.ts';
import { type Backend, cutsOf, type Gemm, lacking, type Offer, rowsOf } from './backend.ts';
import { loadSharedLibrary } from './shared-library.ts';

const NAMES = ['libopenblas.so.0', 'libopenblas.so', 'libopenblasp.so.0', 'libopenblas.0.dylib', 'libopenblas.dylib'];
const DIRECTORIES = ['/opt/OpenBLAS/lib/', '/opt/homebrew/opt/openblas/lib/'];

/** Rows of a chain that go through its layers together: enough that packing the matrix each time costs little. */
const BLOCK_ROWS = 1024;

/** `double` or `float` product of OpenBLAS: cblas_dgemm, cblas_sgemm (netlib's CBLAS interface, row-major). */
export type BlasGemm = (
  transposeA: boolean,
  transposeB: boolean,
  m: number,
  n: number,
  k: number,
  a: Float64Array | Float32Array,
  b: Float64Array | Float32Array,
  c: Float64Array | Float32Array,
) => void;

export interface OpenBlas {
  readonly version: string;
  /** Kernels that it chose for this processor: `Haswell`, `SkylakeX` … */
  readonly core: string;
  setThreads(count: number): void;
  readonly dgemm: BlasGemm;
  readonly sgemm: BlasGemm;
}

/**
 * Loads OpenBLAS from wherever it is found, or from where ASSAY_OPENBLAS says. Throws, naming where it looked, if it is
 * nowhere.
 */
export function loadOpenBlas(): OpenBlas {
  const named = process.env[NAMED_LIBRARIES.openblas];
  const library = named ? koffi.load(named) : loadSharedLibrary('OpenBLAS', NAMES, DIRECTORIES);
  const gemm = (name: string, real: 'double' | 'float'): BlasGemm => {
    const call = library.func(
      `void ${name}(int order, int ta, int tb, int m, int n, int k, ${real} alpha, const void *a, int lda, const void *b, int ldb, ${real} beta, void *c, int ldc)`,
    );
    // 101 row-major, 111 as it is, 112 transposed.
    return (ta, tb, m, n, k, a, b, c) =>
      call(101, ta ? 112 : 111, tb ? 112 : 111, m, n, k, 1, a, ta ? m : k, b, tb ? k : n, 0, c, n);
  };
  const config = library.func('const char *openblas_get_config()')() as string;
  return {
    version: /OpenBLAS\s+(\S+)/.exec(config)?.[1] ?? config,
    core: library.func('const char *openblas_get_corename()')() as string,
    setThreads: library.func('void openblas_set_num_threads(int count)'),
    dgemm: gemm('cblas_dgemm', 'double'),
    sgemm: gemm('cblas_sgemm', 'float'),
  };
}

/**
 * Exact products for whoever recomputes a challenge, by OpenBLAS on so many threads; undefined where it is not
 * installed. Takes its AVX-512 kernels where the processor has all that they use, whatever the library thinks of its
 * model; this only works before the library is loaded for the first time.
 */
export function openBlasProducts(threads: number, flags: ReadonlySet<string>): RowProducts | undefined {
  const modern = ['avx512f', 'avx512cd', 'avx512bw', 'avx512dq', 'avx512vl'].every((flag) => flags.has(flag));
  const chosen = process.env.OPENBLAS_CORETYPE === undefined && modern;
  if (chosen) process.env.OPENBLAS_CORETYPE = 'SkylakeX';
  let library: OpenBlas;
  try {
    library = loadOpenBlas();
  } catch {
    return undefined;
  } finally {
    // What this process starts later makes its own choice.
    if (chosen) delete process.env.OPENBLAS_CORETYPE;
  }
  library.setThreads(threads);
  return (sums, rows, matrix, count, n, length) => {
    const gemm = sums instanceof Float64Array ? library.dgemm : library.sgemm;
    gemm(false, true, count, n, length, rows, matrix, sums);
  };
}

/**
 * OpenBLAS called in this process: FP64 and FP32 on the CPU. Which kernels it uses can be chosen before it is loaded
 * (environment variable OPENBLAS_CORETYPE): older builds don't know newer processors and fall back to slow kernels.
 */
export function openblas(): Backend {
  let library: OpenBlas | undefined;
  let threads = 1;
  return {
    async probe(count) {
      threads = count;
      library = loadOpenBlas();
      library.setThreads(threads);
      const offers: Offer[] = [{ precision: 'FP64' }, { precision: 'FP32' }];
      return {
        software: [{ name: 'OpenBLAS', version: `${library.version} (${library.core})` }],
        variant: library.core,
        devices: [{ id: 'cpu', name: 'CPU', offers, lacks: lacking(offers, 'OpenBLAS multiplies FP64 and FP32 only') }],
      };
    },
    async open(_device, precision, size, step, a, b) {
      if (!library) throw new Error('OpenBLAS was not probed');
      if (precision !== 'FP64' && precision !== 'FP32') throw new Error(`OpenBLAS has no ${precision} product`);
      return openGemm(precision === 'FP64' ? library.dgemm : library.sgemm, size, step, a, b);
    },
    async openChain(_device, precision, parameters, nonce) {
      if (!library) throw new Error('OpenBLAS was not probed');
      if (precision !== 'FP64' && precision !== 'FP32') throw new Error(`OpenBLAS has no ${precision} product`);
      const gemm = precision === 'FP64' ? library.dgemm : library.sgemm;
      const form = precision === 'FP64' ? 'float64' : 'float32';
      const { n } = parameters;
      return openHostChain<Float64Array | Float32Array>(
        parameters,
        nonce,
        form,
        BLOCK_ROWS,
        threads,
        ({ rows, state, sums }) => ({
          prepare: floats,
          multiply: (matrix) => gemm(false, true, rows, n, n, floats(state), matrix, floats(sums)),
        }),
      );
    },
    close() {},
  };
}

function openGemm(gemm: BlasGemm, size: number, step: number, a: Elements, b: Elements): Gemm {
  const [lefts, rights] = [cutsOf(floats(a), size, step), cutsOf(floats(b), size, step)];
  // Written once, so that no page is mapped while the clock runs.
  const c = a instanceof Float64Array ? new Float64Array(size * size) : new Float32Array(size * size);
  c.fill(Number.NaN);
  return {
    order: 'rows',
    multiply(pairs, rows) {
      for (const pair of pairs) gemm(false, false, size, size, size, lefts[pair.a]!, rights[pair.b]!, c);
      return rowsOf(c, size, rows);
    },
    poison: () => void c.fill(Number.NaN),
    output: () => c,
    close() {},
  };
}

function floats(entries: ArrayBufferView): Float64Array | Float32Array {
  if (entries instanceof Float64Array || entries instanceof Float32Array) return entries;
  throw new Error('OpenBLAS multiplies floats');
}
