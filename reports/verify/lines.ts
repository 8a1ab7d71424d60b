import type { Bundle } from './layout.ts';

/** Longer than any entry of a log: the telemetry of a day, signed. */
export const MAX_LINE_BYTES = 128 * 1024 * 1024;

/** A line's bytes without its newline; or, once and last, why there is no further line. */
export type Line = { readonly bytes: Uint8Array } | { readonly problem: string };

/**
 * The lines of a file, one at a time, so that a log of gigabytes needs no more memory than its longest entry. Bytes,
 * not text: two different files must never read the same.
 */
export function* linesOf(bundle: Pick<Bundle, 'pieces'>, path: string): Generator<Line> {
  const parts: Buffer[] = [];
  let length = 0;
  for (const piece of bundle.pieces(path) ?? []) {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    // A hole in a file reads as zeros, of which there can be more than anybody has disk for.
    const hole = bytes.indexOf(0);
    let start = 0;
    for (let end = bytes.indexOf(0x0a); end >= 0 && !(hole >= start && hole < end); end = bytes.indexOf(0x0a, start)) {
      parts.push(bytes.subarray(start, end));
      const line = Buffer.concat(parts);
      parts.length = 0;
      length = 0;
      start = end + 1;
      yield { bytes: line };
    }
    if (hole >= 0) return yield { problem: 'holds a byte that is no text' };
    // The piece is only good until the next one is asked for.
    parts.push(Buffer.from(bytes.subarray(start)));
    length += bytes.length - start;
    if (length > MAX_LINE_BYTES) return yield { problem: `is longer than ${MAX_LINE_BYTES} bytes` };
  }
  if (length > 0) yield { problem: 'is cut off' };
}
