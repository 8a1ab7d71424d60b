/** What was seen of a count over time: per slot the least, the most and the mean over time, and what was answered. */
export interface SlotSeries {
  readonly min: number[];
  readonly max: number[];
  readonly mean: number[];
  readonly done: number[];
}

/**
 * Follows a count event by event and keeps its least and greatest value in each slot of `slotMs`. A slot in which
 * nothing happened has the value that was there. Times are milliseconds since the epoch of slot 0; one that lies
 * before the last one counts as the last one.
 */
export class Slots {
  readonly #slotMs: number;
  readonly #min: number[] = [0];
  readonly #max: number[] = [0];
  /** Count times milliseconds. */
  readonly #area: number[] = [0];
  readonly #done: number[] = [0];
  #current = 0;
  #last = 0;

  constructor(slotMs: number) {
    this.#slotMs = slotMs;
  }

  get current(): number {
    return this.#current;
  }

  change(atMs: number, by: number): void {
    const slot = this.#reach(atMs);
    this.#current += by;
    if (this.#current < this.#min[slot]!) this.#min[slot] = this.#current;
    if (this.#current > this.#max[slot]!) this.#max[slot] = this.#current;
  }

  answered(atMs: number, count = 1): void {
    this.#done[this.#reach(atMs)]! += count;
  }

  /** Slots `from` to `to` (exclusive); those after the last event have its value. */
  series(from: number, to: number): SlotSeries {
    this.#reach(to * this.#slotMs);
    return {
      min: this.#min.slice(from, to),
      max: this.#max.slice(from, to),
      mean: this.#area.slice(from, to).map((area) => Math.round((area / this.#slotMs) * 1_000) / 1_000),
      done: this.#done.slice(from, to),
    };
  }

  /** Moves on to a moment, opening the slots up to it; gives its slot. */
  #reach(atMs: number): number {
    for (let end = this.#min.length * this.#slotMs; end <= atMs; end += this.#slotMs) {
      this.#area[this.#area.length - 1]! += this.#current * (end - this.#last);
      this.#last = end;
      this.#min.push(this.#current);
      this.#max.push(this.#current);
      this.#area.push(0);
      this.#done.push(0);
    }
    if (atMs > this.#last) {
      this.#area[this.#area.length - 1]! += this.#current * (atMs - this.#last);
      this.#last = atMs;
    }
    return this.#min.length - 1;
  }
}

/**
 * Adds the series of several generators. Their least values need not have come at one moment, so the sum of the least
 * is at or below the true least, and the sum of the greatest at or above the true greatest. Shorter series count as
 * nothing after their end.
 */
export function addSeries(parts: readonly SlotSeries[]): SlotSeries {
  const length = Math.max(0, ...parts.map((part) => part.min.length));
  const total = (pick: (part: SlotSeries) => number[]) =>
    Array.from({ length }, (_, slot) => parts.reduce((sum, part) => sum + (pick(part)[slot] ?? 0), 0));
  return {
    min: total((part) => part.min),
    max: total((part) => part.max),
    mean: total((part) => part.mean),
    done: total((part) => part.done),
  };
}
