import type { Failure, Reply, UserClient } from './client.ts';
import { encodeHistogram, latencyHistogram, recordMs } from './latency.ts';
import { type SlotSeries, Slots } from './slots.ts';

/** One request that a user is about to make. */
export interface Ask {
  readonly body: Uint8Array;
  readonly jsonLength: number | undefined;
  /** What it counts for while it is in flight: 1 for a task, the number of records for a lot. */
  readonly weight: number;
  /** Checks what came back; undefined if it is right. Called exactly once. */
  settle(reply: Reply): Failure | undefined;
}

/** What users do: `next` gives a user's next request, undefined when there is nothing left for that user. */
export interface Work {
  next(user: number): Ask | undefined;
}

export interface CrowdOptions {
  readonly clients: readonly UserClient[];
  readonly work: Work;
  readonly slotMs: number;
  readonly thinkMs: number;
  /** Rest after a failure, so that a dead endpoint is not hammered, milliseconds. */
  readonly backoffMs: number;
  /** Milliseconds since the epoch that all generators agreed on. */
  readonly now: () => number;
}

/** What a crowd saw in its window: tasks whose intended start lies in it, and answers that came in it. */
export interface CrowdResult {
  readonly slots: SlotSeries;
  readonly started: number;
  readonly failures: Partial<Record<Failure, number>>;
  /** From the intended start to the last byte; what never ended counts with its age. */
  readonly responses: string;
  /** From the wire to the last byte. */
  readonly services: string;
  /** From the intended start to the wire: what the generator itself was late. */
  readonly lags: string;
  /** Per user: right answers in the window, and 95th percentile of its responses in microseconds (0 for none). */
  readonly held: readonly number[];
  readonly p95Us: readonly number[];
}

interface Person {
  readonly client: UserClient;
  ask: Ask | undefined;
  intendedMs: number;
  held: number;
  readonly responsesMs: number[];
}

/**
 * Closed loop: each user has one request under way, waits for the answer, thinks, and makes the next one. Times count
 * from the moment a request was meant to start, so a stall of the service, or of this generator, is not hidden.
 */
export class Crowd {
  readonly #options: CrowdOptions;
  readonly #people: Person[];
  readonly #slots: Slots;
  readonly #responses = latencyHistogram();
  readonly #services = latencyHistogram();
  readonly #lags = latencyHistogram();
  readonly #failures: Partial<Record<Failure, number>> = {};
  readonly #timers = new Set<NodeJS.Timeout>();
  #window = { fromMs: Number.POSITIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };
  #started = 0;
  #stopped = false;
  #underWay = 0;
  #idle: (() => void) | undefined;
  #turnFromMs: number | undefined;
  readonly #deferred: { user: number; intendedMs: number }[] = [];

