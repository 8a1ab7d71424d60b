import type { Elements } from '../operands.ts';
import type { Precision } from '../precision.ts';
import { packFloats, unpackFloats } from '../storage.ts';
import { type Backend, type Gemm, type Offer, timed } from './backend.ts';
import { type Address, type CudaDriver, CudaError, loadFirst, openCudaDriver } from './cuda-driver.ts';

const NAMES = ['libcublasLt.so.13', 'libcublasLt.so.12', 'libcublasLt.so.11', 'libcublasLt.so'];
const DIRECTORIES = ['/usr/local/cuda/lib64/', '/usr/local/cuda/targets/x86_64-linux/lib/', '/opt/cuda/lib64/'];

/** Numbers of cudaDataType_t (library_types.h). */
const TYPE = { f32: 0, f64: 1, f16: 2, i8: 3, i32: 10, bf16: 14, e4m3: 28 } as const;
/** Numbers of cublasComputeType_t (cublas_api.h). */
const COMPUTE = { f32: 68, f64: 70, i32: 72, tf32: 77 } as const;
const DESC_TRANSA = 3;
const OP_TRANSPOSE = 1;
const PREFERENCE_WORKSPACE_BYTES = 1;

const WORKSPACE_BYTES = 64 << 20;
/** cublasLtMatmulHeuristicResult_t: the algorithm (64 bytes), workspace size, state, waves, reserved. */
const RESULT_BYTES = 96;
const RESULT_STATE_AT = 72;
/** Algorithms that are tried before one is taken; the library's first guess is not always the fastest. */
const MOST_ALGORITHMS = 8;
const TRIAL_PRODUCTS = 3;

interface Form {
  readonly compute: number;
  /** Type of the two scalars. */
  readonly scale: number;
  readonly operand: number;
  readonly result: number;
  readonly operandBytes: number;
  readonly resultBytes: number;
  /** Least compute capability that has it in hardware. */
  readonly capability: number;
}

/** Results in the type that frameworks ask for: the operands' own for floats of 16 bits, BF16 for FP8. */
const FORMS: Partial<Record<Precision, Form>> = {
  FP64: form(COMPUTE.f64, TYPE.f64, TYPE.f64, TYPE.f64, 8, 8, 60),
  FP32: form(COMPUTE.f32, TYPE.f32, TYPE.f32, TYPE.f32, 4, 4, 50),
  TF32: form(COMPUTE.tf32, TYPE.f32, TYPE.f32, TYPE.f32, 4, 4, 80),
  FP16: form(COMPUTE.f32, TYPE.f32, TYPE.f16, TYPE.f16, 2, 2, 70),
  BF16: form(COMPUTE.f32, TYPE.f32, TYPE.bf16, TYPE.bf16, 2, 2, 80),
  FP8_E4M3: form(COMPUTE.f32, TYPE.f32, TYPE.e4m3, TYPE.bf16, 1, 2, 89),
  INT8: form(COMPUTE.i32, TYPE.i32, TYPE.i8, TYPE.i32, 1, 4, 75),
};

/**
 * NVIDIA's cuBLASLt called in this process, over the CUDA driver alone: no toolkit has to be installed beside the
 * library. Where it is not found, ASSAY_CUBLASLT names it (and ASSAY_CUDA_DRIVER the driver).
 */
export function cublaslt(): Backend {
  let driver: CudaDriver | undefined;
  let library: Library | undefined;
  return {
    async probe() {
      driver = openCudaDriver();
      library = openLibrary();
      const tried = driver;
      return {
        software: [
          { name: 'cuBLASLt', version: library.version },
          { name: 'CUDA driver', version: driver.version },
        ],
        devices: driver.devices.map(({ index, name, uuid, capability }) => ({
          id: `cuda:${index}`,
          name,
          uuid,
          offers: (Object.keys(FORMS) as Precision[])
            .filter((precision) => FORMS[precision]!.capability <= capability)
            .filter((precision) => canMultiply(tried, library!, index, FORMS[precision]!))
            .map((precision): Offer => ({ precision })),
        })),
      };
    },
    async open(device, precision, size, a, b) {
      const wanted = FORMS[precision];
      if (!driver || !library) throw new Error('cuBLASLt was not probed');
      if (!wanted) throw new Error(`cuBLASLt has no ${precision} product`);
      driver.use(Number(device.split(':')[1]));
      return openGemm(driver, library, wanted, precision, size, a, b);
    },
    async openChain() {
      throw new Error(
        'cuBLASLt has no kernels for the steps between products; PyTorch answers challenges on this device',
      );
    },
    close() {},
  };
}

