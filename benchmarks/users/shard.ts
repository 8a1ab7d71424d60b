import { sleep } from './abort.ts';
import { type Failure, type Reply, UserClient } from './client.ts';
import { clockSince } from './clock.ts';
import { Crowd, type CrowdResult, type Work } from './crowd.ts';
import { type Health, watchHealth } from './health.ts';
import { TASK_NETWORK } from './network.ts';
import { type SlotSeries, Slots } from './slots.ts';
import { type Handlers, serveCommands } from './thread.ts';
import { verifyOwnRows } from './verification.ts';
import { TaskWork } from './work.ts';

/** Whom a shard plays, and against what. */
export interface ShardTarget {
  readonly url: string;
  readonly model: string;
  /** Tokens of this shard's users, in order; the first one's index is `firstUser`. */
  readonly tokens: readonly string[];
  readonly firstUser: number;
  readonly challenge: string;
  readonly rows: number;
  readonly slotMs: number;
  readonly thinkMs: number;
  readonly timeoutMs: number;
  readonly epochNs: bigint;
  /** A server that answers without working: its answers are not compared. */
  readonly isNull: boolean;
}

export interface CrowdReport {
  readonly result: CrowdResult;
  readonly health: Health;
  /** Tasks each user made in all. */
  readonly tasks: readonly number[];
  /** What `TaskWork` kept; empty against the null server. */
  readonly kept: Uint8Array;
}

export interface BurstReport {
  readonly series: SlotSeries;
  /** First and last moment a request went on the wire, milliseconds since the epoch. */
  readonly firstWireMs: number;
  readonly lastWireMs: number;
  readonly sent: number;
  readonly right: number;
  readonly failures: Partial<Record<Failure, number>>;
}

/** Response times of tasks of their own, and of one task asked again and again, in turns; microseconds. */
export interface PairReport {
  readonly salted: readonly number[];
  readonly repeated: readonly number[];
  readonly failed: number;
}

export type ShardCommands = {
  prepare: { arg: ShardTarget; result: undefined };
  /** Opens the connections evenly over `overMs`, before anything is measured. */
  connect: { arg: { overMs: number }; result: number };
  ramp: { arg: { fromMs: number; rampMs: number }; result: undefined };
  window: { arg: { fromMs: number; toMs: number }; result: undefined };
  stop: { arg: { graceMs: number }; result: CrowdReport };
  /** Checks every task's own row; gives the places of wrong ones among what was kept. */
  verify: { arg: undefined; result: number[] };
  burst: { arg: { atMs: number; graceMs: number; users: number }; result: BurstReport };
  pairs: { arg: { count: number }; result: PairReport };
  /** One task by each of the first `users`, one after the other: how many were right; then what a stranger gets. */
  gate: { arg: { users: number }; result: { right: number; strangerStatus: number; misshapenStatus: number } };
  close: { arg: undefined; result: undefined };
};

/** One thread that plays a range of users. */
class Shard {
  #target: ShardTarget | undefined;
  #now: () => number = () => 0;
  #clients: UserClient[] = [];
  #crowd: Crowd | undefined;
  #work: TaskWork | undefined;
  #health: (() => Health) | undefined;
  #measured: Health | undefined;

