import type koffi from 'koffi';

/** C (m × n) = A (m × k) · B (k × n), all row by row. */
export interface ProductShape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** A product whose operands are in place. */
export interface PreparedProduct {
  /** Reads A and writes C where they lay when it was prepared. */
  multiply(): void;
  close(): void;
}

/** A product whose operands can be others of the same shape. */
export interface MatmulProduct extends PreparedProduct {
  /** The same product with an A that lies elsewhere. */
  at(a: Int8Array | Uint16Array): () => void;
  /** Copies another B into the order that the primitive wants. */
  pack(b: Int8Array | Uint16Array): void;
}

/** Prepares a product of bytes with 32-bit sums, or of elements in the bits of BF16 with sums in FP32. */
export type Matmul = (
  shape: ProductShape,
  a: Int8Array | Uint16Array,
  b: Int8Array | Uint16Array,
  c: Int32Array | Float32Array,
) => MatmulProduct;

export type Library = ReturnType<typeof koffi.load>;

/** Declares calls by name and parameters; whatever one of them gives but 0 (dnnl_success) is thrown. */
export const statusCalls = (library: Library) => (name: string, parameters: string) => {
  const run = library.func(`int ${name}(${parameters})`);
  return (...values: unknown[]): void => {
    const status = run(...values) as number;
    if (status !== 0) throw new Error(`${name} gave ${status}${status === 3 ? ' (unimplemented)' : ''}`);
  };
};

/** Numbers of dnnl_data_type_t (dnnl_types.h; the same in versions 2 and 3). */
const TYPE = { bf16: 2, f32: 3, s32: 4, s8: 5 } as const;
type TypeName = keyof typeof TYPE;
/** Numbers of dnnl_format_tag_t: the primitive's choice (dnnl_format_tag_any), row by row (dnnl_ab). */
const ORDER = { any: 1, rows: 3 } as const;
type OrderName = keyof typeof ORDER;
const ENGINE_CPU = 1;
const STREAM_DEFAULT = 1;
const QUERY_WEIGHTS = 131;
const ARGUMENT = { source: 1, weights: 33, result: 17 } as const;
/** DNNL_MEMORY_ALLOCATE: the library takes aligned memory of its own. */
const OWN_MEMORY = 0xffffffffffffffffn;
/** DNNL_MAX_NDIMS. */
const MOST_DIMENSIONS = 12;
/** Room for a dnnl_memory_desc_t and a dnnl_matmul_desc_t of version 2, which are 696 and 2,800 bytes in 2.6. */
const DESCRIPTOR_BYTES = 4096;
const OPERATION_BYTES = 65536;

/**
 * Products by the matmul primitive (oneDNN developer guide, "Matrix Multiplication"). B is described as `any`, so that
 * the primitive says in which order it wants it, and is put into that order by a reorder primitive. Version 2 writes
 * descriptors into memory of the caller's, version 3 makes them itself; all else is the same.
 */
