import { readFileSync } from 'node:fs';
import { encodeHistogram, latencyHistogram, recordMs } from './latency.ts';

/** How the generator itself fared over a window. */
export interface Health {
  /** How late a timer of 5 ms was: histogram. */
  readonly loopDelays: string;
  /** Share of one core that this thread used. */
  readonly cpuShare: number;
  readonly cpuSource: 'thread' | 'event_loop';
}

const TICK_MS = 5;

/** Watches this thread from now, `lateMs` after it was to, until the function it gives is called. */
export function watchHealth(lateMs: number): () => Health {
  const delays = latencyHistogram();
  recordMs(delays, lateMs);
  const startedAt = performance.now();
  const startedCpu = threadCpuUs();
  const startedLoop = performance.eventLoopUtilization();
  let last = startedAt;
  const timer = setInterval(() => {
    const now = performance.now();
    recordMs(delays, Math.max(0, now - last - TICK_MS));
    last = now;
  }, TICK_MS);
  return () => {
    clearInterval(timer);
    const elapsedMs = Math.max(1, performance.now() - startedAt);
    const cpu = threadCpuUs();
    const loop = performance.eventLoopUtilization(startedLoop).utilization;
    return {
      loopDelays: encodeHistogram(delays),
      cpuShare: cpu === undefined || startedCpu === undefined ? loop : (cpu - startedCpu) / 1_000 / elapsedMs,
      cpuSource: cpu === undefined ? 'event_loop' : 'thread',
    };
  };
}

/** Most files and sockets this process may have open; undefined where the system does not say. */
export function descriptorLimit(): number | undefined {
  try {
    const line = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    if (line === undefined) return undefined;
    return line === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(line);
  } catch {
    return undefined;
  }
}

/** CPU time of this thread alone; Node has it from version 23.9 on. */
function threadCpuUs(): number | undefined {
  const read = (process as { threadCpuUsage?: () => { user: number; system: number } }).threadCpuUsage;
  if (!read) return undefined;
  const { user, system } = read.call(process);
  return user + system;
}
