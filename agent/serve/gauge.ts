/** What a gauge showed since its mark. `mean` is weighted by time. */
export interface Reading {
  readonly current: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** Seconds since the mark. */
  readonly seconds: number;
}

/** A count of things that are under way: every change is seen, none is sampled. `now` is monotonic milliseconds. */
export class Gauge {
  readonly #now: () => number;
  #current = 0;
  #min = 0;
  #max = 0;
  #area = 0;
  #markedAt: number;
  #changedAt: number;

  constructor(now: () => number) {
    this.#now = now;
    this.#markedAt = this.#changedAt = now();
  }

  add(change: number): void {
    const now = this.#now();
    this.#area += this.#current * (now - this.#changedAt);
    this.#changedAt = now;
    this.#current += change;
    if (this.#current < this.#min) this.#min = this.#current;
    if (this.#current > this.#max) this.#max = this.#current;
  }

  /** Starts minimum, maximum and mean anew from the present count. */
  mark(): void {
    this.#markedAt = this.#changedAt = this.#now();
    this.#area = 0;
    this.#min = this.#max = this.#current;
  }

  read(): Reading {
    const now = this.#now();
    const elapsed = now - this.#markedAt;
    const area = this.#area + this.#current * (now - this.#changedAt);
    return {
      current: this.#current,
      min: this.#min,
      max: this.#max,
      mean: elapsed > 0 ? area / elapsed : this.#current,
      seconds: elapsed / 1_000,
    };
  }
}
