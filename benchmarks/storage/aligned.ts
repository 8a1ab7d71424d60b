/** The part of the WebAssembly interface that we need; Node has it, its types don't. */
interface WithMemory {
  readonly WebAssembly: { readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer } };
}

const WASM_PAGE_BYTES = 65_536;

/** Memory that begins on a page, as O_DIRECT asks; an ordinary Buffer does not and gets EINVAL. */
export function alignedMemory(bytes: number): Buffer {
  const { Memory } = (globalThis as unknown as WithMemory).WebAssembly;
  return Buffer.from(new Memory({ initial: Math.ceil(bytes / WASM_PAGE_BYTES) }).buffer, 0, bytes);
}
