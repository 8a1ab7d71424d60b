import type { Chain } from '../challenge/host-chain.ts';
import type { Parameters } from '../challenge/parameters.ts';
import type { Elements } from '../operands.ts';
import { PRECISIONS, type Precision } from '../precision.ts';
import { packFloats, unpackFloats } from '../storage.ts';
import type { Backend, Gemm, Offer } from './backend.ts';
import { exactForm, openDeviceChain } from './cublaslt-chain.ts';
import {
  COMPUTE,
  type CublasLt,
  type Description,
  type Form,
  openCublasLt,
  TYPE,
  WORKSPACE_BYTES,
} from './cublaslt-library.ts';
import { CudaError } from './cuda-calls.ts';
import { type Address, type CudaDriver, type Launch, openCudaDriver } from './cuda-driver.ts';
import { loadKernels } from './cuda-kernels.ts';
import { runStream } from './device-stream.ts';

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
  // There is no product of two E5M2 matrices: the second is in E4M3, as gradients and weights are.
  FP8_E5M2: { ...form(COMPUTE.f32, TYPE.f32, TYPE.e5m2, TYPE.bf16, 1, 2, 89), left: TYPE.e4m3 },
  INT8: form(COMPUTE.i32, TYPE.i32, TYPE.i8, TYPE.i32, 1, 4, 75),
};

/**
 * NVIDIA's cuBLASLt called in this process, over the CUDA driver alone: no toolkit has to be installed beside the
 * library. Where it is not found, ASSAY_CUBLASLT names it (and ASSAY_CUDA_DRIVER the driver). Challenges and memory
 * bandwidth need NVIDIA's run-time compiler (libnvrtc) beside it, for the few loops that are not products.
 */
export function cublaslt(): Backend {
  let driver: CudaDriver | undefined;
  let library: CublasLt | undefined;
  const compiled = new Map<string, Launch>();
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
        devices: driver.devices.map(({ index, name, uuid, capability }) => {
          const offers: Offer[] = [];
          const lacks: Partial<Record<Precision, string>> = {};
          for (const precision of PRECISIONS) {
            const why = whyNot(tried, library!, index, capability, FORMS[precision]);
            if (why === undefined) offers.push({ precision });
            else lacks[precision] = why;
          }
          return { id: `cuda:${index}`, name, uuid, offers, lacks };
        }),
      };
    },
    async open(device, precision, size, step, a, b) {
      const wanted = FORMS[precision];
      if (!driver || !library) throw new Error('cuBLASLt was not probed');
      if (!wanted) throw new Error(`cuBLASLt has no ${precision} product`);
      driver.use(Number(device.split(':')[1]));
      return openGemm(driver, library, wanted, precision, size, step, a, b);
    },
    async openChain(device, precision, parameters, nonce) {
      const wanted = FORMS[precision];
      if (!driver || !library) throw new Error('cuBLASLt was not probed');
      if (!wanted) throw new Error(`cuBLASLt has no ${precision} product`);
      const launch = kernelsOn(driver, device, compiled);
      return openChain(driver, library, launch, exactForm(wanted), parameters, nonce);
    },
    async stream(device, order) {
      if (!driver) throw new Error('cuBLASLt was not probed');
      const launch = kernelsOn(driver, device, compiled);
      const memory = deviceMemory(driver);
      try {
        return runStream(driver, launch, order, memory.take);
      } finally {
        memory.close();
      }
    },
    close() {},
  };
}

/** Makes a device current and compiles the kernels for it, once. */
function kernelsOn(driver: CudaDriver, device: string, compiled: Map<string, Launch>): Launch {
  const index = Number(device.split(':')[1]);
  const { capability } = driver.devices[index] ?? {};
  if (capability === undefined) throw new Error(`there is no ${device}`);
  driver.use(index);
  const launch = compiled.get(device) ?? loadKernels(driver, './kernels.cu', capability);
  compiled.set(device, launch);
  return launch;
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
  return { compute, scale, left: operand, right: operand, result, operandBytes, resultBytes, capability };
}

/** One product: prepared once, queued as often as wanted. Closing frees what it took. */
interface Product {
  /** The operands begin so many bytes behind the start of their buffers. */
  queue(leftAt: number, rightAt: number): void;
  readonly result: Address;
  close(): void;
}

