import { type Static, Type } from 'typebox';
import type { Descriptor } from '../benchmark.ts';

/** Knobs of `users.concurrent`. */
export const UsersSettings = Type.Object(
  {
    /** Identities, each with its own credential and its own connection; ten in a hundred more than the target asks. */
    users: Type.Integer({ minimum: 1, maximum: 100_000 }),
    /** Generator threads; 0: one for every 4,000 users, at most half of the cores. */
    shards: Type.Integer({ minimum: 0, maximum: 256 }),
    /** Rows of 64 values that one task asks to be processed. */
    rows: Type.Integer({ minimum: 1, maximum: 256 }),
    /** Seconds over which each thousand users come in. */
    rampSPerThousand: Type.Number({ minimum: 2, maximum: 60 }),
    /** Seconds between the last user coming in and the hold. */
    settleS: Type.Number({ minimum: 0.2, maximum: 120 }),
    /** Seconds over which the minimum in flight is taken. */
    holdS: Type.Number({ minimum: 1, maximum: 86_400 }),
    /** Seconds that unfinished tasks may take after the hold. */
    graceS: Type.Number({ minimum: 0.5, maximum: 600 }),
    /** Seconds after which a task counts as timed out. */
    timeoutS: Type.Number({ minimum: 1, maximum: 600 }),
    /** Rest of a user between an answer and the next task, milliseconds. */
    thinkMs: Type.Number({ minimum: 0, maximum: 60_000 }),
    /** Width of a slot in which least and greatest in flight are kept, milliseconds. */
    slotMs: Type.Integer({ minimum: 10, maximum: 1_000 }),
    /** Users that submit at one moment after the hold (rendezvous); 0 leaves it out. */
    burstUsers: Type.Integer({ minimum: 0, maximum: 100_000 }),
    /** Pairs of a new and a repeated task that look for caches. */
    cachePairs: Type.Integer({ minimum: 20, maximum: 10_000 }),
    /** Seconds of load on a server that does nothing, which shows what the generator itself can do. */
    nullS: Type.Number({ minimum: 0.5, maximum: 60 }),
    /** Tasks that the beacon picks for the audit. */
    audits: Type.Integer({ minimum: 16, maximum: 4_096 }),
    /** Base URL of an endpoint to test instead of the built-in service. */
    endpoint: Type.Optional(Type.String({ pattern: '^https?://' })),
    /** Name of the model there; it must be the network that `assay-tasks` is. */
    model: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9._-]{1,128}$' })),
    /** File with one bearer token a line for an endpoint: at least as many as users. */
    tokensFile: Type.Optional(Type.String({ minLength: 1 })),
  },
  { additionalProperties: false },
);
export type UsersSettings = Static<typeof UsersSettings>;

const quick: UsersSettings = {
  users: 1_100,
  shards: 0,
  rows: 16,
  rampSPerThousand: 2,
  settleS: 1.5,
  holdS: 8,
  graceS: 30,
  timeoutS: 30,
  thinkMs: 0,
  slotMs: 100,
  burstUsers: 1_000,
  cachePairs: 100,
  nullS: 1.5,
  audits: 64,
};

/** `users.concurrent`: a thousand and more users with tasks under way at every moment, and right answers for all. */
export const descriptor: Descriptor<typeof UsersSettings> = {
  id: 'users.concurrent',
  version: '1',
  title: { zh: '并发用户', en: 'Concurrent users' },
  metrics: [
    {
      id: 'users.inflight.min',
      unit: 'count',
      better: 'higher',
      title: { zh: '保持期内同时在途任务数的最小值', en: 'Least tasks in flight over the hold' },
    },
    {
      id: 'users.identities',
      unit: 'count',
      better: 'higher',
      title: { zh: '得到正确结果的不同用户数', en: 'Distinct users with right answers' },
    },
    {
      id: 'users.error.share',
      unit: 'ratio',
      better: 'lower',
      title: { zh: '任务失败率', en: 'Share of failed tasks' },
    },
    {
      id: 'users.latency.p99',
      unit: 's',
      better: 'lower',
      title: { zh: '响应时间第 99 百分位', en: '99th percentile of response times' },
    },
    {
      id: 'users.fairness.jain',
      unit: 'ratio',
      better: 'higher',
      title: { zh: '用户间公平性（Jain 指数）', en: 'Fairness between users (Jain index)' },
    },
    { id: 'users.rate', unit: 'task/s', better: 'higher', title: { zh: '任务吞吐率', en: 'Rate of tasks' } },
    {
      id: 'users.burst.inflight',
      unit: 'count',
      better: 'higher',
      title: { zh: '集中提交时的最大在途任务数', en: 'Most tasks in flight in a rendezvous' },
    },
  ],
  settings: UsersSettings,
  profiles: {
    quick,
    standard: { ...quick, settleS: 5, holdS: 60, graceS: 30, cachePairs: 300, nullS: 5, audits: 256 },
    full: { ...quick, settleS: 10, holdS: 600, graceS: 60, cachePairs: 1_000, nullS: 10, audits: 512 },
  },
  scope: 'platform',
  service: true,
  cost: (settings) => ({
    seconds: Math.ceil(
      7 +
        settings.nullS +
        2 * (settings.users / 1_000) * settings.rampSPerThousand +
        settings.settleS +
        settings.holdS * 1.05 +
        settings.cachePairs * 0.01 +
        settings.audits * 0.01,
    ),
    writesBytes: 0,
  }),
};
