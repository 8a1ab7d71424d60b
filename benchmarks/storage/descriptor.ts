import { type Static, Type } from 'typebox';
import type { Descriptor } from '../benchmark.ts';

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;

export const StorageSettings = Type.Object(
  {
    directory: Type.String({ description: 'Directory under test; empty: the work directory of the run.' }),
    fillBytes: Type.Integer({ minimum: MiB, description: 'Most bytes to fill.' }),
    fillShare: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      description: 'Most to fill, as a share of the usable bytes.',
    }),
    maxFreeShare: Type.Number({ exclusiveMinimum: 0, maximum: 0.95, description: 'Most of the free space to take.' }),
    chunkBytes: Type.Integer({
      minimum: MiB,
      maximum: 64 * MiB,
      multipleOf: MiB,
      description: 'Bytes in one write or read.',
    }),
    lanes: Type.Integer({ minimum: 0, maximum: 64, description: 'Threads that write and read; 0: by the cores.' }),
    direct: Type.Boolean({ description: 'Use O_DIRECT where the file system has it.' }),
    fillMinSeconds: Type.Number({ minimum: 0, description: 'Write over again, in new passes, until this long.' }),
    fillMaxSeconds: Type.Number({ exclusiveMinimum: 0, description: 'Stop filling after this long.' }),
    maxPasses: Type.Integer({ minimum: 1, description: 'Most passes of writing, the first one counted.' }),
    maxWriteBytes: Type.Integer({ minimum: MiB, description: 'No new pass begins that could write more than this.' }),
    readMaxSeconds: Type.Number({ exclusiveMinimum: 0, description: 'Stop reading back after this long.' }),
    windowSeconds: Type.Number({ exclusiveMinimum: 0, description: 'Length of one window of a rate.' }),
    samples: Type.Integer({ minimum: 1, description: 'Stratified random units that are read cold.' }),
    sampleMaxSeconds: Type.Number({ exclusiveMinimum: 0, description: 'Stop reading single units after this long.' }),
    blockTimeoutSeconds: Type.Number({ exclusiveMinimum: 0, description: 'A unit that takes longer counts as bad.' }),
    settleSeconds: Type.Number({ minimum: 0, description: 'How long to wait for the books to follow.' }),
    fio: Type.Boolean({ description: 'Run fio beside our own measurement, where it is installed.' }),
    fioPath: Type.String({ minLength: 1, description: 'Program to run as fio.' }),
    fioSeconds: Type.Number({ exclusiveMinimum: 0, description: 'Length of each point of fio.' }),
    fioBytes: Type.Integer({ minimum: 16 * MiB, description: 'Most bytes that fio writes.' }),
  },
  { additionalProperties: false },
);
export type StorageSettings = Static<typeof StorageSettings>;

const common = {
  directory: '',
  chunkBytes: 4 * MiB,
  lanes: 0,
  direct: true,
  blockTimeoutSeconds: 30,
  fio: true,
  fioPath: 'fio',
};

/**
 * Storage of one node: how much there is, how much of it is proven, and how fast.
 *
 * It fills part of the file system with data that nobody could foresee, then reads back what a later challenge picks.
 * The fill is the write benchmark and the challenge is the read benchmark. What it can't show: bytes that were not
 * written. Attested bytes are what the file system says of itself; proven bytes were there and came back right.
 * The node that writes knows the key: this proves the storage to the node, and the node's work to the controller only
 * as far as the order of commits and beacons goes.
 */
