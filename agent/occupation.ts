import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Text } from '../model/text.ts';

/** How busy a machine is with other work. */
export interface Occupation {
  /** Processes that want a processor, mean of the last minute. */
  readonly load: number;
  readonly cores: number;
  /** Share of all cores that was busy or stolen while it was looked at, 0 to 1. */
  readonly busy: number;
}

/**
 * A generator host may give this share to other work; above it, rates are lower than the machine's and limits are
 * missed.
 */
const MOST_BUSY = 0.1;

/** Whether that much else goes on that measurements will suffer. */
export const isBusy = ({ busy }: Occupation): boolean => busy > MOST_BUSY;

export const BUSY_ADVICE: Text = {
  zh: '本机繁忙：请停止其他任务后测量；无法停止时可用 --patience 3 放宽时限，速率仍会偏低。',
  en: 'the machine is busy: stop other work and measure then; if you cannot, --patience 3 allows more time, and rates stay low',
};

/**
 * Looks for `forMs` milliseconds at how busy this machine is. Nothing of ours should work meanwhile. Undefined where
 * the system does not tell (no /proc).
 */
export async function lookAtOccupation(forMs = 500, read = readProc): Promise<Occupation | undefined> {
  const before = read('stat');
  if (before === undefined) return undefined;
  await pause(forMs);
  const [first, second] = [ticks(before), ticks(read('stat') ?? '')];
  const load = Number(read('loadavg')?.split(' ')[0]);
  if (!first || !second || second.total <= first.total || !Number.isFinite(load)) return undefined;
  const busy = 1 - (second.idle - first.idle) / (second.total - first.total);
  return { load, cores: first.cores, busy: Math.min(1, Math.max(0, busy)) };
}

function readProc(name: 'stat' | 'loadavg'): string | undefined {
  try {
    return readFileSync(`/proc/${name}`, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * Clock ticks of all processors (proc(5)): the first eight columns add up to all of the time; guests are in the first
 * two.
 */
function ticks(stat: string): { total: number; idle: number; cores: number } | undefined {
  const all = /^cpu +(.+)$/m.exec(stat)?.[1]?.split(' ').map(Number).slice(0, 8);
  if (!all || all.length < 5 || all.some((n) => !Number.isFinite(n))) return undefined;
  const cores = stat.match(/^cpu\d+ /gm)?.length ?? 0;
  return { total: all.reduce((a, b) => a + b, 0), idle: all[3]! + all[4]!, cores };
}

/** The sentence below where this machine is busy now; undefined where it is not, or does not tell. */
export async function otherWork(): Promise<string | undefined> {
  const occupation = await lookAtOccupation();
  return occupation && isBusy(occupation) ? busyText(occupation) : undefined;
}

/** The sentence for a person, in both languages, with what to do. */
export function busyText({ load, cores, busy }: Occupation): string {
  const share = `${Math.round(busy * 100)} % of ${cores} cores, load ${load.toFixed(1)}`;
  return `本机繁忙 the machine is busy: ${share}; 请停止其他任务 stop other work; --patience 3 放宽时限 allows more time`;
}
