import { type Static, Type } from 'typebox';
import type { Descriptor } from '../../benchmark.ts';

export const BandwidthSettings = Type.Object(
  {
    arrayBytes: Type.Integer({
      minimum: 1 << 20,
      maximum: 1 << 30,
      multipleOf: 65536,
      description: 'Bytes of one array of one thread; together the arrays must be several times the last cache.',
    }),
    seconds: Type.Number({ exclusiveMinimum: 0, description: 'Measured time for each operation, seconds.' }),
    warmUpS: Type.Number({ minimum: 0, description: 'Warm-up before each operation, seconds.' }),
    windowS: Type.Number({ exclusiveMinimum: 0, description: 'Length of a window, seconds.' }),
    threads: Type.Integer({ minimum: 0, description: 'Threads; 0 for one a core.' }),
    deviceArrayBytes: Type.Integer({
      minimum: 1 << 20,
      maximum: 8 * 2 ** 30,
      multipleOf: 65536,
      description: 'Bytes of one array on an accelerator.',
    }),
    deviceSeconds: Type.Number({
      exclusiveMinimum: 0,
      description: 'Measured time for each operation on each accelerator, one after the other, seconds.',
    }),
    pythons: Type.Array(Type.String({ minLength: 1 }), {
      description: 'Python interpreters to look for PyTorch in, for the memory of accelerators.',
    }),
  },
  { additionalProperties: false },
);
export type BandwidthSettings = Static<typeof BandwidthSettings>;

const shared = { threads: 0, deviceArrayBytes: 2 ** 30, pythons: ['python3', '/usr/bin/python3'] };

/** STREAM's copy and triad by all cores at once, in all and for each memory node where there are several, and on accelerators. */
export const descriptor: Descriptor<typeof BandwidthSettings> = {
  id: 'memory.bandwidth',
  version: '1.0.0',
  title: { zh: '内存带宽', en: 'Memory bandwidth' },
  metrics: [
    {
      id: 'memory.bandwidth.rate',
      unit: 'B/s',
      better: 'higher',
      title: { zh: '内存带宽（按 STREAM 规则计字节）', en: "Memory bandwidth, bytes counted by STREAM's rule" },
    },
  ],
  settings: BandwidthSettings,
  profiles: {
    quick: { arrayBytes: 64 << 20, seconds: 2, warmUpS: 0.3, windowS: 0.1, deviceSeconds: 1, ...shared },
    standard: { arrayBytes: 256 << 20, seconds: 30, warmUpS: 2, windowS: 0.5, deviceSeconds: 5, ...shared },
    full: { arrayBytes: 256 << 20, seconds: 300, warmUpS: 5, windowS: 1, deviceSeconds: 30, ...shared },
  },
  scope: 'node',
  service: false,
  cost: ({ seconds, warmUpS, deviceSeconds }) => ({
    // As for a node with one accelerator; one with eight takes three times as long.
    seconds: 4 + 2 * (seconds + warmUpS + 1) + 2 * (deviceSeconds + warmUpS + 1),
    writesBytes: 0,
  }),
};
