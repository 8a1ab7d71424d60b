/** Memory that WebAssembly code works on; typed arrays over its buffer see the same bytes. */
export interface LinearMemory {
  readonly buffer: ArrayBuffer;
}

/** Memory that several threads work on. */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
}

/** The part of the JavaScript interface of WebAssembly that is used here; Node's types leave it to those of a browser. */
interface Runtime {
  readonly Memory: new (limits: { initial: number; maximum?: number; shared?: boolean }) => LinearMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
}

const runtime = (globalThis as unknown as { WebAssembly: Runtime }).WebAssembly;

/** Memory of at least so many bytes, page-aligned and zero. Throws where there is not as much. */
export function allocate(bytes: number): LinearMemory {
  return new runtime.Memory({ initial: Math.max(1, Math.ceil(bytes / 65536)) });
}

/** The same for several threads: it can be sent to them and is not copied. */
export function allocateShared(bytes: number): SharedMemory {
  const pages = Math.max(1, Math.ceil(bytes / 65536));
  return new runtime.Memory({ initial: pages, maximum: pages, shared: true }) as unknown as SharedMemory;
}

/** Functions of a module that was assembled with `assemble`, working on this memory. Throws where an instruction is unknown. */
export function instantiate<F>(bytes: Uint8Array, memory: LinearMemory | SharedMemory): F {
  return new runtime.Instance(new runtime.Module(bytes), { env: { memory } }).exports as F;
}
