import * as hdr from 'hdr-histogram-js';

/** Microseconds from 1 to one hour, three significant digits. */
export function latencyHistogram(): hdr.Histogram {
  return hdr.build({
    bitBucketSize: 32,
    lowestDiscernibleValue: 1,
    highestTrackableValue: 3_600_000_000,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  });
}

export function recordMs(histogram: hdr.Histogram, ms: number): void {
  histogram.recordValue(Math.min(3_600_000_000, Math.max(1, Math.round(ms * 1_000))));
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

/** Undefined for what is no histogram or has none of our units. */
export function readHistogram(encoded: string): LatencyView | undefined {
  try {
    const histogram = hdr.decodeFromCompressedBase64(encoded, 32, false);
    if (histogram.numberOfSignificantValueDigits !== 3) return undefined;
    return {
      count: histogram.totalCount,
      meanS: histogram.mean / 1e6,
      at: (p) => histogram.getValueAtPercentile(Math.min(100, Math.max(0, p * 100))) / 1e6,
    };
  } catch {
    return undefined;
  }
}
