import type { RunEvent } from './run.ts';

interface Lane {
  /** What is still expected of this node, seconds: the attempt under way and all that come after it. */
  leftS: number;
  /** The attempt under way: when it began, milliseconds, and what was expected of it, seconds. */
  current: { readonly beganMs: number; readonly expectedS: number } | undefined;
}

/**
 * How long a run still takes: what the plan expects of the rest, at the pace that was observed so far. Nodes work side
 * by side, so the slowest of them counts.
 */
export class TimeLeft {
  readonly #lanes = new Map<string, Lane>();
  #expectedS = 0;
  #tookS = 0;

  event(event: RunEvent, nowMs: number): void {
    if (event.type === 'planned') {
      for (const { node, expectedS, repeats } of event.plan.assignments) this.#lane(node).leftS += expectedS * repeats;
    } else if (event.type === 'attempt_started') {
      this.#end(event.node, nowMs);
      this.#lane(event.node).current = { beganMs: nowMs, expectedS: event.assignment.expectedS };
    } else if (event.type === 'attempt_ended' || event.type === 'attempt_rejected') {
      this.#end(event.node, nowMs);
    } else if (event.type === 'node_lost') {
      this.#lanes.delete(event.node);
    }
  }

  /** Seconds still to go. */
  secondsAt(nowMs: number): number {
    const pace = this.#paceAt(nowMs);
    const each = [...this.#lanes.values()].map(({ leftS, current }) => {
      const sinceS = current ? (nowMs - current.beganMs) / 1000 : 0;
      const rest = Math.max(0, leftS - (current?.expectedS ?? 0));
      return rest * pace + Math.max(0, (current?.expectedS ?? 0) * pace - sinceS);
    });
    return Math.max(0, ...each);
  }

  /** Observed time over expected time, of what has ended and of attempts that have overrun already. */
  #paceAt(nowMs: number): number {
    let [tookS, expectedS] = [this.#tookS, this.#expectedS];
    for (const { current } of this.#lanes.values()) {
      const sinceS = current ? (nowMs - current.beganMs) / 1000 : 0;
      if (!current || sinceS <= current.expectedS) continue;
      tookS += sinceS;
      expectedS += current.expectedS;
    }
    return expectedS > 0 ? tookS / expectedS : 1;
  }

  #lane(node: string): Lane {
    const lane = this.#lanes.get(node) ?? { leftS: 0, current: undefined };
    this.#lanes.set(node, lane);
    return lane;
  }

  #end(node: string, nowMs: number): void {
    const lane = this.#lanes.get(node);
    if (!lane?.current) return;
    const { beganMs, expectedS } = lane.current;
    this.#tookS += (nowMs - beganMs) / 1000;
    this.#expectedS += expectedS;
    lane.leftS = Math.max(0, lane.leftS - expectedS);
    lane.current = undefined;
  }
}
