import { type Static, Type } from 'typebox';
import { fromWindows } from '../../../model/estimate.ts';
import type { Check, Finding, Metric } from '../../../model/measurement.ts';
import type { Proof } from '../../benchmark.ts';

const strict = { additionalProperties: false } as const;

/** Bytes that STREAM counts for each byte of an array: what is read and what is written. */
const TOUCHED = { copy: 2, triad: 3 } as const;

const Pass = Type.Object(
  {
    /** `cpu` for all memory nodes together, `node0`, `node1` …, `cuda:0` … */
    device: Type.String({ minLength: 1 }),
    operation: Type.Enum(['copy', 'triad']),
    /** Bytes of one array of one thread, and of one element of it. */
    arrayBytes: Type.Integer({ minimum: 1 }),
    elementBytes: Type.Integer({ minimum: 1, maximum: 16 }),
    threads: Type.Array(
      Type.Object(
        {
          /** Whole passes over the arrays in a stretch of time, nanoseconds since the operation began. */
          windows: Type.Array(
            Type.Object(
              {
                startNs: Type.Integer({ minimum: 0 }),
                endNs: Type.Integer({ minimum: 0 }),
                passes: Type.Integer({ minimum: 1 }),
              },
              strict,
            ),
          ),
          elements: Type.Integer({ minimum: 1 }),
          wrong: Type.Integer({ minimum: 0 }),
          pinned: Type.Boolean(),
        },
        strict,
      ),
    ),
  },
  strict,
);

/** Raw samples of memory.bandwidth. */
export const BandwidthRaw = Type.Object(
  {
    challenge: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    /** Of the processor. */
    lastCacheBytes: Type.Optional(Type.Integer({ minimum: 1 })),
    /** Accelerators whose memory could not be measured, and why. */
    unsupported: Type.Array(Type.Object({ device: Type.String(), detail: Type.String() }, strict)),
    passes: Type.Array(Pass),
  },
  strict,
);
export type BandwidthRaw = Static<typeof BandwidthRaw>;

/** The arrays together must be so many times the last cache, or the cache is measured (STREAM's run rules). */
const CACHE_FACTOR = 4;

export const proof: Proof<typeof BandwidthRaw> = {
  id: 'memory.bandwidth',
  version: '1.0.0',
  raw: BandwidthRaw,
  examine(raw, { settings, transcript }) {
    const metrics: Metric[] = [];
    const checks: Check[] = [];
    const findings: Finding[] = [];
    if (transcript && transcript.exchanges[0]?.beacon !== raw.challenge) {
      const detail = 'the arrays do not derive from the challenge of this attempt';
      findings.push({ code: 'stale', detail, weight: 'holds' });
    }
    for (const { device, detail } of raw.unsupported) {
      findings.push({ code: 'unsupported', detail: `${device}: ${detail}`, weight: 'informs' });
    }
    for (const { device, operation, threads, arrayBytes, elementBytes } of raw.passes) {
      const labels = { operation, device };
      const what = `${operation} on ${device} by ${threads.length} threads`;
      const metric = 'memory.bandwidth.rate';
      const hold = (code: Finding['code'], detail: string) =>
        findings.push({ code, detail: `${what}: ${detail}`, metric, labels, weight: 'holds' });
      const wrong = threads.reduce((sum, thread) => sum + thread.wrong, 0);
      const elements = threads.reduce((sum, thread) => sum + thread.elements, 0);
      const right = wrong === 0 && elements * elementBytes === threads.length * arrayBytes && threads.length > 0;
      const detail = `${what}: ${wrong} of ${elements} elements wrong`;
      checks.push({ id: 'memory.contents', passed: right, detail });
      if (!right) hold('incorrect_result', 'the arrays do not hold what was to be written');

      const bytes = arrayBytes * TOUCHED[operation];
      const { rates, durationS } = together(threads, bytes);
      if (rates.length === 0 || !rates.every((rate) => Number.isFinite(rate) && rate > 0)) {
        hold('zero_work', 'no stretch of time in which all threads worked');
        continue;
      }
      if (typeof settings.seconds === 'number' && durationS < 0.8 * settings.seconds) {
        hold('too_short', `all threads worked for ${durationS.toFixed(2)} s of ${settings.seconds} s`);
      }
      if (rates.length >= 3 && rates.every((rate) => rate === rates[0])) hold('implausible', 'no variation at all');
      const footprint = 3 * arrayBytes * threads.length;
      const host = device === 'cpu' || device.startsWith('node');
      if (host && raw.lastCacheBytes !== undefined && footprint < CACHE_FACTOR * raw.lastCacheBytes) {
        hold('implausible', `arrays of ${footprint} bytes may lie in a cache of ${raw.lastCacheBytes}`);
      }
      const estimate = fromWindows(rates, 'B/s');
      metrics.push({ metric, labels, estimate, durationS, samples: rates.length, verified: right, level: 'E1' });
    }
    if (metrics.length === 0) findings.push({ code: 'zero_work', detail: 'nothing was measured', weight: 'holds' });
    return { metrics, checks, findings };
  },
};

/**
 * Rates of all threads together. Threads end their windows at different moments, so time is cut at the ends of the first
 * thread's windows, within the time in which all threads work; each thread adds its passes in proportion.
 */
function together(threads: BandwidthRaw['passes'][number]['threads'], bytes: number) {
  const from = Math.max(...threads.map((thread) => thread.windows[0]?.startNs ?? Number.POSITIVE_INFINITY));
  const to = Math.min(...threads.map((thread) => thread.windows.at(-1)?.endNs ?? 0));
  const cuts = (threads[0]?.windows ?? [])
    .flatMap((window) => [window.startNs, window.endNs])
    .filter((at, i, all) => at >= from && at <= to && at !== all[i - 1]);
  const rates: number[] = [];
  for (let i = 1; i < cuts.length; i++) {
    const [start, end] = [cuts[i - 1]!, cuts[i]!];
    let passes = 0;
    for (const { windows } of threads) {
      for (const window of windows) {
        const shared = Math.min(end, window.endNs) - Math.max(start, window.startNs);
        if (shared > 0) passes += (window.passes * shared) / (window.endNs - window.startNs);
      }
    }
    rates.push((passes * bytes * 1e9) / (end - start));
  }
  const durationS = cuts.length > 1 ? (cuts.at(-1)! - cuts[0]!) / 1e9 : 0;
  return { rates, durationS };
}
