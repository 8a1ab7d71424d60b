import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type EnergyReading, energyBetween, type Reading, readEnergy } from './energy.ts';
import type { Engine } from './engine/client.ts';
import type { PowerReading } from './power.ts';

export type Metered = { readonly joules: number; readonly source: EnergyReading['source'] } | { readonly why: string };

/**
 * Starts to meter a device from this moment on; `stop` gives all the energy since, or why it is not known. The phase
 * between the two is metered as a whole: no part of it is left out. With `everyMs` the counter is read in between too,
 * so that one that wraps within minutes is followed.
 */
export async function startMeter(
  read: () => Reading | Promise<Reading>,
  everyMs?: number,
): Promise<{ stop(): Promise<Metered> }> {
  let joules = 0;
  let last = await read();
  let why = typeof last === 'string' ? last : undefined;
  const take = async () => {
    const next = await read();
    if (typeof next === 'string') why ??= next;
    if (typeof next === 'string' || typeof last === 'string') return;
    const used = energyBetween(last, next);
    if (used === undefined) why ??= 'the energy counter changed its form';
    else joules += used;
    last = next;
  };
  const timer = everyMs === undefined ? undefined : setInterval(() => void take(), everyMs).unref();
  return {
    async stop() {
      clearInterval(timer);
      await take();
      if (why !== undefined || typeof last === 'string') return { why: why ?? 'the energy counter was lost' };
      return joules > 0 ? { joules, source: last.source } : { why: 'the energy counter did not move' };
    },
  };
}

const RAPL_INTERVAL_MS = 10_000;

/**
 * Starts to meter a device that an engine works on. The processor's counters wrap within minutes; an engine that computes
 * cannot read them, so it is done here.
 */
export function meterDevice(
  device: string,
  uuid: string | undefined,
  engine: Pick<Engine, 'ask'>,
): ReturnType<typeof startMeter> {
  return device === 'cpu'
    ? startMeter(() => readEnergy(device, undefined), RAPL_INTERVAL_MS)
    : startMeter(async () => (await engine.ask('energy', { device, uuid })).reading);
}

/** What was metered, or why nothing was, as the samples carry it. */
export function energySample(metered: Metered): { energy: Exclude<Metered, { why: string }> } | { unmetered: string } {
  return 'why' in metered ? { unmetered: metered.why } : { energy: metered };
}

const IPMITOOL = ['/usr/bin/ipmitool', '/usr/sbin/ipmitool', '/usr/local/bin/ipmitool', '/sbin/ipmitool'];
const IPMI_NODES = ['/dev/ipmi0', '/dev/ipmi/0', '/dev/ipmidev/0'];
const LIMITS = { timeout: 5000, maxBuffer: 1 << 20, killSignal: 'SIGKILL' } as const;

/** Reads the power of the whole machine from its management controller (BMC); undefined where there is no way to it. */
export function bmcPower(exists: (path: string) => boolean = existsSync): (() => Promise<string>) | undefined {
  const program = IPMITOOL.find(exists);
  if (!program || !IPMI_NODES.some(exists)) return undefined;
  const env = { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C' };
  return () =>
    new Promise((resolve, reject) => {
      const child = execFile(program, ['dcmi', 'power', 'reading'], { ...LIMITS, env }, (error, stdout) =>
        error ? reject(error) : resolve(stdout),
      );
      child.stdin?.end();
    });
}

/** Watts in what `ipmitool dcmi power reading` prints; undefined where it says that it is not measuring. */
export function parseDcmiPower(text: string): number | undefined {
  if (!/^\s*Power reading state is:\s*activated\s*$/m.test(text)) return undefined;
  const watts = Number(/^\s*Instantaneous power reading:\s*(\d+)\s*Watts\s*$/m.exec(text)?.[1] ?? Number.NaN);
  return watts > 0 && watts < 1e6 ? watts : undefined;
}

/**
 * Reads power about every second until it is stopped. A reading that fails is left out; times are nanoseconds since
 * `origin` on the machine's monotonic clock, in the middle of the reading.
 */
export function watchPower(
  read: () => Promise<string>,
  origin: bigint,
  everyMs = 1000,
): { stop(): Promise<PowerReading[]> } {
  const readings: PowerReading[] = [];
  const stopped = new AbortController();
  const loop = (async () => {
    while (!stopped.signal.aborted) {
      const start = process.hrtime.bigint();
      try {
        const watts = parseDcmiPower(await read());
        const end = process.hrtime.bigint();
        if (watts !== undefined && start >= origin) readings.push({ atNs: Number((start + end) / 2n - origin), watts });
      } catch {
        // The next one may succeed; too few of them are no measurement.
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, everyMs);
        const end = () => {
          clearTimeout(timer);
          resolve();
        };
        if (stopped.signal.aborted) end();
        else stopped.signal.addEventListener('abort', end, { once: true });
      });
    }
  })();
  return {
    async stop() {
      stopped.abort();
      await loop;
      return readings;
    },
  };
}
