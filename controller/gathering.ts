/** A point that nodes which carry out the same benchmark pass together. Attempt numbers and labels are those of the orders. */
export interface Point {
  readonly benchmark: string;
  readonly attempt: number;
  readonly label: string;
}

interface Wait extends Point {
  /** Who has come, and how it goes on; nothing for those that have gone on already. */
  readonly arrived: Map<string, (() => void) | undefined>;
  readonly limit: NodeJS.Timeout | undefined;
}

/** What a node still has to do with a benchmark. */
interface Part {
  /** The last of its attempts that is over. */
  readonly over: number;
  /** Nodes for which it has waited in vain in the attempt after that. */
  readonly givenUp: Set<string>;
}

/**
 * Brings nodes together, so that what they do next is done at once: whoever comes to a point waits for all that are still
 * to come to it. A node that has ended its attempt, or is done with the benchmark, is no longer waited for; nor is one that
 * stays away longer than the limit, and by those that it let wait in vain not again in that attempt. That is between two
 * nodes: one that waits where nobody else is to come keeps nobody else from being waited for. That they really worked at
 * once is for the evidence to show, not for this.
 */
export class Gathering {
  readonly #parts = new Map<string, Map<string, Part>>();
  readonly #waits = new Set<Wait>();
  #closed = false;

  /** This node will carry out this benchmark; so many of its attempts are over already. */
  expect(node: string, benchmark: string, over: number): void {
    const parts = this.#parts.get(benchmark) ?? new Map<string, Part>();
    this.#parts.set(benchmark, parts.set(node, { over, givenUp: new Set() }));
  }

  /** An attempt of this node has ended, however. */
  ended(node: string, benchmark: string, attempt: number): void {
    this.#parts.get(benchmark)?.set(node, { over: attempt, givenUp: new Set() });
    this.#release();
  }

  /** This node has nothing more to do with this benchmark. */
  leave(node: string, benchmark: string): void {
    this.#parts.get(benchmark)?.delete(node);
    this.#release();
  }

  /** Resolves when all have come that will, or `limitMs` after the first came. */
  meet(node: string, point: Point, limitMs?: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    let wait = [...this.#waits].find(
      (one) => one.benchmark === point.benchmark && one.attempt === point.attempt && one.label === point.label,
    );
    if (!wait) {
      const limit = limitMs === undefined ? undefined : setTimeout(() => this.#giveUp(opened), limitMs);
      const opened: Wait = { ...point, arrived: new Map(), limit };
      wait = opened;
      this.#waits.add(wait);
    }
    wait.arrived.set(node, resolve);
    this.#release();
    return promise;
  }

  /** Lets everybody go on, now and from now on: the run is over. */
  close(): void {
    this.#closed = true;
    for (const wait of this.#waits) {
      for (const go of wait.arrived.values()) go?.();
      this.#end(wait);
    }
  }

  #release(): void {
    for (const wait of this.#waits) {
      for (const [node, go] of wait.arrived) {
        if (!go || this.#missing(wait, node).length > 0) continue;
        wait.arrived.set(node, undefined);
        go();
      }
      if ([...wait.arrived.values()].every((go) => go === undefined)) this.#end(wait);
    }
  }

  /** Nodes that are still to come to a point and that `waiting` has not given up. */
  #missing(wait: Wait, waiting: string): string[] {
    const parts = this.#parts.get(wait.benchmark) ?? new Map<string, Part>();
    const givenUp = parts.get(waiting)?.givenUp;
    return [...parts].flatMap(([node, { over }]) =>
      over < wait.attempt && !wait.arrived.has(node) && !givenUp?.has(node) ? [node] : [],
    );
  }

  /** The limit has passed: whoever waits goes on, and waits for those that are missing no more in this attempt. */
  #giveUp(wait: Wait): void {
    for (const [node, go] of wait.arrived) {
      if (!go) continue;
      const part = this.#parts.get(wait.benchmark)?.get(node);
      for (const missing of this.#missing(wait, node)) part?.givenUp.add(missing);
      go();
    }
    this.#end(wait);
  }

  #end(wait: Wait): void {
    clearTimeout(wait.limit);
    this.#waits.delete(wait);
  }
}
