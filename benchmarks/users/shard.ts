import { sleep } from './abort.ts';
import type { Failure, Reply } from './client.ts';
import { Crew, type CrewCommands, type CrewTarget } from './crew.ts';
import type { CrowdResult, Work } from './crowd.ts';
import type { Health } from './health.ts';
import { TASK_NETWORK } from './network.ts';
import { type SlotSeries, Slots } from './slots.ts';
import { type Handlers, serveCommands } from './thread.ts';
import { verifyOwnRows } from './verification.ts';
import { TaskWork } from './work.ts';

/** Whom a shard plays, and against what: its users in order, the first of whom is `firstUser`. */
export interface ShardTarget extends CrewTarget {
  readonly firstUser: number;
  readonly challenge: string;
  readonly rows: number;
  readonly thinkMs: number;
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

export interface GateReport {
  readonly right: number;
  readonly failures: Partial<Record<Failure, number>>;
  readonly strangerStatus: number;
  readonly misshapenStatus: number;
}

export type ShardCommands = CrewCommands & {
  prepare: { arg: ShardTarget; result: undefined };
  stop: { arg: { graceMs: number }; result: CrowdReport };
  /** Checks every task's own row; gives the places of wrong ones among what was kept. */
  verify: { arg: undefined; result: number[] };
  burst: { arg: { atMs: number; graceMs: number; users: number }; result: BurstReport };
  pairs: { arg: { count: number }; result: PairReport };
  /** One task by each of the first `users`, one after the other: how many were right; then what a stranger gets. */
  gate: { arg: { users: number }; result: GateReport };
};

/** One thread that plays a range of users. */
class Shard {
  readonly #crew = new Crew();
  #target: ShardTarget | undefined;
  #work: TaskWork | undefined;

  readonly commands: Handlers<ShardCommands> = {
    ...this.#crew.commands,
    prepare: async (target) => {
      this.#target = target;
      this.#work = this.#makeWork(target, target.isNull ? 'null' : 'hold');
      const work: Work = target.isNull ? withoutChecks(this.#work) : this.#work;
      await this.#crew.prepare(target, work, target.thinkMs);
      return undefined;
    },
    stop: async ({ graceMs }) => {
      const { result, health } = await this.#crew.stop(graceMs);
      const kept = this.#work!.kept().bytes;
      return { result, health, tasks: [...this.#work!.sequences], kept: new Uint8Array(kept) };
    },
    verify: () => verifyOwnRows(TASK_NETWORK, this.#target!.challenge, this.#work!.kept().bytes),
    burst: async ({ atMs, graceMs, users }) => this.#burst(atMs, graceMs, users),
    pairs: async ({ count }) => this.#pairs(count),
    gate: async ({ users }) => this.#gate(users),
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
    const asks = this.#crew.clients.slice(0, users).map((_, user) => work.next(user));
    const slots = new Slots(this.#target!.slotMs);
    const wires: number[] = [];
    const failures: Partial<Record<Failure, number>> = {};
    let right = 0;
    await sleep(atMs - this.#crew.now());
    const replies = asks.map(
      (ask, user) =>
        new Promise<void>((resolve) => {
          const limit = setTimeout(() => {
            failures.unfinished = (failures.unfinished ?? 0) + 1;
            resolve();
          }, graceMs);
          this.#crew.clients[user]!.send(ask.body, ask.jsonLength, {
            wire: () => {
              wires.push(this.#crew.now());
              slots.change(this.#crew.now(), 1);
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
    const last = Math.ceil(this.#crew.now() / this.#target!.slotMs);
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
        const from = this.#crew.now();
        const reply = await this.#ask(0, ask.body, ask.jsonLength);
        if (ask.settle(reply)) failed++;
        else (sequence === 0 ? repeated : salted).push(Math.round((reply.endMs - from) * 1_000));
      }
    }
    return { salted, repeated, failed };
  }

  async #gate(users: number): Promise<GateReport> {
    const work = this.#makeWork(this.#target!, 'gate');
    const failures: Partial<Record<Failure, number>> = {};
    let right = 0;
    for (let user = 0; user < Math.min(users, this.#crew.clients.length); user++) {
      const ask = work.next(user);
      const failure = ask.settle(await this.#ask(user, ask.body, ask.jsonLength));
      if (failure) failures[failure] = (failures[failure] ?? 0) + 1;
      else right++;
    }
    const stranger = work.next(0);
    const refused = await this.#ask(0, stranger.body, stranger.jsonLength, 'nobody.knows-this-token');
    const shape = JSON.stringify({ inputs: [{ name: 'input', datatype: 'FP32', shape: [1, 3], data: [1, 2, 3] }] });
    const misshapen = await this.#ask(0, new TextEncoder().encode(shape), undefined);
    return { right, failures, strangerStatus: refused.status, misshapenStatus: misshapen.status };
  }

  #ask(user: number, body: Uint8Array, jsonLength: number | undefined, token?: string): Promise<Reply> {
    return new Promise((done) => this.#crew.clients[user]!.send(body, jsonLength, { wire: () => {}, done }, token));
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
