import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { ARITHMETIC_FLAGS } from './libraries.ts';
import type { Precision } from './precision.ts';

/** SIMD and other feature flags that the kernel names for the first processor; empty where it names none. */
export function cpuFlags(): Set<string> {
  const line = /^(?:flags|Features)\s*:(.*)$/m.exec(readOr('/proc/cpuinfo', ''))?.[1] ?? '';
  return new Set(line.trim().split(/\s+/).filter(Boolean));
}

/** Flags of the processor by the precisions that not every processor multiplies; one of each list is enough. */
const ARITHMETIC: Partial<Record<Precision, readonly string[]>> = {
  BF16: ['avx512_bf16', 'amx_bf16', 'bf16'],
  FP16: ['avx512_fp16', 'amx_fp16', 'asimdhp'],
};

/**
 * What a processor with these flags has not that it would need to multiply in this precision; undefined where it can.
 */
export function arithmeticLack(precision: Precision, flags: ReadonlySet<string>): string | undefined {
  const needed = ARITHMETIC[precision];
  if (!needed || needed.some((flag) => flags.has(flag))) return undefined;
  return `this processor has no ${precision} arithmetic (${needed.join(', ')})`;
}

/** Device files by which the kernel's drivers show that there are accelerators, by vendor. */
const CARD_FILES: Readonly<Record<string, readonly string[]>> = {
  nvidia: ['/dev/nvidia0', '/dev/nvidiactl', '/dev/nvhost-gpu'],
  amd: ['/dev/kfd'],
  ascend: ['/dev/davinci0', '/dev/davinci_manager'],
  cambricon: ['/dev/cambricon_dev0', '/dev/cambricon_ctl'],
  mthreads: ['/dev/mtgpu.0', '/dev/mtgpu'],
  metax: ['/dev/mxcd'],
  iluvatar: ['/dev/iluvatar0'],
};

/** What the node has to compute with: the flags that the table of libraries knows, and vendors of accelerators. */
export function equipment(
  flags: ReadonlySet<string>,
  exists: (path: string) => boolean = existsSync,
): { arithmetic: string[]; cards: string[] } {
  return {
    arithmetic: ARITHMETIC_FLAGS.filter((flag) => flags.has(flag)),
    cards: Object.keys(CARD_FILES).filter((vendor) => CARD_FILES[vendor]!.some(exists)),
  };
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
