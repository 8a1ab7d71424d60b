import { schedule } from '../challenge/chain.ts';
import type { Chain } from '../challenge/host-chain.ts';
import { foldShift, type Parameters } from '../challenge/parameters.ts';
import { keyOf } from '../philox.ts';
import { COMPUTE, type Form, TYPE } from './cublaslt-library.ts';
import type { Address, CudaDriver, Launch } from './cuda-driver.ts';

/** Parts of one key's words, as challenge/chain.ts keeps them apart. */
const PART = { matrix: 1, state: 2, sketch: 4 } as const;
/** Numbers of the forms and sums in kernels.cu. */
const STORED: Readonly<Record<number, number>> = {
  [TYPE.f64]: 0,
  [TYPE.f32]: 1,
  [TYPE.f16]: 2,
  [TYPE.bf16]: 3,
  [TYPE.e4m3]: 4,
  [TYPE.e5m2]: 5,
  [TYPE.i8]: 6,
};
const SUMS: Readonly<Record<number, number>> = { [TYPE.f64]: 0, [TYPE.f32]: 1, [TYPE.i32]: 2 };

/** The same product with its plain sums for a result: what comes out of floats is not rounded to 16 bits. */
export function exactForm(wanted: Form): Form {
  return wanted.compute === COMPUTE.f32 ? { ...wanted, result: TYPE.f32, resultBytes: 4 } : wanted;
}

/** Products of the state with one of the matrices, for buffers that lie on the device. */
export interface ChainProduct {
  queue(matrix: Address): void;
}

/** Memory that the chain works in, allocated on the device. */
export interface ChainBuffers {
  readonly matrices: readonly Address[];
  readonly state: Address;
  readonly sums: Address;
  readonly sketches: Address;
}

/**
 * Rounds of the chained challenge that never leave the device: only seeds go in and only sketches come out. Products are
 * queued one behind the other with f between them, and waited for once at the end.
 */
export function openDeviceChain(
  driver: CudaDriver,
  launch: Launch,
  form: Form,
  parameters: Parameters,
  nonce: string,
  buffers: ChainBuffers,
  product: ChainProduct,
  close: () => void,
): Chain {
  const { n, m, weightBits, stateBits } = parameters;
  const [left, right, sums] = [STORED[form.left], STORED[form.right], SUMS[form.result]];
  if (left === undefined || right === undefined || sums === undefined) throw new Error('no such form of a chain');
  const fill = (
    out: Address,
    count: number,
    beacon: string,
    stream: number,
    part: number,
    bits: number,
    to: number,
  ) => {
    const { k0, k1 } = keyOf(beacon);
    const lanes = bits <= 8 ? 4 : bits <= 16 ? 2 : 1;
    launch('fill', count / (4 * lanes), [out, count, k0, k1, stream, part, lanes, bits, to]);
  };
  for (const [s, matrix] of buffers.matrices.entries()) fill(matrix, n * n, nonce, s, PART.matrix, weightBits, left);
  driver.synchronize();
  return {
    async round(seed) {
      const { k0, k1 } = keyOf(seed);
      fill(buffers.state, n * m, seed, 0, PART.state, stateBits, right);
      driver.synchronize();
      const start = process.hrtime.bigint();
      for (const s of schedule(parameters, seed)) {
        product.queue(buffers.matrices[s]!);
        launch('fold', n * m, [buffers.state, buffers.sums, n * m, sums, foldShift(parameters), stateBits, right]);
      }
      driver.synchronize();
      const productNs = Number(process.hrtime.bigint() - start);
      driver.fill(buffers.sketches, 0, 4 * m);
      // A block a row: each thread takes some of its entries.
      launch('sketch', m * 256, [buffers.sketches, buffers.state, n, m, right, k0, k1, PART.sketch]);
      driver.synchronize();
      const sketch = new Uint8Array(4 * m);
      driver.download(sketch, buffers.sketches, sketch.length);
      return { sketch, productNs };
    },
    close,
  };
}
