import { sleep } from './abort.ts';
import { UserClient } from './client.ts';
import { clockSince } from './clock.ts';
import { Crowd, type CrowdResult, type Work } from './crowd.ts';
import { type Health, watchHealth } from './health.ts';
import type { Handlers } from './thread.ts';

/** Whom a generator thread plays, and against what. */
export interface CrewTarget {
  readonly url: string;
  readonly model: string;
  readonly tokens: readonly string[];
  readonly slotMs: number;
  readonly timeoutMs: number;
  readonly epochNs: bigint;
}

export type CrewCommands = {
  /** Opens the connections evenly over `overMs`, before anything is measured; gives how many failed. */
  connect: { arg: { overMs: number }; result: number };
  ramp: { arg: { fromMs: number; rampMs: number }; result: undefined };
  window: { arg: { fromMs: number; toMs: number }; result: undefined };
  close: { arg: undefined; result: undefined };
};

/** Rest of a user after a failure, milliseconds. */
const BACKOFF_MS = 100;

/** The users of one generator thread: their connections, what they do, and how the thread fared in the window. */
export class Crew {
  clients: UserClient[] = [];
  now: () => number = () => 0;
  #crowd: Crowd | undefined;
  #fromMs = 0;
  #timers: NodeJS.Timeout[] = [];
  #health: (() => Health) | undefined;
  #measured: Health | undefined;

  readonly commands: Handlers<CrewCommands> = {
    connect: async ({ overMs }) => {
      const each = overMs / this.clients.length;
      const from = this.now();
      const failures = await Promise.all(
        this.clients.map(async (client, user) => {
          await sleep(from + user * each - this.now());
          return client.open('/v2/health/live');
        }),
      );
      return failures.filter((failure) => failure !== undefined).length;
    },
    ramp: async ({ fromMs, rampMs }) => this.crowd.ramp(fromMs, rampMs) as undefined,
    window: async ({ fromMs, toMs }) => {
      this.crowd.window(fromMs, toMs);
      this.#fromMs = fromMs;
      this.#timers = [
        setTimeout(() => this.#watch(), Math.max(0, fromMs - this.now())),
        setTimeout(() => this.#measure(), Math.max(0, toMs - this.now())),
      ];
      return undefined;
    },
    close: async () => {
      await Promise.all(this.clients.map((client) => client.close()));
      this.clients = [];
      return undefined;
    },
  };

  get crowd(): Crowd {
    if (!this.#crowd) throw new Error('nobody was prepared');
    return this.#crowd;
  }

  /** Ends the users that were there, and makes new ones with this work. */
  async prepare(target: CrewTarget, work: Work, thinkMs: number): Promise<void> {
    await this.commands.close(undefined);
    this.now = clockSince(target.epochNs);
    this.clients = target.tokens.map(
      (token) =>
        new UserClient(new URL(target.url), {
          path: `/v2/models/${target.model}/infer`,
          token,
          timeoutMs: target.timeoutMs,
          now: this.now,
        }),
    );
    const { clients, now } = this;
    this.#crowd = new Crowd({ clients, work, slotMs: target.slotMs, thinkMs, backoffMs: BACKOFF_MS, now });
    this.#health = undefined;
    this.#measured = undefined;
  }

  /** No new requests; settles when none is under way, or after `graceMs`. */
  async stop(graceMs: number): Promise<{ result: CrowdResult; health: Health }> {
    await this.crowd.stop(graceMs);
    // On a thread that is fully taken the timers of the window may not have had their turn.
    for (const timer of this.#timers) clearTimeout(timer);
    const health = this.#measured ?? this.#measure();
    return { result: this.crowd.result(), health };
  }

  /** Begins to watch the thread; how late it came to that counts as well. */
  #watch(): void {
    this.#health ??= watchHealth(Math.max(0, this.now() - this.#fromMs));
  }

  #measure(): Health {
    this.#watch();
    this.#measured = this.#health!();
    return this.#measured;
  }
}
