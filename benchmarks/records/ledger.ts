/** What the ledger amounts to. */
export interface LedgerCounts {
  readonly admitted: number;
  /** Answered at least once, and rightly the first time. */
  readonly right: number;
  readonly lost: number;
  readonly twice: number;
  readonly corrupt: number;
  /** Ids that came back and were never asked in that request. */
  readonly unexpected: number;
}

const ADMITTED = 1;
const RIGHT = 2;
const WRONG = 4;
const TWICE = 8;

/**
 * Every record by its place, with what became of it. Sets, not counters: a record that is lost and another that comes
 * twice do not cancel out. A lot's places are opened when it is sent, in the order of sending.
 */
export class Ledger {
  readonly #lot: number;
  #states = new Uint8Array(65_536);
  #size = 0;
  #unexpected = 0;

  constructor(lot: number) {
    this.#lot = lot;
  }

  /** Admits a lot; gives the place of its first record. */
  admit(): number {
    const first = this.#size;
    this.#size += this.#lot;
    while (this.#size > this.#states.length) {
      const larger = new Uint8Array(this.#states.length * 2);
      larger.set(this.#states);
      this.#states = larger;
    }
    this.#states.fill(ADMITTED, first, this.#size);
    return first;
  }

  answered(place: number, right: boolean): void {
    if (place < 0 || place >= this.#size) throw new Error(`place ${place} is not in the ledger`);
    const state = this.#states[place]!;
    this.#states[place] = state & (RIGHT | WRONG) ? state | TWICE : state | (right ? RIGHT : WRONG);
  }

  unexpected(count: number): void {
    this.#unexpected += count;
  }

  counts(): LedgerCounts {
    const counts = { admitted: this.#size, right: 0, lost: 0, twice: 0, corrupt: 0, unexpected: this.#unexpected };
    for (let place = 0; place < this.#size; place++) {
      const state = this.#states[place]!;
      if (state & RIGHT) counts.right++;
      else if (state & WRONG) counts.corrupt++;
      else counts.lost++;
      if (state & TWICE) counts.twice++;
    }
    return counts;
  }
}
