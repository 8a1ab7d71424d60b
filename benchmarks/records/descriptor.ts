import { type Static, Type } from 'typebox';
import type { Descriptor } from '../benchmark.ts';

/** Knobs of `records.simultaneous`. */
export const RecordsSettings = Type.Object(
  {
    /** Users that send records; each always has one lot under way. */
    users: Type.Integer({ minimum: 1, maximum: 10_000 }),
    /** Records in a lot, and so of each user, that are under way at once. */
    lot: Type.Integer({ minimum: 1, maximum: 1_000 }),
    /** Seconds over which each thousand users come in. */
    rampSPerThousand: Type.Number({ minimum: 2, maximum: 60 }),
    /** Seconds over which users keep sending lots once all have come in. */
    holdS: Type.Number({ minimum: 1, maximum: 86_400 }),
    /** Seconds that the last answers may take. */
    graceS: Type.Number({ minimum: 0.5, maximum: 600 }),
    /** Seconds after which a lot counts as lost. */
    timeoutS: Type.Number({ minimum: 1, maximum: 600 }),
    /** Width of a slot in which least and greatest in flight are kept, milliseconds. */
    slotMs: Type.Integer({ minimum: 10, maximum: 1_000 }),
    /** Records of each step of the sweep over request sizes (a tenth of it for requests of one); 0 leaves it out. */
    sweepRecords: Type.Integer({ minimum: 0, maximum: 10_000_000 }),
    /** Lots that the beacon picks for the audit. */
    audits: Type.Integer({ minimum: 16, maximum: 4_096 }),
    /** Base URL of an endpoint to test instead of the built-in service. */
    endpoint: Type.Optional(Type.String({ pattern: '^https?://' })),
    /** Name of the model there; it must be the network that `assay-records` is. */
    model: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9._-]{1,128}$' })),
    /** File with one bearer token a line for an endpoint: at least as many as users. */
    tokensFile: Type.Optional(Type.String({ minLength: 1 })),
  },
  { additionalProperties: false },
);
export type RecordsSettings = Static<typeof RecordsSettings>;

const quick: RecordsSettings = {
  users: 1_100,
  lot: 100,
  rampSPerThousand: 2,
  holdS: 5,
  graceS: 30,
  timeoutS: 30,
  slotMs: 100,
  sweepRecords: 20_000,
  audits: 24,
};

/**
 * `records.simultaneous`: a hundred thousand and more records under way at once, each answered rightly exactly once.
 */
export const descriptor: Descriptor<typeof RecordsSettings> = {
  id: 'records.simultaneous',
  version: '1',
  title: { zh: '同时处理的数据资源', en: 'Records processed at once' },
  metrics: [
    {
      id: 'records.simultaneous.peak',
      unit: 'count',
      better: 'higher',
      title: { zh: '同时已受理未答复记录数的最大值', en: 'Most records admitted and unanswered at one moment' },
    },
    {
      id: 'records.answered',
      unit: 'count',
      better: 'higher',
      title: { zh: '得到正确答复的不同记录数', en: 'Distinct records answered rightly' },
    },
    { id: 'records.lost', unit: 'count', better: 'lower', title: { zh: '丢失的记录数', en: 'Records lost' } },
    {
      id: 'records.twice',
      unit: 'count',
      better: 'lower',
      title: { zh: '重复答复的记录数', en: 'Records answered twice' },
    },
    {
      id: 'records.corrupt',
      unit: 'count',
      better: 'lower',
      title: { zh: '答复错误的记录数', en: 'Records answered wrongly' },
    },
    {
      id: 'records.unexpected',
      unit: 'count',
      better: 'lower',
      title: { zh: '答复了未提交的记录数', en: 'Answers to records that were never sent' },
    },
    {
      id: 'records.rate',
      unit: 'record/s',
      better: 'higher',
      title: { zh: '记录处理速率', en: 'Rate of records' },
    },
    {
      id: 'records.sweep.rate',
      unit: 'record/s',
      better: 'higher',
      title: { zh: '各批量大小下的记录处理速率', en: 'Rate of records by request size' },
    },
  ],
  settings: RecordsSettings,
  profiles: {
    quick,
    standard: { ...quick, holdS: 600, graceS: 60, sweepRecords: 100_000, audits: 128 },
    full: { ...quick, holdS: 1_800, graceS: 60, sweepRecords: 200_000, audits: 256 },
  },
  scope: 'platform',
  service: true,
  cost: (settings) => ({
    seconds: Math.ceil(
      5 +
        (settings.users * settings.lot) / 50_000 +
        2 * (settings.users / 1_000) * settings.rampSPerThousand +
        settings.holdS * 1.05 +
        settings.sweepRecords / 5_000,
    ),
    writesBytes: 0,
  }),
};
