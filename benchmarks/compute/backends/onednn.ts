import type { HostForm } from '../challenge/fold-part.ts';
import { type Matrix, openHostChain } from '../challenge/host-chain.ts';
import type { Pair } from '../gemm/places.ts';
import { arithmeticLack, cpuFlags } from '../host.ts';
import { allocate } from '../linear-memory.ts';
import type { Elements } from '../operands.ts';
import type { Precision } from '../precision.ts';
import { packFloats, transposed } from '../storage.ts';
import { type Backend, cutsOf, type Device, type Gemm, lacking, type Offer, rowsOf } from './backend.ts';
import { inexactSum } from './byte-products.ts';
import { ONEDNN_FORM } from './candidates.ts';
import { loadOneDnn, type OneDnn } from './onednn-library.ts';
import type { MatmulProduct, PreparedProduct, ProductShape } from './onednn-matmul.ts';

type Operand = Int8Array | Uint16Array;
type Sums = Int32Array | Float32Array;

/** One of the two ways to products that the library has. */
interface Form {
  readonly precisions: readonly Precision[];
  ready(library: OneDnn, shape: ProductShape, a: Operand, b: Operand, c: Sums): PreparedProduct;
  /** Products of matrices by the places of these; `takeRight` where B has to be put into another order first. */
  products(
    library: OneDnn,
    shape: ProductShape,
    a: readonly Operand[],
    b: readonly Operand[],
    c: Sums,
  ): Pick<Gemm, 'takeRight' | 'close'> & { multiply(pair: Pair): void };
}

const FORMS: Readonly<Record<string, Form>> = {
  /**
   * One call on signed bytes as they lie: what is timed is the whole product with everything that it needs, of which
   * putting the operands into an order for the registers is a part.
   */
  gemm: {
    precisions: ['INT8'],
    ready: (library, shape, a, b, c) => ({
      multiply: () => library.gemm(shape, a as Int8Array, b as Int8Array, c as Int32Array),
      close() {},
    }),
    products: (library, shape, a, b, c) => ({
      multiply: (pair) => library.gemm(shape, a[pair.a] as Int8Array, b[pair.b] as Int8Array, c as Int32Array),
      close() {},
    }),
  },
  /**
   * The matmul primitive. Its right operand is put into its own order once, before any timing, as inference does with
   * weights: B of a plain product, and the matrices of a chain, which stay the same from the nonce to the last round.
   * What changes, the state, is read as it lies.
   */
  matmul: {
    precisions: ['INT8', 'BF16'],
    ready: matmul,
    products(library, shape, a, b, c) {
      const product = matmul(library, shape, a[0]!, b[0]!, c);
      const multiplies = a.map((cut) => product.at(cut));
      return {
        takeRight: (place) => product.pack(b[place]!),
        multiply: (pair) => multiplies[pair.a]!(),
        close: () => product.close(),
      };
    },
  },
};

function matmul(library: OneDnn, shape: ProductShape, a: Operand, b: Operand, c: Sums): MatmulProduct {
  return library.matmul(shape, a as Int8Array, b as Int8Array, c as Int32Array);
}

/** Rows of a chain that go through its layers together: enough that what a call costs, however many rows, is little. */
const BLOCK_ROWS = 1024;

const HOST_FORMS: Partial<Record<Precision, HostForm>> = { INT8: 'int8', BF16: 'bfloat16' };

/**
 * oneDNN called in this process: INT8 with exact 32-bit sums, and BF16 with sums in FP32 where the processor has it.
 * The environment says by which of its ways: the fastest one differs from processor to processor.
 */
