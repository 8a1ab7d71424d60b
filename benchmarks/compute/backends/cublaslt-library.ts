import { checkedCalls, loadFirst } from './cuda-calls.ts';
import type { Address } from './cuda-driver.ts';

const NAMES = ['libcublasLt.so.13', 'libcublasLt.so.12', 'libcublasLt.so.11', 'libcublasLt.so'];
const DIRECTORIES = ['/usr/local/cuda/lib64/', '/usr/local/cuda/targets/x86_64-linux/lib/', '/opt/cuda/lib64/'];

/** Numbers of cudaDataType_t (library_types.h). */
export const TYPE = { f32: 0, f64: 1, f16: 2, i8: 3, i32: 10, bf16: 14, e4m3: 28, e5m2: 29 } as const;
/** Numbers of cublasComputeType_t (cublas_api.h). */
export const COMPUTE = { f32: 68, f64: 70, i32: 72, tf32: 77 } as const;
const DESC_TRANSA = 3;
const OP_TRANSPOSE = 1;
const PREFERENCE_WORKSPACE_BYTES = 1;

export const WORKSPACE_BYTES = 64 << 20;
/** cublasLtMatmulHeuristicResult_t: the algorithm (64 bytes), workspace size, state, waves, reserved. */
const RESULT_BYTES = 96;
const RESULT_STATE_AT = 72;
/** Algorithms that are tried before one is taken; the library's first guess is not always the fastest. */
const MOST_ALGORITHMS = 8;

/** How a product is asked for: types, widths, and the hardware that has it. */
export interface Form {
  readonly compute: number;
  /** Type of the two scalars. */
  readonly scale: number;
  /** Types of the two operands, the one that is transposed first. */
  readonly left: number;
  readonly right: number;
  readonly result: number;
  readonly operandBytes: number;
  readonly resultBytes: number;
  /** Least compute capability that has it in hardware. */
  readonly capability: number;
}

/** A product's shape and types as the library holds them. */
export interface Description {
  algorithms(): Uint8Array[];
  multiply(left: Address, right: Address, result: Address, workspace: Address, algorithm: Uint8Array): void;
  destroy(): void;
}

/** The part of cuBLASLt that products need. */
export interface CublasLt {
  readonly version: string;
  /** First operand (size × size) transposed times the second (size × columns), all column by column. */
  describe(wanted: Form, size: number, columns?: number): Description;
}

/** Loads the library and declares its calls. Throws where it is not found. */
export function openCublasLt(): CublasLt {
  const override = process.env.ASSAY_CUBLASLT;
  const paths = override ? [override] : [...NAMES, ...DIRECTORIES.flatMap((at) => NAMES.map((name) => at + name))];
  const library = loadFirst(paths);
  const call = checkedCalls(library);
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
    describe(wanted, size, columns = size) {
      handle ??= made((slot) => create(slot));
      const desc = made((slot) => createDesc(slot, wanted.compute, wanted.scale));
      setDesc(desc, DESC_TRANSA, Int32Array.of(OP_TRANSPOSE), 4);
      const layout = (type: number, width: number) => made((slot) => createLayout(slot, type, size, width, size));
      const first = layout(wanted.left, size);
      const second = layout(wanted.right, columns);
      const result = layout(wanted.result, columns);
      const [one, zero] = [1, 0].map((value) => scalar(wanted.scale, value));
      return {
        algorithms() {
          const preference = made((slot) => createPreference(slot));
          setPreference(preference, PREFERENCE_WORKSPACE_BYTES, BigUint64Array.of(BigInt(WORKSPACE_BYTES)), 8);
          const results = new Uint8Array(MOST_ALGORITHMS * RESULT_BYTES);
          const found = made((slot) => {
            slot[0] = 0;
            heuristic(handle, desc, first, second, result, result, preference, MOST_ALGORITHMS, results, slot);
          }) as number;
          destroyPreference(preference);
          const states = new DataView(results.buffer);
          return Array.from({ length: found }, (_, i) => i)
            .filter((i) => states.getInt32(i * RESULT_BYTES + RESULT_STATE_AT, true) === 0)
            .map((i) => results.slice(i * RESULT_BYTES, i * RESULT_BYTES + 64));
        },
        multiply(left, right, target, workspace, algorithm) {
          const parts = [left, first, right, second, zero, target, result, target, result] as const;
          matmul(handle, desc, one, ...parts, algorithm, workspace, WORKSPACE_BYTES, null);
        },
        destroy() {
          destroyDesc(desc);
          destroyLayout(first);
          destroyLayout(second);
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
