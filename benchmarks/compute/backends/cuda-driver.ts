import koffi from 'koffi';
import { checkedCalls, loadFirst } from './cuda-calls.ts';

/** Address in a device's memory. */
export type Address = bigint;

export interface CudaDevice {
  readonly index: number;
  readonly name: string;
  /** As NVIDIA's tools write it: `GPU-xxxxxxxx-…`. */
  readonly uuid: string;
  /** Compute capability times ten: 80 Ampere, 89 Ada, 90 Hopper. */
  readonly capability: number;
}

/** The part of the CUDA driver interface (libcuda) that products need; it comes with every NVIDIA driver. */
export interface CudaDriver {
  readonly version: string;
  readonly devices: readonly CudaDevice[];
  /** Makes the device's primary context current for this thread. */
  use(index: number): void;
  allocate(bytes: number): Address;
  free(address: Address): void;
  upload(address: Address, data: ArrayBufferView): void;
  download(data: ArrayBufferView, address: Address, bytes: number): void;
  fill(address: Address, byte: number, bytes: number): void;
  synchronize(): void;
  /** Loads compiled kernels (a cubin) into the device that is in use. */
  load(image: Uint8Array): Launch;
  /** Milliseconds that the device needs for the work that is queued by `queue`, by its own events. */
  timed(queue: () => void): number;
}

/** Queues a kernel of a module over at least so many threads; each argument is one of 64 bits, of which it may use 32. */
export type Launch = (kernel: string, threads: number, parameters: readonly (number | bigint)[]) => void;

const THREADS = 256;
/** Blocks beyond this find their work by strides. */
const MOST_BLOCKS = 1 << 20;
const MOST_PARAMETERS = 16;

const ATTRIBUTE_MAJOR = 75;
const ATTRIBUTE_MINOR = 76;

/** Loads the driver and lists its devices. Throws where there is no driver or no device. */
export function openCudaDriver(): CudaDriver {
  const override = process.env.ASSAY_CUDA_DRIVER;
  const library = loadFirst(override ? [override] : ['libcuda.so.1', '/usr/local/nvidia/lib64/libcuda.so.1']);
  const call = checkedCalls(library);
  const init = call('cuInit', 'unsigned int flags');
  const driverVersion = call('cuDriverGetVersion', '_Out_ int *version');
  const count = call('cuDeviceGetCount', '_Out_ int *count');
  const get = call('cuDeviceGet', '_Out_ int *device, int index');
  const getName = call('cuDeviceGetName', 'void *name, int length, int device');
  const getUuid = call('cuDeviceGetUuid', 'void *uuid, int device');
  const attribute = call('cuDeviceGetAttribute', '_Out_ int *value, int attribute, int device');
  const retain = call('cuDevicePrimaryCtxRetain', '_Out_ void **context, int device');
  const setCurrent = call('cuCtxSetCurrent', 'void *context');
  const synchronize = call('cuCtxSynchronize', 'void');
  const allocate = call('cuMemAlloc_v2', '_Out_ uint64_t *address, size_t bytes');
  const free = call('cuMemFree_v2', 'uint64_t address');
  const toDevice = call('cuMemcpyHtoD_v2', 'uint64_t target, const void *source, size_t bytes');
  const toHost = call('cuMemcpyDtoH_v2', 'void *target, uint64_t source, size_t bytes');
  const setBytes = call('cuMemsetD8_v2', 'uint64_t target, unsigned char value, size_t count');
  const loadModule = call('cuModuleLoadData', '_Out_ void **module, const void *image');
  const getFunction = call('cuModuleGetFunction', '_Out_ void **function, void *module, const char *name');
  const launchKernel = call(
    'cuLaunchKernel',
    'void *function, unsigned int gx, unsigned int gy, unsigned int gz, unsigned int bx, unsigned int by, unsigned int bz, unsigned int shared, void *stream, void *parameters, void *extra',
  );
  const createEvent = call('cuEventCreate', '_Out_ void **event, unsigned int flags');
  const record = call('cuEventRecord', 'void *event, void *stream');
  const wait = call('cuEventSynchronize', 'void *event');
  const elapsed = call('cuEventElapsedTime', '_Out_ float *milliseconds, void *start, void *end');

  const out = <T>(fill: (slot: [T]) => void, empty: T): T => {
    const slot: [T] = [empty];
    fill(slot);
    return slot[0];
  };
  const event = () => out<unknown>((slot) => createEvent(slot, 0), null);

  init(0);
  const version = out<number>((slot) => driverVersion(slot), 0);
  const devices = Array.from({ length: out<number>((slot) => count(slot), 0) }, (_, index): CudaDevice => {
    const device = out<number>((slot) => get(slot, index), 0);
    const name = Buffer.alloc(256);
    getName(name, name.length, device);
    const uuid = Buffer.alloc(16);
    getUuid(uuid, device);
    const value = (which: number) => out<number>((slot) => attribute(slot, which, device), 0);
    return {
      index,
      name: name.toString('utf8', 0, name.indexOf(0)),
      uuid: formatUuid(uuid),
      capability: 10 * value(ATTRIBUTE_MAJOR) + value(ATTRIBUTE_MINOR),
    };
  });
  if (devices.length === 0) throw new Error('the CUDA driver lists no device');
  const contexts = new Map<number, unknown>();
  return {
    version: `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`,
    devices,
    use(index) {
      if (!contexts.has(index)) {
        const device = out<number>((slot) => get(slot, index), 0);
        contexts.set(
          index,
          out<unknown>((slot) => retain(slot, device), null),
        );
      }
      setCurrent(contexts.get(index));
    },
    allocate: (bytes) => BigInt(out<bigint | number>((slot) => allocate(slot, bytes), 0n)),
    free,
    upload: (address, data) => toDevice(address, data, data.byteLength),
    download: (data, address, bytes) => toHost(data, address, bytes),
    fill: setBytes,
    synchronize: () => synchronize(),
    load(image) {
      const module = out<unknown>((slot) => loadModule(slot, image), null);
      const kernels = new Map<string, unknown>();
      // Memory that stays where it is: the driver follows pointers to it. Read before a launch returns.
      const values = koffi.alloc('uint64', MOST_PARAMETERS);
      const pointers = koffi.alloc('uint64', MOST_PARAMETERS);
      const from = koffi.address(values);
      for (let i = 0; i < MOST_PARAMETERS; i++) koffi.encode(pointers, 8 * i, 'uint64', from + BigInt(8 * i));
      return (name, threads, parameters) => {
        let kernel = kernels.get(name);
        if (kernel === undefined) {
          kernel = out<unknown>((slot) => getFunction(slot, module, name), null);
          kernels.set(name, kernel);
        }
        if (parameters.length > MOST_PARAMETERS) throw new Error(`${name} has too many parameters`);
        for (const [i, value] of parameters.entries()) koffi.encode(values, 8 * i, 'uint64', BigInt(value));
        const blocks = Math.min(MOST_BLOCKS, Math.max(1, Math.ceil(threads / THREADS)));
        launchKernel(kernel, blocks, 1, 1, THREADS, 1, 1, 0, null, pointers, null);
      };
    },
    timed(queue) {
      const [start, end] = [event(), event()];
      record(start, null);
      queue();
      record(end, null);
      wait(end);
      return out<number>((slot) => elapsed(slot, start, end), 0);
    },
  };
}

function formatUuid(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return `GPU-${[hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')}`;
}
