import { readdirSync, readFileSync } from 'node:fs';
import type { Telemetry } from '../model/measurement.ts';
import type { LiveFigure } from './figure.ts';
import type { LiveDevices } from './inventory/live.ts';

/** What the sampler reads of the machine; replaced by recorded text in tests. */
export interface Counters {
  /** Text of /proc/stat. */
  stat(): string;
  /** Text of /proc/meminfo. */
  meminfo(): string;
  /** Text of /proc/cpuinfo. */
  cpuinfo(): string;
  /** Texts of /proc/<pid>/stat of every process. */
  processes(): string[];
}

const quiet = (read: () => string): string => {
  try {
    return read();
  } catch {
    return '';
  }
};

/** The counters of the Linux machine this runs on. Other systems have none: fields stay absent. */
export const linuxCounters: Counters = {
  stat: () => quiet(() => readFileSync('/proc/stat', 'utf8')),
  meminfo: () => quiet(() => readFileSync('/proc/meminfo', 'utf8')),
  cpuinfo: () => quiet(() => readFileSync('/proc/cpuinfo', 'utf8')),
  processes: () => {
    let names: string[];
    try {
      names = readdirSync('/proc');
    } catch {
      return [];
    }
    return names.filter((n) => /^\d+$/.test(n)).map((n) => quiet(() => readFileSync(`/proc/${n}/stat`, 'utf8')));
  },
};

interface Snapshot {
  readonly total: number;
  readonly idle: number;
  readonly steal: number;
  readonly own: number;
}

/**
 * Readings (of the host, of one device, or a live figure) that one attempt may carry: under 100 kB. All attempts of a fleet
 * stand in one report, and more points than a chart is wide tell nobody more.
 */
const MOST_READINGS = 600;

export interface TelemetryOptions {
  readonly counters?: Counters;
  readonly everyMs?: number;
  /** Live figures of the accelerators, where this machine has any to give; ended with the telemetry. */
  readonly devices?: LiveDevices | undefined;
  /** What the benchmark says of its rate meanwhile. */
  readonly figure?: Pick<LiveFigure, 'since'> | undefined;
}

/**
 * Samples the node's own state once a second while an attempt runs: busy, stolen and foreign share of the processor,
 * clock, memory, what its accelerators say and how fast the benchmark says it is. `root` is the process whose tree counts as the agent's own. Of a long
 * attempt, whenever there are too many, every two samples become one, and the time between two doubles.
 */
export function startTelemetry(
  root: number,
  now: () => bigint,
  { counters = linuxCounters, everyMs = 1000, devices, figure }: TelemetryOptions = {},
): { stop(): Telemetry[] } {
  const started = now();
  let samples: Telemetry[] = [];
  let readings = 0;
  let every = 1;
  let tick = 0;
  let told = false;
  let last = snapshot(counters, root);
  const take = (): void => {
    const next = snapshot(counters, root);
    const taken = sample(Number(now() - started) / 1e9, last, next, counters);
    last = next;
    const live = devices?.since() ?? [];
    if (live.length > 0) taken.devices = live;
    assign(taken, 'figure', figure?.since());
    const why = told ? undefined : devices?.problem();
    if (why !== undefined) {
      taken.unread = [{ what: 'devices', source: 'management library', why }];
      told = true;
    }
    samples.push(taken);
    readings += readingsOf(taken);
    while (readings > MOST_READINGS && samples.length > 1) {
      samples = inPairs(samples);
      readings = samples.reduce((sum, one) => sum + readingsOf(one), 0);
      every *= 2;
    }
  };
  const timer = setInterval(() => {
    tick++;
    if (tick % every === 0) take();
  }, everyMs);
  timer.unref();
  let stopped = false;
  return {
    stop: () => {
      clearInterval(timer);
      if (!stopped && samples.length === 0) take();
      stopped = true;
      devices?.stop();
      return samples;
    },
  };
}

const readingsOf = ({ devices, figure }: Telemetry): number => 1 + (devices?.length ?? 0) + (figure ? 1 : 0);

/** Every two samples that follow each other as one; a last one without a partner stays. */
function inPairs(samples: readonly Telemetry[]): Telemetry[] {
  const pairs: Telemetry[] = [];
  for (let i = 0; i < samples.length; i += 2) {
    const [first, second] = [samples[i]!, samples[i + 1]];
    pairs.push(second ? merged(first, second) : first);
  }
  return pairs;
}

/**
 * Two samples as one over the time of both: means, and the highest temperature. The reasons for throttling are those of
 * the second: of both together, a moment would in the end fill the whole attempt, where what counts is the share of the
 * samples that has a reason. Of two live figures of different things the second stays. What could not be read stays told.
 */