export function openMatmul(library: Library, third: boolean): Matmul {
  const call = statusCalls(library);
  const made = (make: (slot: BigUint64Array) => void): bigint => {
    const slot = new BigUint64Array(1);
    make(slot);
    return slot[0]!;
  };
  const createEngine = call('dnnl_engine_create', 'void *engine, int kind, size_t index');
  const createStream = call('dnnl_stream_create', 'void *stream, void *engine, uint32_t flags');
  const wait = call('dnnl_stream_wait', 'void *stream');
  const createMemory = call('dnnl_memory_create', 'void *memory, const void *desc, void *engine, void *data');
  const destroyMemory = call('dnnl_memory_destroy', 'void *memory');
  const createPrimitive = call('dnnl_primitive_create', 'void *primitive, void *desc');
  const destroyPrimitive = call('dnnl_primitive_destroy', 'void *primitive');
  const destroyDesc = call('dnnl_primitive_desc_destroy', 'void *desc');
  const execute = call('dnnl_primitive_execute', 'void *primitive, void *stream, int count, const void *arguments');
  const reorderDesc = call(
    'dnnl_reorder_primitive_desc_create',
    'void *desc, const void *from, void *fromEngine, const void *to, void *toEngine, void *attributes',
  );
  const queryMemory = library.func('void *dnnl_primitive_desc_query_md(void *desc, int what, int index)');
  const { matrix, matmulDesc } = (third ? descriptorsOfThree : descriptorsOfTwo)(library, made);

  const engine = made((slot) => createEngine(slot, ENGINE_CPU, 0));
  const stream = made((slot) => createStream(slot, engine, STREAM_DEFAULT));
  const memory = (desc: Descriptor, data: ArrayBufferView | bigint) =>
    made((slot) => createMemory(slot, desc, engine, data));
  const run = (primitive: bigint, values: readonly (readonly [number, bigint])[]) => {
    // dnnl_exec_arg_t: a number, four bytes of padding and a handle.
    const list = BigUint64Array.from(values.flatMap(([argument, handle]) => [BigInt(argument), handle]));
    return () => {
      execute(primitive, stream, values.length, list);
      wait(stream);
    };
  };

  return (shape, a, b, c) => {
    const { m, n, k } = shape;
    const integers = a instanceof Int8Array;
    const [operand, sum] = integers ? (['s8', 's32'] as const) : (['bf16', 'f32'] as const);
    const undo: (() => void)[] = [];
    const owned = <H>(handle: H, destroy: (handle: H) => void): H => {
      undo.unshift(() => destroy(handle));
      return handle;
    };
    const close = () => {
      for (const step of undo.splice(0)) step();
    };
    try {
      const left = matrix(m, k, operand, 'rows', owned);
      const right = matrix(k, n, operand, 'rows', owned);
      const result = matrix(m, n, sum, 'rows', owned);
      const desc = owned(
        made((slot) => matmulDesc(slot, engine, left, matrix(k, n, operand, 'any', owned), result)),
        destroyDesc,
      );
      const wanted = queryMemory(desc, QUERY_WEIGHTS, 0) as bigint;
      const primitive = owned(
        made((slot) => createPrimitive(slot, desc)),
        destroyPrimitive,
      );
      const weights = owned(memory(wanted, OWN_MEMORY), destroyMemory);
      const pack = (from: typeof b) => reorder(right, from, wanted, weights);
      pack(b);
      const target = owned(memory(result, c), destroyMemory);
      const at = (from: typeof a) => {
        const source = owned(memory(left, from), destroyMemory);
        // The library holds bare addresses: what lies there lives as long as this.
        undo.push(() => void [from, c]);
        return run(primitive, [
          [ARGUMENT.source, source],
          [ARGUMENT.weights, weights],
          [ARGUMENT.result, target],
        ]);
      };
      return { multiply: at(a), at, pack, close };
    } catch (error) {
      close();
      throw error;
    }
  };

  function reorder(from: Descriptor, data: ArrayBufferView, to: Descriptor, target: bigint): void {
    const desc = made((slot) => reorderDesc(slot, from, engine, to, engine, null));
    const primitive = made((slot) => createPrimitive(slot, desc));
    const source = memory(from, data);
    try {
      run(primitive, [
        [ARGUMENT.source, source],
        [ARGUMENT.result, target],
      ])();
    } finally {
      destroyMemory(source);
      destroyPrimitive(primitive);
      destroyDesc(desc);
    }
  }
}

/** A dnnl_memory_desc_t: its bytes in version 2, its handle in version 3. */
type Descriptor = Uint8Array | bigint;
type Owned = <H>(handle: H, destroy: (handle: H) => void) => H;
type Made = (make: (slot: BigUint64Array) => void) => bigint;

interface Descriptors {
  matrix(rows: number, columns: number, type: TypeName, order: OrderName, owned: Owned): Descriptor;
  matmulDesc(slot: BigUint64Array, engine: bigint, a: Descriptor, b: Descriptor, c: Descriptor): void;
}

const dimensions = (rows: number, columns: number): BigInt64Array => {
  const list = new BigInt64Array(MOST_DIMENSIONS);
  list.set([BigInt(rows), BigInt(columns)]);
  return list;
};

function descriptorsOfTwo(library: Library): Descriptors {
  const call = statusCalls(library);
  const byTag = call('dnnl_memory_desc_init_by_tag', 'void *desc, int count, const void *dims, int type, int tag');
  const initMatmul = call(
    'dnnl_matmul_desc_init',
    'void *operation, const void *a, const void *b, const void *bias, const void *c',
  );
  const createDesc = call(
    'dnnl_primitive_desc_create',
    'void *desc, const void *operation, void *attributes, void *engine, void *hint',
  );
  return {
    matrix(rows, columns, type, order) {
      const desc = new Uint8Array(DESCRIPTOR_BYTES);
      byTag(desc, 2, dimensions(rows, columns), TYPE[type], ORDER[order]);
      return desc;
    },
    matmulDesc(slot, engine, a, b, c) {
      const operation = new Uint8Array(OPERATION_BYTES);
      initMatmul(operation, a, b, null, c);
      createDesc(slot, operation, null, engine, null);
    },
  };
}

function descriptorsOfThree(library: Library, made: Made): Descriptors {
  const call = statusCalls(library);
  const byTag = call('dnnl_memory_desc_create_with_tag', 'void *desc, int count, const void *dims, int type, int tag');
  const destroy = call('dnnl_memory_desc_destroy', 'void *desc');
  const create = call(
    'dnnl_matmul_primitive_desc_create',
    'void *desc, void *engine, const void *a, const void *b, const void *bias, const void *c, void *attributes',
  );
  return {
    matrix: (rows, columns, type, order, owned) =>
      owned(
        made((slot) => byTag(slot, 2, dimensions(rows, columns), TYPE[type], ORDER[order])),
        destroy,
      ),
    matmulDesc: (slot, engine, a, b, c) => create(slot, engine, a, b, null, c, null),
  };
}
