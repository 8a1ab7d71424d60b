import { keyOf } from '../philox.ts';
import type { StreamOrder, StreamRun } from './backend.ts';
import type { Address, CudaDriver, Launch } from './cuda-driver.ts';

/** Parts of one key's words, apart from those of a chain. */
const PART = { b: 6, c: 7 } as const;
/** Number of the form in kernels.cu: 32-bit floats. */
const F32 = 1;
const BITS = 16;
const LANES = 2;
const NOTHING = 0xff;

/**
 * STREAM's copy or triad over arrays on the device, made there from the seed: whole numbers of 16 bits, so that every
 * result is exact. The result is poisoned after warm-up and compared whole, on the device, at the end.
 */
export function runStream(
  driver: CudaDriver,
  launch: Launch,
  { operation, arrayBytes, seed, warmUpS, seconds, windowS }: StreamOrder,
  take: (bytes: number) => Address,
): StreamRun {
  const [a, b, c] = [take(arrayBytes), take(arrayBytes), take(arrayBytes)];
  const found = take(4);
  const elements = arrayBytes / 4;
  const pairs = elements / 2;
  const { k0, k1 } = keyOf(seed);
  for (const [array, part] of [
    [b, PART.b],
    [c, PART.c],
  ] as const) {
    launch('fill', elements / (4 * LANES), [array, elements, k0, k1, 0, part, LANES, BITS, F32]);
  }
  const pass = () =>
    operation === 'copy' ? launch('copy', pairs, [a, b, pairs]) : launch('triad', pairs, [a, b, c, pairs]);
  const repeat = (lengthS: number, ofWindowS: number): StreamRun['windows'] => {
    const windows: { startNs: number; endNs: number; passes: number }[] = [];
    const now = () => Number(process.hrtime.bigint());
    const begin = now();
    let batch = 1;
    for (let startNs = begin; startNs - begin < lengthS * 1e9; ) {
      let passes = 0;
      let endNs = startNs;
      while (endNs - startNs < ofWindowS * 1e9) {
        const before = endNs;
        for (let i = 0; i < batch; i++) pass();
        driver.synchronize();
        passes += batch;
        endNs = now();
        // So many in one go that asking for the time costs nothing.
        if (endNs - before < (ofWindowS * 1e9) / 20) batch *= 2;
      }
      windows.push({ startNs, endNs, passes });
      startNs = endNs;
    }
    return windows;
  };
  driver.synchronize();
  repeat(warmUpS, Math.max(warmUpS, 0.01));
  driver.fill(a, NOTHING, arrayBytes);
  driver.synchronize();
  const windows = repeat(seconds, windowS);
  driver.fill(found, 0, 4);
  launch('compare', pairs, [found, a, b, operation === 'copy' ? 0 : c, pairs]);
  driver.synchronize();
  const count = new Uint32Array(1);
  driver.download(count, found, 4);
  // A pair counts as both of its elements.
  return { windows, elements, wrong: 2 * count[0]! };
}
