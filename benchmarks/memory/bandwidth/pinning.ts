import { readdirSync, readFileSync } from 'node:fs';
import koffi from 'koffi';

/** A memory node (usually a socket) and the processors beside it. */
export interface MemoryNode {
  readonly id: number;
  readonly cpus: readonly number[];
}

/** Memory nodes with processors, as Linux lists them; empty where it lists none. */
export function memoryNodes(): MemoryNode[] {
  const base = '/sys/devices/system/node';
  try {
    return readdirSync(base)
      .map((name) => /^node(\d+)$/.exec(name)?.[1])
      .filter((id) => id !== undefined)
      .map((id) => ({ id: Number(id), cpus: parseCpuList(readFileSync(`${base}/node${id}/cpulist`, 'utf8')) }))
      .filter((node) => node.cpus.length > 0)
      .sort((x, y) => x.id - y.id);
  } catch {
    return [];
  }
}

/** Numbers of a list as the kernel writes it: `0-3,8,10-11`. Parts that are no numbers are left out. */
export function parseCpuList(text: string): number[] {
  const cpus: number[] = [];
  for (const part of text.trim().split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part.trim());
    if (!match) continue;
    const from = Number(match[1]);
    const to = Math.min(match[2] === undefined ? from : Number(match[2]), from + 65535);
    for (let cpu = from; cpu <= to; cpu++) cpus.push(cpu);
  }
  return cpus;
}

/** Where a thread stays; undefined (anywhere) where the nodes are not known or too few. */
export type Place = { readonly node: number; readonly cpu: number } | undefined;

/** Places for so many threads, over all nodes in turn. */
export function spread(nodes: readonly MemoryNode[], threads: number): Place[] {
  const most = nodes.reduce((sum, node) => sum + node.cpus.length, 0);
  if (threads > most) return Array.from({ length: threads }, () => undefined);
  const turns = Math.max(0, ...nodes.map((node) => node.cpus.length));
  // With fewer threads than processors the hardware threads that come last in each node's list stay idle.
  const places = Array.from({ length: turns }, (_, turn) =>
    nodes.flatMap(({ id, cpus }) => (cpus[turn] === undefined ? [] : [{ node: id, cpu: cpus[turn] }])),
  );
  return places.flat().slice(0, threads);
}

/** Keeps the calling thread on one processor (sched_setaffinity(2)). False where that is not allowed or not Linux. */
export function pinThread(cpu: number): boolean {
  if (process.platform !== 'linux') return false;
  try {
    const set = koffi.load('libc.so.6').func('int sched_setaffinity(int pid, size_t size, const void *mask)');
    const mask = new Uint8Array(Math.max(128, 8 * Math.ceil((cpu + 1) / 64)));
    mask[cpu >> 3] = 1 << (cpu & 7);
    return set(0, mask.length, mask) === 0;
  } catch {
    return false;
  }
}
