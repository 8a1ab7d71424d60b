import { PLACES, pairsOf } from '../gemm/places.ts';
import { fillWords, keyOf } from '../philox.ts';
import type { StreamOrder, StreamRun } from './backend.ts';
import type { Address, CudaDriver, Launch } from './cuda-driver.ts';

/** Parts of one key's words, apart from those of a chain. */
const PART = { b: 6, c: 7 } as const;
/** Number of the form in kernels.cu: 32-bit floats. */
const F32 = 1;
const BITS = 16;
const LANES = 2;
const NOTHING = 0xff;
/** Bytes from one place that a pass may read from to the next: as far as devices load at once. */
const STEP_BYTES = 256;
/** Parts of the result that are compared after a window, and pairs of each. */
const LOOKS = 4;
const LOOK_PAIRS = 1024;

/**
 * STREAM's copy or triad over arrays on the device, made there from the seed: whole numbers of 16 bits, so that every
 * result is exact. The result is poisoned after warm-up. Each pass reads from places of its own, so that what the one
 * before wrote is wrong; parts of it are compared after every window, and all of it at the end, on the device.
 */
export function runStream(
  driver: CudaDriver,
  launch: Launch,
  { operation, arrayBytes, seed, warmUpS, seconds, windowS }: StreamOrder,
  take: (bytes: number) => Address,
): StreamRun {
  const spareBytes = PLACES * STEP_BYTES;
  const [a, b, c] = [take(arrayBytes), take(arrayBytes + spareBytes), take(arrayBytes + spareBytes)];
  const found = take(4);
  const elements = arrayBytes / 4;
  const filled = elements + spareBytes / 4;
  const pairs = elements / 2;
  const key = keyOf(seed);
  const { k0, k1 } = key;
  for (const [array, part] of [
    [b, PART.b],
    [c, PART.c],
  ] as const) {
    launch('fill', filled / (4 * LANES), [array, filled, k0, k1, 0, part, LANES, BITS, F32]);
  }
  const draw = { key, stream: 0, turn: operation === 'copy' ? 0 : 1, bothChange: true };
  let [from, beside] = [b, c];
  const pass = (window: number, number: number) => {
    const pair = pairsOf(draw, window, number, 1)[0]!;
    [from, beside] = [b + BigInt(pair.a * STEP_BYTES), c + BigInt(pair.b * STEP_BYTES)];
    if (operation === 'copy') launch('copy', pairs, [a, from, pairs]);
    else launch('triad', pairs, [a, from, beside, pairs]);
  };
  const compare = (atBytes: number, count: number) => {
    const at = BigInt(atBytes);
    launch('compare', count, [found, a + at, from + at, operation === 'copy' ? 0 : beside + at, count]);
  };
  const words = new Uint32Array(LOOKS);
  const look = (window: number) => {
    fillWords(words, key, 0x6d656d6c, draw.turn, window * LOOKS);
    const length = Math.min(LOOK_PAIRS, pairs);
    for (const word of words) compare(8 * Math.floor((word / 4294967296) * (pairs - length + 1)), length);
  };
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
        for (let i = 0; i < batch; i++) pass(windows.length, passes + i);
        driver.synchronize();
        passes += batch;
        endNs = now();
        // So many in one go that asking for the time costs nothing.
        if (endNs - before < (ofWindowS * 1e9) / 20) batch *= 2;
      }
      windows.push({ startNs, endNs, passes });
      // Queued into the next window, of which it takes some microseconds.
      look(windows.length - 1);
      startNs = endNs;
    }
    return windows;
  };
  driver.synchronize();
  repeat(warmUpS, Math.max(warmUpS, 0.01));
  driver.fill(a, NOTHING, arrayBytes);
  driver.fill(found, 0, 4);
  driver.synchronize();
  const windows = repeat(seconds, windowS);
  compare(0, pairs);
  driver.synchronize();
  const count = new Uint32Array(1);
  driver.download(count, found, 4);
  // A pair counts as both of its elements.
  return { windows, elements, wrong: 2 * count[0]! };
}
