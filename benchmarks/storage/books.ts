import { type Static, Type } from 'typebox';

/** What a file system says of itself, in bytes and in its own fundamental block size. */
export const Books = Type.Object(
  {
    blockBytes: Type.Integer({ minimum: 1 }),
    totalBytes: Type.Integer({ minimum: 0 }),
    /** Free, with the blocks that are kept for the superuser. */
    freeBytes: Type.Integer({ minimum: 0 }),
    /** Free for everybody else. */
    availableBytes: Type.Integer({ minimum: 0 }),
    /** File system id as `stat -f` prints it; empty where it is not known. */
    fsid: Type.String(),
    /** `stat`: with the fundamental block size. `statfs`: without it, which over-reports some file systems. */
    source: Type.Enum(['stat', 'statfs']),
  },
  { additionalProperties: false },
);
export type Books = Static<typeof Books>;

/** Format for `stat -f -c` that `readBooks` reads: fundamental block size, blocks, free, available, id. */
export const STAT_FORMAT = '%S %b %f %a %i';

/** Reads the line of `stat -f -c '%S %b %f %a %i'`. Undefined for anything else, or for numbers past 2^53 bytes. */
export function readBooks(text: string): Books | undefined {
  const match = /^(\d+) (\d+) (\d+) (\d+) ([0-9a-fA-F]*)\s*$/.exec(text.trimStart());
  if (!match) return undefined;
  const blockBytes = Number(match[1]);
  const books: Books = {
    blockBytes,
    totalBytes: Number(match[2]) * blockBytes,
    freeBytes: Number(match[3]) * blockBytes,
    // some file systems (btrfs, network ones) estimate it above what is free
    availableBytes: Math.min(Number(match[3]), Number(match[4])) * blockBytes,
    fsid: match[5]!.toLowerCase(),
    source: 'stat',
  };
  const sound =
    blockBytes > 0 &&
    [books.totalBytes, books.freeBytes, books.availableBytes].every(Number.isSafeInteger) &&
    books.freeBytes <= books.totalBytes;
  return sound ? books : undefined;
}

/** Bytes that users can fill: all but what is reserved for the superuser. */
export function usableBytes(books: Books): number {
  return books.totalBytes - (books.freeBytes - books.availableBytes);
}

/** What decides how much is written. */
export interface FillLimits {
  readonly fillBytes: number;
  readonly fillShare: number;
  readonly maxFreeShare: number;
  readonly chunkBytes: number;
}

/** The share of the free space that is never passed, whatever the settings say. */
export const FREE_SPACE_STOP = 0.95;

/** Bytes to fill: the smallest of all limits, in whole chunks; 0 where not one chunk fits. */
export function plannedFill(books: Books, limits: FillLimits): number {
  const bytes = Math.min(
    limits.fillBytes,
    limits.fillShare * usableBytes(books),
    limits.maxFreeShare * books.availableBytes,
    FREE_SPACE_STOP * books.availableBytes,
  );
  return Math.max(0, Math.floor(bytes / limits.chunkBytes)) * limits.chunkBytes;
}

/** Free bytes that may come and go by themselves (journals, logs, other users) while the books are compared. */
export const BOOKS_NOISE_BYTES = 64 * 1024 * 1024;

/** How the books followed the data: free space lost per byte written, and whether that is 1.00 ± 0.02 (and the noise). */
export function slope(before: Books, after: Books, bytes: number): { value: number; sound: boolean } {
  const lost = before.freeBytes - after.freeBytes;
  return {
    value: bytes > 0 ? lost / bytes : Number.NaN,
    sound: bytes > 0 && Math.abs(lost - bytes) <= 0.02 * bytes + BOOKS_NOISE_BYTES,
  };
}

/** Whether somebody else moved the free space while we wrote nothing: then the slope says nothing of the storage. */
export function disturbed(after: Books, end: Books): boolean {
  return Math.abs(end.freeBytes - after.freeBytes) > BOOKS_NOISE_BYTES / 4;
}
