/**
 * Seeded numbers for weights and samples: xoshiro128** (Blackman and Vigna 2021), whose state is any 128 bits but zero.
 * Fast enough for a hundred million weights, and the same on every machine.
 */
export class Draw {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** `seed`: at least 32 hex digits, not all zero. */
  constructor(seed: string) {
    const word = (i: number) => Number.parseInt(seed.slice(i * 8, i * 8 + 8), 16) | 0;
    this.#a = word(0);
    this.#b = word(1);
    this.#c = word(2);
    this.#d = word(3);
    if ((this.#a | this.#b | this.#c | this.#d) === 0) throw new Error('a seed of zeros draws only zeros');
  }

  /** 32 even bits. */
  bits(): number {
    const product = Math.imul(this.#b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  /** Evenly from 0 (included) to 1 (excluded). */
  unit(): number {
    return this.bits() / 4_294_967_296;
  }

  /** Even values with mean 0 and this standard deviation. */
  spread(size: number, deviation: number): Float32Array {
    const values = new Float32Array(size);
    const width = deviation * Math.sqrt(12);
    for (let i = 0; i < size; i++) values[i] = (this.unit() - 0.5) * width;
    return values;
  }
}
