/** A moment as reports show it: UTC with Z, to the second; text that is no time comes back as it is. */
export function utc(iso: string): string {
  const ms = Date.parse(iso);
  return Number.isNaN(ms) ? iso : stamp(ms, 'Z');
}

/** The same moment by the clock of China (+08:00, no summer time). */
export function china(iso: string): string {
  const ms = Date.parse(iso);
  return Number.isNaN(ms) ? iso : stamp(ms + 8 * 3_600_000, '+08:00');
}

/** Metrics that are no amount but a moment, in seconds since 1970. */
const MOMENTS: readonly string[] = ['compute.challenge.opened'];

/** Whether a metric says when something was and not how much. */
export function isMoment(metric: string): boolean {
  return MOMENTS.includes(metric);
}

/** Seconds since 1970 as UTC to the millisecond; `—` for what is no such moment. */
export function utcSeconds(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? '—' : date.toISOString();
}

/** Seconds as people say them: `45 s`, `2 min 05 s`, `1 h 02 min`. */
export function span(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '—';
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 120) return `${whole} s`;
  const pad = (n: number): string => String(n).padStart(2, '0');
  if (whole < 7200) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`;
}

function stamp(ms: number, zone: string): string {
  return new Date(ms).toISOString().slice(0, 19) + zone;
}
