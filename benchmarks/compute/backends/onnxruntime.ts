import '../../closed-site.ts';
import { createRequire } from 'node:module';
import * as ort from 'onnxruntime-node';
import { buildModel, type ElementType, type Model } from '../../../proto/onnx.ts';
import { openHostChain } from '../challenge/host-chain.ts';
import type { Elements } from '../operands.ts';
import type { Precision } from '../precision.ts';
import { offsetBytes, packFloats, transposed, unpackFloats } from '../storage.ts';
import { type Backend, cutsOf, type Gemm, lacking, type Offer, rowsOf } from './backend.ts';

/**
 * ONNX Runtime's CPU provider, on graphs of our own making. FP16 is offered but marked: on a processor without FP16
 * arithmetic the provider converts to FP32 and back. INT8 is MatMulInteger of unsigned by signed bytes (the pair that
 * VNNI multiplies), with a zero point of 128 that makes it the product of signed bytes.
 */
export function onnxruntime(): Backend {
  // Its native part sees no bytes in a Float16Array; where there is none, its package holds halves in a Uint16Array.
  // This process is the engine's own, and nothing else in it uses them.
  Reflect.deleteProperty(globalThis, 'Float16Array');
  let threads = 1;
  return {
    async probe(count) {
      threads = count;
      const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
      const offers: Offer[] = [{ precision: 'FP64' }, { precision: 'FP32' }, { precision: 'INT8' }];
      if (process.arch !== 'arm64') {
        offers.push({ precision: 'FP16', emulated: 'ONNX Runtime multiplies in FP32 on this processor and converts' });
      }
      return {
        software: [{ name: 'onnxruntime-node', version }],
        devices: [
          { id: 'cpu', name: 'CPU', offers, lacks: lacking(offers, 'ONNX Runtime has no such product on the CPU') },
        ],
      };
    },
    async open(_device, precision, size, step, a, b) {
      const form = PRODUCTS[precision];
      if (!form) throw new Error(`ONNX Runtime has no ${precision} product on the CPU`);
      return openSession(form, threads, size, step, a, b);
    },
    async openChain(_device, precision, parameters, nonce) {
      const form = PRODUCTS[precision];
      const host = HOST_FORMS[precision];
      if (!form || !host) throw new Error(`ONNX Runtime has no exact ${precision} product on the CPU`);
      const { n } = parameters;
      const sessions: ort.InferenceSession[] = [];
      return openHostChain<ort.InferenceSession>(
        parameters,
        nonce,
        host,
        BLOCK_ROWS,
        threads,
        ({ rows, state, sums }) => {
          const a = new ort.Tensor(form.a as 'float32', state as Float32Array, [rows, n]);
          const c = new ort.Tensor(form.c as 'float32', sums as Float32Array, [rows, n]);
          return {
            // A constant operand is put into the kernel's own order once, not at every layer.
            async prepare(matrix) {
              const model = product(form, n, rows, transposed(matrix, n));
              const session = await ort.InferenceSession.create(buildModel(model), {
                executionProviders: ['cpu'],
                intraOpNumThreads: threads,
                interOpNumThreads: 1,
                // Every session has threads of its own: those of the others must not spin beside the one that works.
                extra: { session: { intra_op: { allow_spinning: '0' } } },
              });
              sessions.push(session);
              return session;
            },
            async multiply(session) {
              await session.run({ a }, { c });
            },
            async close() {
              for (const session of sessions) await session.release();
            },
          };
        },
      );
    },
    close() {},
  };
}

/** Rows of a chain that go through its layers together: their state and sums stay in the cache. */
const BLOCK_ROWS = 256;

/** A model is one protocol buffer message, of less than 2 GiB. */
const MOST_CONSTANT_BYTES = 2 ** 30;

interface Product {
  readonly operator: 'MatMul' | 'MatMulInteger';
  /**
   * Its kernel puts a constant right operand into an order of its own, once and before any timing, as inference does
   * with weights. Given anew with every product, packing it anew took a third of the time of INT8 products.
   */
  readonly packs: boolean;
  readonly a: ElementType;
  readonly b: ElementType;
  readonly c: ElementType;
}

