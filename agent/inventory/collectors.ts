import { nvidia } from './nvidia.ts';
import type { Collector } from './reading.ts';

/** Every vendor's collector, in the order they are asked. */
export const collectors: readonly Collector[] = [nvidia];