function form(
  compute: number,
  scale: number,
  operand: number,
  result: number,
  operandBytes: number,
  resultBytes: number,
  capability: number,
): Form {
  return { compute, scale, operand, result, operandBytes, resultBytes, capability };
}

/** One product: prepared once, queued as often as wanted. Closing frees what it took. */
interface Product {
  queue(): void;
  readonly result: Address;
  close(): void;
}

function canMultiply(driver: CudaDriver, library: Library, index: number, wanted: Form): boolean {
  try {
    driver.use(index);
    const product = prepare(driver, library, wanted, 256);
    product.queue();
    driver.synchronize();
    product.close();
    return true;
  } catch {
    return false;
  }
}

function openGemm(
  driver: CudaDriver,
  library: Library,
  wanted: Form,
  precision: Precision,
  size: number,
  a: Elements,
  b: Elements,
): Gemm {
  // The library's fast kernels want both operands with the inner dimension contiguous: the second goes in transposed.
  const operands = [stored(transposed(b, size), precision), stored(a, precision)] as const;
  const product = prepare(driver, library, wanted, size, operands);
  return {
    multiply: (iterations) =>
      timed(() => {
        for (let i = 0; i < iterations; i++) product.queue();
        driver.synchronize();
      }),
    output() {
      const bytes = size * size * wanted.resultBytes;
      const raw = new Uint8Array(bytes);
      driver.download(raw, product.result, bytes);
      if (wanted.result === TYPE.f64) return new Float64Array(raw.buffer);
      if (wanted.result === TYPE.f32) return new Float32Array(raw.buffer);
      if (wanted.result === TYPE.i32) return new Int32Array(raw.buffer);
      return unpackFloats(new Uint16Array(raw.buffer), wanted.result === TYPE.f16 ? 'FP16' : 'BF16');
    },
    close: () => product.close(),
  };
}

/** Buffers, descriptors and the fastest of the algorithms that the library proposes. */
function prepare(
  driver: CudaDriver,
  library: Library,
  wanted: Form,
  size: number,
  operands?: readonly [ArrayBufferView, ArrayBufferView],
): Product {
  const held: Address[] = [];
  const descriptors: (() => void)[] = [];
  const close = () => {
    for (const address of held.splice(0)) driver.free(address);
    for (const destroy of descriptors.splice(0)) destroy();
  };
  const buffer = (bytes: number, data?: ArrayBufferView): Address => {
    const address = driver.allocate(bytes);
    held.push(address);
    if (data) driver.upload(address, data);
    // All bits set is NaN in every float form: a product that writes nothing can't look right.
    else driver.fill(address, 0xff, bytes);
    return address;
  };
  try {
    const [left, right] = [0, 1].map((i) => buffer(size * size * wanted.operandBytes, operands?.[i]));
    const result = buffer(size * size * wanted.resultBytes);
    const workspace = buffer(WORKSPACE_BYTES);
    const description = library.describe(wanted, size);
    descriptors.push(description.destroy);
    const run = (algorithm: Uint8Array) => description.multiply(left!, right!, result, workspace, algorithm);
    let best: { algorithm: Uint8Array; milliseconds: number } | undefined;
    for (const algorithm of description.algorithms()) {
      try {
        run(algorithm);
        driver.synchronize();
        const milliseconds = driver.timed(() => {
          for (let i = 0; i < TRIAL_PRODUCTS; i++) run(algorithm);
        });
        if (!best || milliseconds < best.milliseconds) best = { algorithm, milliseconds };
      } catch (error) {
        if (!(error instanceof CudaError)) throw error;
      }
    }
    if (!best) throw new Error('no algorithm of cuBLASLt works for this product');
    const { algorithm } = best;
    driver.fill(result, 0xff, size * size * wanted.resultBytes);
    return { queue: () => run(algorithm), result, close };
  } catch (error) {
    close();
    throw error;
  }
}

interface Description {
  algorithms(): Uint8Array[];
  multiply(left: Address, right: Address, result: Address, workspace: Address, algorithm: Uint8Array): void;
  destroy(): void;
}

interface Library {
  readonly version: string;
  /** Square product with the first operand transposed, column by column. */
  describe(wanted: Form, size: number): Description;
}

