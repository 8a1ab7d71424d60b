import { type MemoryBundle, withFile } from './memory-bundle.ts';

export interface Alteration {
  readonly path: string;
  readonly how: string;
  readonly altered: MemoryBundle;
}

/** Where bytes are flipped in a file: both ends and places spread over it. */
function places(length: number): number[] {
  const spread = [0, 0.29, 0.71].map((share) => Math.floor(share * length));
  return [...new Set([...spread, length - 1])].filter((at) => at >= 0 && at < length);
}

/** Every file of a bundle flipped in several places, cut, lengthened and removed; and a file added. */
export function* alterations(bundle: MemoryBundle): Generator<Alteration> {
  for (const path of bundle.paths) {
    const bytes = bundle.read(path)!;
    for (const at of places(bytes.length)) {
      const flipped = Uint8Array.from(bytes);
      flipped[at]! ^= 0x01;
      yield { path, how: `bit flipped at ${at}`, altered: withFile(bundle, path, flipped) };
    }
    if (bytes.length > 0) yield { path, how: 'cut short', altered: withFile(bundle, path, bytes.subarray(0, -1)) };
    yield { path, how: 'lengthened', altered: withFile(bundle, path, Buffer.concat([bytes, Buffer.from(' ')])) };
    yield { path, how: 'removed', altered: withFile(bundle, path, undefined) };
  }
  yield { path: 'added.bin', how: 'added', altered: withFile(bundle, 'added.bin', Buffer.from('x')) };
}
