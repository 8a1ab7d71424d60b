import { readdirSync, readFileSync } from 'node:fs';

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

/**
 * Bytes of the last caches of all processors together, each once however many share it, as Linux lists them below
 * `base`; undefined where it doesn't.
 */
export function lastCaches(base: string): number | undefined {
  let total = 0;
  const counted = new Set<string>();
  for (const cpu of namesIn(base, /^cpu\d+$/)) {
    const caches = namesIn(`${base}/${cpu}/cache`, /^index\d+$/).map((index) => `${base}/${cpu}/cache/${index}`);
    const level = (at: string): number => Number(textOf(`${at}/level`));
    const last = caches.filter((at) => level(at) > 0).sort((x, y) => level(y) - level(x))[0];
    const [, size, unit = ''] = /^(\d+)([KMG]?)$/.exec(last ? textOf(`${last}/size`) : '') ?? [];
    if (last === undefined || size === undefined) continue;
    const sharing = textOf(`${last}/shared_cpu_list`) || cpu;
    if (counted.has(sharing)) continue;
    counted.add(sharing);
    total += Number(size) * UNITS[unit]!;
  }
  return total > 0 ? total : undefined;
}

function namesIn(folder: string, pattern: RegExp): string[] {
  try {
    return readdirSync(folder).filter((name) => pattern.test(name));
  } catch {
    return [];
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
