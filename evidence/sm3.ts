/** SM3 after GB/T 32905-2016, for a Node whose OpenSSL has none. Clause numbers below are of that standard. */
export class Sm3 {
  /** Clause 4.1: the initial value. */
  readonly #state = Uint32Array.of(
    0x7380166f,
    0x4914b2b9,
    0x172442d7,
    0xda8a0600,
    0xa96f30bc,
    0x163138aa,
    0xe38dee4d,
    0xb0fb0e4e,
  );
  readonly #block = Buffer.alloc(64);
  readonly #words = new Uint32Array(68);
  #filled = 0;
  #total = 0;
  #done = false;

  update(bytes: Uint8Array | string): this {
    if (this.#done) throw new Error('digest already taken');
    const input = typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes;
    this.#total += input.byteLength;
    for (let from = 0; from < input.byteLength; ) {
      const take = Math.min(64 - this.#filled, input.byteLength - from);
      this.#block.set(input.subarray(from, from + take), this.#filled);
      this.#filled += take;
      from += take;
      if (this.#filled === 64) this.#compress();
    }
    return this;
  }

  digest(_encoding: 'hex'): string {
    if (this.#done) throw new Error('digest already taken');
    // Clause 5.2: one bit, zeros, then the length in bits as 64 bits, big-endian.
    const bits = BigInt(this.#total) * 8n;
    this.update(Uint8Array.of(0x80));
    if (this.#filled > 56) this.update(new Uint8Array(64 - this.#filled));
    this.update(new Uint8Array(56 - this.#filled));
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(bits);
    this.update(length);
    this.#done = true;
    return [...this.#state].map((word) => word.toString(16).padStart(8, '0')).join('');
  }

  /** Clauses 5.3.2 (expansion) and 5.3.3 (compression). */
  #compress(): void {
    this.#filled = 0;
    const w = this.#words;
    for (let j = 0; j < 16; j++) w[j] = this.#block.readUInt32BE(4 * j);
    for (let j = 16; j < 68; j++) {
      const x = w[j - 16]! ^ w[j - 9]! ^ rotate(w[j - 3]!, 15);
      w[j] = x ^ rotate(x, 15) ^ rotate(x, 23) ^ rotate(w[j - 13]!, 7) ^ w[j - 6]!;
    }
    let [a, b, c, d, e, f, g, h] = this.#state as unknown as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    for (let j = 0; j < 64; j++) {
      const early = j < 16;
      const a12 = rotate(a, 12);
      const ss1 = rotate((a12 + e + rotate(early ? 0x79cc4519 : 0x7a879d8a, j % 32)) | 0, 7);
      const ff = early ? a ^ b ^ c : (a & b) | (a & c) | (b & c);
      const gg = early ? e ^ f ^ g : (e & f) | (~e & g);
      const tt1 = (ff + d + (ss1 ^ a12) + (w[j]! ^ w[j + 4]!)) | 0;
      const tt2 = (gg + h + ss1 + w[j]!) | 0;
      d = c;
      c = rotate(b, 9);
      b = a;
      a = tt1;
      h = g;
      g = rotate(f, 19);
      f = e;
      e = tt2 ^ rotate(tt2, 9) ^ rotate(tt2, 17);
    }
    const next = [a, b, c, d, e, f, g, h];
    for (let i = 0; i < 8; i++) this.#state[i]! ^= next[i]!;
  }
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}
