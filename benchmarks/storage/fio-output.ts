/** What one run of fio says, its jobs taken together. */
export interface FioResult {
  readonly version: string;
  readonly bytes: number;
  readonly operations: number;
  /** Of the job that ran longest. */
  readonly seconds: number;
  /** 99th percentile of the completion latency of the first job; 0 where fio gave none. */
  readonly p99Ns: number;
  /** Standard error of the mean rate between fio's own samples, as a share of it; 1 where there were too few. */
  readonly relativeError: number;
}

export type FioReading = { ok: true; value: FioResult } | { ok: false; problem: string };

/** Places in the text that are tried as the beginning of the JSON. */
const TRIES = 64;

/**
 * Reads `fio --output-format=json`. Error text may stand before the JSON, even on the line of its first brace, and
 * behind it. A job with an error is no result, nor is one whose errors were only counted: with `continue_on_error`
 * fio ends with 0 all the same. Zero bytes in zero time is no result either, nor is what fio 2 prints: its units
 * differ.
 */
export function readFio(text: string, direction: 'read' | 'write'): FioReading {
  const parsed = findJson(text);
  if (!parsed) return { ok: false, problem: 'no JSON in the output' };
  const jobs = parsed.jobs as unknown[];
  if (jobs.length === 0) return { ok: false, problem: 'no job in the output' };
  const version = typeof parsed['fio version'] === 'string' ? parsed['fio version'] : '';
  let bytes = 0;
  let operations = 0;
  let milliseconds = 0;
  let p99Ns = 0;
  let relativeError = 0;
  for (const [index, job] of jobs.entries()) {
    if (!isRecord(job)) return { ok: false, problem: `job ${index} is no object` };
    const errors = [number(job.error), number(job.total_err ?? 0)];
    if (errors.some((code) => code !== 0)) {
      return {
        ok: false,
        problem: `job ${index} ended with error ${String(job.error)}, ${String(job.total_err ?? 0)} in all`,
      };
    }
    const part = job[direction];
    if (!isRecord(part)) return { ok: false, problem: `job ${index} has no "${direction}"` };
    // fio 2 counts in KiB under the names that fio 3 has for bytes, and has no rate in bytes.
    if (tooOld(version) || (part.bw_bytes === undefined && part.io_bytes !== undefined)) {
      return { ok: false, problem: `${version || 'this fio'} is too old: fio 3.0 or newer reports bytes (bw_bytes)` };
    }
    const values = [number(part.io_bytes), number(part.total_ios), number(part.runtime), number(part.bw_bytes)];
    if (!values.every((value) => value > 0)) return { ok: false, problem: `job ${index} moved nothing` };
    bytes += values[0]!;
    operations += values[1]!;
    milliseconds = Math.max(milliseconds, values[2]!);
    relativeError = Math.max(relativeError, spreadOf(part));
    if (index === 0 && isRecord(part.clat_ns) && isRecord(part.clat_ns.percentile)) {
      const p99 = number(part.clat_ns.percentile['99.000000']);
      if (p99 > 0) p99Ns = p99;
    }
  }
  return { ok: true, value: { version, bytes, operations, seconds: milliseconds / 1000, p99Ns, relativeError } };
}

function tooOld(version: string): boolean {
  const major = /^fio-(\d+)\./.exec(version)?.[1];
  return major !== undefined && Number(major) < 3;
}

function spreadOf(part: Record<string, unknown>): number {
  const [samples, mean, deviation] = [number(part.bw_samples), number(part.bw_mean), number(part.bw_dev)];
  if (!(samples >= 2 && mean > 0 && deviation >= 0)) return 1;
  return deviation / mean / Math.sqrt(samples);
}

function findJson(text: string): { jobs: unknown[]; [key: string]: unknown } | undefined {
  const end = text.lastIndexOf('}') + 1;
  let from = text.indexOf('{');
  for (let tries = 0; tries < TRIES && from >= 0 && from < end; tries++) {
    try {
      const value: unknown = JSON.parse(text.slice(from, end));
      if (isRecord(value) && Array.isArray(value.jobs)) return value as { jobs: unknown[] };
    } catch {
      // not here
    }
    from = text.indexOf('{', from + 1);
  }
  return undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The number, or NaN: what is no finite number never compares as enough. */
function number(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : Number.NaN;
}
