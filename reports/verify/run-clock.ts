import type { LogEntry } from '../../model/log.ts';
import type { RunClock } from './clock.ts';
import { type Flaw, flaw } from './defect.ts';
import { type LogStamp, readLogStamp } from './log-stamp.ts';

type Entry<K extends LogEntry['kind']> = Extract<LogEntry, { kind: K }>;

/** What the entries of a log say of the controller's clock over the run, as they come. */
export class RunClockReader {
  readonly #stamps: LogStamp[] = [];
  #plan: RunClock['plan'];
  #end: RunClock['end'];
  #planSha256: string | undefined;

  /** The plan, by the digest of its signed payload. */
  planned({ at, clock }: Entry<'plan'>, sha256: string): void {
    this.#plan = { at, ...(clock && { boot: clock }) };
    this.#planSha256 = sha256;
  }

  /**
   * A stamp bears on the clock only where it stands: of the plan before anything was asked of a node (`begun`), of the
   * log at its end. `root` is that of the log before this entry.
   */
  stamped(entry: Entry<'stamp'>, begun: boolean, root: string): Flaw | undefined {
    const { of, sha256 } = entry;
    if (this.#stamps.some((stamp) => stamp.of === of)) return flaw('entry_order', `a second stamp of the ${of}`);
    if (of === 'plan' && (this.#planSha256 === undefined || begun))
      return flaw('entry_order', 'a stamp of the plan that is not between the plan and the first attempt');
    if (sha256 !== (of === 'plan' ? this.#planSha256 : root))
      return flaw('stamp_other', `the stamp of the ${of} is of something else`);
    const stamp = readLogStamp(entry);
    if ('problem' in stamp) return stamp;
    this.#stamps.push(stamp);
    return undefined;
  }

  ended({ at, clock }: Entry<'end'>): void {
    this.#end = { at, ...(clock && { boot: clock }) };
  }

  /** The whole log was stamped: nothing but its end may follow. */
  get closed(): boolean {
    return this.#stamps.some(({ of }) => of === 'log');
  }

  clock(): RunClock {
    return { ...(this.#plan && { plan: this.#plan }), ...(this.#end && { end: this.#end }), stamps: this.#stamps };
  }
}