const PRODUCTS: Partial<Record<Precision, Product>> = {
  FP64: { operator: 'MatMul', packs: false, a: 'float64', b: 'float64', c: 'float64' },
  FP32: { operator: 'MatMul', packs: true, a: 'float32', b: 'float32', c: 'float32' },
  FP16: { operator: 'MatMul', packs: false, a: 'float16', b: 'float16', c: 'float16' },
  INT8: { operator: 'MatMulInteger', packs: true, a: 'uint8', b: 'int8', c: 'int32' },
};

/** How the chain's state is held for each product. FP16 is left out: its products are not exact. */
const HOST_FORMS: Partial<Record<Precision, 'float64' | 'float32' | 'uint8'>> = {
  FP64: 'float64',
  FP32: 'float32',
  INT8: 'uint8',
};

/** C (rows × size) = A · B; B is an input unless it is given. */
function product(form: Product, size: number, rows = size, b?: ArrayBufferView): Model {
  const integer = form.operator === 'MatMulInteger';
  const zero = { name: 'zero', type: 'uint8', shape: [], data: Uint8Array.of(128) } as const;
  const right = { name: 'b', type: form.b, shape: [size, size] };
  return {
    name: 'product',
    inputs: [{ name: 'a', type: form.a, shape: [rows, size] }, ...(b ? [] : [right])],
    outputs: [{ name: 'c', type: form.c, shape: [rows, size] }],
    initializers: [...(integer ? [zero] : []), ...(b ? [{ ...right, data: b }] : [])],
    nodes: [{ op: form.operator, inputs: integer ? ['a', 'b', 'zero'] : ['a', 'b'], outputs: ['c'] }],
  };
}

/** Products whose right operand the session holds where its kernel packs it, or is given with every product. */
async function openSession(
  form: Product,
  threads: number,
  size: number,
  step: number,
  a: Elements,
  b: Elements,
): Promise<Gemm> {
  const c = outputBuffer(form, size);
  const lefts = cutsOf(stored(form.a, a), size, step).map((cut) => tensor(form.a, cut, size));
  const right = cutsOf(stored(form.b, b), size, step);
  const fetches = { c: tensor(form.c, c, size) };
  const numbers = (elements: OutputArray): Elements =>
    elements instanceof Uint16Array ? unpackFloats(elements, 'FP16') : elements;
  const open = (held?: ArrayBufferView): Promise<ort.InferenceSession> =>
    ort.InferenceSession.create(buildModel(product(form, size, size, held)), {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
    });
  const holds = form.packs && right[0]!.byteLength <= MOST_CONSTANT_BYTES;
  let session = await open(holds ? right[0] : undefined);
  const rights = holds ? [] : right.map((cut) => tensor(form.b, cut, size));
  return {
    order: 'rows',
    // A session keeps its constant: another right operand is another session.
    ...(holds && {
      async takeRight(place: number) {
        await session.release();
        session = await open(right[place]!);
      },
    }),
    async multiply(pairs, rows) {
      for (const pair of pairs) {
        await session.run(holds ? { a: lefts[pair.a]! } : { a: lefts[pair.a]!, b: rights[pair.b]! }, fetches);
      }
      return numbers(rowsOf<OutputArray>(c, size, rows));
    },
    poison: () => poison(c),
    output: () => numbers(c),
    close: () => session.release(),
  };
}

type OutputArray = Float64Array | Float32Array | Int32Array | Uint16Array;

/** Written once, so that no page is mapped while the clock runs. */
function outputBuffer(form: Product, size: number): OutputArray {
  const count = size * size;
  const arrays = { float64: Float64Array, float32: Float32Array, int32: Int32Array } as const;
  const c = new (arrays[form.c as keyof typeof arrays] ?? Uint16Array)(count);
  poison(c);
  return c;
}

function poison(c: OutputArray): void {
  // The bits of a NaN in halves.
  if (c instanceof Uint16Array) c.fill(0x7e00);
  else c.fill(c instanceof Int32Array ? -2147483648 : Number.NaN);
}

function stored(type: ElementType, elements: Elements): Elements | Uint16Array | Uint8Array {
  if (type === 'uint8') return offsetBytes(elements);
  return type === 'float16' ? packFloats(elements as Float32Array, 'FP16') : elements;
}

function tensor(type: ElementType, data: ArrayBufferView, size: number): ort.Tensor {
  return new ort.Tensor(type as 'float32', data as Float32Array, [size, size]);
}
