/** A point that nodes which carry out the same benchmark pass together. Attempt numbers and labels are those of the orders. */
export interface Point {
  readonly benchmark: string;
  readonly attempt: number;
  readonly label: string;
}

interface Wait extends Point {
  readonly arrived: Map<string, () => void>;
  readonly limit: NodeJS.Timeout | undefined;
}

/**
 * Brings nodes together, so that what they do next is done at once: whoever comes to a point waits for all that are still
 * to come to it. A node that has ended its attempt, or is done with the benchmark, is no longer waited for; nor is one that
 * stays away longer than the limit. That they really worked at once is for the evidence to show, not for this.
 */
export class Gathering {
  /** Per benchmark the nodes that have to do with it still, each with the last of its attempts that is over. */
  readonly #nodes = new Map<string, Map<string, number>>();
  readonly #waits = new Set<Wait>();

  /** This node will carry out this benchmark; so many of its attempts are over already. */
  expect(node: string, benchmark: string, over: number): void {
    const nodes = this.#nodes.get(benchmark) ?? new Map<string, number>();
    this.#nodes.set(benchmark, nodes.set(node, over));
  }

  /** An attempt of this node has ended, however. */
  ended(node: string, benchmark: string, attempt: number): void {
    this.#nodes.get(benchmark)?.set(node, attempt);
    this.#release();
  }

  /** This node has nothing more to do with this benchmark. */
  leave(node: string, benchmark: string): void {
    this.#nodes.get(benchmark)?.delete(node);
    this.#release();
  }

  /** Resolves when all have come that will, or `limitMs` after the first came. */
  meet(node: string, point: Point, limitMs?: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let wait = [...this.#waits].find(
      (one) => one.benchmark === point.benchmark && one.attempt === point.attempt && one.label === point.label,
    );
    if (!wait) {
      const limit = limitMs === undefined ? undefined : setTimeout(() => this.#go(opened), limitMs);
      const opened: Wait = { ...point, arrived: new Map(), limit };
      wait = opened;
      this.#waits.add(wait);
    }
    wait.arrived.set(node, resolve);
    this.#release();
    return promise;
  }

  #release(): void {
    for (const wait of this.#waits) {
      const nodes = this.#nodes.get(wait.benchmark) ?? [];
      const missing = [...nodes].some(([node, over]) => over < wait.attempt && !wait.arrived.has(node));
      if (!missing) this.#go(wait);
    }
  }

  #go(wait: Wait): void {
    clearTimeout(wait.limit);
    this.#waits.delete(wait);
    for (const go of wait.arrived.values()) go();
  }
}
