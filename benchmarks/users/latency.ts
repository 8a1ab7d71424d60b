import { inflateSync } from 'node:zlib';
import * as hdr from 'hdr-histogram-js';
import { Type } from 'typebox';

/** Longest histogram in samples. All 23,552 counts of three thousand million values, spread evenly, take 62,000 characters. */
export const HISTOGRAM_CHARS = 65_536;
export const Histogram = Type.String({ maxLength: HISTOGRAM_CHARS });

/** Most bytes that the counts of a histogram can be unpacked to: nine for each of 23,552, and the head. */
const UNPACKED_BYTES = 1024 * 1024;
/** Counts that a histogram of ours has: 2,048 values, then 1,024 for each of 21 doublings up to an hour, and one more. */
const COUNTS = 23_552;
/** Highest value, microseconds. */
const HOUR_US = 3_600_000_000;

/** Microseconds from 1 to one hour, three significant digits. */
export function latencyHistogram(): hdr.Histogram {
  return hdr.build({
    bitBucketSize: 32,
    lowestDiscernibleValue: 1,
    highestTrackableValue: HOUR_US,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  });
}

export function recordMs(histogram: hdr.Histogram, ms: number): void {
  histogram.recordValue(Math.min(HOUR_US, Math.max(1, Math.round(ms * 1_000))));
}

/** HdrHistogram's own compressed form (V2), base64. */
export function encodeHistogram(histogram: hdr.Histogram): string {
  return hdr.encodeIntoCompressedBase64(histogram);
}

/** Counts of several generators put together; percentiles are never averaged. */
export function mergeHistograms(encoded: readonly string[]): string {
  const all = latencyHistogram();
  for (const part of encoded) all.add(hdr.decodeFromCompressedBase64(part, 32, false));
  return encodeHistogram(all);
}

/** What examination reads off a histogram; seconds. */
export interface LatencyView {
  readonly count: number;
  readonly meanS: number;
  /** Value at a percentile, 0 to 1. */
  at(p: number): number;
}

/**
 * Undefined for what is no histogram or has none of our units. It comes from whoever is examined: it is unpacked no
 * further, and its counts are looked at no longer, than a histogram of ours can be.
 */
export function readHistogram(encoded: string): LatencyView | undefined {
  if (encoded.length > HISTOGRAM_CHARS) return undefined;
  try {
    const bytes = Buffer.from(encoded, 'base64');
    const packed = bytes.subarray(8, 8 + bytes.readUInt32BE(4));
    if (!isOurs(inflateSync(packed, { maxOutputLength: UNPACKED_BYTES }))) return undefined;
    // Written anew, so that what is decoded is what was looked at.
    const histogram = hdr.decodeFromCompressedBase64(bytes.toString('base64'), 32, false);
    return {
      count: histogram.totalCount,
      meanS: histogram.mean / 1e6,
      at: (p) => histogram.getValueAtPercentile(Math.min(100, Math.max(0, p * 100))) / 1e6,
    };
  } catch {
    return undefined;
  }
}

/**
 * Whether unpacked bytes are a V2 histogram of our units whose counts end within it (HdrHistogram, V2 encoding: a head
 * of 40 bytes; then counts, or negative numbers of zeros in a row, as ZigZag LEB128 of at most nine bytes). A row of
 * zeros costs nothing to write and would be walked one by one.
 */
function isOurs(bytes: Buffer): boolean {
  if (bytes.readUInt32BE(0) !== 0x1c849313 || bytes.readUInt32BE(4) !== bytes.length - 40) return false;
  if (bytes.readUInt32BE(12) !== 3) return false;
  if (bytes.readBigUInt64BE(16) !== 1n || bytes.readBigUInt64BE(24) !== BigInt(HOUR_US)) return false;
  let filled = 0;
  for (let at = 40; at < bytes.length; ) {
    let word = 0;
    let shift = 0;
    let byte: number;
    do {
      byte = bytes.readUInt8(at++);
      word += (shift === 8 ? byte : byte & 0x7f) * 2 ** (7 * shift++);
    } while (byte >= 0x80 && shift < 9);
    const zeros = word % 2 === 1;
    // The counts are kept in 32 bits.
    if (!zeros && word / 2 >= 2 ** 32) return false;
    filled += zeros ? (word + 1) / 2 : 1;
    if (filled > COUNTS) return false;
  }
  return true;
}