function merged(first: Telemetry, second: Telemetry): Telemetry {
  const result: Telemetry = { atS: second.atS };
  for (const key of ['cpuBusy', 'cpuOther', 'cpuSteal', 'cpuClockMHz', 'memoryUsedBytes'] as const) {
    assign(result, key, mean(first[key], second[key]));
  }
  const devices = mergedDevices(first.devices ?? [], second.devices ?? []);
  if (devices.length > 0) result.devices = devices;
  assign(result, 'figure', mergedFigure(first.figure, second.figure));
  const unread = [...(first.unread ?? []), ...(second.unread ?? [])];
  if (unread.length > 0) result.unread = unread;
  return result;
}

function mergedFigure(first: Telemetry['figure'], second: Telemetry['figure']): Telemetry['figure'] {
  if (!first || !second || first.unit !== second.unit || first.label !== second.label) return second ?? first;
  return { ...second, value: Number((first.value / 2 + second.value / 2).toPrecision(6)) };
}

type Reading = NonNullable<Telemetry['devices']>[number];

function mergedDevices(first: readonly Reading[], second: readonly Reading[]): Reading[] {
  const ids = new Set([...first, ...second].map(({ id }) => id));
  return [...ids].map((id) => {
    const [one, other] = [first.find((d) => d.id === id), second.find((d) => d.id === id)];
    if (!one || !other) return (other ?? one)!;
    const result: Reading = { id };
    for (const key of ['powerW', 'clockMHz', 'utilization'] as const) assign(result, key, mean(one[key], other[key]));
    const temperatures = [one.temperatureC, other.temperatureC].filter((t) => t !== undefined);
    assign(result, 'temperatureC', temperatures.length > 0 ? Math.max(...temperatures) : undefined);
    const reasons = other.throttleReasons ?? one.throttleReasons;
    if (reasons) result.throttleReasons = reasons;
    return result;
  });
}

const mean = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : (a + b) / 2;

function assign<T extends object, K extends keyof T>(target: T, key: K, value: T[K] | undefined): void {
  if (value !== undefined) target[key] = value;
}

function sample(atS: number, before: Snapshot, after: Snapshot, counters: Counters): Telemetry {
  const result: Telemetry = { atS };
  const total = after.total - before.total;
  if (total > 0) {
    const busy = total - (after.idle - before.idle);
    const own = Math.max(0, after.own - before.own);
    result.cpuBusy = clamp(busy / total);
    result.cpuSteal = clamp((after.steal - before.steal) / total);
    result.cpuOther = clamp((busy - own - (after.steal - before.steal)) / total);
  }
  const clocks = [...counters.cpuinfo().matchAll(/^cpu MHz\s*:\s*([\d.]+)/gm)].map((m) => Number(m[1]));
  if (clocks.length > 0) result.cpuClockMHz = clocks.reduce((a, b) => a + b, 0) / clocks.length;
  const memory = counters.meminfo();
  const totalKiB = Number(/^MemTotal:\s+(\d+)/m.exec(memory)?.[1]);
  const availableKiB = Number(/^MemAvailable:\s+(\d+)/m.exec(memory)?.[1]);
  if (totalKiB > 0 && availableKiB >= 0) result.memoryUsedBytes = (totalKiB - availableKiB) * 1024;
  return result;
}

const clamp = (share: number): number => Math.min(1, Math.max(0, share));

/** Jiffies of the whole machine (proc_stat(5)) and of the process tree under `root`. */
function snapshot(counters: Counters, root: number): Snapshot {
  const line = /^cpu\s+(.*)$/m.exec(counters.stat())?.[1] ?? '';
  const fields = line.trim().split(/\s+/).map(Number);
  const total = fields.slice(0, 8).reduce((a, b) => a + b, 0);
  return {
    total: Number.isFinite(total) ? total : 0,
    idle: (fields[3] ?? 0) + (fields[4] ?? 0),
    steal: fields[7] ?? 0,
    own: ownJiffies(counters.processes(), root),
  };
}

/** User and system time of a process and its descendants, waited-for children included. */
function ownJiffies(stats: readonly string[], root: number): number {
  const parents = new Map<number, number>();
  const times = new Map<number, number>();
  for (const stat of stats) {
    // The name in parentheses may hold spaces and parentheses itself: fields are counted from the last one.
    const end = stat.lastIndexOf(')');
    if (end < 0) continue;
    const pid = Number.parseInt(stat, 10);
    const fields = stat
      .slice(end + 2)
      .split(' ')
      .map(Number);
    parents.set(pid, fields[1] ?? 0);
    times.set(pid, (fields[11] ?? 0) + (fields[12] ?? 0) + (fields[13] ?? 0) + (fields[14] ?? 0));
  }
  let own = 0;
  for (const [pid, time] of times) {
    let at: number | undefined = pid;
    for (let depth = 0; at !== undefined && at !== root && at > 1 && depth < 64; depth++) at = parents.get(at);
    if (at === root) own += time;
  }
  return own;
}