export function onednn(load: () => OneDnn = loadOneDnn, flags: () => ReadonlySet<string> = cpuFlags): Backend {
  const name = process.env[ONEDNN_FORM] ?? 'gemm';
  const form = Object.hasOwn(FORMS, name) ? FORMS[name] : undefined;
  if (!form) throw new Error(`oneDNN has no way "${name}"`);
  let library: OneDnn | undefined;
  let threads = 1;
  const able = (precision: Precision): { library: OneDnn; hostForm: HostForm } => {
    if (!library) throw new Error('oneDNN was not probed');
    const hostForm = HOST_FORMS[precision];
    if (!hostForm || !form.precisions.includes(precision))
      throw new Error(`oneDNN's ${name} has no ${precision} product`);
    return { library, hostForm };
  };
  return {
    async probe(count) {
      threads = count;
      library = load();
      library.setThreads(threads);
      const { offers, lacks } = tried(library, form, flags());
      return {
        software: [{ name: 'oneDNN', version: `${library.version} (${library.isa})` }],
        variant: name,
        devices: [
          { id: 'cpu', name: 'CPU', offers, lacks: lacking(offers, `oneDNN's ${name} multiplies no such type`, lacks) },
        ],
      };
    },
    async open(_device, precision, size, step, a, b) {
      const { library } = able(precision);
      return openGemm(library, form, size, step, a, b);
    },
    async openChain(_device, precision, parameters, nonce) {
      const { library, hostForm } = able(precision);
      const { n } = parameters;
      const held: PreparedProduct[] = [];
      return openHostChain<PreparedProduct>(
        parameters,
        nonce,
        hostForm,
        BLOCK_ROWS,
        threads,
        ({ rows, state, sums }) => ({
          prepare(matrix) {
            const right = placed(stored(transposed(matrix, n)));
            const ready = form.ready(library, { m: rows, n, k: n }, state as Operand, right, sums as Sums);
            held.push(ready);
            return ready;
          },
          multiply: (ready) => ready.multiply(),
          close() {
            for (const ready of held.splice(0)) ready.close();
          },
        }),
      );
    },
    close() {},
  };
}

/** What works, by trying it. */
function tried(library: OneDnn, form: Form, flags: ReadonlySet<string>): Pick<Device, 'offers' | 'lacks'> {
  const offers: Offer[] = [];
  const lacks: Partial<Record<Precision, string>> = {};
  const wrong = inexactSum((shape, ...arrays) => {
    const ready = form.ready(library, shape, ...arrays);
    ready.multiply();
    ready.close();
  });
  if (wrong === undefined) offers.push({ precision: 'INT8' });
  else lacks.INT8 = `oneDNN's sums are not exact with ${library.isa} (${wrong})`;
  if (form.precisions.includes('BF16')) {
    const lack = arithmeticLack('BF16', flags);
    if (lack === undefined) offers.push({ precision: 'BF16' });
    else lacks.BF16 = lack;
  }
  return { offers, lacks };
}

function openGemm(library: OneDnn, form: Form, size: number, step: number, a: Elements, b: Elements): Gemm {
  const [lefts, rights] = [a, b].map((stream) => cutsOf(placed(stored(stream)), size, step));
  // Written once, so that no page is mapped while the clock runs.
  const memory = allocate(4 * size * size).buffer;
  const c = a instanceof Int8Array ? new Int32Array(memory, 0, size * size) : new Float32Array(memory, 0, size * size);
  const poison = () => void c.fill(c instanceof Int32Array ? -2147483648 : Number.NaN);
  poison();
  const { takeRight, multiply, close } = form.products(library, { m: size, n: size, k: size }, lefts!, rights!, c);
  return {
    order: 'rows',
    ...(takeRight && { takeRight }),
    multiply(pairs, rows) {
      for (const pair of pairs) multiply(pair);
      return rowsOf<Sums>(c, size, rows);
    },
    poison,
    output: () => c,
    close,
  };
}

/** Bytes as they are, floats in the bits of BF16. */
function stored(entries: Elements | Matrix): Operand {
  if (entries instanceof Int8Array) return entries;
  if (entries instanceof Float32Array) return packFloats(entries, 'BF16') as Uint16Array;
  throw new Error('oneDNN multiplies bytes and BF16');
}

/** A copy at the start of a page: vectors that straddle lines of the cache are slower to load. */
function placed(operand: Operand): Operand {
  const { buffer } = allocate(operand.byteLength);
  const copy =
    operand instanceof Int8Array
      ? new Int8Array(buffer, 0, operand.length)
      : new Uint16Array(buffer, 0, operand.length);
  copy.set(operand);
  return copy;
}
