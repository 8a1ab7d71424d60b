import { deflateSync, inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeHistogram,
  HISTOGRAM_CHARS,
  Histogram,
  latencyHistogram,
  readHistogram,
  recordMs,
} from '../../../../benchmarks/users/latency.ts';
import { UsersRaw } from '../../../../benchmarks/users/raw.ts';
import { check } from '../../../../model/schema.ts';
import { histogramOf, honest } from './fixture.ts';

/** A head of a histogram of ours with these units. */
function head(payload: number, { digits = 3, lowest = 1n, highest = 3_600_000_000n } = {}): Buffer {
  const bytes = Buffer.alloc(40);
  bytes.writeUInt32BE(0x1c849313, 0);
  bytes.writeUInt32BE(payload, 4);
  bytes.writeUInt32BE(digits, 12);
  bytes.writeBigUInt64BE(lowest, 16);
  bytes.writeBigUInt64BE(highest, 24);
  bytes.writeDoubleBE(1, 32);
  return bytes;
}

function packed(unpacked: Uint8Array): string {
  const body = deflateSync(unpacked, { level: 9 });
  const front = Buffer.alloc(8);
  front.writeUInt32BE(0x1c849314, 0);
  front.writeUInt32BE(body.length, 4);
  return Buffer.concat([front, body]).toString('base64');
}

const ofWords = (...words: number[]) => packed(Buffer.concat([head(words.length), Buffer.from(words)]));

/** The least of several times: whatever else this machine does only adds to it. */
function leastMs(work: () => void): number {
  const times = Array.from({ length: 5 }, () => {
    const from = performance.now();
    work();
    return performance.now() - from;
  });
  return Math.min(...times);
}

/** The largest that an honest run can come to: every value was seen, and each about as often as not. */
function largest(): string {
  const histogram = latencyHistogram();
  let seed = 1;
  for (let us = 1; us <= 3_600_000_000; us = Math.max(us + 1, Math.floor(us * 1.0004))) {
    seed = (seed * 48_271) % 2_147_483_647;
    histogram.recordValueWithCount(us, 80_000 + Math.floor(((seed / 2_147_483_647) * 2 - 1) * 600));
  }
  return encodeHistogram(histogram);
}

describe('a histogram in samples', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 4e6, noNaN: true }), { maxLength: 60 }), (values) => {
        const histogram = latencyHistogram();
        for (const ms of values) recordMs(histogram, ms);
        const view = readHistogram(encodeHistogram(histogram))!;
        expect(view.count).toBe(values.length);
        expect(view.at(0.99)).toBe(histogram.getValueAtPercentile(99) / 1e6);
        expect(view.meanS).toBe(histogram.mean / 1e6);
      }),
      { numRuns: 50 },
    );
  });

  it('fits its schema, and is read, at the largest that an honest run comes to', () => {
    const encoded = largest();
    expect(encoded.length).toBeGreaterThan(HISTOGRAM_CHARS / 2);
    expect(check(Histogram, encoded).ok).toBe(true);
    expect(readHistogram(encoded)!.count).toBeGreaterThan(1e9);
  });

  it('does not fit its schema beyond that', () => {
    const { raw } = honest();
    raw.generators[0]!.loopDelays = 'A'.repeat(HISTOGRAM_CHARS + 1);
    expect(check(UsersRaw, raw).ok).toBe(false);
    expect(readHistogram(histogramOf(1, 1) + 'A'.repeat(HISTOGRAM_CHARS))).toBeUndefined();
  });

  it('is not unpacked beyond what counts can take', () => {
    const bomb = packed(Buffer.concat([head(40 << 20), Buffer.alloc(40 << 20)]));
    expect(bomb.length).toBeLessThan(HISTOGRAM_CHARS);
    const body = Buffer.from(bomb, 'base64').subarray(8);
    const whole = leastMs(() => expect(inflateSync(body)).toHaveLength(40 + (40 << 20)));
    expect(leastMs(() => expect(readHistogram(bomb)).toBeUndefined())).toBeLessThan(whole / 3);
  });

  it.each<[string, string]>([
    ['a row of zeros that nobody could walk', ofWords(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f)],
    ['a row of zeros beyond the last count', ofWords(0xff, 0xef, 0x02, 0xff, 0xff, 0x03)],
    ['a count that 32 bits do not hold', ofWords(0x80, 0x80, 0x80, 0x80, 0x20)],
    ['a count that ends in the middle', ofWords(0x02, 0x80)],
    ['more counts than it has', packed(Buffer.concat([head(30_000), Buffer.alloc(30_000, 2)]))],
    ['more bytes than it says', packed(Buffer.concat([head(1), Buffer.from([2, 2])]))],
    ['five digits', packed(Buffer.concat([head(1, { digits: 5 }), Buffer.from([2])]))],
    ['values up to any time', packed(Buffer.concat([head(1, { highest: 1n << 52n }), Buffer.from([2])]))],
    ['values in other units', packed(Buffer.concat([head(1, { lowest: 1_000n }), Buffer.from([2])]))],
    ['no head', packed(Buffer.from([1, 2, 3]))],
    ['nothing', ''],
    ['no compressed data', 'AAAAAAAAAAAAAAAA'],
  ])('is none with %s', (_what, encoded) => {
    expect(readHistogram(encoded)).toBeUndefined();
  });

  it('with a single count reads, so that the cases above fail for what they say', () => {
    expect(readHistogram(ofWords(0x02))?.count).toBe(1);
    expect(readHistogram(ofWords(0xfd, 0xef, 0x02, 0x02))?.count).toBe(1);
  });

  it('never throws for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
        expect(readHistogram(text)).toBeUndefined();
      }),
    );
  });
});
