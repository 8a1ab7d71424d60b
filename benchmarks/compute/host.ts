import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** SIMD and other feature flags that the kernel names for the first processor; empty where it names none. */
export function cpuFlags(): Set<string> {
  const line = /^(?:flags|Features)\s*:(.*)$/m.exec(readOr('/proc/cpuinfo', ''))?.[1] ?? '';
  return new Set(line.trim().split(/\s+/).filter(Boolean));
}

/** Physical cores that this process may use: hardware threads of one core share its arithmetic units. */
export function coreCount(): number {
  const available = availableParallelism();
  const base = '/sys/devices/system/cpu';
  let names: string[] = [];
  try {
    names = readdirSync(base).filter((name) => /^cpu\d+$/.test(name));
  } catch {
    return available;
  }
  const cores = new Set(names.map((name) => readOr(`${base}/${name}/topology/thread_siblings_list`, name).trim()));
  if (cores.size === 0 || names.length === 0) return available;
  return Math.max(1, Math.min(available, Math.round((available * cores.size) / names.length)));
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}