export const descriptor: Descriptor<typeof StorageSettings> = {
  id: 'storage.volume',
  version: '1.0.0',
  title: { zh: '存储容量与速度', en: 'Storage capacity and speed' },
  metrics: [
    {
      id: 'storage.capacity.attested',
      unit: 'B',
      better: 'higher',
      title: { zh: '文件系统所报可用容量', en: 'Usable bytes as the file system states them' },
    },
    {
      id: 'storage.capacity.proven',
      unit: 'B',
      better: 'higher',
      title: { zh: '实写实读验证容量', en: 'Bytes proven by writing and reading back' },
    },
    {
      id: 'storage.capacity.share',
      unit: '1',
      better: 'higher',
      title: { zh: '验证容量占比', en: 'Proven share of the attested bytes' },
    },
    {
      id: 'storage.speed.write',
      unit: 'B/s',
      better: 'higher',
      title: { zh: '持续写入速度', en: 'Sustained write speed' },
    },
    {
      id: 'storage.speed.read',
      unit: 'B/s',
      better: 'higher',
      title: { zh: '持续读取速度', en: 'Sustained read speed' },
    },
    {
      id: 'storage.latency.read.p50',
      unit: 's',
      better: 'lower',
      title: { zh: '4 KiB 冷随机读延迟中位数', en: 'Cold 4 KiB random read, median latency' },
    },
    {
      id: 'storage.latency.read.p99',
      unit: 's',
      better: 'lower',
      title: { zh: '4 KiB 冷随机读延迟 p99', en: 'Cold 4 KiB random read, 99th percentile latency' },
    },
    {
      id: 'storage.fio.write',
      unit: 'B/s',
      better: 'higher',
      title: { zh: 'fio 1 MiB 顺序写', en: 'fio, 1 MiB sequential write' },
    },
    {
      id: 'storage.fio.read',
      unit: 'B/s',
      better: 'higher',
      title: { zh: 'fio 1 MiB 顺序读', en: 'fio, 1 MiB sequential read' },
    },
    {
      id: 'storage.fio.iops.qd1',
      unit: '1/s',
      better: 'higher',
      title: { zh: 'fio 4 KiB 随机读，队列深度 1', en: 'fio, 4 KiB random read at queue depth 1' },
    },
    {
      id: 'storage.fio.iops.qd32',
      unit: '1/s',
      better: 'higher',
      title: { zh: 'fio 4 KiB 随机读，队列深度 32', en: 'fio, 4 KiB random read at queue depth 32' },
    },
    {
      id: 'storage.fio.latency.qd1.p99',
      unit: 's',
      better: 'lower',
      title: { zh: 'fio 4 KiB 随机读延迟 p99', en: 'fio, 4 KiB random read at queue depth 1, 99th percentile latency' },
    },
  ],
  settings: StorageSettings,
  profiles: {
    quick: {
      ...common,
      fillBytes: GiB,
      fillShare: 1,
      maxFreeShare: 0.05,
      fillMinSeconds: 2,
      fillMaxSeconds: 8,
      maxPasses: 2,
      maxWriteBytes: 2 * GiB,
      readMaxSeconds: 8,
      windowSeconds: 0.1,
      samples: 688,
      sampleMaxSeconds: 15,
      settleSeconds: 2,
      fioSeconds: 2,
      fioBytes: 256 * MiB,
    },
    standard: {
      ...common,
      fillBytes: 1e14,
      fillShare: 0.1,
      maxFreeShare: 0.25,
      fillMinSeconds: 300,
      fillMaxSeconds: 7200,
      maxPasses: 16,
      maxWriteBytes: 2e14,
      readMaxSeconds: 7200,
      windowSeconds: 1,
      samples: 4603,
      sampleMaxSeconds: 900,
      settleSeconds: 10,
      fioSeconds: 30,
      fioBytes: 16 * GiB,
    },
    full: {
      ...common,
      fillBytes: 1e15,
      fillShare: 0.25,
      maxFreeShare: 0.95,
      fillMinSeconds: 1800,
      fillMaxSeconds: 86_400,
      maxPasses: 16,
      maxWriteBytes: 1e15,
      readMaxSeconds: 86_400,
      windowSeconds: 1,
      samples: 20_140,
      sampleMaxSeconds: 3600,
      settleSeconds: 30,
      fioSeconds: 60,
      fioBytes: 64 * GiB,
    },
  },
  scope: 'node',
  service: false,
  cost: (settings) => {
    const moveS = settings.fillBytes / EXPECTED_RATE;
    return {
      seconds:
        Math.min(settings.fillMaxSeconds, Math.max(settings.fillMinSeconds, moveS)) +
        Math.min(settings.readMaxSeconds, moveS) +
        Math.min(settings.sampleMaxSeconds, settings.samples * EXPECTED_LATENCY_S) +
        settings.settleSeconds +
        (settings.fio ? 4 * (settings.fioSeconds + 1) : 0),
      writesBytes:
        Math.max(settings.fillBytes, Math.min(settings.fillBytes * settings.maxPasses, settings.maxWriteBytes)) +
        (settings.fio ? settings.fioBytes : 0),
    };
  },
};

/** What a plain disk does; only for the expected time that a plan shows. */
const EXPECTED_RATE = 2e8;
const EXPECTED_LATENCY_S = 0.01;
