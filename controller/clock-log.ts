import type { BootReading } from '../model/clock.ts';
import type { BootClock } from './boot-clock.ts';

/**
 * Least time between two readings, and the least share of the attempt's time so far: a soak has room for some hundreds.
 */
const SPACING_NS = 250_000_000n;
const SPACING_PARTS = 200n;

/**
 * The readings of one attempt: one at its start, one whenever it comes to something new (a label not seen before), some
 * in between, one at its end. So each window that a benchmark times lies between two readings close to it.
 */
export class ClockLog {
  readonly readings: BootReading[] = [];
  /** Resolves when the first reading is kept, or there is none. */
  readonly begun: Promise<void>;
  readonly #clock: BootClock;
  readonly #t0: bigint;
  readonly #labels = new Set<string>();
  #lastNs: bigint;

  /** `t0` is the moment, by `process.hrtime.bigint()`, that the readings count from. */
  constructor(clock: BootClock, t0: bigint) {
    this.#clock = clock;
    this.#t0 = t0;
    this.#lastNs = t0;
    this.begun = this.read();
  }

  /** The attempt has come to a commit with this label at this moment. */
  pass(label: string, atNs: bigint): void {
    const spacing = (atNs - this.#t0) / SPACING_PARTS;
    const due = atNs - this.#lastNs >= (spacing > SPACING_NS ? spacing : SPACING_NS);
    if (!due && this.#labels.has(label)) return;
    this.#labels.add(label);
    void this.read();
  }

  /** Takes a reading now. Resolves when it is kept, or when there is none. */
  async read(): Promise<void> {
    this.#lastNs = process.hrtime.bigint();
    const reading = await this.#clock.read();
    if (!reading) return;
    const askedNs = String(reading.askedNs - this.#t0);
    // Those asked for while one was under way share the next.
    if (this.readings.at(-1)?.askedNs === askedNs) return;
    const answeredNs = String(reading.answeredNs - this.#t0);
    this.readings.push({ askedNs, answeredNs, bootS: reading.bootS });
  }
}
