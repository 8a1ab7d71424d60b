import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Static, Type } from 'typebox';
import { check } from '../../model/schema.ts';

const optional = Type.Optional(Type.Number());
const Sample = Type.Object({
  id: Type.String(),
  powerW: optional,
  temperatureC: optional,
  clockMHz: optional,
  utilization: optional,
  throttleReasons: Type.Optional(Type.Array(Type.String())),
});
/** State of one device over a stretch of time, as telemetry carries it. `id` is the inventory's. */
export type DeviceSample = Static<typeof Sample>;
const Samples = Type.Array(Sample, { maxItems: 256 });

/** Devices that are watched from the moment they are asked for. Nothing here waits, throws or rejects. */
export interface LiveDevices {
  /**
   * Each device since the last call: mean power, clock and utilisation, highest temperature, every throttle reason that
   * was seen. Empty where nothing was read since: what is old is not live.
   */
  since(): DeviceSample[];
  /** Why nothing is read, or nothing any more; undefined while all is well or still starting. */
  problem(): string | undefined;
  stop(): void;
}

const LINE_LIMIT = 1 << 18;
/** Readings that are kept for a caller who does not ask. */
const MOST_KEPT = 1_000;

/** A management library to watch devices with, and what the inventory's ids of its devices begin with. */
export interface Watched {
  readonly id: string;
  /** Absent: wherever the vendor keeps it. */
  readonly library?: string;
  /** The helper that speaks the library's dialect; NVIDIA's unless said. */
  readonly probe?: Probe;
}

export type Probe = 'nvml' | 'ixml' | 'hgml' | 'brml';

const COREX_LIBRARIES = ['/usr/local/corex/lib64/libixml.so', '/usr/local/corex/lib/libixml.so'];

/**
 * What can be watched here: NVIDIA's GPUs where its driver is (without it the library has nothing to say), else
 * Iluvatar's, T-Head's or Biren's, whose libraries have NVIDIA's way of asking. Nothing is started where there is none.
 */
export function watchable(exists: (path: string) => boolean = existsSync): Watched | undefined {
  if (['/dev/nvidiactl', '/proc/driver/nvidia/version', '/dev/dxg'].some((path) => exists(path))) {
    return { id: 'nvidia' };
  }
  const library = exists('/dev/iluvatar0') ? COREX_LIBRARIES.find((path) => exists(path)) : undefined;
  if (library !== undefined) return { id: 'iluvatar', library, probe: 'ixml' };
  if (exists('/dev/alixpu_ctl')) return { id: 'thead', probe: 'hgml' };
  return exists('/dev/biren') ? { id: 'biren', probe: 'brml' } : undefined;
}

/**
 * Live figures of this node's GPUs from a helper process that holds the management library open, so that no
 * program is started for a reading. Returns at once. A library that is missing, and a helper that crashes, hangs or
 * prints rubbish, leave `since()` empty and `problem()` saying why, and hurt nothing else.
 */
export function watchDevices(options: {
  intervalMs: number;
  /** Monotonic nanoseconds. */
  now: () => bigint;
  library?: string;
  /** What the ids of the devices begin with; the helper's own unless said. */
  id?: string;
  probe?: Probe;
  /** How long the library may take until its first reading. */
  startMs?: number;
}): LiveDevices {
  const { intervalMs, now, startMs = 10_000 } = options;
  const helper = fileURLToPath(new URL(`./probes/${options.probe ?? 'nvml'}.ts`, import.meta.url));
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', helper, options.library ?? '', String(intervalMs), options.id ?? ''],
    { stdio: ['pipe', 'pipe', 'ignore'], env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } },
  );
  let kept: DeviceSample[][] = [];
  let last: bigint | undefined;
  let broken: string | undefined;
  let rest = '';
  const started = now();
  const stop = () => {
    child.kill('SIGKILL');
  };
  const end = (why: string) => {
    broken ??= why;
    stop();
  };
  child.once('error', (error) => end(error.message));
  // Not at its exit: what it said last may still be on the way.
  child.once('close', (code, signal) => end(`the helper process ended (${signal ?? code})`));
  // Out of descriptors or processes there is a child without pipes, and an error that follows.
  const { stdin, stdout } = child as Partial<typeof child>;
  stdin?.on('error', () => undefined);
  stdout?.on('error', () => undefined);
  stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    if (broken !== undefined) return;
    rest += chunk;
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LINE_LIMIT) end('the helper printed a line without an end');
    for (const line of lines) {
      const read = parse(line);
      if ('why' in read) {
        end(read.why);
        return;
      }
      last = now();
      kept.push(read.samples);
      if (kept.length > MOST_KEPT) kept.shift();
    }
  });
  /** Longer than a few intervals without a reading is silence. */
  const patienceNs = BigInt(intervalMs) * 3_000_000n + 1_000_000_000n;
  return {
    since() {
      const taken = kept;
      kept = [];
      return last !== undefined && now() - last <= patienceNs ? merge(taken) : [];
    },
    problem() {
      if (broken !== undefined) return broken;
      if (last === undefined) {
        return now() - started > BigInt(startMs) * 1_000_000n ? `no reading within ${startMs} ms` : undefined;
      }
      const silentNs = now() - last;
      return silentNs > patienceNs ? `no reading for ${Number(silentNs / 1_000_000n)} ms` : undefined;
    },
    stop,
  };
}

/** Readings of one stretch of time made one, device by device in the order they were first seen. */
export function merge(readings: readonly (readonly DeviceSample[])[]): DeviceSample[] {
  const byDevice = Map.groupBy(readings.flat(), ({ id }) => id);
  return [...byDevice].map(([id, own]) => {
    const values = (name: 'powerW' | 'temperatureC' | 'clockMHz' | 'utilization') =>
      own.map((sample) => sample[name]).filter((value) => value !== undefined && Number.isFinite(value)) as number[];
    const mean = (list: number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
    const merged: DeviceSample = { id };
    for (const name of ['powerW', 'clockMHz', 'utilization'] as const) {
      const list = values(name);
      if (list.length > 0) merged[name] = mean(list);
    }
    const temperatures = values('temperatureC');
    if (temperatures.length > 0) merged.temperatureC = Math.max(...temperatures);
    const told = own.filter((sample) => sample.throttleReasons !== undefined);
    if (told.length > 0) merged.throttleReasons = [...new Set(told.flatMap((sample) => sample.throttleReasons!))];
    return merged;
  });
}

function parse(line: string): { samples: DeviceSample[] } | { why: string } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { why: 'the helper printed no JSON' };
  }
  const checked = check(Samples, value);
  if (checked.ok) return { samples: checked.value };
  const why = typeof value === 'object' && value !== null && 'why' in value ? String(value.why) : checked.problems[0];
  return { why: (why ?? 'the helper printed something else').slice(0, 500) };
}