  constructor(options: CrowdOptions) {
    this.#options = options;
    this.#slots = new Slots(options.slotMs);
    this.#people = options.clients.map((client) => ({
      client,
      ask: undefined,
      intendedMs: Number.NaN,
      held: 0,
      responsesMs: [],
    }));
  }

  /** Lets the users come in evenly from `fromMs` over `rampMs`. */
  ramp(fromMs: number, rampMs: number): void {
    const each = rampMs / this.#people.length;
    for (let user = 0; user < this.#people.length; user++) this.#at(user, fromMs + user * each);
  }

  /** Says which time counts. Must be called before it begins. */
  window(fromMs: number, toMs: number): void {
    this.#window = { fromMs, toMs };
  }

  /** No new requests; settles when none is under way or after `graceMs`, when the rest count as unfinished. */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    if (this.#underWay > 0) {
      await new Promise<void>((resolve) => {
        const limit = setTimeout(resolve, graceMs);
        this.#idle = () => {
          clearTimeout(limit);
          resolve();
        };
      });
    }
    const now = this.#options.now();
    for (let user = 0; user < this.#people.length; user++) {
      const person = this.#people[user]!;
      if (!person.ask) continue;
      this.#settle(person, { ...NOTHING, endMs: now }, person.ask);
    }
  }

  result(): CrowdResult {
    const { fromMs, toMs } = this.#window;
    const { slotMs } = this.#options;
    return {
      slots: this.#slots.series(Math.round(fromMs / slotMs), Math.round(toMs / slotMs)),
      started: this.#started,
      failures: this.#failures,
      responses: encodeHistogram(this.#responses),
      services: encodeHistogram(this.#services),
      lags: encodeHistogram(this.#lags),
      held: this.#people.map((person) => person.held),
      p95Us: this.#people.map((person) => p95Us(person.responsesMs)),
    };
  }

  /** Series over any slots, for what has no window. */
  series(from: number, to: number): SlotSeries {
    return this.#slots.series(from, to);
  }

  #at(user: number, atMs: number): void {
    const wait = atMs - this.#options.now();
    if (wait <= 0) {
      this.#start(user, atMs);
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      // A timer may go off a fraction of a millisecond early: nobody is served before they are due.
      this.#at(user, atMs);
    }, wait);
    this.#timers.add(timer);
  }

  /**
   * Starts at once, from within the answer, so that hardly a moment passes with one task less in flight. But where
   * answers keep coming without a pause, the loop would never get to its timers: after `TURN_MS` the rest wait a turn.
   */
  #startSoon(user: number, intendedMs: number): void {
    if (this.#turnFromMs === undefined) {
      this.#turnFromMs = this.#options.now();
      setImmediate(() => {
        this.#turnFromMs = undefined;
        for (const next of this.#deferred.splice(0)) this.#start(next.user, next.intendedMs);
      });
    }
    if (this.#options.now() - this.#turnFromMs > TURN_MS) this.#deferred.push({ user, intendedMs });
    else this.#start(user, intendedMs);
  }

  #start(user: number, intendedMs: number): void {
    if (this.#stopped) return;
    const person = this.#people[user]!;
    const ask = this.#options.work.next(user);
    if (!ask) return;
    person.ask = ask;
    person.intendedMs = intendedMs;
    this.#underWay++;
    person.client.send(ask.body, ask.jsonLength, {
      wire: () => this.#slots.change(this.#options.now(), ask.weight),
      done: (reply) => {
        if (!Number.isNaN(reply.wireMs)) this.#slots.change(reply.endMs, -ask.weight);
        if (person.ask !== ask) return;
        const failure = this.#settle(person, reply, ask);
        this.#underWay--;
        if (this.#underWay === 0) this.#idle?.();
        if (this.#stopped) return;
        const { thinkMs, backoffMs } = this.#options;
        const rest = failure ? Math.max(backoffMs, thinkMs) : thinkMs;
        if (rest === 0) this.#startSoon(user, reply.endMs);
        else this.#at(user, reply.endMs + rest);
      },
    });
  }

  #settle(person: Person, reply: Reply, ask: Ask): Failure | undefined {
    person.ask = undefined;
    const failure = ask.settle(reply);
    const { fromMs, toMs } = this.#window;
    const { intendedMs } = person;
    if (!failure) {
      this.#slots.answered(reply.endMs, ask.weight);
      if (reply.endMs >= fromMs && reply.endMs < toMs) person.held++;
    }
    if (intendedMs >= fromMs && intendedMs < toMs) {
      this.#started++;
      if (failure) this.#failures[failure] = (this.#failures[failure] ?? 0) + 1;
      recordMs(this.#responses, reply.endMs - intendedMs);
      person.responsesMs.push(reply.endMs - intendedMs);
      if (!Number.isNaN(reply.wireMs)) {
        recordMs(this.#services, reply.endMs - reply.wireMs);
        recordMs(this.#lags, reply.wireMs - intendedMs);
      }
    }
    return failure;
  }
}

/** Longest that answers may keep the loop from its timers, milliseconds. */
const TURN_MS = 1_000;

const NOTHING: Omit<Reply, 'endMs'> = {
  failure: 'unfinished',
  status: 0,
  headerLength: undefined,
  body: new Uint8Array(),
  wireMs: Number.NaN,
  firstMs: Number.NaN,
};

function p95Us(valuesMs: number[]): number {
  if (valuesMs.length === 0) return 0;
  valuesMs.sort((a, b) => a - b);
  return Math.round(valuesMs[Math.ceil(0.95 * valuesMs.length) - 1]! * 1_000);
}
