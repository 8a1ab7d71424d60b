/**
 * Milliseconds since an epoch that several threads of one process agreed on: `process.hrtime` runs alike in all of
 * them, `performance.now` is cheaper to read but starts anew in each.
 */
export function clockSince(epochNs: bigint): () => number {
  const offset = Number(process.hrtime.bigint() - epochNs) / 1e6 - performance.now();
  return () => performance.now() + offset;
}