  readonly commands: Handlers<ShardCommands> = {
    prepare: async (target) => {
      await this.commands.close(undefined);
      this.#target = target;
      this.#now = clockSince(target.epochNs);
      this.#clients = target.tokens.map(
        (token) =>
          new UserClient(new URL(target.url), {
            path: `/v2/models/${target.model}/infer`,
            token,
            timeoutMs: target.timeoutMs,
            now: this.#now,
          }),
      );
      this.#work = this.#makeWork(target, target.isNull ? 'null' : 'hold');
      const { slotMs, thinkMs } = target;
      const work: Work = target.isNull ? withoutChecks(this.#work) : this.#work;
      this.#crowd = new Crowd({ clients: this.#clients, work, slotMs, thinkMs, backoffMs: 100, now: this.#now });
      this.#health = undefined;
      this.#measured = undefined;
    },
    connect: async ({ overMs }) => {
      const each = overMs / this.#clients.length;
      const from = this.#now();
      const failures = await Promise.all(
        this.#clients.map(async (client, user) => {
          await sleep(from + user * each - this.#now());
          return client.open('/v2/health/live');
        }),
      );
      return failures.filter((failure) => failure !== undefined).length;
    },
    ramp: async ({ fromMs, rampMs }) => this.#crowd!.ramp(fromMs, rampMs) as undefined,
    window: async ({ fromMs, toMs }) => {
      this.#crowd!.window(fromMs, toMs);
      setTimeout(
        () => {
          this.#health = watchHealth();
        },
        Math.max(0, fromMs - this.#now()),
      );
      setTimeout(
        () => {
          this.#measured = this.#health?.();
        },
        Math.max(0, toMs - this.#now()),
      );
      return undefined;
    },
    stop: async ({ graceMs }) => {
      await this.#crowd!.stop(graceMs);
      // On a thread that is fully taken the timer of the window's end may not have had its turn.
      const health = this.#measured ?? this.#health?.();
      if (!health) throw new Error('the window had not begun');
      const kept = this.#work!.kept().bytes;
      return { result: this.#crowd!.result(), health, tasks: [...this.#work!.sequences], kept: new Uint8Array(kept) };
    },
    verify: () => verifyOwnRows(TASK_NETWORK, this.#target!.challenge, this.#work!.kept().bytes),
    burst: async ({ atMs, graceMs, users }) => this.#burst(atMs, graceMs, users),
    pairs: async ({ count }) => this.#pairs(count),
    gate: async ({ users }) => this.#gate(users),
    close: async () => {
      await Promise.all(this.#clients.map((client) => client.close()));
      this.#clients = [];
      return undefined;
    },
  };

  #makeWork(target: ShardTarget, lane: 'gate' | 'hold' | 'burst' | 'pair' | 'null'): TaskWork {
    return new TaskWork({
      network: TASK_NETWORK,
      challenge: target.challenge,
      lane,
      rows: target.rows,
      firstUser: target.firstUser,
      users: target.tokens.length,
    });
  }

  async #burst(atMs: number, graceMs: number, users: number): Promise<BurstReport> {
    const work = this.#makeWork(this.#target!, 'burst');
    const asks = this.#clients.slice(0, users).map((_, user) => work.next(user));
    const slots = new Slots(this.#target!.slotMs);
    const wires: number[] = [];
    const failures: Partial<Record<Failure, number>> = {};
    let right = 0;
    await sleep(atMs - this.#now());
    const replies = asks.map(
      (ask, user) =>
        new Promise<void>((resolve) => {
          const limit = setTimeout(() => {
            failures.unfinished = (failures.unfinished ?? 0) + 1;
            resolve();
          }, graceMs);
          this.#clients[user]!.send(ask.body, ask.jsonLength, {
            wire: () => {
              wires.push(this.#now());
              slots.change(this.#now(), 1);
            },
            done: (reply) => {
              clearTimeout(limit);
              if (!Number.isNaN(reply.wireMs)) slots.change(reply.endMs, -1);
              const failure = ask.settle(reply);
              if (failure) failures[failure] = (failures[failure] ?? 0) + 1;
              else right++;
              resolve();
            },
          });
        }),
    );
    await Promise.all(replies);
    const first = Math.floor(atMs / this.#target!.slotMs);
    const last = Math.ceil(this.#now() / this.#target!.slotMs);
    return {
      series: slots.series(first, last),
      firstWireMs: Math.min(...wires),
      lastWireMs: Math.max(...wires),
      sent: wires.length,
      right,
      failures,
    };
  }

  async #pairs(count: number): Promise<PairReport> {
    const work = this.#makeWork(this.#target!, 'pair');
    const salted: number[] = [];
    const repeated: number[] = [];
    let failed = 0;
    for (let i = 0; i < count; i++) {
      // Number 0 is the one that is repeated; the order within a pair alternates, so that neither always comes second.
      const order = i % 2 === 0 ? [i + 1, 0] : [0, i + 1];
      for (const sequence of order) {
        const ask = work.next(0, sequence);
        const from = this.#now();
        const reply = await this.#ask(0, ask.body, ask.jsonLength);
        if (ask.settle(reply)) failed++;
        else (sequence === 0 ? repeated : salted).push(Math.round((reply.endMs - from) * 1_000));
      }
    }
    return { salted, repeated, failed };
  }

  async #gate(users: number) {
    const work = this.#makeWork(this.#target!, 'gate');
    let right = 0;
    for (let user = 0; user < Math.min(users, this.#clients.length); user++) {
      const ask = work.next(user);
      if (ask.settle(await this.#ask(user, ask.body, ask.jsonLength)) === undefined) right++;
    }
    const stranger = work.next(0);
    const refused = await this.#ask(0, stranger.body, stranger.jsonLength, 'nobody.knows-this-token');
    const shape = JSON.stringify({ inputs: [{ name: 'input', datatype: 'FP32', shape: [1, 3], data: [1, 2, 3] }] });
    const misshapen = await this.#ask(0, new TextEncoder().encode(shape), undefined);
    return { right, strangerStatus: refused.status, misshapenStatus: misshapen.status };
  }

  #ask(user: number, body: Uint8Array, jsonLength: number | undefined, token?: string): Promise<Reply> {
    return new Promise((done) => this.#clients[user]!.send(body, jsonLength, { wire: () => {}, done }, token));
  }
}

/** Against the null server only the status counts; the comparing is done all the same, because it costs time. */
function withoutChecks(work: TaskWork): Work {
  return {
    next: (user) => {
      const ask = work.next(user);
      return {
        ...ask,
        settle: (reply) => {
          ask.settle(reply);
          return reply.failure;
        },
      };
    },
  };
}

serveCommands<ShardCommands>(new Shard().commands);