function openLibrary(): Library {
  const override = process.env.ASSAY_CUBLASLT;
  const paths = override ? [override] : [...NAMES, ...DIRECTORIES.flatMap((at) => NAMES.map((name) => at + name))];
  const library = loadFirst(paths);
  const call = (name: string, parameters: string) => {
    const run = library.func(`int ${name}(${parameters})`);
    return (...values: unknown[]): void => {
      const code = run(...values) as number;
      if (code !== 0) throw new CudaError(name, code);
    };
  };
  const create = call('cublasLtCreate', '_Out_ void **handle');
  const createDesc = call('cublasLtMatmulDescCreate', '_Out_ void **desc, int compute, int scale');
  const setDesc = call('cublasLtMatmulDescSetAttribute', 'void *desc, int attribute, const void *value, size_t bytes');
  const destroyDesc = call('cublasLtMatmulDescDestroy', 'void *desc');
  const createLayout = call(
    'cublasLtMatrixLayoutCreate',
    '_Out_ void **layout, int type, uint64_t rows, uint64_t columns, int64_t leading',
  );
  const destroyLayout = call('cublasLtMatrixLayoutDestroy', 'void *layout');
  const createPreference = call('cublasLtMatmulPreferenceCreate', '_Out_ void **preference');
  const setPreference = call(
    'cublasLtMatmulPreferenceSetAttribute',
    'void *preference, int attribute, const void *value, size_t bytes',
  );
  const destroyPreference = call('cublasLtMatmulPreferenceDestroy', 'void *preference');
  const heuristic = call(
    'cublasLtMatmulAlgoGetHeuristic',
    'void *handle, void *desc, void *a, void *b, void *c, void *d, void *preference, int wanted, void *results, _Out_ int *found',
  );
  const matmul = call(
    'cublasLtMatmul',
    'void *handle, void *desc, const void *alpha, uint64_t a, void *la, uint64_t b, void *lb, const void *beta, uint64_t c, void *lc, uint64_t d, void *ld, const void *algorithm, uint64_t workspace, size_t bytes, void *stream',
  );
  const made = (make: (slot: [unknown]) => void): unknown => {
    const slot: [unknown] = [null];
    make(slot);
    return slot[0];
  };
  const version = library.func('size_t cublasLtGetVersion()')() as number | bigint;
  let handle: unknown;
  return {
    version: String(version),
    describe(wanted, size) {
      handle ??= made((slot) => create(slot));
      const desc = made((slot) => createDesc(slot, wanted.compute, wanted.scale));
      setDesc(desc, DESC_TRANSA, Int32Array.of(OP_TRANSPOSE), 4);
      const operand = made((slot) => createLayout(slot, wanted.operand, size, size, size));
      const result = made((slot) => createLayout(slot, wanted.result, size, size, size));
      const [one, zero] = [1, 0].map((value) => scalar(wanted.scale, value));
      return {
        algorithms() {
          const preference = made((slot) => createPreference(slot));
          setPreference(preference, PREFERENCE_WORKSPACE_BYTES, BigUint64Array.of(BigInt(WORKSPACE_BYTES)), 8);
          const results = new Uint8Array(MOST_ALGORITHMS * RESULT_BYTES);
          const found = made((slot) => {
            slot[0] = 0;
            heuristic(handle, desc, operand, operand, result, result, preference, MOST_ALGORITHMS, results, slot);
          }) as number;
          destroyPreference(preference);
          const states = new DataView(results.buffer);
          return Array.from({ length: found }, (_, i) => i)
            .filter((i) => states.getInt32(i * RESULT_BYTES + RESULT_STATE_AT, true) === 0)
            .map((i) => results.slice(i * RESULT_BYTES, i * RESULT_BYTES + 64));
        },
        multiply(left, right, target, workspace, algorithm) {
          const parts = [left, operand, right, operand, zero, target, result, target, result] as const;
          matmul(handle, desc, one, ...parts, algorithm, workspace, WORKSPACE_BYTES, null);
        },
        destroy() {
          destroyDesc(desc);
          destroyLayout(operand);
          destroyLayout(result);
        },
      };
    },
  };
}

function scalar(type: number, value: number): ArrayBufferView {
  if (type === TYPE.f64) return Float64Array.of(value);
  return type === TYPE.i32 ? Int32Array.of(value) : Float32Array.of(value);
}

function stored(elements: Elements, precision: Precision): ArrayBufferView {
  const packed = precision === 'FP16' || precision === 'BF16' || precision === 'FP8_E4M3';
  return packed ? packFloats(elements as Float32Array, precision) : elements;
}

function transposed(matrix: Elements, n: number): Elements {
  const out = matrix.slice();
  const block = 64;
  for (let i0 = 0; i0 < n; i0 += block) {
    for (let j0 = 0; j0 < n; j0 += block) {
      for (let i = i0; i < Math.min(n, i0 + block); i++) {
        for (let j = j0; j < Math.min(n, j0 + block); j++) out[j * n + i] = matrix[i * n + j]!;
      }
    }
  }
  return out;
}
