import type { Elements } from '../operands.ts';
import type { Precision } from '../precision.ts';
import { packFloats, transposed, unpackFloats } from '../storage.ts';
import { type Backend, type Gemm, type Offer, timed } from './backend.ts';
import { COMPUTE, type CublasLt, type Form, openCublasLt, TYPE, WORKSPACE_BYTES } from './cublaslt-library.ts';
import { type Address, type CudaDriver, CudaError, openCudaDriver } from './cuda-driver.ts';

const TRIAL_PRODUCTS = 3;
/** A small product that every precision takes: a multiple of 16. */
const PROBE_SIZE = 64;

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
  let library: CublasLt | undefined;
  return {
    async probe() {
      driver = openCudaDriver();
      library = openCublasLt();
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

function canMultiply(driver: CudaDriver, library: CublasLt, index: number, wanted: Form): boolean {
  try {
    driver.use(index);
    const product = prepare(driver, library, wanted, PROBE_SIZE);
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
  library: CublasLt,
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
  library: CublasLt,
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

function stored(elements: Elements, precision: Precision): ArrayBufferView {
  const packed = precision === 'FP16' || precision === 'BF16' || precision === 'FP8_E4M3';
  return packed ? packFloats(elements as Float32Array, precision) : elements;
}
