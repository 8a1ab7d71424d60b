import type { Defect, DefectKind } from './block.ts';

/** What lanes are told when they start. */
export interface LaneSetup {
  /** Folder with the data files; empty for a lane that touches no storage. */
  readonly directory: string;
  readonly direct: boolean;
  readonly files: number;
  readonly chunkBytes: number;
  /** Shared: 0 next chunk, 1 chunks done, 2 stop. */
  readonly control: SharedArrayBuffer;
}

interface Timed {
  /** Monotonic nanoseconds: windows are counted from here. */
  readonly originNs: bigint;
  readonly deadlineNs: bigint;
  readonly windowNs: number;
  readonly key: Uint8Array;
  /** Chunks to take from the shared counter. */
  readonly chunks: number;
}

export type LaneJob =
  | ({ readonly kind: 'null' } & Timed)
  | ({ readonly kind: 'write'; readonly epoch: number } & Timed)
  | ({
      readonly kind: 'read';
      readonly challenge: string;
      readonly fill: { readonly epoch: number; readonly epochChunks: number };
      readonly blockTimeoutNs: number;
    } & Timed)
  | {
      readonly kind: 'sample';
      readonly key: Uint8Array;
      readonly fill: { readonly epoch: number; readonly epochChunks: number };
      /** Units to read, in order. */
      readonly units: Float64Array;
      /** How many of them, from the first, are timed one by one. */
      readonly timed: number;
      readonly deadlineNs: bigint;
      readonly blockTimeoutNs: number;
    };

/** What a lane found in one job. `failure`: the system's code (`ENOSPC`, `EIO` …) for writes; reads count theirs as bad. */
export interface LaneResult {
  readonly bytes: number;
  readonly windows: number[];
  readonly bad: Record<DefectKind, number>;
  readonly defects: Defect[];
  readonly failure: string;
  /** For `sample`. */
  readonly latenciesNs: number[];
  readonly visited: number;
  readonly digest: string;
}

/** Most bad blocks that one lane describes; all are counted. */
export const DESCRIBED_DEFECTS = 256;

/**
 * Adds `bytes` that moved between two times to windows of equal length, in proportion to the time spent in each:
 * a chunk that ends just behind a boundary does not make one window empty and the next one double.
 */
export function spread(windows: number[], fromNs: number, toNs: number, windowNs: number, bytes: number): void {
  const length = Math.max(1, toNs - fromNs);
  const first = Math.floor(fromNs / windowNs);
  const last = Math.floor((fromNs + length - 1) / windowNs);
  while (windows.length <= last) windows.push(0);
  for (let w = first; w <= last; w++) {
    const part = Math.min(fromNs + length, (w + 1) * windowNs) - Math.max(fromNs, w * windowNs);
    windows[w]! += (bytes * part) / length;
  }
}

/** Windows of several lanes added up. */
export function addWindows(all: readonly (readonly number[])[]): number[] {
  const total: number[] = [];
  for (const windows of all) {
    windows.forEach((bytes, index) => {
      total[index] = (total[index] ?? 0) + bytes;
    });
  }
  return total;
}
