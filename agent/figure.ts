import type { Telemetry } from '../model/measurement.ts';

/** What a benchmark says of itself while it runs: a rate, as a rule, and of what. */
export type Figure = NonNullable<Telemetry['figure']>;

/** Longest that a figure stands for what comes after it, nanoseconds. */
const FRESH_NS = 5_000_000_000n;
/** Longest words that telemetry carries. */
const MOST = { unit: 16, label: 64 } as const;

/**
 * The live figure of one attempt, for its telemetry. A reading has the mean of what was reported since the reading before it
 * under the label that came last, so that devices that work at once all show; where nothing new was reported, the last
 * figure while it is fresh.
 */
export class LiveFigure {
  readonly #now: () => bigint;
  #last: (Figure & { atNs: bigint }) | undefined;
  #values: number[] = [];

  /** `now` gives monotonic nanoseconds. */
  constructor(now: () => bigint) {
    this.#now = now;
  }

  /** Takes what a benchmark reports; what is no number, or no short word, is left out. */
  report({ value, unit, label }: Figure): void {
    if (!Number.isFinite(value) || unit.length > MOST.unit || label.length > MOST.label) return;
    if (this.#last?.unit !== unit || this.#last.label !== label) this.#values = [];
    this.#values.push(value);
    this.#last = { value, unit, label, atNs: this.#now() };
  }

  /** Another phase begins: nothing of the one before it says how it goes. */
  forget(): void {
    this.#last = undefined;
    this.#values = [];
  }

  /** The figure for one reading, its value to six digits. */
  since(): Figure | undefined {
    if (!this.#last || this.#now() - this.#last.atNs > FRESH_NS) return undefined;
    const { value, unit, label } = this.#last;
    const values = this.#values.length > 0 ? this.#values : [value];
    this.#values = [];
    // Divided before they are added: the sum of finite values may be none.
    const mean = values.reduce((sum, one) => sum + one / values.length, 0);
    return { value: Number(mean.toPrecision(6)), unit, label };
  }
}
