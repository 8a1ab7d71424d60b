import { type Static, Type } from 'typebox';
import { fromWindows } from '../../../model/estimate.ts';
import type { Check, Finding, Metric } from '../../../model/measurement.ts';
import type { Proof } from '../../benchmark.ts';

const strict = { additionalProperties: false } as const;

/** Bytes that STREAM counts for each byte of an array: what is read and what is written. */
const TOUCHED = { copy: 2, triad: 3 } as const;

/** What whoever checks is ready to look at: far more than any node has. */
const MOST = { windows: 10_000, threads: 2048, passes: 1024 } as const;

const Pass = Type.Object(
  {
    /** `cpu` for all memory nodes together, `node0`, `node1` …, `cuda:0` … */
    device: Type.String({ minLength: 1 }),
    operation: Type.Enum(['copy', 'triad']),
    /** Bytes of one array of one thread, and of one element of it. */
    arrayBytes: Type.Integer({ minimum: 65536, maximum: 8 * 2 ** 30, multipleOf: 65536 }),
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
            { maxItems: MOST.windows },
          ),
          elements: Type.Integer({ minimum: 1 }),
          wrong: Type.Integer({ minimum: 0 }),
          pinned: Type.Boolean(),
        },
        strict,
      ),
      { maxItems: MOST.threads },
    ),
  },
  strict,
);

/** Raw samples of memory.bandwidth. */
export const BandwidthRaw = Type.Object(
  {
    challenge: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    /** Last caches of all processors together. */
    lastCacheBytes: Type.Optional(Type.Integer({ minimum: 1 })),
    /** Accelerators whose memory could not be measured, and why. */
    unsupported: Type.Array(Type.Object({ device: Type.String(), detail: Type.String() }, strict)),
    passes: Type.Array(Pass, { maxItems: MOST.passes }),
  },
  strict,
);
export type BandwidthRaw = Static<typeof BandwidthRaw>;

/** Arrays smaller than asked, where a node has little memory for its cores, are at least so large together. */
const LEAST_FOOTPRINT = 2 ** 28;
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
    const seenBefore = new Set<string>();
    for (const pass of raw.passes) {
      const { device, operation, threads, arrayBytes, elementBytes } = pass;
      const labels = { operation, device };
      const what = `${operation} on ${device} by ${threads.length} threads`;
      const metric = 'memory.bandwidth.rate';
      const hold = (code: Finding['code'], detail: string) =>
        findings.push({ code, detail: `${what}: ${detail}`, metric, labels, weight: 'holds' });
      const subject = JSON.stringify([device, operation]);
      const fault = seenBefore.has(subject) ? 'a second result' : notAsked(pass, settings);
      seenBefore.add(subject);
      if (fault) {
        hold('evidence_mismatch', fault);
        continue;
      }
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
      const wanted = isHost(device) ? settings.seconds : settings.deviceSeconds;
      if (typeof wanted === 'number' && durationS < 0.8 * wanted) {
        hold('too_short', `all threads worked for ${durationS.toFixed(2)} s of ${wanted} s`);
      }
      if (rates.length >= 3 && rates.every((rate) => rate === rates[0])) hold('implausible', 'no variation at all');
      const footprint = 3 * arrayBytes * threads.length;
      const whole = raw.passes.find((one) => one.device === 'cpu' && one.operation === operation) ?? pass;
      // A node's caches are taken as its share of all, as its threads are.
      const cache = ((raw.lastCacheBytes ?? 0) * threads.length) / Math.max(threads.length, whole.threads.length);
      if (isHost(device) && footprint < CACHE_FACTOR * cache) {
        hold('implausible', `arrays of ${footprint} bytes may lie in caches of ${cache}`);
      }
      const estimate = fromWindows(rates, 'B/s');
      metrics.push({ metric, labels, estimate, durationS, samples: rates.length, verified: right, level: 'E1' });
    }
    if (metrics.length === 0) findings.push({ code: 'zero_work', detail: 'nothing was measured', weight: 'holds' });
    return { metrics, checks, findings };
  },
};

const isHost = (device: string): boolean => device === 'cpu' || /^node\d+$/.test(device);

/** Why a pass is none of this assignment or its times cannot be; undefined if all is well. */
function notAsked(
  { device, arrayBytes, threads }: BandwidthRaw['passes'][number],
  settings: Readonly<Record<string, unknown>>,
): string | undefined {
  const asked = isHost(device) ? settings.arrayBytes : settings.deviceArrayBytes;
  if (typeof asked !== 'number' || arrayBytes > asked) return `arrays of ${arrayBytes} bytes were not asked for`;
  const footprint = 3 * arrayBytes * threads.length;
  if (arrayBytes < asked && !(isHost(device) && footprint >= LEAST_FOOTPRINT)) {
    return `arrays of ${arrayBytes} bytes in place of ${asked}`;
  }
  const ordered = threads.every(({ windows }) =>
    windows.every(({ startNs, endNs }, i) => endNs > startNs && startNs >= (windows[i - 1]?.endNs ?? 0)),
  );
  return ordered ? undefined : 'windows overlap or have no length';
}

/**
 * Rates of all threads together. Threads end their windows at different moments, so time is cut at the ends of the first
 * thread's windows, within the time in which all threads work; each thread adds its passes in proportion.
 */
function together(threads: BandwidthRaw['passes'][number]['threads'], bytes: number) {
  const from = threads.reduce(
    (last, { windows }) => Math.max(last, windows[0]?.startNs ?? Number.POSITIVE_INFINITY),
    0,
  );
  const to = threads.reduce(
    (first, { windows }) => Math.min(first, windows.at(-1)?.endNs ?? 0),
    Number.POSITIVE_INFINITY,
  );
  const cuts = (threads[0]?.windows ?? [])
    .flatMap((window) => [window.startNs, window.endNs])
    .filter((at, i, all) => at >= from && at <= to && at !== all[i - 1]);
  const rates: number[] = [];
  // Windows are in order, so that each thread is gone through once.
  const next = threads.map(() => 0);
  for (let i = 1; i < cuts.length; i++) {
    const [start, end] = [cuts[i - 1]!, cuts[i]!];
    let passes = 0;
    for (const [t, { windows }] of threads.entries()) {
      while (next[t]! < windows.length && windows[next[t]!]!.endNs <= start) next[t]!++;
      for (let at = next[t]!; at < windows.length && windows[at]!.startNs < end; at++) {
        const window = windows[at]!;
        const shared = Math.min(end, window.endNs) - Math.max(start, window.startNs);
        if (shared > 0) passes += (window.passes * shared) / (window.endNs - window.startNs);
      }
    }
    rates.push((passes * bytes * 1e9) / (end - start));
  }
  const durationS = cuts.length > 1 ? (cuts.at(-1)! - cuts[0]!) / 1e9 : 0;
  return { rates, durationS };
}