/** Why the device has no such product; undefined if a small one works. */
function whyNot(
  driver: CudaDriver,
  library: CublasLt,
  index: number,
  capability: number,
  wanted: Form | undefined,
): string | undefined {
  if (!wanted) return 'cuBLASLt has no such product';
  if (wanted.capability > capability) {
    return `the device has compute capability ${capability / 10}, and ${wanted.capability / 10} is the first with it`;
  }
  try {
    driver.use(index);
    const product = prepare(driver, library, wanted, PROBE_SIZE);
    product.queue(0, 0);
    driver.synchronize();
    product.close();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function openGemm(
  driver: CudaDriver,
  library: CublasLt,
  wanted: Form,
  precision: Precision,
  size: number,
  step: number,
  a: Elements,
  b: Elements,
): Gemm {
  // The library's fast kernels want both operands with the inner dimension contiguous: B is read column by column.
  const right = precision === 'FP8_E5M2' ? 'FP8_E4M3' : precision;
  const product = prepare(driver, library, wanted, size, [stored(b, right), stored(a, precision)]);
  const stepBytes = step * wanted.operandBytes;
  const rowBytes = size * wanted.resultBytes;
  return {
    order: 'columns',
    multiply(pairs, rows) {
      for (const pair of pairs) product.queue(pair.b * stepBytes, pair.a * stepBytes);
      driver.synchronize();
      const raw = new Uint8Array(rows.length * rowBytes);
      for (const [i, row] of rows.entries()) {
        const into = raw.subarray(i * rowBytes, (i + 1) * rowBytes);
        driver.download(into, product.result + BigInt(row * rowBytes), rowBytes);
      }
      return numbers(raw, wanted);
    },
    poison() {
      driver.fill(product.result, NOTHING, size * rowBytes);
      driver.synchronize();
    },
    output() {
      const raw = new Uint8Array(size * rowBytes);
      driver.download(raw, product.result, raw.length);
      return numbers(raw, wanted);
    },
    close: () => product.close(),
  };
}

/** All bits set: NaN in every float form, and minus one everywhere in integers. */
const NOTHING = 0xff;

/** Results as they came off the device. */
function numbers({ buffer }: Uint8Array<ArrayBuffer>, { result }: Form): Elements {
  if (result === TYPE.f64) return new Float64Array(buffer);
  if (result === TYPE.f32) return new Float32Array(buffer);
  if (result === TYPE.i32) return new Int32Array(buffer);
  return unpackFloats(new Uint16Array(buffer), result === TYPE.f16 ? 'FP16' : 'BF16');
}

/** Buffers, descriptors and the fastest of the algorithms that the library proposes. */
function prepare(
  driver: CudaDriver,
  library: CublasLt,
  wanted: Form,
  size: number,
  operands?: readonly [ArrayBufferView, ArrayBufferView],
): Product {
  const memory = deviceMemory(driver);
  try {
    const [left, right] = [0, 1].map((i) => {
      const data = operands?.[i];
      return memory.take(data?.byteLength ?? size * size * wanted.operandBytes, data);
    }) as [Address, Address];
    const result = memory.take(size * size * wanted.resultBytes);
    const workspace = memory.take(WORKSPACE_BYTES);
    const description = library.describe(wanted, size);
    memory.onClose(description.destroy);
    const algorithm = fastest(driver, description, (one) => description.multiply(left, right, result, workspace, one));
    driver.fill(result, NOTHING, size * size * wanted.resultBytes);
    const queue = (leftAt: number, rightAt: number) =>
      description.multiply(left + BigInt(leftAt), right + BigInt(rightAt), result, workspace, algorithm);
    return { queue, result, close: memory.close };
  } catch (error) {
    memory.close();
    throw error;
  }
}

/** A chain's matrices and state on the device, and the fastest product of the two. */
function openChain(
  driver: CudaDriver,
  library: CublasLt,
  launch: Launch,
  wanted: Form,
  parameters: Parameters,
  nonce: string,
): Chain {
  const { n, m } = parameters;
  const memory = deviceMemory(driver);
  try {
    const matrices = Array.from({ length: parameters.matrices }, () => memory.take(n * n * wanted.operandBytes));
    const state = memory.take(n * m * wanted.operandBytes);
    const sums = memory.take(n * m * wanted.resultBytes);
    const workspace = memory.take(WORKSPACE_BYTES);
    const buffers = { matrices, state, sums, sketches: memory.take(4 * m) };
    const description = library.describe(wanted, n, m);
    memory.onClose(description.destroy);
    const run = (matrix: Address, one: Uint8Array) => description.multiply(matrix, state, sums, workspace, one);
    const algorithm = fastest(driver, description, (one) => run(matrices[0]!, one));
    const product = { queue: (matrix: Address) => run(matrix, algorithm) };
    return openDeviceChain(driver, launch, wanted, parameters, nonce, buffers, product, memory.close);
  } catch (error) {
    memory.close();
    throw error;
  }
}

/** Memory of a device that is given back together, with what else must end then. */
function deviceMemory(driver: CudaDriver) {
  const held: Address[] = [];
  const ends: (() => void)[] = [];
  return {
    take(bytes: number, data?: ArrayBufferView): Address {
      const address = driver.allocate(bytes);
      held.push(address);
      if (data) driver.upload(address, data);
      // A product that writes nothing can't look right.
      else driver.fill(address, NOTHING, bytes);
      return address;
    },
    onClose: (end: () => void) => void ends.push(end),
    close() {
      for (const address of held.splice(0)) driver.free(address);
      for (const end of ends.splice(0)) end();
    },
  };
}

/** The fastest algorithm that works, of those that the library proposes. Throws where none does. */
function fastest(driver: CudaDriver, description: Description, run: (algorithm: Uint8Array) => void): Uint8Array {
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
  return best.algorithm;
}

function stored(elements: Elements, precision: Precision): ArrayBufferView {
  const packed = precision === 'FP16' || precision === 'BF16' || precision.startsWith('FP8');
  return packed ? packFloats(elements as Float32Array, precision) : elements;
}
